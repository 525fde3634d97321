/**
 * What the program ends with. `docs/command-line.md` has the same list for people.
 *
 * 0 is done, or yes; above 128 a signal ended it.
 */
export const EXIT = {
  /** It failed: no site answers, the site refuses, the disk is full. */
  failed: 1,
  /** The person asked for the impossible: a wrong flag, a wrong setting, a missing password. */
  misused: 2,
  /** It ran, and the answer is no: a site is ill, time was over, something was left out. */
  no: 3,
} as const;
