/**
 * The outline of all land as the module `virtual:land`: drawn when the console is built, so that
 * a browser is given one path instead of shapes, their decoder and the time to draw them.
 */
import { createRequire } from 'node:module';
import { geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import type { Plugin } from 'vite';
import { projection } from '../pages/sites/projection.ts';

type Atlas = Parameters<typeof feature>[0];

const NAME = 'virtual:land';
const RESOLVED = `\0${NAME}`;

export function drawLand(): Plugin {
  return {
    name: 'draw-land',
    resolveId: (id) => (id === NAME ? RESOLVED : undefined),
    load: (id) => {
      if (id !== RESOLVED) return undefined;
      const atlas = createRequire(import.meta.url)('world-atlas/land-110m.json') as Atlas;
      const land = feature(atlas, atlas.objects['land']!);
      const outline = geoPath(projection()).digits(1)(land);
      return `export const land = ${JSON.stringify(outline)};`;
    },
  };
}
