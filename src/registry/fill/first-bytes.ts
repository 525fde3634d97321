/**
 * The first bytes of a download, given from memory to those who wait for them: through the staging
 * they would come behind all that the upstream sends at once after them.
 */

const NOTHING = new Uint8Array();

export class FirstBytes {
  /** Where in the blob they begin. */
  readonly offset: number;
  /** As many as came at once; none where the upstream broke off before. Never rejects. */
  readonly bytes: Promise<Uint8Array>;
  #resolve!: (bytes: Uint8Array) => void;

  constructor(offset: number) {
    this.offset = offset;
    this.bytes = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Only the first ones that are shown count. */
  show(bytes: Uint8Array = NOTHING): void {
    this.#resolve(bytes);
  }
}
