/** `meridian webhook`: who is told of events, and what became of the deliveries. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { type ConnectionOptions, connect, withConnection } from '../connection.ts';
import { keepAnswer, printTable, say } from '../print.ts';
import { printJson, withJson } from '../virtual/options.ts';
import { bodyOf, type WebhookOptions, withWebhookOptions } from './webhook-options.ts';

interface WebhookText {
  readonly name: string;
  readonly url: string;
  readonly isEnabled: boolean;
  readonly hasSecret: boolean;
  readonly format: string;
  /** Their names. */
  readonly headers: readonly string[];
  readonly mediaTypes?: readonly string[];
  readonly timeoutMs?: number;
  readonly threshold?: number;
  readonly backoffMs?: number;
  readonly types: readonly string[];
  readonly repositories: readonly string[];
  readonly sites: readonly string[];
  readonly waiting: number;
  readonly dead: number;
  readonly dropped: number;
}

interface DeliveryText {
  readonly event: { readonly id: string; readonly type: string; readonly subject: string };
  readonly state: string;
  readonly attempts: number;
  readonly queuedAt: string;
  readonly nextTryAt?: string;
  readonly message?: string;
}

type ShowOptions = ConnectionOptions & { readonly json?: true };

const PATH = '/api/v1/webhooks';

export function addWebhookCommands(program: Command): void {
  const webhook = program.command('webhook').description('Who is told of pushes, pulls and more.');
  addRegistration(webhook);
  withJson(webhook.command('list').description('List them.')).action(listWebhooks);
  withJson(
    webhook.command('show <name>').description('Print one, with its latest deliveries.'),
  ).action(showWebhook);
  withJson(
    webhook
      .command('deliveries <name>')
      .description('List what was told, and what became of it.')
      .option('--state <state>', 'these alone: waiting, delivered or dead'),
  ).action(listDeliveries);
  withConnection(
    webhook
      .command('redeliver <name> [event]')
      .description('Send an event again, or all that were given up.'),
  ).action(redeliver);
}

function addRegistration(webhook: Command): void {
  const add = webhook
    .command('add <name> <url>')
    .description('Tell a URL when an image is whole at a site, or what --types says.');
  withConnection(withWebhookOptions(add)).action(addWebhook);
  const set = webhook.command('set <name>').description('Change what is named of one.');
  const address = '--address <url>';
  withConnection(withWebhookOptions(set.option(address, 'where it is now'))).action(setWebhook);
  const change = (verb: string, description: string, isEnabled: boolean) =>
    withConnection(webhook.command(`${verb} <name>`).description(description)).action(
      (name: string, options: ConnectionOptions) => enable(name, isEnabled, options),
    );
  change('enable', 'Tell it again.', true);
  change('disable', 'Tell it nothing for now; what waits stays.', false);
  withConnection(
    webhook.command('remove <name>').description('Tell it nothing any more; what waits is gone.'),
  ).action(removeWebhook);
}

function pathOf(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

async function addWebhook(name: string, url: string, options: WebhookOptions): Promise<void> {
  await putWebhook(name, url, options);
}

async function setWebhook(
  name: string,
  { address, ...options }: WebhookOptions & { readonly address?: string },
): Promise<void> {
  await connect(options).send('GET', pathOf(name));
  await putWebhook(name, address, options);
}

async function putWebhook(name: string, url: string | undefined, options: WebhookOptions) {
  const made = options.sign ? `whsec_${randomBytes(32).toString('base64')}` : undefined;
  const secret = options.secret ?? made;
  const body = { ...bodyOf(options), url, secret };
  const { types } = await connect(options).send<WebhookText>('PUT', pathOf(name), body);
  say(`The webhook ${name} is told of: ${types.join(', ')}.`);
  if (made && secret === made) keepAnswer({ secret });
  if (made && secret === made) say(`Its letters are signed with this, shown once:\n\n  ${made}`);
}

async function enable(name: string, isEnabled: boolean, options: ConnectionOptions): Promise<void> {
  await connect(options).send('PUT', pathOf(name), { isEnabled });
  say(`The webhook ${name} is ${isEnabled ? 'enabled' : 'disabled'}.`);
}

async function removeWebhook(name: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('DELETE', pathOf(name));
  say(`The webhook ${name} is gone.`);
}

async function listWebhooks({ json, ...options }: ShowOptions): Promise<void> {
  const webhooks = await connect(options).list<WebhookText>(PATH, 'webhooks');
  if (json) return printJson(webhooks);
  const rows = webhooks.map((one) => {
    const { name, url, isEnabled, types, repositories, sites, waiting, dead } = one;
    const where = `${repositories.join(' ')} at ${sites.join(', ') || 'all sites'}`;
    const what = `${types.join(', ')} of ${where}`;
    return [name, url, isEnabled ? 'yes' : 'no', what, String(waiting), String(dead)];
  });
  await printTable(['webhook', 'address', 'enabled', 'is told of', 'waiting', 'given up'], rows);
}

async function showWebhook(name: string, { json, ...options }: ShowOptions): Promise<void> {
  const client = connect(options);
  const one = await client.send<WebhookText>('GET', pathOf(name));
  if (json) return printJson(one);
  await printTable(
    ['webhook', one.name],
    [
      ['address', one.url],
      ['enabled', one.isEnabled ? 'yes' : 'no'],
      ['signed', one.hasSecret ? 'yes' : 'no'],
      ['format', one.format],
      ['headers', one.headers.join(', ') || 'none'],
      ['events', one.types.join(', ')],
      ['media types', one.mediaTypes?.join(', ') ?? 'all'],
      ['repositories', one.repositories.join(' ')],
      ['sites', one.sites.join(', ') || 'all'],
      ['waiting', String(one.waiting)],
      ['given up', String(one.dead)],
      ['pulls dropped', String(one.dropped)],
    ],
  );
  const path = `${pathOf(name)}/deliveries?n=10`;
  const { deliveries } = await client.send<{ deliveries: DeliveryText[] }>('GET', path);
  await printDeliveries(deliveries);
}

async function listDeliveries(
  name: string,
  { state, json, ...options }: ShowOptions & { readonly state?: string },
): Promise<void> {
  const query = new URLSearchParams({ n: '1000', ...(state ? { state } : {}) });
  const path = `${pathOf(name)}/deliveries?${query.toString()}`;
  const deliveries = await connect(options).list<DeliveryText>(path, 'deliveries');
  await (json ? printJson(deliveries) : printDeliveries(deliveries));
}

function printDeliveries(deliveries: readonly DeliveryText[]): Promise<void> {
  const rows = deliveries.map(({ event, state, attempts, message, queuedAt, nextTryAt }) => {
    const outcome = [message ?? '', nextTryAt ? `again at ${nextTryAt}` : ''];
    const what = [event.id, event.subject, queuedAt];
    return [...what, state, String(attempts), outcome.filter(Boolean).join('; ')];
  });
  return printTable(['event', 'of', 'since', 'state', 'tries', 'outcome'], rows);
}

async function redeliver(
  name: string,
  event: string | undefined,
  options: ConnectionOptions,
): Promise<void> {
  const path = `${pathOf(name)}/redeliver`;
  const { count } = await connect(options).send<{ count: number }>('POST', path, { event });
  say(`${count} ${count === 1 ? 'delivery is' : 'deliveries are'} sent again.`);
}
