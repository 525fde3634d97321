/** What an administrator does with webhooks and with what is told to them. */
import type { Clock } from '../clock.ts';
import { RegistryError } from '../oci/error.ts';
import { EVENT_TYPES, type EventFilter } from '../oci/events/event.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { Courier } from '../storage/events/courier.ts';
import type { Delivery, DeliveryPage, Outbox } from '../storage/events/outbox.ts';
import type { Webhook, Webhooks } from '../storage/events/webhooks.ts';
import { isSecret } from './letter.ts';

interface Dependencies {
  readonly webhooks: Webhooks;
  readonly outbox: Pick<Outbox, 'list' | 'count' | 'redeliver'>;
  readonly courier: Pick<Courier, 'findFault'>;
  readonly clock: Clock;
}

/** What is to be other than it was; what is absent stays, or is the default of a new one. */
export interface WebhookChange extends Partial<EventFilter> {
  readonly url?: string;
  /** `null` takes it away. */
  readonly secret?: string | null;
  readonly isEnabled?: boolean;
}

/** A webhook as people may see it: never its secret. */
export type WebhookView = Omit<Webhook, 'secret' | 'wants'> &
  EventFilter & {
    readonly hasSecret: boolean;
    readonly waiting: number;
    readonly dead: number;
  };

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Each has a queue of its own, and several requests under way. */
const MAX_WEBHOOKS = 100;

const EVERYTHING: EventFilter = {
  types: EVENT_TYPES,
  repositories: ['**' as PathPattern],
  sites: [],
};

export class WebhookBook {
  readonly #webhooks: Webhooks;
  readonly #outbox: Dependencies['outbox'];
  readonly #courier: Dependencies['courier'];
  readonly #clock: Clock;

  constructor({ webhooks, outbox, courier, clock }: Dependencies) {
    this.#webhooks = webhooks;
    this.#outbox = outbox;
    this.#courier = courier;
    this.#clock = clock;
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
   * @throws RegistryError NAME_INVALID; UNSUPPORTED: 400 for an address that may not be reached or
   * a secret that is none, 409 beyond a hundred
   */
  async put(name: string, change: WebhookChange): Promise<boolean> {
    const known = await this.#webhooks.find(name);
    if (!known) await this.#assertRoomFor(name);
    const { url = known?.url ?? '', secret = known?.secret, isEnabled, ...filter } = change;
    if (url !== known?.url) await this.#assertAddress(url);
    assertSecret(change.secret);
    await this.#webhooks.record({
      name,
      url,
      isEnabled: isEnabled ?? known?.isEnabled ?? true,
      wants: { ...EVERYTHING, ...known?.wants, ...filter },
      ...(typeof secret === 'string' ? { secret } : {}),
    });
    return known === undefined;
  }

  /** What was to be told there is forgotten. @throws RegistryError NAME_UNKNOWN */
  async remove(name: string): Promise<void> {
    if (!(await this.#webhooks.delete(name))) throw unknown(name);
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

  async #show({ secret, wants, ...webhook }: Webhook): Promise<WebhookView> {
    const counts = await this.#outbox.count(webhook.name);
    return { ...webhook, ...wants, hasSecret: secret !== undefined, ...counts };
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

function assertSecret(secret: string | null | undefined): void {
  if (typeof secret !== 'string' || isSecret(secret)) return;
  throw refusal('a secret is whsec_ and 24 to 64 bytes in base64');
}

function unknown(name: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', { message: `there is no webhook ${name}` });
}

function refusal(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}
