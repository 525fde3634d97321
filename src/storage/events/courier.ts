/** PORT: brings a letter to the address of a webhook, wherever that is. */
import type { DeliveryFailure } from '../../oci/events/event.ts';

export interface Letter {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How long the other side may take; as long as the courier lets everybody where absent. */
  readonly timeoutMs?: number | undefined;
}

/** What the other side did: any status, or why there is none. */
export type Reception =
  | { readonly status: number }
  | { readonly failure: Exclude<DeliveryFailure, 'refused'> };

export interface Courier {
  /**
   * Why nothing may be sent to this address, in half a sentence; `undefined` where it may. Looks
   * its name up; a name that leads nowhere now may lead somewhere later.
   */
  findFault(url: string): Promise<string | undefined>;
  /**
   * Posts it once, without following redirects, within its time limit. Nothing of the answer but
   * its status is kept. Never throws; when the signal aborts it failed as `broken`.
   */
  post(letter: Letter, signal: AbortSignal): Promise<Reception>;
}
