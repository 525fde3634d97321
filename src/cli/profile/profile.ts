/** `meridian profile`: the sites that this operator speaks to, by short names. */
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { ConfigError } from '../../config.ts';
import { type ConnectionOptions, settleConnection, withConnection } from '../connection.ts';
import { printTable, say } from '../print.ts';
import { getProfile, readProfiles, writeProfiles } from './profile-file.ts';

interface AddOptions extends ConnectionOptions {
  readonly passwordStdin?: true;
}

export function addProfileCommands(program: Command): void {
  const profile = program.command('profile').description('Sites by short names, with log-ins.');
  withConnection(
    profile
      .command('add <name>')
      .description('Keep a site and its log-in under a name; the first is used from then on.')
      .option('--password-stdin', 'read the password from standard input'),
  ).action(addProfile);
  profile.command('use <name>').description('Speak to this one from now on.').action(useProfile);
  profile.command('list').description('List them.').action(listProfiles);
  profile.command('remove <name>').description('Forget one.').action(removeProfile);
}

async function addProfile(name: string, options: AddOptions): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) {
    throw new ConfigError([`${name} is no name: letters, digits, dots and dashes are.`]);
  }
  const password = options.passwordStdin ? (await readAll(process.stdin)).trimEnd() : undefined;
  const connection = settleConnection({ ...options, ...(password ? { password } : {}) });
  const file = readProfiles();
  const profiles = { ...file.profiles, [name]: connection };
  writeProfiles({ current: file.current ?? name, profiles });
  say(`The profile ${name} speaks to ${connection.url} as ${connection.user}.`);
}

function useProfile(name: string): void {
  const file = readProfiles();
  const { url } = getProfile(file, name);
  writeProfiles({ ...file, current: name });
  say(`Commands speak to ${url} from now on.`);
}

async function listProfiles(): Promise<void> {
  const { current, profiles } = readProfiles();
  const rows = Object.entries(profiles).map(([name, { url, user }]) => {
    return [name, url, user, name === current ? 'used' : ''];
  });
  await printTable(['profile', 'site', 'account', ''], rows);
}

function removeProfile(name: string): void {
  const { current, profiles } = readProfiles();
  getProfile({ profiles }, name);
  const { [name]: _, ...others } = profiles;
  writeProfiles({ ...(current && current !== name ? { current } : {}), profiles: others });
  say(`The profile ${name} is forgotten.`);
}
