import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import { openRedis } from '../../../src/storage/redis/connection.ts';
import { RedisLedger } from '../../../src/storage/redis/ledger.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { openPortsOver, openPostgresPorts, type TestPorts } from '../../support/ports.ts';
import { requireRedis } from '../../support/redis.ts';
import { type Image, invite, makeImage, push, send, until } from '../client.ts';
import { type LineProxy, startLineProxy } from '../lines/line-proxy.ts';
import { startPrimary, startSecondary, type TestSite } from '../site.ts';

const MIB = 1024 * 1024;

/** A process of a secondary that shares database, Redis and blobs with others. */
interface SiteProcess {
  readonly site: TestSite;
  readonly ports: TestPorts;
  /** To the primary. */
  readonly line: LineProxy;
  /** Takes its database away, as far as it is concerned. */
  cutOff(): Promise<void>;
  close(): Promise<void>;
}

describe('two processes of one site', function () {
  this.timeout(60_000);
  const processes: SiteProcess[] = [];
  let primary: TestSite;
  let home: TestDatabase;
  let folder: string;
  let one: SiteProcess;
  let other: SiteProcess;

  before(async function () {
    const redisUrl = await requireRedis(this);
    [home, folder] = [await openTestDatabase(), await mkdtemp(join(tmpdir(), 'meridian-blobs-'))];
    primary = await startPrimary('tokyo', await openPostgresPorts());
    const joinToken = await invite(primary, 'lisbon');
    const start = async (): Promise<SiteProcess> => {
      const line = await startLineProxy(primary.url, { roundTripMs: 50 });
      const redis = await openRedis(redisUrl);
      const opened = await openPortsOver({ url: home.url, folder });
      const ledger = new RedisLedger(redis, `lisbon ${home.url}`);
      const ports = { ...opened, ledger, databaseUrl: home.url };
      // What is called cold is copied when a test says so.
      const settings = { REDIS_URL: redisUrl.href, MERIDIAN_SYNC: 'acme/**' };
      const joining = { primaryUrl: line.url, joinToken, settings };
      const site = await startSecondary('lisbon', ports, joining);
      let cutting: Promise<void> | undefined;
      const cutOff = () => (cutting ??= ports.close());
      const close = async () => {
        await site.stop();
        await cutOff();
        redis.disconnect();
        line.close();
      };
      const started = { site, ports, line, cutOff, close };
      processes.push(started);
      return started;
    };
    one = await start();
    other = await start();
  });

  after(async () => {
    for (const started of processes) await started.close();
    await primary?.stop();
    await primary?.ports.close();
    await home?.drop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** An image that the site knows of. */
  const pushKnown = async (name: string, ...layerBytes: number[]): Promise<Image> => {
    const image = makeImage(...layerBytes);
    await push({ site: primary.url, name }, image);
    const [repository] = name.split(':') as [RepositoryName];
    const find = () => one.ports.metadata.findManifest(repository, image.digest);
    await until('the image is known', async () => (await find()) !== undefined);
    for (const { line } of processes) line.resetCount();
    return image;
  };
  const blobUrl = ({ site }: SiteProcess, repository: string, blob: Buffer) =>
    `${site.url}/v2/${repository}/blobs/${digestOf(blob)}`;
  const bytesUpstream = () => processes.reduce((sum, { line }) => sum + line.count.fromTarget, 0);
  const demanded = async () => (await one.ports.ledger.status()).objects.demand;
  const isVerified = async (blob: Buffer) =>
    (await one.ports.replicas.findVerified(digestOf(blob))) !== undefined;

  it('fetch a cold blob once for twenty clients of both and for the worker', async () => {
    const image = await pushKnown('cold/app:v1', 12 * MIB);
    const [layer] = image.layers as [Buffer];
    const clients = Array.from({ length: 20 }, async (_, n) => {
      const url = blobUrl(n % 2 === 0 ? one : other, 'cold/app', layer);
      if (n % 10 === 4) return abortSoon(url);
      const start = (n / 2) * MIB;
      const [first, last] = n % 5 === 0 ? [start, start + 3 * MIB] : [0, layer.length - 1];
      const ranged = n % 5 === 0 ? { headers: { range: `bytes=${first}-${last}` } } : {};
      const body = Buffer.from(await (await send(url, ranged)).arrayBuffer());
      expect(body.equals(layer.subarray(first, last + 1)), `client ${n}`).to.equal(true);
    });
    const [digest, sizeBytes] = [digestOf(layer), layer.length];
    const common = { repository: 'cold/app', lane: 'fresh', since: new Date() } as const;
    const { ledger } = one.ports;
    await ledger.want([{ digest, sizeBytes, ...common }]);
    await Promise.all(clients);
    await until('the layer is verified', () => isVerified(layer));
    // A process that is as busy as this one loses its line to Redis for a moment.
    const wantedBytes = () =>
      ledger.status().then(
        ({ bytes }) => bytes,
        () => -1,
      );
    await until('nothing is wanted', async () => (await wantedBytes()) === 0);
    expect(bytesUpstream() / layer.length).to.be.below(1.01);
  });

  it('bring the other layers while a client reads the first', async () => {
    const image = await pushKnown('acme/next:v1', 6 * MIB, 5 * MIB, 4 * MIB);
    for (const layer of image.layers) await until('a layer is here', () => isVerified(layer));
    for (const { site } of processes) await site.stopReplication();
    const lost = [...image.layers, image.config].map((blob) => digestOf(blob));
    for (const digest of lost) {
      await one.ports.replicas.recordLost(digest);
      await one.ports.blobStore.delete(digest);
      await one.ports.ledger.settle(digest);
    }
    await send(`${other.site.url}/v2/acme/next/manifests/v1`);
    await until('its blobs are asked for', async () => (await demanded()) === lost.length);
    for (const { site } of processes) await site.startReplication();
    for (const layer of image.layers) await until('a layer is here', () => isVerified(layer));
    expect(await demanded()).to.equal(0);
  });

  it('go on behind the last byte where one dies, and no client gets a wrong one', async () => {
    const image = await pushKnown('cold/died:v1', 24 * MIB);
    const [layer] = image.layers as [Buffer];
    const broken = send(blobUrl(one, 'cold/died', layer)).then((answer) => answer.arrayBuffer());
    broken.catch(() => undefined);
    const staging = join(folder, 'staging', `copy-${digestOf(layer).replace(':', '-')}`);
    const stagedBytes = () =>
      stat(staging)
        .then(({ size }) => size)
        .catch(() => 0);
    await until('bytes come', async () => (await stagedBytes()) > 3 * MIB);
    const followed = send(blobUrl(other, 'cold/died', layer));
    // A process without its line and its database is as good as dead, and cannot say so.
    one.line.hold();
    await one.cutOff();
    const body = Buffer.from(await (await followed).arrayBuffer());
    expect(body.equals(layer)).to.equal(true);
    const mostLost = 9 * MIB;
    expect(bytesUpstream()).to.be.below(layer.length + mostLost);
    expect(other.line.count.fromTarget).to.be.below(layer.length - 2 * MIB);
    one.line.cut();
    expect(
      await broken.then(
        () => 'whole',
        () => 'broken',
      ),
    ).to.equal('broken');
  });
});

/** A client that goes away after the first bytes. */
async function abortSoon(url: string): Promise<void> {
  const leaving = new AbortController();
  const answer = await send(url, { signal: leaving.signal });
  await answer.body!.getReader().read();
  leaving.abort();
}
