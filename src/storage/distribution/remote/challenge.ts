/** What a registry asks for with a 401 (RFC 9110, 11.6.1; distribution, "Token Authentication"). */

export interface Challenge {
  readonly scheme: 'bearer' | 'basic';
  /** Where tokens are given; with `bearer`. */
  readonly realm: string;
  readonly service: string | undefined;
}

/** A scheme's name, or a parameter of the scheme before it. */
const ITEM = /[\s,]*(?:([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+)(?=[\s,]|$))/gy;

/**
 * The challenge that we can answer, a token's before a password's; `undefined` where there is none.
 *
 * @param header the value of each `WWW-Authenticate`
 */
export function parseChallenge(header: string | string[] | undefined): Challenge | undefined {
  const all = [header ?? []].flat().flatMap(splitChallenges);
  const bearer = all.find(({ scheme, parameters }) => scheme === 'bearer' && parameters['realm']);
  if (bearer) {
    const { realm = '', service } = bearer.parameters;
    return { scheme: 'bearer', realm, service };
  }
  const isBasic = all.some(({ scheme }) => scheme === 'basic');
  return isBasic ? { scheme: 'basic', realm: '', service: undefined } : undefined;
}

interface Raw {
  readonly scheme: string;
  readonly parameters: Record<string, string>;
}

function splitChallenges(header: string): Raw[] {
  const found: Raw[] = [];
  for (const [, name = '', quoted, bare, scheme] of header.matchAll(ITEM)) {
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: {} });
    else {
      const value = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
      const parameters = found.at(-1)?.parameters;
      if (parameters) parameters[name.toLowerCase()] ??= value;
    }
  }
  return found;
}
