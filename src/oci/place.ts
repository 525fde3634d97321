/** Where on the earth a site stands. */

/** In degrees; north and east are above 0. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

const PAIR = /^([+-]?\d{1,2}(?:\.\d{1,9})?) *, *([+-]?\d{1,3}(?:\.\d{1,9})?)$/;

/** Reads latitude and longitude, as in `38.72,-9.14`; `undefined` where there is no such place. */
export function parsePlace(text: string): Place | undefined {
  const [, north, east] = PAIR.exec(text) ?? [];
  if (north === undefined || east === undefined) return undefined;
  const [latitude, longitude] = [Number(north), Number(east)];
  const isOnEarth = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return isOnEarth ? { latitude, longitude } : undefined;
}

/** The inverse of {@link parsePlace}. */
export function printPlace({ latitude, longitude }: Place): string {
  return `${latitude},${longitude}`;
}
