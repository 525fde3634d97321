import { expect } from 'chai';
import { keepUp } from '../../replication/upkeep/upkeep.ts';
import { systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/log.ts';
import { outlineOf, parseManifest } from '../../src/oci/manifest.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { StorageFull, StorageUnavailable } from '../../src/storage/failure.ts';
import { closeConnections, jsonOf } from '../conformance/exchange.ts';
import { repositoryNamed } from '../support/content.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../support/ports.ts';
import { ADMIN, startPrimary, type TestSite } from '../two-sites/site.ts';
import { type FailingPort, failing } from './failing-port.ts';
import { isFullLength } from './length.ts';
import { runScenario, Unwanted } from './scenario.ts';

const PORTS = [
  'metadata',
  'catalog',
  'changeLog',
  'uploadTracker',
  'accounts',
  'refreshTokens',
  'blobStore',
] as const;
type PortName = (typeof PORTS)[number];

const HOUR_MS = 60 * 60 * 1000;
/** A retry that had to wait for a lease to run out would take much longer than this. */
const RETRY_MS = 5000;

describeNthCalls('in memory', openMemoryPorts, PORTS);
describeNthCalls(
  'on PostgreSQL',
  openPostgresPorts,
  isFullLength ? ['metadata', 'changeLog', 'uploadTracker'] : ['metadata'],
);

function describeNthCalls(where: string, open: OpenPorts, names: readonly PortName[]): void {
  describe(`a registry ${where} whose storage fails once`, function () {
    this.timeout(120_000);
    after(closeConnections);
    for (const name of names) {
      it(`answers each failing call of ${name} with 5xx, and keeps nothing half`, async () => {
        const stand = await openStand(open, name);
        try {
          await failEachCall(stand, () => new StorageUnavailable('the storage is away'));
        } finally {
          await stand.close();
        }
      });
    }
    if (!names.includes('blobStore')) return;
    it('answers 507 for a disk that is full, whichever call finds it so', async () => {
      const stand = await openStand(open, 'blobStore');
      try {
        await failEachCall(stand, () => new StorageFull('the disk is full'));
      } finally {
        await stand.close();
      }
    });
  });
}

interface Stand {
  readonly site: TestSite;
  /** The ports as they are, without failures. */
  readonly ports: TestPorts;
  readonly faulty: FailingPort<object>;
  close(): Promise<void>;
}

async function openStand(open: OpenPorts, name: PortName): Promise<Stand> {
  const ports = await open();
  const faulty = failing<object>(ports[name]);
  const site = await startPrimary('tokyo', { ...ports, [name]: faulty.port });
  // It would make calls of its own, at moments of its own.
  await site.stopReplication();
  const close = async () => {
    await site.stop();
    await ports.close();
  };
  return { site, ports, faulty, close };
}

/** Fails the first call of a scenario, then the second, until no call is left to fail. */
async function failEachCall(stand: Stand, makeFailure: () => Error): Promise<void> {
  const { faulty, ports, site } = stand;
  for (let call = 1; ; call += 1) {
    await forgetPeople(ports);
    const name = `round-${call}`;
    const place = { url: new URL(site.url), credentials: ADMIN, name };
    const failure = makeFailure();
    faulty.arm(call, failure);
    const outcome = await runScenario(place).catch((error: unknown) => error);
    faulty.disarm();
    const what = `call ${call}, ${faulty.failed}`;
    if (faulty.failed === undefined) {
      expect(outcome, 'an untouched scenario').to.equal(undefined);
      expect(call, 'calls that failed').to.be.above(1);
      break;
    }
    if (outcome !== undefined) expectFailure(outcome, failure, what);
    await expectWhole(ports, `${name}/a`, what);
    const begun = performance.now();
    await runScenario(place);
    expect(performance.now() - begun, `${what}: time of the retry`).to.be.below(RETRY_MS);
    await expectNoOrphan(ports, what);
  }
  await expectNothingLeft(ports);
}

/** What is remembered of accounts is forgotten with each change of one, and is then read anew. */
async function forgetPeople({ accounts }: TestPorts): Promise<void> {
  const [account] = await accounts.listAccounts({ limit: 1 });
  await accounts.recordAccount(account!);
}

function expectFailure(outcome: unknown, failure: Error, what: string): void {
  const status = failure instanceof StorageFull ? 507 : 503;
  // Between its steps the client renews its token, and says only the status where it got none.
  if (String(outcome).includes(`the token endpoint answered ${status}`)) return;
  if (!(outcome instanceof Unwanted)) throw new Error(`${what}: no answer`, { cause: outcome });
  const { answer } = outcome;
  expect(answer.status, `${what}: ${outcome.message}`).to.equal(status);
  if (answer.method !== 'HEAD') {
    const { errors } = jsonOf<{ errors: { code: string }[] }>(answer);
    expect(errors.map(({ code }) => code)).to.deep.equal(['UNAVAILABLE']);
  }
  if (status === 503) expect(answer.headers, what).to.have.property('retry-after');
}

/** No tag without its manifest, no manifest without its content, no link without its bytes. */
async function expectWhole(ports: TestPorts, name: string, what: string): Promise<void> {
  const { metadata, catalog, blobStore } = ports;
  const repository = repositoryNamed(name);
  for (const tag of await catalog.listTags(repository, { limit: 10 })) {
    const digest = await metadata.findTag(repository, tag as never);
    const manifest = await metadata.findManifest(repository, digest!);
    expect(manifest, `${what}: the manifest of ${tag}`).to.not.equal(undefined);
    const { blobs, manifests } = outlineOf(parseManifest(manifest!.content, manifest!.mediaType));
    for (const child of manifests) {
      const found = await metadata.findManifest(repository, child);
      expect(found, `${what}: a manifest of ${tag}`).to.not.equal(undefined);
    }
    for (const blob of blobs) {
      const link = await metadata.findBlob(repository, blob);
      const held = await blobStore.find(blob);
      expect(held, `${what}: a blob of ${tag}`).to.deep.equal(link);
    }
  }
}

function keepUpAt(ports: TestPorts, hours: number) {
  const clock = { ...systemClock, now: () => new Date(Date.now() + hours * HOUR_MS) };
  const log = createLog('silent');
  return keepUp({ ...ports, tracker: ports.uploadTracker, clock, randomness, log });
}

/** A staging that no session owns is gone after a day, while sessions are still kept. */
async function expectNoOrphan(ports: TestPorts, what: string): Promise<void> {
  await keepUpAt(ports, 25);
  for (const staging of await ports.blobStore.listStagings(new Date(Date.now() + HOUR_MS))) {
    const session = await ports.uploadTracker.find(staging);
    expect(session, `${what}: the session of a staging`).to.not.equal(undefined);
  }
}

async function expectNothingLeft(ports: TestPorts): Promise<void> {
  await keepUpAt(ports, 8 * 24);
  const stagings = await ports.blobStore.listStagings(new Date(Date.now() + HOUR_MS));
  expect(stagings).to.deep.equal([]);
  expect(await ports.uploadTracker.listExpired(new Date(8.64e15), 9)).to.deep.equal([]);
}
