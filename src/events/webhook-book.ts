/** What an administrator does with webhooks and with what is told to them. */
import type { Clock } from '../clock.ts';
import { RegistryError } from '../oci/error.ts';
import type { EventFilter } from '../oci/events/event.ts';
import type { Courier } from '../storage/events/courier.ts';
import type { Delivery, DeliveryPage, Outbox, OutboxCount } from '../storage/events/outbox.ts';
import type { Webhook, Webhooks } from '../storage/events/webhooks.ts';
import { applyChange, refusal, type WebhookChange } from './webhook-change.ts';

interface Dependencies {
  readonly webhooks: Webhooks;
  readonly outbox: Pick<Outbox, 'list' | 'count' | 'redeliver'>;
  readonly courier: Pick<Courier, 'findFault'>;
  readonly clock: Clock;
  /** Told of each webhook that was changed. */
  readonly onChange?: () => Promise<void>;
}

/** A webhook as people may see it: never its secret, nor the values of its headers (A26i, A40). */
export type WebhookView = Omit<Webhook, 'secret' | 'wants' | 'headers'> &
  EventFilter &
  OutboxCount & {
    /** Their names. */
    readonly headers: readonly string[];
    readonly hasSecret: boolean;
  };

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Each has a queue of its own, and several requests under way. */
const MAX_WEBHOOKS = 100;

export class WebhookBook {
  readonly #webhooks: Webhooks;
  readonly #outbox: Dependencies['outbox'];
  readonly #courier: Dependencies['courier'];
  readonly #clock: Clock;
  readonly #onChange: Dependencies['onChange'];

  constructor({ webhooks, outbox, courier, clock, onChange }: Dependencies) {
    this.#webhooks = webhooks;
    this.#outbox = outbox;
    this.#courier = courier;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  async list(): Promise<WebhookView[]> {
    const webhooks = await this.#webhooks.list();
    return Promise.all(webhooks.map((webhook) => this.#show(webhook)));
  }

  /** @throws RegistryError NAME_UNKNOWN */
  async get(name: string): Promise<WebhookView> {
    return this.#show(await this.#find(name));
  }

  /**
   * Creates it or changes it.
   *
   * @returns whether it is new
   * @throws RegistryError NAME_INVALID; UNSUPPORTED: 400 for an address that may not be reached, or
   * a change that cannot be, 409 beyond a hundred
   */
  async put(name: string, change: WebhookChange): Promise<boolean> {
    const known = await this.#webhooks.find(name);
    if (!known) await this.#assertRoomFor(name);
    const webhook = applyChange(name, known, change);
    if (webhook.url !== known?.url) await this.#assertAddress(webhook.url);
    await this.#webhooks.record(webhook);
    await this.#onChange?.();
    return known === undefined;
  }

  /** What was to be told there is forgotten. @throws RegistryError NAME_UNKNOWN */
  async remove(name: string): Promise<void> {
    if (!(await this.#webhooks.delete(name))) throw unknown(name);
    await this.#onChange?.();
  }

  /** The newest first. @throws RegistryError NAME_UNKNOWN */
  async listDeliveries(name: string, page: DeliveryPage): Promise<Delivery[]> {
    await this.#find(name);
    return this.#outbox.list(name, page);
  }

  /**
   * Sends an event again, or all that were given up where none is named.
   * @returns how many
   * @throws RegistryError NAME_UNKNOWN
   */
  async redeliver(name: string, event?: string): Promise<number> {
    await this.#find(name);
    const count = await this.#outbox.redeliver(name, this.#clock.now(), event);
    if (count > 0 || event === undefined) return count;
    throw new RegistryError('NAME_UNKNOWN', { message: `${name} was never told of that event` });
  }

  async #find(name: string): Promise<Webhook> {
    const found = await this.#webhooks.find(name);
    if (found) return found;
    throw unknown(name);
  }

  async #show({ secret, wants, headers = {}, ...webhook }: Webhook): Promise<WebhookView> {
    const counts = await this.#outbox.count(webhook.name);
    const shown = { format: 'cloudevents' as const, ...webhook, ...wants, ...counts };
    return { ...shown, headers: Object.keys(headers), hasSecret: secret !== undefined };
  }

  async #assertRoomFor(name: string): Promise<void> {
    if (!NAME.test(name)) {
      const message = 'a webhook has a name of lower-case letters, digits and inner hyphens';
      throw new RegistryError('NAME_INVALID', { message });
    }
    if ((await this.#webhooks.list()).length < MAX_WEBHOOKS) return;
    const message = `there are ${MAX_WEBHOOKS} webhooks already`;
    throw new RegistryError('UNSUPPORTED', { status: 409, message });
  }

  async #assertAddress(url: string): Promise<void> {
    const fault = await this.#courier.findFault(url);
    if (fault !== undefined) throw refusal(`the URL ${fault}`);
  }
}

function unknown(name: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', { message: `there is no webhook ${name}` });
}
