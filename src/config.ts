/**
 * What the operator settled: the YAML file and the environment, the environment winning, as one
 * frozen object. Every mistake is found before any is reported. Nobody else reads the environment.
 */
import { join } from 'node:path';
import { SETTINGS, type Setting, type Settled } from './config/settings.ts';
import { type Environment, readEnvironment, readYaml, type Source } from './config/sources.ts';
import type { StorageLocation } from './config/values.ts';

export type { ListenAddress, StorageLocation } from './config/values.ts';

export type Config = Settled & {
  readonly storage: StorageLocation;
};

/** The settings are wrong; `mistakes` are whole sentences, each naming its setting. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.mistakes = mistakes;
  }
}

/** This process's environment, for those who start another process or speak to a site. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * Reads all settings.
 *
 * @param file path of a YAML file, where there is one
 * @throws ConfigError with every mistake
 */
export async function loadConfig(file?: string, environment?: Environment): Promise<Config> {
  const fromEnvironment = readEnvironment(environment ?? process.env);
  const fromFile: Source = file ? await readYaml(file) : { texts: new Map(), mistakes: [] };
  const texts = new Map([...fromFile.texts, ...fromEnvironment.texts]);
  const mistakes = [...fromFile.mistakes, ...fromEnvironment.mistakes];

  const settled = settle(texts, mistakes);
  mistakes.push(...findContradictions(settled, texts));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  const { data, storage, ...others } = settled as Settled;
  const blobs: StorageLocation = storage ?? { kind: 'file', directory: join(data, 'content') };
  return Object.freeze({ ...others, data, storage: blobs });
}

/** Values by key; a wrong one is left out and named among the mistakes. */
function settle(texts: ReadonlyMap<string, string>, mistakes: string[]): Partial<Settled> {
  const settled: Record<string, unknown> = {};
  const settings: [string, Setting][] = Object.entries(SETTINGS);
  for (const [key, { variable, kind, fallback }] of settings) {
    const text = texts.get(variable) ?? fallback;
    if (text === undefined) continue;
    const value = kind.read(text);
    if (value === undefined) mistakes.push(`${variable} ${kind.wanted}.`);
    else settled[key] = value;
  }
  return settled;
}

/** Settings that are right alone and wrong together. */
function findContradictions(
  settled: Partial<Settled>,
  texts: ReadonlyMap<string, string>,
): string[] {
  const { tlsCert, tlsKey, primaryUrl, joinToken, replication } = settled;
  const { oidcIssuer, oidcClientId } = settled;
  const mistakes: string[] = [];
  if (tlsCert && !tlsKey) mistakes.push('MERIDIAN_TLS_CERT needs MERIDIAN_TLS_KEY beside it.');
  if (tlsKey && !tlsCert) mistakes.push('MERIDIAN_TLS_KEY needs MERIDIAN_TLS_CERT beside it.');
  mistakes.push(...findDelegationMistakes(settled));
  if (joinToken && !primaryUrl) {
    mistakes.push('MERIDIAN_JOIN_TOKEN needs MERIDIAN_PRIMARY_URL, the primary that made it.');
  }
  if (oidcIssuer && !oidcClientId) {
    mistakes.push('MERIDIAN_OIDC_ISSUER needs MERIDIAN_OIDC_CLIENT_ID beside it.');
  }
  if (primaryUrl && !texts.has('MERIDIAN_SITE')) {
    mistakes.push('MERIDIAN_PRIMARY_URL needs MERIDIAN_SITE: a secondary has a name of its own.');
  }
  if (primaryUrl && !settled.redisUrl && (settled.processes ?? 1) > 1) {
    mistakes.push(
      'MERIDIAN_PROCESSES above 1 needs REDIS_URL at a secondary: each process would keep a ' +
        'ledger of transfers of its own, and none could say how the site is.',
    );
  }
  if (replication === 'separate' && !(settled.databaseUrl && settled.redisUrl)) {
    mistakes.push(
      'MERIDIAN_REPLICATION=separate needs DATABASE_URL and REDIS_URL, which both programs share.',
    );
  }
  return mistakes;
}

/** Whom the bytes of blobs shall be left to, and who cannot take them. */
function findDelegationMistakes(settled: Partial<Settled>): string[] {
  const { accelLocation = 'off', trustedProxies, storage } = settled;
  if (accelLocation === 'off') return [];
  const mistakes: string[] = [];
  if (storage?.kind === 's3') {
    mistakes.push('MERIDIAN_ACCEL_LOCATION is for files, and MERIDIAN_STORAGE names a bucket.');
  }
  if (trustedProxies?.length === 0) {
    mistakes.push('MERIDIAN_ACCEL_LOCATION needs MERIDIAN_TRUSTED_PROXIES, the address of nginx.');
  }
  return mistakes;
}
