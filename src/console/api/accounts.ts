/** Words of the API about accounts. */

export interface Grant {
  readonly pattern: string;
  readonly actions: readonly string[];
}

export interface Account {
  readonly name: string;
  readonly kind: 'person' | 'robot';
  readonly isDisabled: boolean;
  readonly hasPassword: boolean;
  readonly grants: readonly Grant[];
  readonly groups?: readonly string[];
  readonly expiresAt?: string;
  /** Of a robot: the path whose administrators keep it. */
  readonly owner?: string;
}

/** Of accounts: what all its members may. */
export interface Group {
  readonly name: string;
  readonly grants: readonly Grant[];
  /** What an identity provider calls it, which names its members then. */
  readonly externalName?: string;
}
