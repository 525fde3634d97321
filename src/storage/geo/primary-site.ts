/**
 * PORT: the primary as a secondary speaks to it, beside reading content (`Upstream`): joining, the
 * feed, and writes that are passed on. A line that fails throws `UpstreamFailure`.
 */
import type { Readable } from 'node:stream';
import type { Place } from '../../oci/place.ts';

export interface JoinRequest {
  /** The join token that an administrator was given. */
  readonly token: string;
  /** Name of the site that joins. */
  readonly site: string;
  /** Where other sites reach it. */
  readonly url: string;
  readonly place?: Place;
  readonly publicKey: Readonly<Record<string, unknown>>;
}

export interface JoinAnswer {
  readonly cluster: string;
  readonly epoch: number;
  /** Of the cluster, as base64url. See `SecretKeyStore`. */
  readonly secretKey: string;
}

/** A page of the snapshot, and where the primary's log stood before it was read. */
export interface SnapshotAnswer {
  readonly after?: readonly string[];
  readonly through?: readonly string[];
  readonly rows: readonly {
    readonly key: readonly string[];
    readonly fact?: { readonly kind: string };
  }[];
  readonly position: number;
  readonly epoch: number;
}

/** Keys behind `after` up to `through`, as `Snapshot` has them. */
interface Range {
  readonly after?: readonly string[];
  readonly through?: readonly string[];
}

export interface WantedRanges {
  readonly part: string;
  readonly ranges: readonly Range[];
}

/** What it costs, and in whose time it was said. */
interface Compared {
  readonly epoch: number;
  /** Of the question and of the answer. */
  readonly bytes: number;
}

export interface CutAnswer extends Compared {
  /** For each range its stretches. */
  readonly cuts: readonly (readonly (Range & {
    readonly rows: number;
    readonly checksum: string;
  })[])[];
}

export interface FactsAnswer extends Compared {
  /** For each range the rows in it, exactly as they were at a position. */
  readonly pages: readonly (Range & Pick<SnapshotAnswer, 'rows' | 'position'>)[];
}

export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A client's request as it is passed on. */
export interface ForwardedRequest {
  readonly method: string;
  /** With its query, as the client wrote it. */
  readonly path: string;
  readonly headers: HeaderFields;
  /** Absent where the request has none. */
  readonly body?: Readable;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** How long the answer may take once the request was sent, in milliseconds. */
  readonly timeoutMs: number;
}

export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: HeaderFields;
  /** Breaks with an error, never ends short. */
  readonly body: Readable;
}

/** What a site says of itself: how it is, and which images became whole there. */
export interface SelfReport {
  readonly site: string;
  /** As `SiteReports` keeps them. */
  readonly figures: object;
  readonly arrivals: readonly {
    readonly repository: string;
    readonly digest: string;
    readonly at: Date;
  }[];
  /** When images were pulled there last, as `ImagePulls` says it. */
  readonly pulls?: readonly {
    readonly repository: string;
    readonly reference: string;
    readonly at: Date;
  }[];
  /** Where it is, where that differs from what the primary told it; what is absent stays. */
  readonly where?: { readonly url?: string; readonly place?: Place };
}

/** A pull as the primary tells of it: a `DeedEvent`. */
export interface ToldPull {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly data: object;
}

export interface PrimarySite {
  /** Makes this site known. Throws with status 401 where the token is wrong or was used. */
  join(request: JoinRequest): Promise<JoinAnswer>;

  /**
   * The feed behind a position: its lines, one message each, without end. Throws when the primary
   * ends it, is silent for too long, or the signal aborts.
   */
  openFeed(after: number, signal: AbortSignal): Promise<AsyncIterable<string>>;

  /** Resolves when the primary keeps it durably. Idempotent. */
  report(report: SelfReport, signal: AbortSignal): Promise<void>;

  /**
   * Has the primary tell of pulls at this site; none at all only asks. @returns whether anybody
   * wants to be told of more. Idempotent as long as they are not told.
   */
  tellPulls(
    told: { readonly site: string; readonly pulls: readonly ToldPull[] },
    signal: AbortSignal,
  ): Promise<boolean>;

  /** A page of the primary's facts. */
  readSnapshot(
    wanted: { readonly part: string; readonly after?: readonly string[] },
    signal: AbortSignal,
  ): Promise<SnapshotAnswer>;

  /** The primary's facts in ranges, each cut into stretches of so many rows and summed up. */
  cutFacts(
    wanted: WantedRanges & { readonly rows: number; readonly hashing: string },
    signal: AbortSignal,
  ): Promise<CutAnswer>;

  /** The primary's facts in ranges. */
  readFacts(wanted: WantedRanges, signal: AbortSignal): Promise<FactsAnswer>;

  /** Passes a request on, with the client's own credentials, streamed both ways. */
  forward(request: ForwardedRequest): Promise<ForwardedAnswer>;
}
