/**
 * How an adapter says that it cannot answer now. "Not there" is never a failure: that is
 * `undefined`. Rules let these pass; the outermost middleware turns them into 503 and 507.
 */

/** The database, the object store or Redis is away; the same call may succeed later. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable';
}

/** There is no room for the bytes; nothing of them was kept. */
export class StorageFull extends Error {
  override readonly name = 'StorageFull';
}

/** Why an upstream did not answer as asked; `status` where it answered at all. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly status: number | undefined;

  constructor(message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = options.status;
  }
}

/** A write met a site that is not the primary; nothing was written. */
export class NotPrimary extends Error {
  override readonly name = 'NotPrimary';
}

/**
 * The bytes of a blob were taken away as garbage, or are being so: nothing was written. Whoever
 * believes that they are here has to look again, and may then say behind which removal it did.
 */
export class BytesRemoved extends Error {
  override readonly name = 'BytesRemoved';
  /** Of the last removal; `undefined` while it is under way. */
  readonly removal: string | undefined;

  constructor(digest: string, removal: string | undefined) {
    super(`the bytes of ${digest} were removed as garbage`);
    this.removal = removal;
  }
}

/** A text has a character that can neither be kept nor looked for: nothing was written. */
export class TextRefused extends Error {
  override readonly name = 'TextRefused';
}

/** A policy forbids the change: nothing was written. The message is one sentence for people. */
export class ChangeRefused extends Error {
  override readonly name = 'ChangeRefused';
}

/** Somebody is about to give the name to something else: nothing was written to it. */
export class NameLeased extends Error {
  override readonly name = 'NameLeased';
  /** It may be written to again then, at the latest. */
  readonly until: Date;

  constructor(until: Date) {
    super(`the name is leased until ${until.toISOString()}`);
    this.until = until;
  }
}
