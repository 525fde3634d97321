/**
 * What a site has before anybody answers for it: its data folder, database, name, keys and role.
 */
import {
  announceSite,
  ensureAdministrator,
  establishIdentity,
  generatePrivateKey,
} from './auth/identity.ts';
import { publicJwkOf } from './auth/site-keys.ts';
import { systemClock as clock } from './clock.ts';
import type { Config } from './config.ts';
import { joinCluster } from './geo/join.ts';
import type { Log } from './log.ts';
import { systemRandomness as randomness } from './randomness.ts';
import type { Identity } from './storage/identity.ts';
import { openPorts, openPrimary, type Ports, type SiteDatabase } from './wire.ts';

export interface Foundation {
  readonly databaseUrl: string;
  readonly ports: Ports;
  readonly identity: Identity;
  close(): Promise<void>;
}

/** The site has its name and keys, and a primary its administrator; closes what it was given. */
export async function layFoundation(
  database: SiteDatabase,
  config: Config,
  log: Log,
): Promise<Foundation> {
  try {
    return await furnish(database, config, log);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function furnish(database: SiteDatabase, config: Config, log: Log): Promise<Foundation> {
  const ports = await openPorts(config, database.url);
  try {
    const identity = await nameSite(ports, config, log);
    const close = async () => {
      await ports.close();
      await database.close();
    };
    return { databaseUrl: database.url, ports, identity, close };
  } catch (error) {
    await ports.close();
    throw error;
  }
}

/** Where other sites and clients reach this one, and where it stands. */
function whereIs({ publicUrl, listen, tlsCert, place }: Config) {
  const url = publicUrl ?? `${tlsCert ? 'https' : 'http'}://${listen.host}:${listen.port}`;
  return { url, ...(place ? { place } : {}) };
}

async function nameSite(ports: Ports, config: Config, log: Log): Promise<Identity> {
  const identity = await findIdentity(ports, config, log);
  const { role } = await ports.sites.getRole();
  if (config.primaryUrl && role === 'primary') {
    throw new Error('this site is a primary with content of its own, and cannot join another one');
  }
  if (!config.primaryUrl && role === 'secondary') {
    throw new Error('this site is a secondary: MERIDIAN_PRIMARY_URL must name its primary');
  }
  if (role === 'primary') await furnishPrimary(ports, config, identity);
  return identity;
}

async function findIdentity(ports: Ports, config: Config, log: Log): Promise<Identity> {
  const { primaryUrl, site, joinToken, secretKey } = config;
  if (!primaryUrl) return establishIdentity(ports.identityStore, config);
  const primary = await openPrimary(primaryUrl);
  try {
    const { primarySite } = primary;
    const token = joinToken ? { joinToken } : {};
    const names = { site, ...whereIs(config), ...token };
    return await joinCluster({ ...ports, primarySite, log, secretKey, ...names, makeKeys });
  } finally {
    await primary.close();
  }
}

function makeKeys() {
  const privateKey = generatePrivateKey();
  return { privateKey, publicKey: { ...publicJwkOf(privateKey) } };
}

async function furnishPrimary(ports: Ports, config: Config, identity: Identity): Promise<void> {
  await announceSite(ports.sites, identity, whereIs(config));
  const password = await ensureAdministrator({ ...ports, clock, randomness }, config.adminPassword);
  // Not through the log: it goes to people, once, and to no collector of logs.
  if (password) {
    process.stderr.write(`The account admin has the password ${password} (shown this once).\n`);
  }
}
