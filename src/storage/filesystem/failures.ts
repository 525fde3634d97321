/** What the operating system says, in the words of the port. */
import { StorageFull, StorageUnavailable } from '../failure.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const AWAY = new Set([
  'EIO',
  'EROFS',
  'ESTALE',
  'EMFILE',
  'ENFILE',
  'EACCES',
  'EPERM',
  'ENODEV',
  'ENOTDIR',
]);

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? '';
}

/** Waits for the outcome; "no such file" becomes `undefined`, other failures those of the port. */
export async function whereFound<Outcome>(outcome: Promise<Outcome>): Promise<Outcome | undefined> {
  try {
    return await outcome;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw asFailure(error);
  }
}

/** `StorageFull` or `StorageUnavailable` for what the system refused; anything else as it is. */
export function asFailure(error: unknown): unknown {
  const code = codeOf(error);
  if (FULL.has(code)) return new StorageFull('no room for the bytes', { cause: error });
  if (AWAY.has(code)) {
    return new StorageUnavailable(`the file system refused: ${code}`, { cause: error });
  }
  return error;
}
