/** Words of the API about virtual registries. */

export interface Registry {
  readonly name: string;
  readonly description: string;
  readonly upstreams: readonly string[];
  readonly hosts: readonly string[];
  readonly isPublic: boolean;
}

export interface Upstream {
  readonly name: string;
  readonly description: string;
  readonly kind?: 'local';
  readonly url?: string;
  readonly prefix?: string;
  readonly validityHours: number;
}
