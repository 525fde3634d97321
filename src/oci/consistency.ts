/** How fresh an answer has to be: a site settles it, and a request may ask for something else. */
export type Consistency =
  /** Every answer is the newest that there is: the primary is asked. */
  | { readonly mode: 'strong' }
  /** What is here answers where it is proven to be younger; with no number, than the site says. */
  | { readonly mode: 'bounded'; readonly maxAgeMs?: number }
  /** What is here answers, however old. */
  | { readonly mode: 'eventual' };

const MAX_AGE = /^bounded *; *max-age=(\d{1,9}(?:\.\d{1,3})?)$/;

/** Reads the value of `Meridian-Consistency`; `undefined` where it is none. */
export function parseConsistency(text: string): Consistency | undefined {
  if (text === 'strong' || text === 'bounded' || text === 'eventual') return { mode: text };
  const [, seconds] = MAX_AGE.exec(text) ?? [];
  return seconds === undefined
    ? undefined
    : { mode: 'bounded', maxAgeMs: Math.round(Number(seconds) * 1000) };
}
