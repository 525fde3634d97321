/** What a secondary keeps of the uploads that it passes on. */
import type { KeptUploads } from '../../geo/copies/kept-uploads.ts';
import type { PushedCopy } from '../../geo/copies/pushed-copy.ts';
import { parseContentRange } from '../../oci/range.ts';
import { peekOffset } from '../../registry/upload-state.ts';
import type { Call } from '../v2/call.ts';

/** The statuses by which the primary says that it took the bytes. */
const TAKEN = [201, 202];

export class UploadKeeper {
  readonly #keptUploads: KeptUploads;
  readonly #makeId: () => string;

  /** @param makeId names an upload that has no session */
  constructor(keptUploads: KeptUploads, makeId: () => string) {
    this.#keptUploads = keptUploads;
    this.#makeId = makeId;
  }

  /** Begins a copy of what the call brings to an upload; none for all other calls. */
  open(call: Call): PushedCopy | undefined {
    const { method } = call.request;
    if (method === 'POST') return this.#openWhole(call);
    if (method !== 'PATCH' && method !== 'PUT') return undefined;
    const digest = method === 'PUT' ? call.digestIn('digest') : undefined;
    const offset = offsetOf(call);
    if (offset === undefined || (method === 'PUT' && digest === undefined)) return undefined;
    return this.#keptUploads.open({ session: call.uploadId, offset, digest });
  }

  /** The primary answered the call. */
  settle(call: Call, copy: PushedCopy | undefined, status: number): void {
    if (copy) this.#keptUploads.settle(copy, TAKEN.includes(status));
    else if (call.request.method === 'DELETE' && status === 204) {
      this.#keptUploads.cancel(call.uploadId);
    }
  }

  /** The primary gave no answer. What has no session is of no use: nobody can go on with it. */
  breakOff(call: Call, copy: PushedCopy | undefined): void {
    if (!copy) return;
    if (call.request.method === 'POST') this.#keptUploads.settle(copy, false);
    else copy.end();
  }

  /** > POST `/v2/<name>/blobs/uploads/?digest=<digest>`: the whole blob in one request. */
  #openWhole(call: Call): PushedCopy | undefined {
    const digest = call.digestIn('digest');
    if (digest === undefined || call.query.has('mount')) return undefined;
    return this.#keptUploads.open({ session: this.#makeId(), offset: 0, digest });
  }
}

/**
 * Where the bytes of the call begin, if the primary takes them: it refuses what does not follow
 * what it holds. Only the primary can tell whether the state is one of its own; a wrong offset
 * spoils a copy, and the digest tells.
 */
function offsetOf(call: Call): number | undefined {
  const header = call.headers['content-range'];
  const range = header === undefined ? undefined : parseContentRange(header);
  return range?.start ?? peekOffset(call.query.get('_state') ?? '');
}
