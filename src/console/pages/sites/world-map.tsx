/** The sites where they stand, and the lines from the primary to each other one. */

import { land } from 'virtual:land';
import { geoPath } from 'd3-geo';
import { useMemo } from 'preact/hooks';
import { healthOf, type Site } from '../../api/sites.ts';
import { MAP, projection } from './projection.ts';

interface Props {
  readonly sites: readonly Site[];
}

type PlacedSite = Site & Required<Pick<Site, 'place'>>;

export function WorldMap({ sites }: Props) {
  const placed = sites.filter((site): site is PlacedSite => site.place !== undefined);
  const primary = placed.find(({ status }) => status?.role === 'primary');
  const others = placed.filter((site) => site !== primary);
  return (
    <figure class="card world">
      <svg viewBox={`0 0 ${MAP.width} ${MAP.height}`} role="img" aria-labelledby="world-words">
        <title id="world-words">{describeMap(placed)}</title>
        <Land />
        {primary && others.map((site) => <Arc key={site.name} from={primary} to={site} />)}
        {placed.map((site) => (
          <Dot key={site.name} site={site} isPrimary={site === primary} />
        ))}
      </svg>
      <figcaption>
        <Legend />
        {placed.length < sites.length && <Unplaced sites={sites.filter(({ place }) => !place)} />}
      </figcaption>
    </figure>
  );
}

function describeMap(placed: readonly Site[]): string {
  const names = placed.map((site) => `${site.name} (${healthOf(site)})`).join(', ');
  return names ? `A map of the world with the sites ${names}` : 'A map of the world without sites';
}

/** Drawn with dots, whose size is the map's own. */
function Land() {
  return (
    <>
      <defs>
        <pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">
          <circle class="land-dot" cx="1.5" cy="1.5" r="1.5" />
          <circle class="land-dot" cx="4.5" cy="4.5" r="1.5" />
        </pattern>
      </defs>
      <path d={land} fill="url(#dots)" />
    </>
  );
}

/** Along the shortest way over the globe, coloured by the health of the site at its end. */
function Arc({ from, to }: { readonly from: PlacedSite; readonly to: PlacedSite }) {
  const line = useMemo(() => {
    const coordinates = [from, to].map(({ place }) => [place.longitude, place.latitude]);
    return geoPath(projection()).digits(1)({ type: 'LineString', coordinates }) ?? '';
  }, [from.place.longitude, from.place.latitude, to.place.longitude, to.place.latitude]);
  const isMoving = (to.status?.bytesPerSecond ?? 0) > 0;
  return (
    <g class={`arc ${healthOf(to)} ${isMoving ? 'moving' : ''}`}>
      <path class="way" d={line} />
      <path class="flow" d={line} pathLength={100} />
    </g>
  );
}

function Dot({ site, isPrimary }: { readonly site: PlacedSite; readonly isPrimary: boolean }) {
  const point = projection()([site.place.longitude, site.place.latitude]);
  if (!point) return null;
  const [x, y] = point;
  const isFarRight = x > MAP.width - 120;
  return (
    <g class={`dot ${healthOf(site)}`} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
      <circle class="halo" r={isPrimary ? 12 : 9} />
      <circle class="heart" r={isPrimary ? 5.5 : 4} />
      <text x={isFarRight ? -15 : 15} y={5} text-anchor={isFarRight ? 'end' : 'start'}>
        {site.name}
      </text>
    </g>
  );
}

function Legend() {
  const meanings = { well: 'well', paused: 'paused', ill: 'needs attention', unknown: 'not heard' };
  return (
    <ul class="legend">
      {Object.entries(meanings).map(([health, words]) => (
        <li key={health} class={`key ${health}`}>
          {words}
        </li>
      ))}
    </ul>
  );
}

function Unplaced({ sites }: Props) {
  return (
    <p class="small">
      Not on the map: {sites.map(({ name }) => name).join(', ')}. Set{' '}
      <code>MERIDIAN_PLACE=latitude,longitude</code> there.
    </p>
  );
}
