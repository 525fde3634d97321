/**
 * Texts that are kept so that only this cluster can read them, and only for what they are kept for:
 *
 *     v1.<key id>.<nonce>.<ciphertext and tag>        the parts as base64url
 *
 * AES-256-GCM (NIST SP 800-38D) with the purpose as additional data, so a sealed text that is
 * copied to another place opens nothing there. A nonce is random: "the total number of invocations
 * … shall not exceed 2^32" for one key (section 8.3), and there is one per password that is set.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Randomness } from '../../randomness.ts';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 6;

export interface Sealing {
  /** 32 bytes. */
  readonly key: Buffer;
  /** What the text is for: equal where it is opened. */
  readonly purpose: string;
}

/** Seals a text. */
export function sealText(
  text: string,
  { key, purpose }: Sealing,
  randomness: Pick<Randomness, 'bytes'>,
): string {
  const nonce = randomness.bytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce);
  cipher.setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  const parts = [nonce, sealed].map((part) => part.toString('base64url'));
  return [VERSION, keyIdOf(key), ...parts].join('.');
}

/** The text, or why it cannot be read. */
export type Opened =
  | { readonly kind: 'opened'; readonly text: string }
  /** It was sealed under another key than this one. */
  | { readonly kind: 'other-key' }
  /** It was sealed for something else, or is not as it was sealed. */
  | { readonly kind: 'damaged' };

/** The inverse of {@link sealText}. */
export function openText(sealed: string, { key, purpose }: Sealing): Opened {
  const [version, keyId, ...parts] = sealed.split('.');
  const [nonce, content] = parts.map((part) => Buffer.from(part, 'base64url'));
  const isWhole = parts.length === 2 && nonce!.length === NONCE_BYTES;
  if (version !== VERSION || !isWhole || content!.length < TAG_BYTES) return { kind: 'damaged' };
  if (keyId !== keyIdOf(key)) return { kind: 'other-key' };
  const decipher = createDecipheriv(ALGORITHM, key, nonce!, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(content!.subarray(-TAG_BYTES));
  try {
    const start = decipher.update(content!.subarray(0, -TAG_BYTES));
    return { kind: 'opened', text: Buffer.concat([start, decipher.final()]).toString('utf8') };
  } catch {
    return { kind: 'damaged' };
  }
}

/** Tells keys apart, and nothing of them. */
function keyIdOf(key: Buffer): string {
  const hash = createHash('sha256').update('meridian secret key').update(key).digest();
  return hash.subarray(0, KEY_ID_BYTES).toString('base64url');
}
