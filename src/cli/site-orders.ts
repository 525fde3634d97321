/** `meridian site resync`, `reverify` and `reconcile`: what a site shall do once. */
import type { Command } from 'commander';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { say } from './print.ts';

interface OrderOptions extends ConnectionOptions {
  readonly repository?: string;
  readonly digest?: string;
}

const KINDS = {
  resync: 'Let a site look for what it lacks, and bring it.',
  reverify: 'Let a site read every byte again, and bring anew what is damaged.',
  reconcile: 'Let a site compare its facts with the primary, and set right what differs.',
} as const;

/** Adds the commands to `meridian site`. */
export function addSiteOrderCommands(site: Command): void {
  for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
    const command = site.command(`${kind} <name>`).description(KINDS[kind]);
    command.option('--repository <name>', 'this repository alone');
    if (kind !== 'reconcile') {
      command.option('--digest <digest>', 'this manifest alone, with what it names');
    }
    withConnection(command).action((name: string, options: OrderOptions) => {
      return giveOrder(name, kind, options);
    });
  }
}

async function giveOrder(
  name: string,
  kind: keyof typeof KINDS,
  { repository, digest, ...options }: OrderOptions,
): Promise<void> {
  const path = `/api/v1/sites/${encodeURIComponent(name)}/orders`;
  const { id } = await connect(options).send<{ readonly id: string }>('POST', path, {
    kind,
    repository,
    digest,
  });
  say(`The site ${name} is told; the order is ${id}: ask it by meridian site orders ${name}.`);
}
