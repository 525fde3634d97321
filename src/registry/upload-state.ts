/**
 * The state that an upload's Location carries: signed, so that any machine of the cluster can tell
 * one of ours from a foreign one without asking anybody. It is a hint; the session's row is the
 * truth (A11).
 *
 *     kid "." base64url(JSON payload) "." base64url(HMAC-SHA-256 over what stands before)
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { RegistryError } from '../oci/error.ts';
import type { Randomness } from '../randomness.ts';
import type { IdentityStore, UploadKey } from '../storage/identity.ts';

export interface UploadState {
  readonly repository: string;
  readonly session: string;
  /** Bytes that were kept when the state was given out. */
  readonly offset: number;
  /** Account that began the upload; '' for an anonymous one. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Whether its holder needs no other credential; see `UploadSessions.admit`. */
  readonly admits?: boolean;
}

/** What a state must say to be of use. */
export type Expected = Partial<Omit<UploadState, 'offset' | 'expiresAt'>>;

interface Dependencies {
  readonly identityStore: Pick<IdentityStore, 'listUploadKeys' | 'recordUploadKey'>;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** Stands last in the payload of a state that admits its holder. */
const ADMITS = 'admits';

const MAX_LENGTH = 2048;
const SHAPE = /^([\w-]{1,64})\.([\w-]+)\.([\w-]{43})$/;

/** After a state with a key that is unknown, the ring is read again, but not for each of them. */
const RELOAD_INTERVAL_MS = 1000;

/** So long a machine goes on with a ring that was changed meanwhile; see {@link RING_DELAY_MS}. */
const REFRESH_MS = 5 * 60 * 1000;

/** After this every machine signs with the newest key, and knows none that was retired. */
export const RING_DELAY_MS = 2 * REFRESH_MS;

export function makeUploadKey(clock: Clock, randomness: Randomness): UploadKey {
  return {
    kid: randomness.bytes(9).toString('base64url'),
    secret: randomness.bytes(32).toString('base64url'),
    createdAt: clock.now(),
  };
}

export class UploadStates {
  readonly #identityStore: Dependencies['identityStore'];
  readonly #clock: Clock;
  readonly #cluster: string;
  /** Newest first: the first signs, all verify. */
  #ring: readonly UploadKey[];
  #loadedAt: number;

  private constructor({ identityStore, clock }: Dependencies, cluster: string, ring: UploadKey[]) {
    this.#identityStore = identityStore;
    this.#clock = clock;
    this.#cluster = cluster;
    this.#ring = ring;
    this.#loadedAt = clock.now().getTime();
  }

  /** Reads the key ring, and makes its first key where there is none. */
  static async open(dependencies: Dependencies, cluster: string): Promise<UploadStates> {
    const { identityStore, clock, randomness } = dependencies;
    if ((await identityStore.listUploadKeys()).length === 0) {
      await identityStore.recordUploadKey(makeUploadKey(clock, randomness));
    }
    return new UploadStates(dependencies, cluster, await identityStore.listUploadKeys());
  }

  /** Reads the ring again where that was long ago; to be awaited before a first {@link sign}. */
  async refresh(): Promise<void> {
    if (this.#ageMs() >= REFRESH_MS) await this.#reload();
  }

  sign(state: UploadState): string {
    const key = this.#ring[0]!;
    const { repository, session, offset, subject, expiresAt, admits } = state;
    const mark = admits ? [ADMITS] : [];
    const payload = [1, this.#cluster, repository, session, offset, subject, expiresAt, ...mark];
    const body = `${key.kid}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
    return `${body}.${mac(key, body).toString('base64url')}`;
  }

  /**
   * @throws RegistryError BLOB_UPLOAD_INVALID where the text is no state at all,
   * BLOB_UPLOAD_UNKNOWN where it is not ours, not what is expected, or too old.
   */
  async verify(text: string, expected: Expected): Promise<UploadState> {
    const [, kid, payload, signature] = match(text);
    const key = await this.#findKey(kid!);
    const actual = Buffer.from(signature!, 'base64url');
    if (!key || !timingSafeEqual(mac(key, `${kid}.${payload}`), actual)) throw unknown();
    const { version, cluster, state } = parse(payload!);
    const isOurs =
      version === 1 &&
      cluster === this.#cluster &&
      state.expiresAt > this.#clock.now().getTime() &&
      Object.entries(expected).every(([key, value]) => state[key as keyof Expected] === value);
    if (!isOurs) throw unknown();
    return state;
  }

  async #findKey(kid: string): Promise<UploadKey | undefined> {
    await this.refresh();
    const find = () => this.#ring.find((key) => key.kid === kid);
    if (!find() && this.#ageMs() >= RELOAD_INTERVAL_MS) await this.#reload();
    return find();
  }

  #ageMs(): number {
    return this.#clock.now().getTime() - this.#loadedAt;
  }

  async #reload(): Promise<void> {
    const loadedAt = this.#clock.now().getTime();
    this.#ring = await this.#identityStore.listUploadKeys();
    this.#loadedAt = loadedAt;
  }
}

/**
 * The offset that a state claims, without any proof: for those who pass it on to whoever can verify
 * it. `undefined` where the text is no state.
 */
export function peekOffset(text: string): number | undefined {
  const payload = text.length > MAX_LENGTH ? undefined : SHAPE.exec(text)?.[2];
  if (payload === undefined) return undefined;
  try {
    const fields: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const offset: unknown = Array.isArray(fields) ? fields[4] : undefined;
    return Number.isSafeInteger(offset) && Number(offset) >= 0 ? Number(offset) : undefined;
  } catch {
    return undefined;
  }
}

/** What `sign` wrote. */
function parse(payload: string) {
  const fields = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [
    ...[number, string, string, string, number, string, number],
    string?,
  ];
  const [version, cluster, repository, session, offset, subject, expiresAt, mark] = fields;
  const admits = mark === ADMITS;
  const state: UploadState = { repository, session, offset, subject, expiresAt, admits };
  return { version, cluster, state };
}

function match(text: string): RegExpExecArray {
  const parts = text.length > MAX_LENGTH ? null : SHAPE.exec(text);
  if (!parts) throw new RegistryError('BLOB_UPLOAD_INVALID');
  return parts;
}

function mac(key: UploadKey, body: string): Buffer {
  return createHmac('sha256', Buffer.from(key.secret, 'base64url')).update(body).digest();
}

function unknown(): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN');
}
