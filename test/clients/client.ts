/** What a client of registries can do, whatever program it is. */
import type { Layout } from '../support/images/image.ts';
import type { Files } from '../support/images/image-files.ts';

export interface Registry {
  /** Host and port. */
  readonly host: string;
  readonly user: string;
  readonly password: string;
}

export interface Pulled {
  /** All digests that the client knows for what it pulled. */
  readonly digests: readonly string[];
  /** The files of each image; of an index some clients take only the image for this machine. */
  readonly images: readonly Files[];
}

export interface ImageClient {
  readonly name: string;
  /** What must be on the PATH. */
  readonly programs: readonly string[];
  /** Whether it pushes a manifest as it is in the layout, or writes one of its own. */
  readonly keepsDigest: boolean;
  /** Logs in, with all state of the client in the folder. */
  open(folder: string, registry: Registry): Promise<Session>;
}

export interface Session {
  /** The same client, with the same state, logged in at another registry as well. */
  at(registry: Registry): Promise<Session>;
  /** Pushes what the layout holds to `<repository>:v1`. */
  push(layout: Layout, repository: string): Promise<void>;
  /** Pulls `<repository>:v1` to where nothing of it is yet. */
  pull(repository: string): Promise<Pulled>;
  /** Ends the client, wherever it is logged in. */
  close(): Promise<void>;
}
