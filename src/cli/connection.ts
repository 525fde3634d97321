/** Which site an operator's command speaks to, and as whom. */
import type { Command } from 'commander';
import { CLIENT_VARIABLES } from '../config/settings.ts';
import { ConfigError, processEnvironment } from '../config.ts';
import { SiteClient } from './site-client.ts';

/** Options that every operator's command has. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly user?: string;
  readonly password?: string;
}

export function withConnection(command: Command): Command {
  return command
    .option('--url <url>', `the site; ${CLIENT_VARIABLES.url} by default`)
    .option('--user <name>', `the account; ${CLIENT_VARIABLES.user} by default`)
    .option('--password <text>', `its password; ${CLIENT_VARIABLES.password} by default`);
}

/** @throws ConfigError where the password is missing or the URL is none. */
export function connect(options: ConnectionOptions): SiteClient {
  const environment = processEnvironment();
  const url = options.url ?? environment[CLIENT_VARIABLES.url] ?? 'http://127.0.0.1:5000';
  const user = options.user ?? environment[CLIENT_VARIABLES.user] ?? 'admin';
  const password = options.password ?? environment[CLIENT_VARIABLES.password];
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    throw new ConfigError([`--url must be an http or https URL, such as http://127.0.0.1:5000.`]);
  }
  if (!password) {
    throw new ConfigError([`Give the password of ${user}: --password or MERIDIAN_PASSWORD.`]);
  }
  return new SiteClient({ url, user, password });
}
