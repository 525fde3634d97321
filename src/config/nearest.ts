/** Finds the name that somebody probably meant. */

/** The known name nearest to the wrong one; `undefined` where none is near. */
export function nearest(wrong: string, known: readonly string[]): string | undefined {
  const byDistance = known
    .map((name) => ({ name, distance: distanceOf(wrong, name) }))
    .sort((one, other) => one.distance - other.distance);
  const best = byDistance[0];
  return best && best.distance <= Math.max(2, wrong.length / 4) ? best.name : undefined;
}

/** Levenshtein's distance: how many letters must be put in, left out or changed. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of one.split('').entries()) {
    const next = [index + 1];
    for (let at = 1; at <= other.length; at++) {
      const change = row[at - 1]! + (letter === other[at - 1] ? 0 : 1);
      next.push(Math.min(change, row[at]! + 1, next[at - 1]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
