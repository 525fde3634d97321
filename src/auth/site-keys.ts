/**
 * The keys that sign and verify tokens: each site signs with its own, and verifies with those of
 * all sites. They come from our own records alone; nothing that a token carries is ever used as a
 * key, or fetched to become one (A19).
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { Coherence, Memory } from '../coherence.ts';
import type { Change } from '../storage/change-log.ts';
import type { Identity } from '../storage/identity.ts';
import type { Site, Sites } from '../storage/sites.ts';

export interface SiteKey {
  readonly kid: string;
  /** Name of the site, the issuer of tokens that are signed with it. */
  readonly site: string;
  readonly publicKey: KeyObject;
}

/** RFC 7517, section 5. */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

interface Dependencies {
  readonly identity: Identity;
  readonly sites: Pick<Sites, 'listSites'>;
  readonly coherence: Coherence;
}

export class SiteKeys implements Memory {
  /** This site's own. */
  readonly own: SiteKey;
  readonly privateKey: KeyObject;
  readonly #sites: Pick<Sites, 'listSites'>;
  readonly #coherence: Coherence;
  #known: ReadonlyMap<string, SiteKey> | undefined;

  constructor({ identity, sites, coherence }: Dependencies) {
    this.privateKey = createPrivateKey(identity.privateKey);
    this.own = toSiteKey(identity.site, createPublicKey(this.privateKey));
    this.#sites = sites;
    this.#coherence = coherence;
    coherence.add(this);
  }

  /** The key of that name, true as of the last `catchUp()`; `undefined` where no site has it. */
  async find(kid: string): Promise<SiteKey | undefined> {
    return kid === this.own.kid ? this.own : (await this.#load()).get(kid);
  }

  /** The public keys of all sites, this one's first. */
  async list(): Promise<KeySet> {
    await this.#coherence.catchUp();
    const known = [...(await this.#load()).values()].filter((key) => key.kid !== this.own.kid);
    return { keys: [this.own, ...known].map(printKey) };
  }

  forget({ fact }: Change): void {
    if (fact.kind === 'site-recorded' || fact.kind === 'site-deleted') this.clear();
  }

  clear(): void {
    this.#known = undefined;
  }

  async #load(): Promise<ReadonlyMap<string, SiteKey>> {
    if (this.#known) return this.#known;
    const before = this.#coherence.position;
    const keys = (await this.#sites.listSites())
      .map(readSiteKey)
      .filter((key) => key !== undefined);
    const known = new Map(keys.map((key) => [key.kid, key]));
    if (this.#coherence.position === before) this.#known = known;
    return known;
  }
}

/** Public half of a private key, as it is kept in a site's record. */
export function publicJwkOf(privateKey: string): JsonWebKey {
  return createPublicKey(privateKey).export({ format: 'jwk' });
}

/**
 * The key of a site's record, or `undefined` where it is not a P-256 key: such a site issues no
 * tokens.
 */
function readSiteKey({ name, publicKey }: Site): SiteKey | undefined {
  if (publicKey['kty'] !== 'EC' || publicKey['crv'] !== 'P-256') return undefined;
  try {
    return toSiteKey(name, createPublicKey({ key: publicKey, format: 'jwk' }));
  } catch {
    return undefined;
  }
}

function toSiteKey(site: string, publicKey: KeyObject): SiteKey {
  return { kid: thumbprintOf(publicKey), site, publicKey };
}

/** RFC 7638: the required members in alphabetical order, no spaces, sha256, base64url. */
function thumbprintOf(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

function printKey({ kid, publicKey }: SiteKey): Readonly<Record<string, unknown>> {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
}
