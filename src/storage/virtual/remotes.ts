/**
 * PORT: registries that operators name, read over the OCI distribution API with our own
 * credentials. Nothing that they say is believed: where they lead us is checked at each connection
 * (A27, A28), whom the credentials are shown is ours to say (A29), and content is hashed by who
 * reads it (A32).
 *
 * "Not there" is `undefined`; everything else that is no answer throws `RemoteFailure`.
 */
import type { Readable } from 'node:stream';
import type { Digest } from '../../oci/digest.ts';
import type { Reference, RepositoryName, Tag } from '../../oci/reference.ts';
import type { VirtualUpstream } from '../../oci/virtual-registry.ts';
import { UpstreamFailure } from '../failure.ts';

/** Why a remote registry gave nothing. */
export type RemoteFault =
  /** It refused our credentials, or wants some. */
  | 'refused'
  /** 429: its limit is used up. */
  | 'limited'
  /** It leads to an address, a scheme or a realm that is not allowed. */
  | 'forbidden-address'
  /** Its name, its connection, its certificate or its time failed. */
  | 'unreachable'
  /** It answered, with an error of its own or with what it must not say. */
  | 'broken'
  /** As many of our requests as may be are under way there. */
  | 'busy';

export class RemoteFailure extends UpstreamFailure {
  readonly fault: RemoteFault;
  /** When it may be asked again, where it said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    fault: RemoteFault,
    message: string,
    options: { status?: number; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, options);
    this.fault = fault;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** What a HEAD says: an upstream's word, not proven. */
export interface RemoteWord {
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** Where it said one of a form that we know. */
  readonly digest?: Digest;
}

export interface RemoteManifest {
  readonly mediaType: string;
  readonly content: Buffer;
}

export interface RemoteBlob {
  /** Size of the whole blob in bytes. */
  readonly sizeBytes: number;
  /** The bytes from the offset on. Breaks with an error, never ends short. */
  readonly content: Readable;
}

/** What the registry said of its limit last, as Docker Hub does in `ratelimit-remaining`. */
export interface RateLimit {
  readonly limit: number;
  readonly remaining: number;
  readonly windowSeconds: number;
  readonly heardAt: Date;
}

export interface Remote {
  headManifest(image: RepositoryName, reference: Reference): Promise<RemoteWord | undefined>;
  findManifest(image: RepositoryName, reference: Reference): Promise<RemoteManifest | undefined>;
  openBlob(image: RepositoryName, digest: Digest, offset?: number): Promise<RemoteBlob | undefined>;
  /** In its own order, behind `after`; `undefined` where it has no such image. */
  listTags(
    image: RepositoryName,
    page: { readonly after?: Tag; readonly limit: number },
  ): Promise<Tag[] | undefined>;
  /** Its index of referrers as it stands, by the referrers API or the tag of the fallback. */
  findReferrers(image: RepositoryName, subject: Digest): Promise<RemoteManifest | undefined>;
  /** Whether it can be reached and takes our credentials; one sentence where not. */
  test(): Promise<{ readonly isWell: boolean; readonly sentence: string }>;
  readonly rateLimit: RateLimit | undefined;
}

export interface Remotes {
  /**
   * Checks a URL that somebody wants to save: its form, and where it leads now.
   * @returns what stands against it, going on from "the URL", or `undefined`
   */
  findFault(url: string): Promise<string | undefined>;
  /** The remote of an upstream whose origin is one. The same upstream has the same connections. */
  open(upstream: VirtualUpstream): Remote;
  /** Ends all requests that are under way. */
  close(): Promise<void>;
}
