/** How the round world lies on the map. */
import { type GeoProjection, geoNaturalEarth1 } from 'd3-geo';

/** Coordinates of the map; Antarctica has no sites, so the map ends above it. */
export const MAP = { width: 960, height: 460 } as const;

export function projection(): GeoProjection {
  return (
    geoNaturalEarth1()
      // Turned so that the map is cut where nobody lives.
      .rotate([-11, 0])
      .scale(184)
      .translate([480, 268])
      .clipExtent([
        [0, 0],
        [MAP.width, MAP.height],
      ])
  );
}
