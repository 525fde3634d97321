/**
 * What a request asked for, as far as the log of acts may show it: values of fields that are known
 * to hold no secret, and of all others the name alone (A26i).
 */

const OPEN_FIELDS = new Set([
  'account',
  'actions',
  'expiresAt',
  'externalName',
  'from',
  'grants',
  'isDisabled',
  'isEnabled',
  'kind',
  'label',
  'name',
  'owner',
  'path',
  'pattern',
  'patterns',
  'referrers',
  'repositories',
  'site',
  'sites',
  'to',
  'types',
]);

/** Stands for the value of a field that is not shown. */
export const NOT_SHOWN = '…';

const MOST_FIELDS = 50;
const MOST_CHARACTERS = 2000;
const LONGEST_NAME = 100;

/** The fields of a JSON body or a query, by name; `undefined` where it is no object. */
export function outlineOf(body: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const fields = Object.entries(body).slice(0, MOST_FIELDS);
  return Object.fromEntries(
    fields.map(([name, value]) => {
      return [name.slice(0, LONGEST_NAME), isShown(name, value) ? value : NOT_SHOWN];
    }),
  );
}

function isShown(name: string, value: unknown): boolean {
  return OPEN_FIELDS.has(name) && JSON.stringify(value).length <= MOST_CHARACTERS;
}
