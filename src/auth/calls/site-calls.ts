/**
 * Calls from site to site: who makes them, and how they say so.
 *
 * Their tokens are signed with the site's key. They open nothing but reading, and what asks for a
 * site by name.
 */
import { parsePathPattern } from '../../oci/path-pattern.ts';
import type { Action } from '../../storage/accounts.ts';
import type { Caller } from '../caller.ts';
import type { SiteKeys } from '../site-keys.ts';
import type { Claims } from '../tokens.ts';
import { InternalCalls, type InternalDependencies } from './internal-calls.ts';

const READING: readonly Action[] = ['pull', 'read_virtual_registry'];

interface Dependencies extends InternalDependencies {
  readonly siteKeys: Pick<SiteKeys, 'own'>;
}

/** The audience of tokens between the sites of a cluster. */
export function siteAudience(cluster: string): string {
  return `${cluster}/site`;
}

export class SiteCalls extends InternalCalls {
  readonly #site: string;

  constructor(dependencies: Dependencies) {
    super('Meridian-Site', dependencies);
    this.#site = dependencies.siteKeys.own.site;
  }

  /** The `Authorization` header with which this site calls another one. */
  authorize(): string {
    return this.write({ account: this.#site, validAfter: 0 });
  }

  protected override async findCaller({ account }: Claims): Promise<Caller> {
    return new SiteCaller(account);
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
