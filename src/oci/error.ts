/**
 * The closed catalog of errors that a client can see.
 *
 * > `code` … MUST be a unique identifier containing only uppercase alphabetic characters and
 * > underscores. (distribution-spec, "Error Codes")
 *
 * `docs/errors.md` is generated from this table.
 */

interface Kind {
  readonly status: number;
  readonly message: string;
}

/** The codes, of which fourteen are the specification's, each with its status and sentence. */
export const CATALOG = {
  BLOB_UNKNOWN: { status: 404, message: 'blob unknown to registry' },
  BLOB_UPLOAD_INVALID: { status: 400, message: 'blob upload invalid' },
  BLOB_UPLOAD_UNKNOWN: { status: 404, message: 'blob upload unknown to registry' },
  DIGEST_INVALID: { status: 400, message: 'provided digest did not match uploaded content' },
  MANIFEST_BLOB_UNKNOWN: {
    status: 404,
    message: 'manifest references a manifest or blob unknown to registry',
  },
  MANIFEST_INVALID: { status: 400, message: 'manifest invalid' },
  MANIFEST_UNKNOWN: { status: 404, message: 'manifest unknown to registry' },
  NAME_INVALID: { status: 400, message: 'invalid repository name' },
  NAME_UNKNOWN: { status: 404, message: 'repository name not known to registry' },
  SIZE_INVALID: { status: 400, message: 'provided length did not match content length' },
  UNAUTHORIZED: { status: 401, message: 'authentication required' },
  DENIED: { status: 403, message: 'requested access to the resource is denied' },
  UNSUPPORTED: { status: 405, message: 'the operation is unsupported' },
  TOOMANYREQUESTS: { status: 429, message: 'too many requests' },
  // Not of the specification: GitLab's registry has these for names that change.
  RENAME_CONFLICT: { status: 409, message: 'the new name is taken' },
  RENAME_IN_PROGRESS: { status: 409, message: 'the name is about to change' },
  EXCEEDS_LIMITS: { status: 422, message: 'this is more than is changed at once' },
} as const satisfies Record<string, Kind>;

export type ErrorCode = keyof typeof CATALOG;

export interface ErrorItem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail?: unknown;
}

export interface ErrorOptions {
  /** One clear sentence for the person who reads it; the catalog's own by default. */
  readonly message?: string;
  readonly detail?: unknown;
  /** Where one code has several statuses (416 for a chunk out of order, 413, 503, 507). */
  readonly status?: number;
  /** Headers that belong to the answer: `Retry-After`, `Location`, `Range`, `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The one error that rules throw; the outermost middleware writes it. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly status: number;
  readonly errors: readonly ErrorItem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    const message = options.message ?? CATALOG[code].message;
    super(message, { cause: options.cause });
    this.status = options.status ?? CATALOG[code].status;
    this.headers = options.headers ?? {};
    this.errors = [
      { code, message, ...(options.detail === undefined ? {} : { detail: options.detail }) },
    ];
  }

  get code(): ErrorCode {
    return this.errors[0]!.code;
  }

  /** One error that names several things, such as each missing blob of a manifest. */
  static of(
    items: readonly [ErrorItem, ...ErrorItem[]],
    options: ErrorOptions = {},
  ): RegistryError {
    const error = new RegistryError(items[0].code, options);
    Object.assign(error, { errors: items });
    return error;
  }
}
