import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { parsePathPattern } from '../../../src/oci/path-pattern.ts';
import type { Append, AppendOutcome, BlobStore } from '../../../src/storage/blob-store.ts';
import { StorageFull } from '../../../src/storage/failure.ts';
import { MemoryBlobStore } from '../../../src/storage/memory/blob-store.ts';
import { RemoteFailure } from '../../../src/storage/virtual/remotes.ts';
import { IMAGE, recordOf, repositoryNamed } from '../../support/content.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import {
  APP,
  call,
  failureOf,
  imageWith,
  openStand,
  putImage,
  ref,
  type Stand,
  upstreamNamed,
} from './stand.ts';

const MAKERS: Readonly<Record<string, OpenPorts>> = {
  memory: openMemoryPorts,
  'PostgreSQL and files': openPostgresPorts,
};

for (const [maker, openPorts] of Object.entries(MAKERS)) describeBlobs(maker, openPorts);

function describeBlobs(maker: string, openPorts: OpenPorts): void {
  describe(`blobs of a virtual registry, cached in ${maker}`, () => {
    let ports: Awaited<ReturnType<OpenPorts>>;
    let stand: Stand;
    let layer: Buffer;
    let digest: Digest;
    let image: ReturnType<typeof imageWith>;

    before(async () => {
      ports = await openPorts();
    });

    after(() => ports.close());

    beforeEach(async () => {
      stand = await openStand({ ports });
      await stand.set([upstreamNamed('a'), upstreamNamed('b')]);
      layer = randomBytes(300_000);
      digest = digestOf(layer);
      image = imageWith('app', [layer]);
    });

    afterEach(async () => {
      await stand.fill.settle();
      for (const name of ['a', 'b']) await ports.virtualRegistries.deleteUpstream(name);
    });

    const blobsAsked = (name: string) =>
      stand.remote(name).asked.filter((question) => question.startsWith('blob'));

    async function open(range?: { start: number; end: number }): Promise<Readable> {
      const blob = await stand.virtual.getBlob(call(), digest);
      return stand.virtual.openBlob(call(), blob, range);
    }

    async function pull(range?: { start: number; end: number }): Promise<Buffer> {
      return buffer(await open(range));
    }

    /** Resolves when it is known that the blob is here. */
    async function arrived(): Promise<void> {
      while (!(await stand.virtual.getBlob(call(), digest)).isHere) await turn();
    }

    async function pullManifest(): Promise<void> {
      await stand.virtual.getManifest(call(), ref('latest'));
    }

    it('V4 opens a blob only where a manifest of the image names it', async () => {
      putImage(stand.remote('b'), image);
      stand.remote('a').putBlob(APP, layer);
      expect((await failureOf(stand.virtual.getBlob(call(), digest))).code).to.equal(
        'BLOB_UNKNOWN',
      );
      await pullManifest();
      expect((await pull()).equals(layer)).to.equal(true);
      expect(blobsAsked('a')).to.deep.equal([]);
      const elsewhere = call({ image: repositoryNamed('team/other') });
      expect((await failureOf(stand.virtual.getBlob(elsewhere, digest))).code).to.equal(
        'BLOB_UNKNOWN',
      );
    });

    it('V4 does not search other upstreams for what the bound one lacks', async () => {
      putImage(stand.remote('a'), image);
      stand.remote('a').putBlob(APP, Buffer.alloc(0), digest);
      await pullManifest();
      stand.remote('b').putBlob(APP, layer);
      expect((await failureOf(pull())).status).to.equal(502);
      expect(blobsAsked('b')).to.deep.equal([]);
    });

    it('V11 asks the upstream once, and never again', async () => {
      putImage(stand.remote('a'), image);
      await pullManifest();
      expect((await pull()).equals(layer)).to.equal(true);
      await arrived();
      stand.remote('a').failure = new RemoteFailure('unreachable', 'it is away');
      expect((await pull()).equals(layer)).to.equal(true);
      expect(blobsAsked('a')).to.deep.equal([`blob ${digest} 0`]);
    });

    it('V11 goes on when the client that began it is gone', async () => {
      putImage(stand.remote('a'), image);
      await pullManifest();
      const content = await open({ start: 0, end: 0 });
      content.destroy();
      await stand.fill.settle();
      expect((await pull()).equals(layer)).to.equal(true);
      expect(blobsAsked('a')).to.deep.equal([`blob ${digest} 0`]);
    });

    it('V11 goes on behind the last byte where the upstream breaks off', async () => {
      putImage(stand.remote('a'), image);
      await pullManifest();
      stand.remote('a').breakAfterBytes = 131_072;
      expect((await pull()).equals(layer)).to.equal(true);
      expect(blobsAsked('a')).to.deep.equal([`blob ${digest} 0`, `blob ${digest} 131072`]);
    });

    it('V12 answers a range on a miss, and keeps the whole blob', async () => {
      putImage(stand.remote('a'), image);
      await pullManifest();
      const part = await pull({ start: 100, end: 70_000 });
      expect(part.equals(layer.subarray(100, 70_001))).to.equal(true);
      await stand.fill.settle();
      expect(await ports.blobStore.find(digest)).to.deep.equal({ sizeBytes: layer.length });
      expect((await pull()).equals(layer)).to.equal(true);
      expect(blobsAsked('a')).to.have.lengthOf(1);
    });

    it('V13 lets a stream that runs finish when its image is purged', async () => {
      putImage(stand.remote('a'), image);
      await pullManifest();
      const content = await open();
      await ports.virtualRegistries.purge({ upstream: 'a' });
      expect((await buffer(content)).equals(layer)).to.equal(true);
      expect((await failureOf(stand.virtual.getBlob(call(), digest))).status).to.equal(404);
    });

    it('V18 opens the blob of another registry only where its upstream gives it too', async () => {
      const [secret, sly] = [image, imageWith('sly', [layer])];
      putImage(stand.remote('a'), secret);
      stand.remote('b').putManifest('sly/app', 'latest', sly);
      await stand.set([upstreamNamed('a')]);
      await pullManifest();
      await pull();
      await arrived();
      await stand.ports.virtualRegistries.recordRegistry({
        name: 'sly',
        description: '',
        upstreams: ['b'],
        hosts: [],
        isPublic: true,
      });
      const asSly = { registry: 'sly', image: repositoryNamed('sly/app') };
      await stand.virtual.getManifest(asSly, ref('latest'));
      const blob = await stand.virtual.getBlob(asSly, digest);
      expect(blob.isHere).to.equal(false);
      expect((await failureOf(stand.virtual.openBlob(asSly, blob))).code).to.equal('BLOB_UNKNOWN');
      stand.remote('b').putBlob('sly/app', layer);
      expect((await buffer(await stand.virtual.openBlob(asSly, blob))).equals(layer)).to.equal(
        true,
      );
      expect(blobsAsked('b')).to.have.lengthOf(2);
      await ports.virtualRegistries.deleteRegistry('sly');
    });

    it('V4 V18 fetches a layer of two images once, and asks whether each may have it', async () => {
      const sibling = imageWith('sibling', [layer]);
      putImage(stand.remote('a'), image);
      stand.remote('a').putManifest('team/sibling', 'latest', sibling);
      await pullManifest();
      await pull();
      await arrived();
      const asSibling = call({ image: repositoryNamed('team/sibling') });
      await stand.virtual.getManifest(asSibling, ref('latest'));
      const blob = await stand.virtual.getBlob(asSibling, digest);
      expect((await failureOf(stand.virtual.openBlob(asSibling, blob))).code).to.equal(
        'BLOB_UNKNOWN',
      );
      stand.remote('a').putBlob('team/sibling', layer);
      const opened = await stand.virtual.openBlob(asSibling, blob, { start: 5, end: 90_000 });
      expect((await buffer(opened)).equals(layer.subarray(5, 90_001))).to.equal(true);
      expect(blobsAsked('a').at(-1)).to.equal(`blob ${digest} ${layer.length - 1}`);
      stand.remote('a').failure = new RemoteFailure('unreachable', 'it is away');
      const again = await stand.virtual.getBlob(asSibling, digest);
      expect((await buffer(await stand.virtual.openBlob(asSibling, again))).length).to.equal(
        layer.length,
      );
    });

    it('A31 never fetches foreign layers', async () => {
      const foreign = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
      const urls = ['http://169.254.169.254/'];
      const layers = [{ mediaType: foreign, digest, size: layer.length, urls }];
      stand.remote('a').putManifest(APP, 'latest', recordOf(IMAGE, { layers }));
      stand.remote('a').putBlob(APP, layer);
      await pullManifest();
      expect((await failureOf(pull())).code).to.equal('BLOB_UNKNOWN');
      expect(blobsAsked('a')).to.deep.equal([]);
    });

    for (const [wrong, lie] of [
      ['other bytes', (bytes: Buffer) => randomBytes(bytes.length)],
      ['a short body', (bytes: Buffer) => bytes.subarray(1)],
      ['a long body', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    ] as const) {
      it(`A32 keeps nothing of ${wrong}, and marks the upstream`, async () => {
        putImage(stand.remote('a'), image);
        await pullManifest();
        stand.remote('a').putBlob(APP, lie(layer), digest);
        const outcome = await pull().then(
          (body) => body.length,
          (error: Error) => error.name,
        );
        expect(outcome).to.be.oneOf(['UpstreamFailure', 'UpstreamAway']);
        expect(await ports.blobStore.find(digest)).to.equal(undefined);
        const { upstreams } = await stand.virtual.readStatistics('hub');
        expect(upstreams[0]?.failure?.sentence).to.be.a('string');
        putImage(stand.remote('a'), image);
        await stand.fill.settle();
        expect((await pull()).equals(layer)).to.equal(true);
      });
    }

    it('A33 keeps a blob behind the patterns of its image', async () => {
      putImage(stand.remote('a'), image);
      await pullManifest();
      await pull();
      await stand.set([upstreamNamed('a', { deny: [parsePathPattern('team/**')!] })]);
      expect((await failureOf(pull())).code).to.equal('NAME_UNKNOWN');
    });

    it('A37 asks for each thing once, however many clients pull', async () => {
      image = imageWith('app', [layer.subarray(0, 5000)]);
      putImage(stand.remote('a'), image);
      const clients = Array.from({ length: 500 }, async () => {
        await pullManifest();
        for (const bytes of image.blobs) {
          const blob = await stand.virtual.getBlob(call(), digestOf(bytes));
          const body = await buffer(await stand.virtual.openBlob(call(), blob));
          if (!body.equals(bytes)) throw new Error('a client got other bytes');
        }
      });
      await Promise.all(clients);
      const wanted = ['get latest', ...image.blobs.map((bytes) => `blob ${digestOf(bytes)} 0`)];
      expect(stand.remote('a').asked.sort()).to.deep.equal(wanted.sort());
    });
  });
}

/** Has room for so many bytes. */
class SmallStore extends MemoryBlobStore {
  readonly #roomBytes: number;

  constructor(roomBytes: number) {
    super({ clock: { now: () => new Date(), elapsedMs: () => 0, sleep: async () => {} } });
    this.#roomBytes = roomBytes;
  }

  override append(staging: string, append: Append): Promise<AppendOutcome> {
    return super
      .append(staging, { ...append, content: this.#limit(append.content) })
      .then((outcome) => {
        if (outcome.interruption instanceof StorageFull) throw outcome.interruption;
        return outcome;
      });
  }

  async *#limit(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let left = this.#roomBytes;
    for await (const chunk of content) {
      left -= chunk.length;
      if (left < 0) throw new StorageFull('no room for the bytes');
      yield chunk;
    }
  }
}

describe('a virtual registry without room', () => {
  const layer = randomBytes(300_000);
  const digest = digestOf(layer);
  const image = imageWith('app', [layer]);
  let stand: Stand;

  async function openWith(blobStore: BlobStore): Promise<void> {
    stand = await openStand({ blobStore });
    await stand.set([upstreamNamed('a')]);
    putImage(stand.remote('a'), image);
    await stand.virtual.getManifest(call(), ref('latest'));
  }

  async function pull(range?: { start: number; end: number }): Promise<Buffer> {
    const blob = await stand.virtual.getBlob(call(), digest);
    return buffer(await stand.virtual.openBlob(call(), blob, range));
  }

  it('V11 passes the bytes on without keeping them', async () => {
    const blobStore = new SmallStore(1000);
    await openWith(blobStore);
    expect((await pull()).equals(layer)).to.equal(true);
    const part = await pull({ start: 5, end: 200_000 });
    expect(part.equals(layer.subarray(5, 200_001))).to.equal(true);
    expect((await pull({ start: 7, end: 7 })).equals(layer.subarray(7, 8))).to.equal(true);
    expect(await blobStore.find(digest)).to.equal(undefined);
  });

  it('V11 holds the last byte back there too, until the digest is proven', async () => {
    await openWith(new SmallStore(1000));
    const wrong = Buffer.from(layer);
    wrong[0]! ^= 1;
    stand.remote('a').putBlob(APP, wrong, digest);
    const blob = await stand.virtual.getBlob(call(), digest);
    const content = await stand.virtual.openBlob(call(), blob);
    let bytes = 0;
    content.on('data', (chunk: Buffer) => (bytes += chunk.length));
    const error = await new Promise<Error>((resolve) => content.once('error', resolve));
    expect(error.name).to.equal('UpstreamFailure');
    expect(bytes).to.equal(layer.length - 1);
  });
});
