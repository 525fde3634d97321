import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { systemClock as clock } from '../../src/clock.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { FilesystemBlobStore } from '../../src/storage/filesystem/blob-store.ts';
import { MemoryBlobStore } from '../../src/storage/memory/blob-store.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const BYTES = randomBytes(5 * 1024 * 1024 + 17);
const digest = digestOf(BYTES);

describe('the body of a blob', () => {
  let registry: TestRegistry | undefined;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meridian-answer-'));
  });
  afterEach(async () => {
    await registry?.close();
    await rm(folder, { recursive: true });
  });

  const serve = async (blobStore: BlobStore): Promise<TestRegistry> => {
    registry = await startRegistry({ blobStore });
    const { url } = registry;
    const answer = await fetch(`${url}/v2/a/blobs/uploads/?digest=${digest}`, {
      method: 'POST',
      headers: credentialsOf(registry),
      body: BYTES,
    });
    expect(answer.status).to.equal(201);
    return registry;
  };

  it('is whole for each of many who read it at once, whose memory is used again', async () => {
    const { url, ...rest } = await serve(await FilesystemBlobStore.open({ folder }));
    const read = async (): Promise<Digest> => {
      const headers = credentialsOf(rest);
      const answer = await fetch(`${url}/v2/a/blobs/${digest}`, { headers });
      return digestOf(new Uint8Array(await answer.arrayBuffer()));
    };
    const digests = await Promise.all([...Array(8)].map(read));
    expect(new Set(digests)).to.deep.equal(new Set([digest]));
  });

  it('resets the line where it breaks: it is never ended short', async () => {
    const blobStore = new MemoryBlobStore({ clock });
    const { url, ...rest } = await serve(blobStore);
    blobStore.open = async () => Readable.from(breakAfter(BYTES.subarray(0, 1024 * 1024)));
    const answer = await fetch(`${url}/v2/a/blobs/${digest}`, { headers: credentialsOf(rest) });
    const outcome = await answer.arrayBuffer().catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(Error);
  });

  it('is let go of when its reader hangs up', async () => {
    const blobStore = new MemoryBlobStore({ clock });
    const { url, ...rest } = await serve(blobStore);
    const body = Readable.from(chunksForEver());
    blobStore.open = async () => body;
    const outgoing = get(`${url}/v2/a/blobs/${digest}`, { headers: credentialsOf(rest) });
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    answer.on('error', () => undefined);
    await once(answer, 'data');
    const closed = once(body, 'close');
    outgoing.destroy();
    await closed;
    expect(body.destroyed).to.equal(true);
  });
});

function credentialsOf({ user, password }: Pick<TestRegistry, 'user' | 'password'>) {
  const basic = Buffer.from(`${user}:${password}`).toString('base64');
  return { Authorization: `Basic ${basic}` };
}

async function* breakAfter(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
  throw new Error('the disk is gone');
}

async function* chunksForEver(): AsyncIterable<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024);
}
