/**
 * Passwords of upstreams: sealed where an administrator gives one, opened where the upstream is
 * shown it. Each is good for its upstream's name and the registry that it is at, and for no other:
 * a text that is copied to another upstream, or whose URL is changed, shows its password to nobody.
 */
import type { VirtualUpstream } from '../../oci/virtual-registry.ts';
import type { Randomness } from '../../randomness.ts';
import { SECRET_KEY_BYTES, type SecretKeyStore } from '../../storage/secret-key.ts';
import { RemoteFailure } from '../../storage/virtual/remotes.ts';
import { openText, sealText } from './sealing.ts';

/** Whose password it is. */
export interface Holder {
  /** Of the upstream. */
  readonly name: string;
  readonly url: string;
}

interface KeySource {
  readonly secretKeyStore: Pick<SecretKeyStore, 'find' | 'establish'>;
  readonly randomness: Pick<Randomness, 'bytes'>;
  /** Settled by the operator: stands before what is kept here. */
  readonly given: Buffer | undefined;
  /** Where there is no key yet, a primary makes one; a secondary has its own from the primary. */
  readonly isPrimary: boolean;
}

/**
 * The key of this site. Idempotent, also with several processes at once.
 * @returns `undefined` at a secondary that was given none
 */
export async function findSecretKey(source: KeySource): Promise<Buffer | undefined> {
  const { secretKeyStore, randomness, given, isPrimary } = source;
  const known = given ?? (await secretKeyStore.find());
  if (known || !isPrimary) return known;
  return secretKeyStore.establish(randomness.bytes(SECRET_KEY_BYTES));
}

export class UpstreamSecrets {
  readonly #key: Buffer | undefined;
  readonly #randomness: Pick<Randomness, 'bytes'>;

  /** @param key 32 bytes; absent where this site has none, so that it can read no password */
  constructor(key: Buffer | undefined, randomness: Pick<Randomness, 'bytes'>) {
    this.#key = key;
    this.#randomness = randomness;
  }

  /** @throws RemoteFailure where this site has no key */
  seal(password: string, holder: Holder): string {
    const key = this.#keyFor(holder.name);
    return sealText(password, { key, purpose: purposeOf(holder) }, this.#randomness);
  }

  /**
   * The password of an upstream that has one.
   * @throws RemoteFailure that says in one sentence why it cannot be read, and what to do
   */
  open({ name, origin }: VirtualUpstream): string {
    if (origin.kind !== 'remote' || !origin.credentials) {
      throw new RemoteFailure('refused', `the upstream ${name} has no credentials`);
    }
    const sealing = { key: this.#keyFor(name), purpose: purposeOf({ name, url: origin.url }) };
    const opened = openText(origin.credentials.sealedPassword, sealing);
    if (opened.kind === 'opened') return opened.text;
    throw new RemoteFailure('refused', `the password of the upstream ${name} ${WHY[opened.kind]}`);
  }

  #keyFor(name: string): Buffer {
    if (this.#key) return this.#key;
    throw new RemoteFailure('refused', `the password of the upstream ${name} ${NO_KEY}`);
  }
}

const SAME_KEY = 'set MERIDIAN_SECRET_KEY to the same key at all sites of the cluster';
const NO_KEY = `needs the key of the cluster, which this site was never given: ${SAME_KEY}`;
const WHY = {
  'other-key': `was sealed under another key than this site has: ${SAME_KEY}, or give it again`,
  damaged: 'was sealed for another upstream or URL, or is damaged: give it again',
} as const;

/** A path below the registry's address may change: whoever is there has seen the password. */
function purposeOf({ name, url }: Holder): string {
  return `password of upstream ${name} at ${new URL(url).origin}`;
}
