/**
 * PORT: what the token of external registries is made of, together with the key of the cluster. By
 * itself it opens nothing.
 */
export interface EventTokens {
  find(): Promise<string | undefined>;
  /** Records it unless there is one. @returns the one that there is now */
  establish(nonce: string): Promise<string>;
  /** Puts it in the place of whatever there is. */
  replace(nonce: string): Promise<void>;
}
