/** Upload sessions: beginning one, and reading the state that its Location carries. */
import type { Clock } from '../clock.ts';
import type { Algorithm } from '../oci/digest.ts';
import { RegistryError } from '../oci/error.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Randomness } from '../randomness.ts';
import type { UploadCaps, UploadTracker } from '../storage/upload-tracker.ts';
import type { UploadStates } from './upload-state.ts';
import type { UploadPoint } from './uploads.ts';

interface Dependencies {
  readonly uploadTracker: Pick<UploadTracker, 'create'>;
  readonly states: Pick<UploadStates, 'refresh' | 'sign' | 'verify'>;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** How many uploads may be under way at once, and for how long. */
export interface UploadLimits extends UploadCaps {
  /** How long an unfinished one is kept; a week where absent. */
  readonly lifetimeMs?: number;
}

const DEFAULT_LIMITS: UploadLimits = { perSubject: 2000, perRepository: 1000 };

/** > distribution purges what is older than 168 hours. (checklist 72) */
const LIFETIME_MS = 168 * 60 * 60 * 1000;

const RETRY_AFTER_SECONDS = 30;

/** A state that admits is good for so long: the next request has to begin by then. */
const ADMISSION_MS = 10 * 60 * 1000;

/** A point, and whether its state admits who holds it. */
export interface SignedPoint extends UploadPoint {
  readonly admits?: boolean;
}

/** Who is admitted to push to one repository, by an answer that was given at that time. */
export interface Admission {
  readonly account: string;
  readonly repository: RepositoryName;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export interface Start {
  readonly repository: RepositoryName;
  readonly subject: string;
  readonly algorithm: Algorithm;
}

export class UploadSessions {
  readonly #uploadTracker: Dependencies['uploadTracker'];
  readonly #states: Dependencies['states'];
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #limits: UploadLimits;
  readonly #lifetimeMs: number;

  constructor(
    { uploadTracker, states, clock, randomness }: Dependencies,
    limits: UploadLimits = DEFAULT_LIMITS,
  ) {
    this.#uploadTracker = uploadTracker;
    this.#states = states;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#limits = limits;
    this.#lifetimeMs = limits.lifetimeMs ?? LIFETIME_MS;
  }

  /** @throws RegistryError TOOMANYREQUESTS where too many are under way. */
  async start({ repository, subject, algorithm }: Start): Promise<UploadPoint> {
    const id = this.#randomness.uuid();
    const startedAt = this.#clock.now();
    const expiresAt = new Date(startedAt.getTime() + this.#lifetimeMs);
    const session = { id, repository, subject, algorithm, offset: 0, startedAt, expiresAt };
    await this.#states.refresh();
    if (!(await this.#uploadTracker.create(session, this.#limits))) throw tooMany();
    return { id, repository, subject, offset: 0 };
  }

  /**
   * The state of the upload at that point, for its Location. One that admits its holder is good for
   * a short while, and renewed with each answer.
   */
  sign({ id, repository, subject, offset, admits = false }: SignedPoint): string {
    const expiresAt = this.#clock.now().getTime() + (admits ? ADMISSION_MS : this.#lifetimeMs);
    return this.#states.sign({ session: id, repository, subject, offset, expiresAt, admits });
  }

  /**
   * Whom a state admits to its upload who shows nothing else; `undefined` where it admits nobody:
   * an ordinary one, another upload's, one that is too old, or none of ours.
   */
  async admit(
    { id: session, repository }: Pick<UploadPoint, 'id' | 'repository'>,
    text: string,
  ): Promise<Admission | undefined> {
    try {
      const state = await this.#states.verify(text, { session, repository, admits: true });
      return { account: state.subject, repository, since: state.expiresAt - ADMISSION_MS };
    } catch (error) {
      if (error instanceof RegistryError) return undefined;
      throw error;
    }
  }

  /**
   * The point that a request means, from the state that it carries.
   * @throws RegistryError BLOB_UPLOAD_INVALID, BLOB_UPLOAD_UNKNOWN
   */
  async read(named: Omit<UploadPoint, 'offset'>, state: string): Promise<SignedPoint> {
    const { id: session, repository, subject } = named;
    const found = await this.#states.verify(state, { session, repository, subject });
    return { ...named, offset: found.offset, admits: found.admits ?? false };
  }
}

function tooMany(): RegistryError {
  return new RegistryError('TOOMANYREQUESTS', {
    message: 'too many uploads are under way',
    headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
  });
}
