/**
 * Sites as an operator starts them: one `meridian serve` process each, with its own data directory
 * and embedded PostgreSQL. Each secondary reaches the primary through a line of its own; clients
 * reach every site directly.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPort } from '../../support/programs/program.ts';
import { invite } from '../../two-sites/client.ts';
import { type LineProxy, startLineProxy } from '../../two-sites/lines/line-proxy.ts';
import { ADMIN } from '../../two-sites/site.ts';
import { type LongLine, openLongLine } from './long-line.ts';
import { SiteProcess } from './sites/process.ts';

export interface GeoSite {
  readonly name: string;
  readonly url: string;
  /** To the primary; the primary itself has none. */
  readonly line: LineProxy | undefined;
  /** Of the account `admin`. */
  readonly password: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Its data directory. */
  readonly data: string;
  /** Its embedded PostgreSQL, while the site runs. */
  readonly databaseUrl: string;
  /** Of the serving process, as it runs now. */
  readonly pid: number;
  /** Ends the process by the signal, SIGTERM where none is named; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, at the same address with the same data; resolves when it is ready. */
  start(): Promise<void>;
}

export interface StandOptions {
  readonly secondaries: number;
  /** Of each line, there and back. */
  readonly roundTripMs: number;
  /** Chance of each segment to be lost; a line with losses has the pace that `long-line` models. */
  readonly loss?: number;
  /** Settings of all sites, by their names in the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface GeoStand extends AsyncDisposable {
  readonly primary: GeoSite;
  readonly secondaries: readonly GeoSite[];
  /** For files of the measurement; gone with the stand. */
  readonly folder: string;
  /** One more that joins now; resolves when it is ready: it has the first facts, and no more. */
  addSecondary(environment?: Readonly<Record<string, string>>): Promise<GeoSite>;
  /** The same; resolves when its process answers, whatever it knows by then. */
  beginSecondary(): Promise<GeoSite>;
  /** Ends everything and removes all data. */
  stop(): Promise<void>;
}

const NAMES = ['tokyo', 'lisbon', 'oslo', 'lima', 'accra', 'perth', 'quito', 'turin'];

export async function startSites(options: StandOptions): Promise<GeoStand> {
  const stand = new Stand(options, await mkdtemp(join(tmpdir(), 'geo-')));
  try {
    await stand.addSite({});
    for (let n = 0; n < options.secondaries; n++) await stand.addSecondary();
  } catch (error) {
    await stand.stop();
    throw error;
  }
  return stand;
}

class Stand implements GeoStand {
  readonly folder: string;
  readonly #options: StandOptions;
  readonly #sites: GeoSite[] = [];
  readonly #lines: (LineProxy | LongLine)[] = [];

  constructor(options: StandOptions, folder: string) {
    this.#options = options;
    this.folder = folder;
  }

  get primary(): GeoSite {
    return this.#sites[0]!;
  }

  get secondaries(): readonly GeoSite[] {
    return this.#sites.slice(1);
  }

  async addSecondary(environment: Readonly<Record<string, string>> = {}): Promise<GeoSite> {
    const { line, joining } = await this.#invite();
    return this.addSite({ ...joining, ...environment }, { line });
  }

  async beginSecondary(): Promise<GeoSite> {
    const { line, joining } = await this.#invite();
    return this.addSite(joining, { line, readyPath: '/livez' });
  }

  async #invite() {
    const line = await this.#openLine();
    const joinToken = await invite(this.primary, NAMES[this.#sites.length]!);
    const joining = { MERIDIAN_PRIMARY_URL: line.url, MERIDIAN_JOIN_TOKEN: joinToken };
    return { line, joining };
  }

  /** A line with losses lies behind the one that can be held, cut and counted. */
  async #openLine(): Promise<LineProxy> {
    const { roundTripMs, loss = 0 } = this.#options;
    if (loss === 0) {
      const line = await startLineProxy(this.primary.url, { roundTripMs });
      this.#lines.push(line);
      return line;
    }
    const long = await openLongLine(new URL(this.primary.url), { roundTripMs, loss });
    const line = await startLineProxy(long.url.origin);
    this.#lines.push(line, long);
    return line;
  }

  async addSite(
    own: Readonly<Record<string, string>>,
    {
      line,
      readyPath = '/readyz',
    }: { readonly line?: LineProxy; readonly readyPath?: string } = {},
  ): Promise<GeoSite> {
    const name = NAMES[this.#sites.length]!;
    const data = join(this.folder, name);
    await mkdir(data);
    const url = `http://127.0.0.1:${await findPort()}`;
    const settings = { ...settingsOf({ name, url, data }), ...this.#options.environment, ...own };
    const environment = { ...inherited(), ...settings };
    const logFile = join(this.folder, `${name}.log`);
    const serving = new SiteProcess({
      command: 'serve',
      environment,
      logFile,
      readyUrl: `${url}${readyPath}`,
    });
    const site: GeoSite = {
      name,
      url,
      line,
      data,
      environment,
      password: ADMIN.password,
      databaseUrl: databaseUrlOf(data),
      get pid() {
        return serving.pid;
      },
      kill: (signal) => serving.kill(signal),
      start: () => serving.start(),
    };
    this.#sites.push(site);
    await site.start();
    return site;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sites.map((site) => site.kill('SIGKILL')));
    for (const line of this.#lines) line.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** What the shell of whoever measures says of sites is of no account. */
function inherited(): Record<string, string> {
  const all = Object.entries(process.env) as [string, string][];
  return Object.fromEntries(
    all.filter(([name]) => !/^(?:MERIDIAN_.*|DATABASE_URL|REDIS_URL)$/.test(name)),
  );
}

function settingsOf({ name, url, data }: { name: string; url: string; data: string }) {
  return {
    MERIDIAN_SITE: name,
    MERIDIAN_DATA: data,
    MERIDIAN_LISTEN: new URL(url).host,
    MERIDIAN_PUBLIC_URL: url,
    MERIDIAN_ADMIN_PASSWORD: ADMIN.password,
    MERIDIAN_ACCESS_LOG: 'off',
    // Clients log in once; what logging in costs is measured elsewhere.
    MERIDIAN_TOKEN_LIFETIME: '24h',
  };
}

/** By the socket in the data directory, which the account of the site may use. */
function databaseUrlOf(data: string): string {
  return `postgresql:///postgres?host=${encodeURIComponent(join(data, 'socket'))}&user=meridian`;
}
