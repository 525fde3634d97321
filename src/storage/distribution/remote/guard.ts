/**
 * Where requests in the name of an upstream may go. What is checked is the address that is
 * connected to, at each connection: a name that leads elsewhere a moment later gains nothing (A27,
 * A28).
 */
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { callbackify } from 'node:util';
import { buildConnector } from 'undici';
import { type AddressRule, hostOf } from '../../../oci/network/addresses.ts';
import { parseRepositoryName } from '../../../oci/reference.ts';
import { RemoteFailure } from '../../virtual/remotes.ts';

/** Every address of a name. */
export type LookUp = (host: string) => Promise<readonly LookupAddress[]>;

export interface GuardOptions {
  readonly rule: AddressRule;
  /** URLs of this site itself: it is no upstream of its own, by any of its names. */
  readonly ownUrls: readonly string[];
  readonly lookUp: LookUp;
}

export interface ConnectorOptions {
  /** The upstream's own URL; whatever else is connected to, it led there. */
  readonly home: URL;
  /** PEM certificates that are trusted besides the public ones. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

const FORBIDDEN = 'EFORBIDDEN';

/** This machine, also where its resolver does not know that (RFC 6761, 6.3). */
const LOCALHOST = /^((?:.+\.)?localhost)\.$/i;

/** What people write for Docker Hub, which answers as a registry under another name. */
const HUB_PAGES = new Set(['docker.io', 'www.docker.com', 'hub.docker.com']);

export class Guard {
  readonly #rule: AddressRule;
  readonly #ownUrls: readonly URL[];
  readonly #lookUp: LookUp;

  constructor({ rule, ownUrls, lookUp }: GuardOptions) {
    this.#rule = rule;
    this.#ownUrls = ownUrls.map((url) => new URL(url));
    this.#lookUp = (host) => lookUp(host.replace(LOCALHOST, '$1'));
  }

  /**
   * What stands against a URL as that of an upstream, going on from "the URL". A name that leads
   * nowhere now may lead somewhere later.
   */
  async findFault(text: string): Promise<string | undefined> {
    if (!URL.canParse(text)) return 'is none';
    const url = new URL(text);
    const fault = this.#findFaultOfForm(url) ?? findFaultOfPath(url);
    if (fault) return fault;
    const host = hostOf(url);
    const addresses = isIP(host)
      ? [host]
      : (await this.#lookUp(host).catch(() => [])).map(({ address }) => address);
    if (!addresses.every((address) => this.#rule.mayReach(address))) {
      return 'leads to an address that is not public';
    }
    const isPlain = url.protocol === 'http:';
    return isPlain && !addresses.every((address) => this.#rule.isNamed(address))
      ? 'must begin with https://: http is for networks that the operator names'
      : undefined;
  }

  /**
   * Lets a URL pass that an upstream named: of a redirect, or of a realm. Where it leads is checked
   * when it is connected to.
   *
   * @throws RemoteFailure `forbidden-address`
   */
  assertMayGo(url: URL, from: URL): void {
    const isDowngrade = from.protocol === 'https:' && url.protocol === 'http:';
    const fault = isDowngrade ? 'must begin with https://' : this.#findFaultOfForm(url);
    if (!fault) return;
    throw new RemoteFailure('forbidden-address', `what ${from.host} leads to ${fault}`);
  }

  #findFaultOfForm(url: URL): string | undefined {
    const { protocol, username, password } = url;
    if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https://';
    if (username || password) return 'must not hold a name and a password';
    return this.#ownUrls.some((own) => isSameHost(own, url))
      ? 'is that of this site itself'
      : undefined;
  }

  /**
   * What undici connects by: no address but a checked one is ever connected to. An upstream with a
   * public address leads to public ones only, whatever networks the operator named for others.
   */
  connector({ ca, timeoutMs, home }: ConnectorOptions): buildConnector.connector {
    let isInside = false;
    const admit = (host: string, found: readonly LookupAddress[], isPlain: boolean) => {
      const isHome = host === hostOf(home);
      const allowed = found.filter(({ address }) => {
        const isWithinReach = isHome || isInside || this.#rule.isPublic(address);
        return isWithinReach && this.#mayConnect(address, isPlain);
      });
      if (isHome) isInside = allowed.some(({ address }) => !this.#rule.isPublic(address));
      return allowed;
    };
    const trust = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
    const build = (isPlain: boolean) =>
      buildConnector({
        ...trust,
        rejectUnauthorized: true,
        timeout: timeoutMs,
        lookup: this.#lookUpOnly((host, found) => admit(host, found, isPlain)),
      });
    const [secure, plain] = [build(false), build(true)];
    return (options, callback) => {
      const isPlain = options.protocol !== 'https:';
      // Node looks up no host that is an address.
      const host = options.hostname.replace(/^\[(.+)\]$/, '$1');
      const family = isIP(host);
      if (family && admit(host, [{ address: host, family }], isPlain).length === 0) {
        callback(forbidden(host), null);
      } else (isPlain ? plain : secure)(options, callback);
    };
  }

  #mayConnect(address: string, isPlain: boolean): boolean {
    return isPlain ? this.#rule.isNamed(address) : this.#rule.mayReach(address);
  }

  #lookUpOnly(
    admit: (host: string, found: readonly LookupAddress[]) => LookupAddress[],
  ): LookupFunction {
    const lookUp = callbackify(this.#lookUp);
    return (host, { all }, callback) => {
      lookUp(host, (error, found) => {
        if (error) return callback(error, []);
        const allowed = admit(host, found);
        const [first] = allowed;
        if (!first) return callback(forbidden(host), []);
        return all ? callback(null, allowed) : callback(null, first.address, first.family);
      });
    };
  }
}

/** Whether it was this guard that let no connection be made. */
export function isForbidden(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === FORBIDDEN;
}

function forbidden(host: string): Error {
  return Object.assign(new Error(`${host} is not public`), { code: FORBIDDEN });
}

function findFaultOfPath({ hostname, pathname, search, hash, href }: URL): string | undefined {
  if (search || hash || /[?#]/.test(href)) return 'must not hold a query or a fragment';
  if (HUB_PAGES.has(hostname)) {
    return 'is that of web pages: Docker Hub answers at https://registry-1.docker.io';
  }
  if (/\/v[12](?:\/|$)/.test(pathname)) return 'must end before /v2/';
  const path = prefixOf(pathname);
  return path === '' || parseRepositoryName(path)
    ? undefined
    : 'has a path that no name of an image begins with';
}

/** The path that stands before every name; '' where there is none. A slash at its end is none. */
export function prefixOf(pathname: string): string {
  return pathname.replace(/^\//, '').replace(/\/$/, '');
}

function isSameHost(one: URL, other: URL): boolean {
  return bareHostOf(one) === bareHostOf(other) && one.port === other.port;
}

/** `registry.example.` is the same name. */
function bareHostOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, '');
}
