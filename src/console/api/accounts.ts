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
}
