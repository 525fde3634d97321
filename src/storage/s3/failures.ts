/** What an object store says, in the words of the port. */
import { StorageFull, StorageUnavailable } from '../failure.ts';

interface ServiceError {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const ABSENT = new Set(['NotFound', 'NoSuchKey', 'NoSuchUpload']);
const FULL = new Set(['QuotaExceeded', 'InsufficientStorage', 'XMinioStorageFull']);

/** Waits for the outcome; "no such key" becomes `undefined`, other failures those of the port. */
export async function whereFound<Outcome>(outcome: Promise<Outcome>): Promise<Outcome | undefined> {
  try {
    return await outcome;
  } catch (error) {
    if (ABSENT.has((error as ServiceError).name ?? '')) return undefined;
    throw asFailure(error);
  }
}

/**
 * A store that refuses, is away, or is not the one that was configured: the call may succeed later.
 */
export function asFailure(error: unknown): Error {
  const { name = '', message = '', $metadata } = error as ServiceError;
  if (FULL.has(name) || $metadata?.httpStatusCode === 507) {
    return new StorageFull('no room in the object store', { cause: error });
  }
  return new StorageUnavailable(`the object store refused: ${name} ${message}`.trim(), {
    cause: error,
  });
}
