/** `meridian webhook`: who is told of events, and what became of the deliveries. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { collectPattern } from './grants.ts';
import { keepAnswer, printTable, say } from './print.ts';

interface WebhookText {
  readonly name: string;
  readonly url: string;
  readonly isEnabled: boolean;
  readonly hasSecret: boolean;
  readonly types: readonly string[];
  readonly repositories: readonly string[];
  readonly sites: readonly string[];
  readonly waiting: number;
  readonly dead: number;
}

interface DeliveryText {
  readonly event: { readonly id: string; readonly type: string; readonly subject: string };
  readonly state: string;
  readonly attempts: number;
  readonly queuedAt: string;
  readonly nextTryAt?: string;
  readonly message?: string;
}

interface AddOptions extends ConnectionOptions {
  readonly secret?: string;
  readonly sign?: true;
  readonly repository?: readonly string[];
  readonly sites?: string;
}

const PATH = '/api/v1/webhooks';

export function addWebhookCommands(program: Command): void {
  const webhook = program.command('webhook').description('Who is told when images arrive.');
  addRegistration(webhook);
  withConnection(webhook.command('list').description('List them.')).action(listWebhooks);
  withConnection(
    webhook.command('show <name>').description('Print one, with its latest deliveries.'),
  ).action(showWebhook);
  withConnection(
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
  withConnection(
    webhook
      .command('add <name> <url>')
      .description('Tell a URL when an image is whole at a site.')
      .option('--sign', 'sign what is sent; prints the secret once')
      .option('--secret <text>', 'sign it with this: whsec_ and 24 to 64 bytes in base64')
      .option('--repository <pattern>', 'only these; may be given several times', collectPattern)
      .option('--sites <names>', 'only at these sites, with commas'),
  ).action(addWebhook);
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

async function addWebhook(name: string, url: string, options: AddOptions): Promise<void> {
  const { sign, repository: repositories, sites, ...connection } = options;
  const made = sign ? `whsec_${randomBytes(32).toString('base64')}` : undefined;
  const secret = options.secret ?? made;
  const body = { url, secret, repositories, sites: sites?.split(',') };
  await connect(connection).send('PUT', pathOf(name), body);
  say(`The webhook ${name} is told when an image is whole at a site.`);
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

async function listWebhooks(options: ConnectionOptions): Promise<void> {
  const webhooks = await connect(options).list<WebhookText>(PATH, 'webhooks');
  const rows = webhooks.map((one) => {
    const { name, url, isEnabled, repositories, sites, waiting, dead } = one;
    const what = `${repositories.join(' ')} at ${sites.join(', ') || 'all sites'}`;
    return [name, url, isEnabled ? 'yes' : 'no', what, String(waiting), String(dead)];
  });
  await printTable(['webhook', 'address', 'enabled', 'is told of', 'waiting', 'given up'], rows);
}

async function showWebhook(name: string, options: ConnectionOptions): Promise<void> {
  const client = connect(options);
  const one = await client.send<WebhookText>('GET', pathOf(name));
  await printTable(
    ['webhook', one.name],
    [
      ['address', one.url],
      ['enabled', one.isEnabled ? 'yes' : 'no'],
      ['signed', one.hasSecret ? 'yes' : 'no'],
      ['events', one.types.join(', ')],
      ['repositories', one.repositories.join(' ')],
      ['sites', one.sites.join(', ') || 'all'],
      ['waiting', String(one.waiting)],
      ['given up', String(one.dead)],
    ],
  );
  const path = `${pathOf(name)}/deliveries?n=10`;
  const { deliveries } = await client.send<{ deliveries: DeliveryText[] }>('GET', path);
  await printDeliveries(deliveries);
}

async function listDeliveries(
  name: string,
  { state, ...options }: ConnectionOptions & { readonly state?: string },
): Promise<void> {
  const query = new URLSearchParams({ n: '1000', ...(state ? { state } : {}) });
  const path = `${pathOf(name)}/deliveries?${query.toString()}`;
  await printDeliveries(await connect(options).list<DeliveryText>(path, 'deliveries'));
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
