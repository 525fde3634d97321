/**
 * What a grant allows. `push` creates; moving a tag that exists needs `overwrite` as well (A25);
 * images of virtual registries are pulled by `read_virtual_registry` and never by `pull` (V18);
 * `admin` allows everything on the path and, on `**`, the administration of the registry.
 */
export const ACTIONS = [
  'pull',
  'push',
  'overwrite',
  'delete',
  'read_virtual_registry',
  'admin',
] as const;

export type Action = (typeof ACTIONS)[number];
