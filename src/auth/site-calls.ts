/**
 * Calls from site to site: who makes them, and how they say so.
 *
 * They carry a token of their own: a scheme and an audience that no client's token has, signed with
 * the site's key, and good for a minute. It opens nothing but reading, and what asks for a site by
 * name.
 */
import type { Coherence } from '../coherence.ts';
import { parsePathPattern } from '../oci/path-pattern.ts';
import type { Action } from '../storage/accounts.ts';
import type { Authentication, Authenticator } from './authenticator.ts';
import type { Caller } from './caller.ts';
import type { SiteKeys } from './site-keys.ts';
import type { Tokens } from './tokens.ts';

/** How long a site's token is good for; it is made anew long before. */
export const SITE_TOKEN_SECONDS = 60;

const SCHEME = 'Meridian-Site';

const READING: readonly Action[] = ['pull', 'read_virtual_registry'];

const HEADER = /^Meridian-Site +(\S+) *$/i;

type Authenticates = Pick<Authenticator, 'authenticate'>;

interface Dependencies {
  /** With {@link siteAudience} for its service. */
  readonly tokens: Pick<Tokens, 'issue' | 'verify'>;
  readonly siteKeys: Pick<SiteKeys, 'own'>;
  readonly coherence: Pick<Coherence, 'catchUp'>;
  /** Asked where the caller is no site. */
  readonly authenticator: Authenticates;
}

/** The audience of tokens between the sites of a cluster. */
export function siteAudience(cluster: string): string {
  return `${cluster}/site`;
}

export class SiteCalls implements Authenticates {
  readonly #tokens: Dependencies['tokens'];
  readonly #site: string;
  readonly #coherence: Dependencies['coherence'];
  readonly #authenticator: Authenticates;

  constructor({ tokens, siteKeys, coherence, authenticator }: Dependencies) {
    this.#tokens = tokens;
    this.#site = siteKeys.own.site;
    this.#coherence = coherence;
    this.#authenticator = authenticator;
  }

  /** The `Authorization` header with which this site calls another one. */
  authorize(): string {
    const claims = { account: this.#site, validAfter: 0, access: [] };
    return `${SCHEME} ${this.#tokens.issue(claims).token}`;
  }

  /** As `Authenticator.authenticate`, for sites as well. */
  async authenticate(
    authorization: string | undefined,
    address: string,
    learned?: number,
  ): Promise<Authentication> {
    const token = HEADER.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      return this.#authenticator.authenticate(authorization, address, learned);
    }
    await this.#coherence.catchUp(learned);
    const claims = await this.#tokens.verify(token);
    if (!claims) return { kind: 'refused', reason: 'invalid_token' };
    return { kind: 'known', caller: new SiteCaller(claims.account) };
  }
}

/** Another site: it may read whatever there is, and change nothing. */
export class SiteCaller implements Caller {
  readonly site: string;
  readonly account: string;
  readonly isAuthenticated = true;
  readonly isAdministrator = false;

  /** @param site its name */
  constructor(site: string) {
    this.site = site;
    // No account has a colon in its name.
    this.account = `site:${site}`;
  }

  judge(action: Action): ReturnType<Caller['judge']> {
    return READING.includes(action) ? 'granted' : 'denied';
  }

  judgeCatalog(): ReturnType<Caller['judgeCatalog']> {
    return { verdict: 'granted', visible: [parsePathPattern('**')!] };
  }

  mayManage(): boolean {
    return false;
  }

  administersAll(): boolean {
    return false;
  }
}
