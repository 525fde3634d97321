/** What a site has once per machine, before anybody answers for it: its data folder, database, name. */
import { announceSite, ensureAdministrator, establishIdentity } from './auth/identity.ts';
import { systemClock as clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import { systemRandomness as randomness } from './randomness.ts';
import { migrateDatabase, openOwnDatabase, openPorts, type Ports } from './wire.ts';

export interface Foundation {
  readonly databaseUrl: string;
  close(): Promise<void>;
}

/** Opens the database, the embedded one where none was given, and brings its tables up to date. */
export async function openDatabase(config: Config, log: Log): Promise<Foundation> {
  const { databaseUrl } = config;
  if (databaseUrl) {
    await migrateDatabase(databaseUrl);
    return { databaseUrl, close: async () => {} };
  }
  const own = await openOwnDatabase(config.data, log);
  await migrateDatabase(own.url);
  return { databaseUrl: own.url, close: () => own.close() };
}

/** As `openDatabase`; then the site has its name and keys, and a primary its administrator. */
export async function layFoundation(config: Config, log: Log): Promise<Foundation> {
  const foundation = await openDatabase(config, log);
  const ports = await openPorts(config, foundation.databaseUrl);
  try {
    await nameSite(ports, config);
  } catch (error) {
    await foundation.close();
    throw error;
  } finally {
    await ports.close();
  }
  return foundation;
}

async function nameSite(ports: Ports, config: Config): Promise<void> {
  const identity = await establishIdentity(ports.identityStore, config);
  const { role } = await ports.sites.getRole();
  if (role !== 'primary') return;
  const { host, port } = config.listen;
  await announceSite(ports.sites, identity, config.publicUrl ?? `http://${host}:${port}`);
  const password = await ensureAdministrator({ ...ports, clock, randomness }, config.adminPassword);
  // Not through the log: it goes to people, once, and to no collector of logs.
  if (password) {
    process.stderr.write(`The account admin has the password ${password} (shown this once).\n`);
  }
}
