/** `meridian site`: the sites of the cluster. */
import type { Command } from 'commander';
import { type Place, printPlace } from '../oci/place.ts';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { addSiteLookCommands } from './look/site.ts';
import { printTable, say } from './print.ts';
import { addSiteOrderCommands } from './site-orders.ts';

interface Invitation {
  readonly joinToken: string;
  readonly primaryUrl: string;
  readonly expiresAt: string;
}

interface SiteList {
  readonly sites: readonly {
    readonly name: string;
    readonly url: string;
    readonly place?: Place;
    readonly isPaused?: boolean;
  }[];
}

export function addSiteCommands(program: Command): void {
  const site = program.command('site').description('The sites of this registry.');
  withConnection(site.command('list').description('List the sites.')).action(listSites);
  withConnection(
    site.command('add <name>').description('Invite a site; prints what it needs to join.'),
  ).action(inviteSite);
  withConnection(
    site.command('remove <name>').description('Cut a site off; its tokens end at once.'),
  ).action(removeSite);
  withConnection(
    site.command('pause <name>').description('Let a site copy no blobs for now.'),
  ).action(pauseSite);
  withConnection(
    site.command('resume <name>').description('Let a paused site copy blobs again.'),
  ).action(resumeSite);
  addSiteOrderCommands(site);
  addSiteLookCommands(site);
}

async function listSites(options: ConnectionOptions): Promise<void> {
  const { sites } = await connect(options).send<SiteList>('GET', '/api/v1/sites');
  await printTable(
    ['site', 'address', 'place', 'state'],
    sites.map(({ name, url, place, isPaused }) => [
      name,
      url,
      place ? printPlace(place) : '–',
      isPaused ? 'paused' : '',
    ]),
  );
}

async function inviteSite(name: string, options: ConnectionOptions): Promise<void> {
  const { joinToken, primaryUrl, expiresAt } = await connect(options).send<Invitation>(
    'POST',
    '/api/v1/sites',
    { name },
  );
  say(`Start the new site with these settings, until ${expiresAt}; the token works once:

  MERIDIAN_SITE=${name}
  MERIDIAN_PRIMARY_URL=${primaryUrl}
  MERIDIAN_JOIN_TOKEN=${joinToken}
  MERIDIAN_PUBLIC_URL=(where clients and the other sites reach the new site)`);
}

async function pauseSite(name: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('POST', `/api/v1/sites/${encodeURIComponent(name)}/pause`);
  say(`The site ${name} is paused: it goes on answering, and copies no blobs.`);
}

async function resumeSite(name: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('POST', `/api/v1/sites/${encodeURIComponent(name)}/resume`);
  say(`The site ${name} copies blobs again.`);
}

async function removeSite(name: string, options: ConnectionOptions): Promise<void> {
  await connect(options).send('DELETE', `/api/v1/sites/${encodeURIComponent(name)}`);
  say(`The site ${name} is cut off.`);
}
