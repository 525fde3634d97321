/**
 * Scopes of the Docker token flow: what a token is asked for and what it holds.
 *
 * > scope := resourcescope [ ' ' resourcescope ]*
 * > resourcescope := resourcetype ":" resourcename ":" action [ ',' action ]*
 * > (distribution, docs/spec/auth/scope.md)
 */

export interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const TYPE = /^[a-z0-9]+(?:\([a-z0-9]+\))?$/;
const ACTIONS = /^(?:[a-z*]+(?:,[a-z*]+)*)?$/;

/**
 * Reads one scope: the type from the left, the actions from the right, since the name may hold a
 * colon. A class, as in `repository(plugin)`, is dropped. `undefined` where it is no scope.
 */
export function parseScope(text: string): Access | undefined {
  const left = text.indexOf(':');
  const right = text.lastIndexOf(':');
  if (left <= 0 || right <= left) return undefined;
  const [type, name] = [text.slice(0, left), text.slice(left + 1, right)];
  const actions = text.slice(right + 1);
  if (!TYPE.test(type) || name === '' || !ACTIONS.test(actions)) return undefined;
  return {
    type: type.split('(', 1)[0]!,
    name,
    actions: [...new Set(actions.split(',').filter(Boolean))],
  };
}

export function printScope(access: Access): string {
  return `${access.type}:${access.name}:${access.actions.join(',')}`;
}

/** Joins entries that speak of the same thing, in the order in which they first came. */
export function mergeAccess(entries: readonly Access[]): Access[] {
  const merged = new Map<string, Access>();
  for (const entry of entries) {
    const key = `${entry.type}:${entry.name}`;
    const actions = new Set([...(merged.get(key)?.actions ?? []), ...entry.actions]);
    merged.set(key, { type: entry.type, name: entry.name, actions: [...actions] });
  }
  return [...merged.values()];
}
