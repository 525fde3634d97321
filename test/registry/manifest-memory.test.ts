import { expect } from 'chai';
import { systemClock as clock } from '../../src/clock.ts';
import { Coherence } from '../../src/coherence.ts';
import { ManifestMemory } from '../../src/registry/manifest-memory.ts';
import { MemoryChangeLog } from '../../src/storage/memory/change-log.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemoryMetadata } from '../../src/storage/memory/metadata.ts';
import type { Metadata, StoredManifest } from '../../src/storage/metadata.ts';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../support/content.ts';

const repository = repositoryNamed('a/b');
const latest = { kind: 'tag', tag: tagNamed('latest') } as const;
const [one, two] = [imageOf('one'), imageOf('two')];

describe('manifests in memory', () => {
  let metadata: Metadata;
  let memory: ManifestMemory;
  let reads: string[];

  beforeEach(async () => {
    const facts = new MemoryFacts({ clock });
    metadata = new MemoryMetadata(facts);
    reads = [];
    const counted: Pick<Metadata, 'findManifest' | 'findTag'> = {
      findManifest: (name, digest) => note('manifest', metadata.findManifest(name, digest)),
      findTag: (name, tag) => note('tag', metadata.findTag(name, tag)),
    };
    const coherence = new Coherence(new MemoryChangeLog(facts));
    memory = new ManifestMemory({ metadata: counted, coherence });
    coherence.add(memory);
    for (const word of ['one', 'two']) {
      const digest = blobOf(word);
      await metadata.linkBlob({ repository, digest, sizeBytes: 1, actor: '' });
    }
  });

  const note = <T>(what: string, read: Promise<T>): Promise<T> => {
    reads.push(what);
    return read;
  };
  const put = (manifest: typeof one, tags = [latest.tag]) =>
    metadata.recordManifest({ repository, manifest, tags, mayOverwrite: true, actor: '' });
  const find = async (): Promise<StoredManifest['digest'] | undefined> =>
    (await memory.find(repository, latest))?.digest;

  it('reads a tag once, however often it is pulled', async () => {
    await put(one);
    for (let pull = 0; pull < 5; pull += 1) expect(await find()).to.equal(one.digest);
    expect(reads).to.deep.equal(['tag', 'manifest']);
  });

  it('sees a tag that moved in the next read (T27, A50)', async () => {
    await put(one);
    expect(await find()).to.equal(one.digest);
    await put(two);
    expect(await find()).to.equal(two.digest);
  });

  it('sees in the next read that the repository was deleted', async () => {
    await put(one);
    expect(await find()).to.equal(one.digest);
    await metadata.deleteRepository(repository, '');
    expect(await find()).to.equal(undefined);
  });

  it('sees a deleted tag and a deleted manifest in the next read (121, 122)', async () => {
    await put(one);
    await find();
    await metadata.deleteTag(repository, latest.tag, '');
    expect(await find()).to.equal(undefined);
    const byDigest = { kind: 'digest', digest: one.digest } as const;
    expect((await memory.find(repository, byDigest))?.digest).to.equal(one.digest);
    await metadata.deleteManifest(repository, one.digest, '');
    expect(await memory.find(repository, byDigest)).to.equal(undefined);
  });

  it('does not bring tags back with a manifest that is pushed again (126)', async () => {
    await put(one);
    await find();
    await metadata.deleteManifest(repository, one.digest, '');
    await put(one, []);
    await memory.find(repository, { kind: 'digest', digest: one.digest });
    expect(await find()).to.equal(undefined);
  });

  it('tells nothing of one repository in another (A41)', async () => {
    await put(one);
    await find();
    expect(await memory.find(repositoryNamed('a/c'), latest)).to.equal(undefined);
  });
});
