/**
 * Reads a large blob by several closed ranges at once, behind the port of an upstream.
 *
 * One connection over a long line is as fast as the loss on it allows, however wide the line is;
 * several at once are several times as fast. What they bring is given in order, so those who read
 * see one stream, as before.
 */
import { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Reference, RepositoryName } from '../../oci/reference.ts';
import { type Upstream, type UpstreamBlob, UpstreamFailure } from '../upstream.ts';
import type { UpstreamPart } from './parts.ts';
import { type OpenStretch, Segment, type Stretch } from './segment.ts';

/**
 * Requests for one blob at once, beside the one that is read: ten are under way, and a process that
 * is killed loses no more than these. Small ones, so that this is little.
 */
const MOST_AHEAD = 9;

/** What one request asks for; also what is asked before the size is known. */
const SEGMENT_BYTES = 512 * 1024;

/** An upstream that begins its answer so soon is near: there one connection is fast enough. */
const NEAR_MS = 15;

/** Asked for ahead of their readers, of all blobs together; what is read is always asked for. */
const AHEAD_BYTES_OF_ALL = 64 * 1024 * 1024;

/** An upstream that can be asked for a part of a blob. */
export interface PartedUpstream extends Upstream {
  openPart(
    repository: RepositoryName,
    digest: Digest,
    part: { readonly start: number; readonly end?: number; readonly signal?: AbortSignal },
  ): Promise<UpstreamPart | undefined>;
}

export class RangedUpstream implements Upstream {
  readonly #upstream: PartedUpstream;
  readonly #clock: Clock;
  #aheadBytes = 0;

  constructor(upstream: PartedUpstream, clock: Clock) {
    this.#upstream = upstream;
    this.#clock = clock;
  }

  findManifest(repository: RepositoryName, reference: Reference) {
    return this.#upstream.findManifest(repository, reference);
  }

  findChangedManifest(repository: RepositoryName, reference: Reference, known: Digest) {
    return this.#upstream.findChangedManifest(repository, reference, known);
  }

  findBlob(repository: RepositoryName, digest: Digest) {
    return this.#upstream.findBlob(repository, digest);
  }

  /** One small range first, which tells the size. A registry without ranges answers the whole. */
  async openBlob(
    repository: RepositoryName,
    digest: Digest,
    offset = 0,
  ): Promise<UpstreamBlob | undefined> {
    const stretch = { start: offset, end: offset + SEGMENT_BYTES };
    const begun = this.#clock.elapsedMs();
    const part = await this.#upstream.openPart(repository, digest, stretch);
    const isNear = this.#clock.elapsedMs() - begun < NEAR_MS;
    if (!part) return undefined;
    const { sizeBytes } = part;
    if (part.end === sizeBytes) return part;
    const open: OpenStretch = async (wanted, signal) => {
      const more = await this.#upstream.openPart(repository, digest, { ...wanted, signal });
      return assertPart(more, wanted, sizeBytes).content;
    };
    const first = { stretch: { start: offset, end: part.end }, first: part.content };
    const segments = this.#read(new Segment({ ...first, open, clock: this.#clock }), {
      start: part.end,
      end: sizeBytes,
      stepBytes: isNear ? sizeBytes : SEGMENT_BYTES,
      open,
    });
    // It begins when it is read; let go of before that, the first answer would stay open.
    const content = Readable.from(segments);
    content.once('close', () => part.content.destroy());
    return { sizeBytes, content };
  }

  async *#read(
    first: Segment,
    rest: Stretch & { readonly open: OpenStretch; readonly stepBytes: number },
  ): AsyncGenerator<Uint8Array> {
    const ahead: Segment[] = [];
    let next = rest.start;
    try {
      for (let segment: Segment | undefined = first; segment; segment = this.#take(ahead)) {
        while (next < rest.end && this.#hasRoom(ahead, rest.stepBytes)) {
          const end = Math.min(next + rest.stepBytes, rest.end);
          ahead.push(this.#begin({ start: next, end }, rest.open));
          next = end;
        }
        yield* segment.read();
      }
    } finally {
      first.destroy();
      for (let left = this.#take(ahead); left; left = this.#take(ahead)) left.destroy();
    }
  }

  #begin(stretch: Stretch, open: OpenStretch): Segment {
    const segment = new Segment({ stretch, open, clock: this.#clock });
    this.#aheadBytes += segment.heldBytes;
    return segment;
  }

  #take(ahead: Segment[]): Segment | undefined {
    const segment = ahead.shift();
    if (segment) this.#aheadBytes -= segment.heldBytes;
    return segment;
  }

  #hasRoom(ahead: readonly Segment[], stepBytes: number): boolean {
    // What comes next may always be asked for, or a blob would never get on.
    if (ahead.length === 0) return true;
    return ahead.length < MOST_AHEAD && this.#aheadBytes + stepBytes <= AHEAD_BYTES_OF_ALL;
  }
}

/** The answer, held to what was asked for: it must be of the same blob, and of that stretch. */
function assertPart(
  part: UpstreamPart | undefined,
  { end }: Stretch,
  sizeBytes: number,
): UpstreamPart {
  if (!part) throw new UpstreamFailure('the blob went away at the upstream', { status: 404 });
  if (part.sizeBytes === sizeBytes && part.end === end) return part;
  part.content.destroy();
  throw new UpstreamFailure('the upstream answers another range than was asked for');
}
