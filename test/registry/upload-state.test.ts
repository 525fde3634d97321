import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { RegistryError } from '../../src/oci/error.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { type UploadState, UploadStates } from '../../src/registry/upload-state.ts';
import { MemoryIdentityStore } from '../../src/storage/memory/identity.ts';

const HOUR_MS = 3_600_000;
const NAMED = { repository: 'a/b', session: 'f1', subject: 'ann' };

describe('the signed state of an upload', () => {
  let identityStore: MemoryIdentityStore;
  let passedMs: number;
  const clock = { ...systemClock, now: () => new Date(Date.now() + passedMs) };
  const open = (cluster = 'meridian') =>
    UploadStates.open({ identityStore, clock, randomness }, cluster);
  const stateOf = (parts: Partial<UploadState> = {}): UploadState => ({
    ...NAMED,
    offset: 42,
    expiresAt: clock.now().getTime() + HOUR_MS,
    ...parts,
  });

  beforeEach(() => {
    identityStore = new MemoryIdentityStore();
    passedMs = 0;
  });

  it('gives the offset back, at any machine of the site', async () => {
    const [one, other] = [await open(), await open()];
    expect(await other.verify(one.sign(stateOf()), NAMED)).to.include({ offset: 42 });
    expect(await identityStore.listUploadKeys()).to.have.length(1);
  });

  it('is safe in a URL and below 1 KB for the longest name (T5)', async () => {
    const state = (await open()).sign(stateOf({ repository: 'a'.repeat(255) }));
    expect(state).to.match(/^[A-Za-z0-9._-]+$/);
    expect(state.length).to.be.below(1024);
  });

  it('does not verify with any single character changed (A11)', async () => {
    const states = await open();
    const state = states.sign(stateOf());
    for (let at = 0; at < state.length; at += 1) {
      const other = state[at] === 'A' ? 'Q' : 'A';
      const changed = state.slice(0, at) + other + state.slice(at + 1);
      if (!sameBytes(changed, state)) await expectRefused(states.verify(changed, NAMED));
    }
  });

  it('is of no use for another repository, session or subject', async () => {
    const states = await open();
    const state = states.sign(stateOf());
    for (const other of [{ repository: 'a/c' }, { session: 'f2' }, { subject: 'bob' }]) {
      await expectRefused(states.verify(state, { ...NAMED, ...other }), 'BLOB_UPLOAD_UNKNOWN');
    }
  });

  it('admits its holder only where it says so', async () => {
    const states = await open();
    const admits = { ...NAMED, admits: true };
    await expectRefused(states.verify(states.sign(stateOf()), admits), 'BLOB_UPLOAD_UNKNOWN');
    const admitting = states.sign(stateOf({ admits: true }));
    expect(await states.verify(admitting, admits)).to.include({ offset: 42, subject: 'ann' });
  });

  it('is of no use in another cluster, even with the same key', async () => {
    const state = (await open()).sign(stateOf());
    await expectRefused((await open('elsewhere')).verify(state, NAMED), 'BLOB_UPLOAD_UNKNOWN');
  });

  it('ends when it expires', async () => {
    const states = await open();
    const state = states.sign(stateOf());
    passedMs = HOUR_MS + 1;
    await expectRefused(states.verify(state, NAMED), 'BLOB_UPLOAD_UNKNOWN');
  });

  it('verifies with a new key that another machine began to sign with', async () => {
    const states = await open();
    const secret = randomness.bytes(32).toString('base64url');
    const createdAt = new Date(clock.now().getTime() + 1);
    await identityStore.recordUploadKey({ kid: 'next', secret, createdAt });
    const state = (await open()).sign(stateOf());
    expect(state).to.match(/^next\./);
    passedMs = 2000;
    expect(await states.verify(state, NAMED)).to.include({ offset: 42 });
  });

  it('does not verify with a key that was retired', async () => {
    const state = (await open()).sign(stateOf());
    const [key] = await identityStore.listUploadKeys();
    await identityStore.deleteUploadKey(key!.kid);
    await expectRefused((await open()).verify(state, NAMED), 'BLOB_UPLOAD_UNKNOWN');
  });

  it('is refused without work where it is missing, malformed or huge', async () => {
    const states = await open();
    for (const text of ['', 'a.b', 'a.b.c', '..', 'x'.repeat(100_000)]) {
      await expectRefused(states.verify(text, NAMED), 'BLOB_UPLOAD_INVALID');
    }
  });
});

/** The last character of base64url may hold bits that count for nothing. */
function sameBytes(one: string, other: string): boolean {
  const [left, right] = [bytesOf(one), bytesOf(other)];
  return one.split('.', 2).join() === other.split('.', 2).join() && left[2]!.equals(right[2]!);
}

function bytesOf(state: string): Buffer[] {
  return state.split('.').map((part) => Buffer.from(part, 'base64url'));
}

async function expectRefused(verified: Promise<unknown>, code?: string): Promise<void> {
  const outcome = await verified.catch((error: unknown) => error);
  expect(outcome).to.be.instanceOf(RegistryError);
  const actual = (outcome as RegistryError).code;
  expect(actual).to.be.oneOf(code ? [code] : ['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID']);
}
