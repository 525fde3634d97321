/** One GET, read to its end: when its first byte came, and whether it is what was asked for. */
import { createHash } from 'node:crypto';
import { Agent, get, type IncomingMessage } from 'node:http';
import type { Content } from '../../conformance/fixtures.ts';

export interface ReadOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** A connection of its own where absent. */
  readonly agent?: Agent;
  /** Whether the digest is computed too; else the length alone is compared. */
  readonly isHashed?: boolean;
}

export interface Read {
  /** First byte of the body, not of the headers. */
  readonly firstByteMs: number;
  readonly seconds: number;
}

/** @throws Error where anything else came than the content */
export async function read(url: string, content: Content, options: ReadOptions): Promise<Read> {
  const { headers, agent = new Agent({ keepAlive: false }), isHashed = false } = options;
  const hash = createHash('sha256');
  const startedAt = performance.now();
  let [firstByteMs, length] = [Number.NaN, 0];
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent }, resolve).once('error', reject);
  });
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (length === 0) firstByteMs = performance.now() - startedAt;
    length += chunk.length;
    if (isHashed) hash.update(chunk);
  }
  const isWhole = response.statusCode === 200 && length === content.bytes.length;
  if (!isWhole) throw new Error(`${url}: ${response.statusCode} with ${length} bytes`);
  if (isHashed && `sha256:${hash.digest('hex')}` !== content.digest) {
    throw new Error(`${url}: other bytes`);
  }
  return { firstByteMs, seconds: (performance.now() - startedAt) / 1000 };
}
