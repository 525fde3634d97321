import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { type Digest, digestOf } from '../../../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../../../src/oci/media-type.ts';
import type { DistributionRemotes } from '../../../../src/storage/distribution/remote/remotes.ts';
import { patternOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import { requireProgram } from '../../../support/programs/commands.ts';
import {
  type DockerRegistry,
  startDockerRegistry,
} from '../../../support/programs/docker-registry.ts';
import { startRegistry } from '../../../support/registry.ts';
import { startTokenServer } from '../../../support/virtual/token-server.ts';
import {
  CREDENTIALS,
  faultOf,
  openTestRemotes,
  PASSWORD,
  type RemoteOrigin,
  upstreamAt,
} from '../../../virtual/remotes.ts';

const image = repositoryNamed('team/app');
const v1 = { kind: 'tag', tag: tagNamed('v1') } as const;
const layer = Buffer.alloc(300_000, 'meridian ');
const known = { credentials: CREDENTIALS };

/** `reader:opened`, as bcrypt has it. */
const HTPASSWD = 'reader:$2y$05$abcdefghijklmnopqrstuu1B3SGAN3t.whMSgHXfoWbt7TwfXsOo6\n';

interface Pushed {
  readonly digest: Digest;
  readonly content: Buffer;
}

describe('a remote at a real registry', () => {
  let remotes: DistributionRemotes;

  before(() => {
    remotes = openTestRemotes();
  });
  after(() => remotes.close());

  const open = (url: string, origin: Partial<RemoteOrigin> = {}) =>
    remotes.open(upstreamAt(url, { timeoutMs: 10_000, ...origin }));

  async function readAll(url: string, pushed: Pushed, origin: Partial<RemoteOrigin> = {}) {
    const remote = open(url, origin);
    expect(await remote.test()).to.have.property('isWell', true);
    const { content, digest } = pushed;
    const word = { mediaType: OCI_MANIFEST, sizeBytes: content.length, digest };
    expect(await remote.headManifest(image, v1)).to.deep.equal(word);
    const found = await remote.findManifest(image, { kind: 'digest', digest });
    expect(found).to.deep.equal({ mediaType: OCI_MANIFEST, content });
    for (const offset of [0, 100_000, layer.length]) {
      const opened = await remote.openBlob(image, digestOf(layer), offset);
      expect(opened?.sizeBytes).to.equal(layer.length);
      expect((await buffer(opened!.content)).equals(layer.subarray(offset))).to.equal(true);
    }
    expect(await remote.listTags(image, { limit: 10 })).to.deep.equal(['v1', 'v2']);
    const after = tagNamed('v1');
    expect(await remote.listTags(image, { after, limit: 10 })).to.deep.equal(['v2']);
    const absent = { kind: 'tag', tag: tagNamed('v3') } as const;
    expect(await remote.headManifest(image, absent)).to.equal(undefined);
    expect(await remote.findManifest(image, absent)).to.equal(undefined);
    expect(await remote.openBlob(image, digestOf('absent'))).to.equal(undefined);
    const nowhere = repositoryNamed('team/nowhere');
    expect(await remote.findManifest(nowhere, v1)).to.equal(undefined);
    expect(await remote.listTags(nowhere, { limit: 10 })).to.equal(undefined);
    expect(await remote.findReferrers(image, digestOf('absent'))).to.equal(undefined);
  }

  describe('docker-registry', function () {
    this.timeout(60_000);
    let plain: DockerRegistry;
    let pushed: Pushed;

    before(async function () {
      requireProgram('docker-registry', this);
      plain = await startDockerRegistry();
      pushed = await push(plain.url);
    });
    after(() => plain?.stop());

    /** One with the same content, and another door. */
    async function withDoor(auth: object, use: (url: string) => Promise<void>): Promise<void> {
      const other = await startDockerRegistry({ folder: plain.folder, config: { auth } });
      try {
        await use(other.url);
      } finally {
        await other.stop();
      }
    }

    it('is read without a password', () => readAll(plain.url, pushed));

    it('is read by a password', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'htpasswd-'));
      const path = join(folder, 'htpasswd');
      await writeFile(path, HTPASSWD);
      try {
        await withDoor({ htpasswd: { realm: 'real', path } }, async (url) => {
          await readAll(url, pushed, known);
          expect(await faultOf(open(url).findManifest(image, v1))).to.equal('refused');
          expect(await open(url).test()).to.have.property('isWell', false);
        });
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it('is read by tokens', async () => {
      const tokens = await startTokenServer({ ...CREDENTIALS, password: PASSWORD });
      try {
        await withDoor(tokens.auth, async (url) => {
          await readAll(url, pushed, known);
          // One for the registry as such, and one for each image.
          expect(tokens.count()).to.equal(3);
          expect(await faultOf(open(url).findManifest(image, v1))).to.equal('refused');
        });
      } finally {
        await tokens.close();
      }
    });
  });

  it('is read where it is a site of our own, by its tokens', async () => {
    const accounts = { reader: [{ pattern: patternOf('team/**'), actions: ['pull'] }] } as const;
    const site = await startRegistry({ accounts });
    try {
      const basic = Buffer.from(`${site.user}:${site.password}`).toString('base64');
      const pushed = await push(site.url, { authorization: `Basic ${basic}` });
      const own = openTestRemotes({ unseal: () => site.password });
      const remote = own.open(upstreamAt(site.url, known));
      expect((await remote.findManifest(image, v1))?.content.equals(pushed.content)).to.equal(true);
      expect(await remote.listTags(image, { limit: 1 })).to.deep.equal(['v1']);
      const opened = await remote.openBlob(image, digestOf(layer), 1);
      expect((await buffer(opened!.content)).equals(layer.subarray(1))).to.equal(true);
      expect(await faultOf(open(site.url, known).findManifest(image, v1))).to.equal('refused');
      await own.close();
    } finally {
      await site.close();
    }
  });
});

/** The image of one layer, under two tags. */
async function push(url: string, headers: Record<string, string> = {}): Promise<Pushed> {
  const config = Buffer.from('{}');
  for (const blob of [config, layer]) {
    const begun = await fetch(`${url}/v2/${image}/blobs/uploads/`, { method: 'POST', headers });
    const location = new URL(begun.headers.get('location')!, url);
    location.searchParams.set('digest', digestOf(blob));
    const { status } = await fetch(location, { method: 'PUT', headers, body: blob });
    expect(status).to.equal(201);
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(config, 'config.v1+json'),
    layers: [descriptor(layer, 'layer.v1.tar')],
  };
  const content = Buffer.from(JSON.stringify(manifest));
  for (const tag of ['v1', 'v2']) {
    const path = `${url}/v2/${image}/manifests/${tag}`;
    const typed = { ...headers, 'content-type': OCI_MANIFEST };
    const { status } = await fetch(path, { method: 'PUT', headers: typed, body: content });
    expect(status).to.equal(201);
  }
  return { digest: digestOf(content), content };
}

const descriptor = (content: Buffer, type: string) => ({
  mediaType: `application/vnd.oci.image.${type}`,
  digest: digestOf(content),
  size: content.length,
});
