/** Words of the API about webhooks. */

export interface Webhook {
  readonly name: string;
  readonly url: string;
  readonly isEnabled: boolean;
  readonly hasSecret: boolean;
  readonly format: 'cloudevents' | 'distribution';
  readonly types: readonly string[];
  readonly repositories: readonly string[];
  /** Empty for all of them. */
  readonly sites: readonly string[];
  readonly waiting: number;
  /** Given up. */
  readonly dead: number;
  /** Pulls for which there was no room. */
  readonly dropped: number;
}

export interface Delivery {
  readonly event: { readonly id: string; readonly type: string; readonly subject: string };
  readonly state: 'waiting' | 'delivered' | 'dead';
  readonly attempts: number;
  readonly queuedAt: string;
  readonly nextTryAt?: string;
  readonly message?: string;
}

export function webhookPath(name: string): string {
  return `/api/v1/webhooks/${encodeURIComponent(name)}`;
}
