import { expect } from 'chai';
import { computeFigures, type SiteState } from '../../../src/geo/status/figures.ts';
import { EVERYTHING, parsePathPattern } from '../../../src/oci/path-pattern.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');

const LEDGER = {
  objects: { demand: 0, fresh: 0, backfill: 0 },
  bytes: 0,
  bytesStaged: 0,
  transferring: 0,
  failed: 0,
  settledBytes: 0,
  settledObjects: 0,
};

const COUNTS = {
  manifests: 4,
  completeManifests: 3,
  blobs: 1000,
  blobBytes: 100_000,
  verifiedBlobs: 999,
  verifiedBytes: 90_000,
};

/** A secondary that lacks one blob, which its ledger knows of. */
function stateOf(rest: Partial<SiteState> = {}): SiteState {
  return {
    site: 'lisbon',
    version: '0.1.0',
    role: 'secondary',
    epoch: 3,
    isPaused: false,
    head: { position: 7, ageMs: 412.3 },
    counts: COUNTS,
    ledger: { ...LEDGER, objects: { demand: 0, fresh: 1, backfill: 0 }, bytes: 10_000 },
    isLedgerFilled: true,
    isLedgerAway: false,
    sync: [EVERYTHING],
    failures: [],
    bytesPerSecond: 0,
    bytesGainedPerSecond: 0,
    now: NOW,
    ...rest,
  };
}

/** A ledger whose oldest entry is so many milliseconds old. */
function ago(milliseconds: number) {
  return { ...LEDGER, oldestSince: new Date(NOW.getTime() - milliseconds) };
}

const EMPTY = {
  manifests: 0,
  completeManifests: 0,
  blobs: 0,
  blobBytes: 0,
  verifiedBlobs: 0,
  verifiedBytes: 0,
};

describe('the figures of a site', () => {
  it('says 100 only where nothing lacks, and null where there is nothing', () => {
    expect(computeFigures(stateOf()).blobs.percent).to.equal(99.9);
    const almost = { ...COUNTS, blobs: 1_000_000, verifiedBlobs: 999_999 };
    expect(computeFigures(stateOf({ counts: almost })).blobs.percent).to.equal(99.9);
    const { manifests, blobs } = computeFigures(stateOf({ counts: EMPTY }));
    expect([manifests.percent, blobs.percent]).to.deep.equal([null, null]);
  });

  it('leaves out of the bytes behind what is staged, and says how long they take', () => {
    const ledger = { ...stateOf().ledger, bytesStaged: 4000 };
    const figures = computeFigures(stateOf({ ledger, bytesGainedPerSecond: 1000 }));
    expect(figures.bytesBehind).to.equal(6000);
    expect(figures.secondsLeft).to.equal(6);
    expect(figures.health).to.equal('1 blob with 6000 bytes to come.');
  });

  it('says a second at least where something is left, and whole ones', () => {
    const figures = [1000, 600, 1_000_000].map((bytesGainedPerSecond) =>
      computeFigures(stateOf({ bytesGainedPerSecond })),
    );
    expect(figures.map(({ secondsLeft }) => secondsLeft)).to.deep.equal([10, 17, 1]);
  });

  it('says neither a time where nothing moves, nor more than 0 where nothing is left', () => {
    expect(computeFigures(stateOf()).secondsLeft).to.equal(null);
    const counts = { ...COUNTS, verifiedBlobs: 1000, verifiedBytes: 100_000 };
    expect(computeFigures(stateOf({ counts })).secondsLeft).to.equal(0);
  });

  it('counts what is wanted from the facts while the ledger was lost', () => {
    const figures = computeFigures(stateOf({ ledger: LEDGER, isLedgerFilled: false }));
    expect(figures.blobs.wanted).to.equal(1);
    expect(figures.bytesBehind).to.equal(10_000);
  });

  it('counts it from the facts where all is copied, whatever the ledger holds', () => {
    const objects = { demand: 0, fresh: 0, backfill: 7 };
    for (const ledger of [LEDGER, { ...LEDGER, objects, bytes: 70_000 }]) {
      const figures = computeFigures(stateOf({ ledger }));
      expect([figures.blobs.wanted, figures.bytesBehind]).to.deep.equal([1, 10_000]);
      expect(figures.health).to.equal('1 blob with 10000 bytes to come.');
    }
  });

  it('counts at a site that copies a part what is here, and what it wants', () => {
    const sync = [parsePathPattern('acme/**')!];
    const counts = { ...COUNTS, verifiedBlobs: 49, completeManifests: 1 };
    const { blobs, manifests } = computeFigures(stateOf({ sync, counts }));
    expect(blobs).to.include({ total: 50, verified: 49, wanted: 1, percent: 98 });
    expect(manifests).to.include({ total: 4, verified: 1, percent: 25 });
    const whole = computeFigures(stateOf({ sync, counts, ledger: LEDGER }));
    expect(whole.blobs).to.include({ total: 49, wanted: 0, percent: 100 });
    expect(whole.manifests).to.include({ total: 1, wanted: 0, percent: 100 });
    expect([whole.bytesBehind, whole.health]).to.deep.equal([0, 'Everything is here.']);
  });

  it('measures the lag and the oldest that waits, never below 0', () => {
    const figures = computeFigures(stateOf({ ledger: ago(2500) }));
    expect(figures.lagSeconds).to.equal(0.412);
    expect(figures.oldestUnreplicatedSeconds).to.equal(2.5);
    expect(computeFigures(stateOf({ ledger: ago(-50) })).oldestUnreplicatedSeconds).to.equal(0);
    expect(computeFigures(stateOf()).oldestUnreplicatedSeconds).to.equal(null);
  });

  it('is whole at a primary, where everything was pushed', () => {
    const figures = computeFigures(stateOf({ role: 'primary', ledger: LEDGER }));
    expect(figures.blobs).to.deep.equal({
      total: 1000,
      verified: 1000,
      wanted: 0,
      failed: 0,
      percent: 100,
    });
    expect([figures.bytesBehind, figures.isHealthy]).to.deep.equal([0, true]);
  });
});

describe('the health of a site', () => {
  it('is ill where the primary was never heard, or not for long', () => {
    const never = computeFigures(stateOf({ head: { position: 0 } }));
    expect([never.isHealthy, never.lagSeconds]).to.deep.equal([false, null]);
    const silent = computeFigures(stateOf({ head: { position: 7, ageMs: 61_000 } }));
    expect(silent.isHealthy).to.equal(false);
    expect(silent.health).to.equal('The primary was last heard 61 seconds ago.');
  });

  it('is ill where the ledger does not answer', () => {
    const { isHealthy, health } = computeFigures(stateOf({ isLedgerAway: true }));
    expect(isHealthy).to.equal(false);
    expect(health).to.equal('The ledger of transfers does not answer, so nothing is copied.');
  });

  it('names the most frequent reason of transfers that fail', () => {
    const failures = (['stopped', 'stopped', 'no-room', 'wrong-bytes', 'no-room'] as const).map(
      (reason) => ({ reason }),
    );
    const ledger = { ...stateOf().ledger, failed: 5 };
    const { isHealthy, health } = computeFigures(stateOf({ ledger, failures }));
    expect(isHealthy).to.equal(false);
    expect(health).to.equal('5 blobs fail to come here, mostly since there is no room here.');
  });

  it('does not worry about transfers that were only stopped', () => {
    const ledger = { ...stateOf().ledger, failed: 1 };
    const figures = computeFigures(stateOf({ ledger, failures: [{ reason: 'stopped' }] }));
    expect(figures.isHealthy).to.equal(true);
  });

  it('is well while paused, and says so', () => {
    const { isHealthy, health } = computeFigures(stateOf({ isPaused: true }));
    expect(isHealthy).to.equal(true);
    expect(health).to.equal('This site is paused, with 1 blob with 10000 bytes to come.');
  });
});
