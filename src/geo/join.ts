/** How a site becomes a secondary: once, before anything else is written there. */
import type { Log } from '../log.ts';
import type { Place } from '../oci/place.ts';
import type { ChangeLog } from '../storage/change-log.ts';
import type { PrimarySite } from '../storage/geo/primary-site.ts';
import type { Identity, IdentityStore } from '../storage/identity.ts';
import { SECRET_KEY_BYTES, type SecretKeyStore } from '../storage/secret-key.ts';
import type { Sites } from '../storage/sites.ts';

export interface JoinOptions {
  readonly primarySite: Pick<PrimarySite, 'join'>;
  readonly identityStore: Pick<IdentityStore, 'find' | 'establish'>;
  readonly sites: Pick<Sites, 'recordRole'>;
  readonly changeLog: Pick<ChangeLog, 'head'>;
  readonly secretKeyStore: Pick<SecretKeyStore, 'replace'>;
  readonly log: Log;
  /** Name of this site. */
  readonly site: string;
  /** Where other sites reach it. */
  readonly url: string;
  readonly place?: Place;
  /** Needed by a site that has not joined yet. */
  readonly joinToken?: string;
  /** The key of the cluster where an operator settled it: it has to be the primary's. */
  readonly secretKey?: Buffer | undefined;
  /** Makes a key pair: the private half stays here. */
  readonly makeKeys: () => {
    readonly privateKey: string;
    readonly publicKey: Readonly<Record<string, unknown>>;
  };
}

/**
 * Joins the cluster, or finds that it joined before: then nothing is asked and the primary may be
 * away.
 *
 * A join whose answer was lost on the way needs a new invitation, since its token was used.
 *
 * @returns who this site is
 * @throws Error where it cannot join, in one sentence for the operator; UpstreamFailure
 */
export async function joinCluster(options: JoinOptions): Promise<Identity> {
  const { primarySite, identityStore, sites, site, url, place, log } = options;
  const known = await identityStore.find();
  if (known) return assertSame(known, site);
  const token = options.joinToken;
  if (token === undefined) {
    throw new Error('this site has not joined its primary yet: it needs MERIDIAN_JOIN_TOKEN');
  }
  if ((await options.changeLog.head()) > 0) {
    throw new Error('this site holds content of its own: a secondary begins empty');
  }
  const { privateKey, publicKey } = options.makeKeys();
  const where = { url, ...(place ? { place } : {}) };
  const answer = await primarySite.join({ token, site, ...where, publicKey });
  const { cluster, epoch } = answer;
  await keepSecretKey(answer.secretKey, options);
  // From here on nothing can be written here but what the primary says.
  await sites.recordRole('secondary', epoch);
  log.info({ cluster, site }, 'this site joined the cluster');
  return identityStore.establish({ cluster, site, privateKey });
}

/** Before the site has its name: a start that breaks off in between joins again, from the start. */
async function keepSecretKey(
  text: unknown,
  { secretKeyStore, secretKey: settled }: JoinOptions,
): Promise<void> {
  const key = Buffer.from(String(text), 'base64url');
  if (key.length !== SECRET_KEY_BYTES) throw new Error('the primary gave no key of the cluster');
  if (settled && !settled.equals(key)) {
    throw new Error(
      'MERIDIAN_SECRET_KEY is not the key that the primary has: give the same one, or none, and ' +
        'join with a new token',
    );
  }
  await secretKeyStore.replace(key);
}

function assertSame(known: Identity, site: string): Identity {
  if (known.site === site) return known;
  throw new Error(`the data belongs to the site "${known.site}", not to "${site}"`);
}
