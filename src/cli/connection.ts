/** Which site an operator's command speaks to, and as whom. */
import type { Command } from 'commander';
import { CLIENT_VARIABLES } from '../config/settings.ts';
import { ConfigError, processEnvironment } from '../config.ts';
import { keepAnswer, printKept, speakJson } from './print.ts';
import { getProfile, readProfiles } from './profile/profile-file.ts';
import { type Connection, SiteClient } from './site-client.ts';

/** Options that every operator's command has. */
export interface ConnectionOptions {
  readonly profile?: string;
  readonly url?: string;
  readonly user?: string;
  readonly password?: string;
}

/** Gives a command the options that say whom it speaks to, and `--json` where it has none. */
export function withConnection(command: Command): Command {
  command
    .option('--profile <name>', `the site and log-in of meridian profile`)
    .option('--url <url>', `the site; ${CLIENT_VARIABLES.url} by default`)
    .option('--user <name>', `the account; ${CLIENT_VARIABLES.user} by default`)
    .option('--password <text>', `its password; ${CLIENT_VARIABLES.password} by default`);
  const isItsOwn = command.options.some(({ long }) => long === '--json');
  return isItsOwn ? command : withJson(command);
}

/** What the site answered, as it answered it, instead of sentences and tables. */
function withJson(command: Command): Command {
  return command
    .option('--json', 'as JSON, for programs')
    .hook('preAction', () => {
      if (command.opts<{ json?: true }>().json) speakJson();
    })
    .hook('postAction', () => printKept());
}

/** @throws ConfigError where the password is missing or the URL is none. */
export function connect(options: ConnectionOptions): SiteClient {
  return new SiteClient(settleConnection(options), keepAnswer);
}

/**
 * What is said on the line comes first, then the profile that is named, then the environment, then
 * the profile that is used. The password of a profile is shown to its own site alone.
 *
 * @throws ConfigError where the password is missing or the URL is none.
 */
export function settleConnection(options: ConnectionOptions): Connection {
  const environment = processEnvironment();
  const name = options.profile ?? environment[CLIENT_VARIABLES.profile];
  const file = readProfiles();
  const named = name === undefined ? undefined : getProfile(file, name);
  const used = file.current === undefined ? undefined : getProfile(file, file.current);
  const given = options.url ?? named?.url ?? environment[CLIENT_VARIABLES.url];
  const url = given ?? used?.url ?? 'http://127.0.0.1:5000';
  const kept = [named, used, ...Object.values(file.profiles)].find((one) => one?.url === url);
  const own = named ? [kept, environmentOf(environment)] : [environmentOf(environment), kept];
  const pick = (what: 'user' | 'password') => options[what] ?? own[0]?.[what] ?? own[1]?.[what];
  return prove({ url, user: pick('user') ?? 'admin', password: pick('password') });
}

function environmentOf(environment: ReturnType<typeof processEnvironment>) {
  const { [CLIENT_VARIABLES.user]: user, [CLIENT_VARIABLES.password]: password } = environment;
  return { user, password };
}

function prove({ url, user, password }: Partial<Connection> & { url: string; user: string }) {
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    throw new ConfigError([`--url must be an http or https URL, such as http://127.0.0.1:5000.`]);
  }
  if (!password) {
    throw new ConfigError([`Give the password of ${user}: --password or MERIDIAN_PASSWORD.`]);
  }
  return { url, user, password };
}
