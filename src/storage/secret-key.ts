/**
 * PORT: the key of the cluster, under which this site keeps what has to be read again, as the
 * passwords of upstreams. It lies apart from the facts, so that whoever gets hold of the database
 * or of the log has sealed texts and nothing to open them with.
 */

export const SECRET_KEY_BYTES = 32;

export interface SecretKeyStore {
  /** The key that is kept, if there is one. */
  find(): Promise<Buffer | undefined>;

  /**
   * Keeps the key unless there is one already. Of several processes that do so at once, one wins.
   * @returns the key that is kept
   */
  establish(key: Buffer): Promise<Buffer>;

  /** Keeps the key in place of any other. Idempotent. */
  replace(key: Buffer): Promise<void>;
}
