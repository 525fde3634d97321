/** The console as it was built: files that browsers are given as they are. */

/** How a file may be sent; `identity` is what it is. */
export type Encoding = 'br' | 'gzip' | 'identity';

export type ConsoleFile = Readonly<Partial<Record<Encoding, Buffer>>> & {
  readonly identity: Buffer;
};

/** By their paths below `/console/`: `index.html`, `assets/index-1a2b.js`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;
