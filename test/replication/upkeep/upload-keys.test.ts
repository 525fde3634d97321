import { expect } from 'chai';
import { rotateUploadKeys } from '../../../replication/upkeep/upload-keys.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { UploadStates } from '../../../src/registry/upload-state.ts';
import { MemoryIdentityStore } from '../../../src/storage/memory/identity.ts';
import { MovableClock } from '../../support/auth-stand.ts';

const DAY_SECONDS = 24 * 60 * 60;
const NAMED = { repository: 'a/b', session: 'f1', subject: 'ann' };

describe('the ring of upload keys', () => {
  let identityStore: MemoryIdentityStore;
  let clock: MovableClock;
  const rotate = () => rotateUploadKeys({ identityStore, clock, randomness });
  const open = () => UploadStates.open({ identityStore, clock, randomness }, 'meridian');
  const sign = (states: UploadStates) => {
    const expiresAt = clock.now().getTime() + 90 * DAY_SECONDS * 1000;
    return states.sign({ ...NAMED, offset: 42, expiresAt });
  };

  beforeEach(() => {
    identityStore = new MemoryIdentityStore();
    clock = new MovableClock();
  });

  it('gets a new key each month, and keeps the old one as long as an upload', async () => {
    await open();
    clock.pass(29 * DAY_SECONDS);
    await rotate();
    expect(await identityStore.listUploadKeys()).to.have.lengthOf(1);
    clock.pass(DAY_SECONDS);
    await rotate();
    await rotate();
    expect(await identityStore.listUploadKeys()).to.have.lengthOf(2);
    clock.pass(7 * DAY_SECONDS);
    expect(await rotate()).to.equal(0);
    clock.pass(DAY_SECONDS);
    expect(await rotate()).to.equal(1);
    expect(await rotate()).to.equal(0);
  });

  it('signs with the new key on a machine that runs on, and refuses an old one (A11)', async () => {
    const states = await open();
    const old = sign(states);
    clock.pass(31 * DAY_SECONDS);
    await rotate();
    expect(await states.verify(old, NAMED)).to.include({ offset: 42 });
    const fresh = sign(states);
    expect(fresh.split('.')[0]).not.to.equal(old.split('.')[0]);
    clock.pass(8 * DAY_SECONDS);
    await rotate();
    const refused = await states.verify(old, NAMED).catch((error: unknown) => error);
    expect(refused).to.have.property('code', 'BLOB_UPLOAD_UNKNOWN');
    expect(await states.verify(fresh, NAMED)).to.include({ offset: 42 });
  });
});
