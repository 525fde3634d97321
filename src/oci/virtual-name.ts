/**
 * Names under which clients pull through a virtual registry.
 *
 *     virtual_registries/containers/<registry>/<image>      the image has any number of levels
 *     virtual_registries/container/<registry>/<image>       the same
 */
import { parseRepositoryName, type RepositoryName } from './reference.ts';

/** No repository of this registry itself may begin like this. */
const VIRTUAL_PREFIX = 'virtual_registries/';

const CANONICAL = `${VIRTUAL_PREFIX}containers/`;
const SPELLINGS = [CANONICAL, `${VIRTUAL_PREFIX}container/`];

export interface VirtualName {
  readonly registry: string;
  readonly image: RepositoryName;
}

/** Whether the name means a virtual registry, whether or not it is a valid one. */
export function isVirtualName(name: string): boolean {
  return name.startsWith(VIRTUAL_PREFIX);
}

/** Reads a repository's name; `undefined` where it names no image of a virtual registry. */
export function parseVirtualName(name: string): VirtualName | undefined {
  const spelling = SPELLINGS.find((one) => name.startsWith(one));
  if (spelling === undefined || !parseRepositoryName(name)) return undefined;
  const [registry, ...levels] = name.slice(spelling.length).split('/');
  const image = parseRepositoryName(levels.join('/'));
  return registry && image ? { registry, image } : undefined;
}

/** The one spelling of a name; what names no image of a virtual registry stays as it is. */
export function spellName(name: string): string {
  const virtual = parseVirtualName(name);
  return virtual ? printVirtualName(virtual) : name;
}

/** The one name that rights and tokens speak of, however the client spells it. */
export function printVirtualName({ registry, image }: VirtualName): RepositoryName {
  return `${CANONICAL}${registry}/${image}` as RepositoryName;
}
