/** What this site says of itself, from counters alone: never a scan, however large it is. */
import type { Clock } from '../../clock.ts';
import type { PathPattern } from '../../oci/path-pattern.ts';
import type { ChangeLog } from '../../storage/change-log.ts';
import { StorageUnavailable } from '../../storage/failure.ts';
import type { Ledger } from '../../storage/geo/ledger.ts';
import type { Replicas } from '../../storage/geo/replicas.ts';
import type { SiteFigures } from '../../storage/geo/site-reports.ts';
import type { Sites } from '../../storage/sites.ts';
import { computeFigures, type SiteState } from './figures.ts';
import { type PaceFigures, Paces } from './paces.ts';

export interface StatusDependencies {
  readonly changeLog: Pick<ChangeLog, 'readHead' | 'list'>;
  readonly replicas: Pick<Replicas, 'readCounts'>;
  readonly ledger: Pick<Ledger, 'status' | 'isFilled' | 'listFailures'>;
  readonly sites: Pick<Sites, 'getRole' | 'findSite'>;
  readonly clock: Clock;
}

/** Who this site is, the version of its program, and which repositories it copies. */
export interface StatusNames {
  readonly site: string;
  readonly version: string;
  readonly sync: readonly PathPattern[];
}

export interface OwnStatus {
  /** The figures of this moment. The pace is that of the readings of this process. */
  readonly read: () => Promise<SiteFigures>;
}

/** So many failures are looked at for the most frequent reason. */
const FAILURES = 100;

/** What is said of transfers while the ledger is away: nothing is under way that we know of. */
const NO_LEDGER = {
  ledger: {
    objects: { demand: 0, fresh: 0, backfill: 0 },
    bytes: 0,
    bytesStaged: 0,
    transferring: 0,
    failed: 0,
    settledBytes: 0,
    settledObjects: 0,
  },
  isLedgerFilled: false,
  isLedgerAway: true,
  failures: [],
} as const;

export function openStatus(dependencies: StatusDependencies, names: StatusNames): OwnStatus {
  let paces = new Paces();
  let wasLedgerFilled = false;
  return {
    read: async () => {
      const state = await readState(dependencies, names.site);
      const { counts, ledger, isLedgerFilled, now } = state;
      // What the ledger counted and what the facts count cannot be compared.
      if (isLedgerFilled !== wasLedgerFilled) paces = new Paces();
      wasLedgerFilled = isLedgerFilled;
      const counted = isLedgerFilled ? ledger.settledBytes : counts.verifiedBytes;
      const lacking = isLedgerFilled ? ledger.bytes : counts.blobBytes - counts.verifiedBytes;
      paces.note(now, { counted, staged: ledger.bytesStaged, lacking });
      return computeFigures({ ...names, ...state, ...paces.read() });
    },
  };
}

async function readState(
  { changeLog, replicas, sites, clock, ...rest }: StatusDependencies,
  site: string,
): Promise<Omit<SiteState, keyof PaceFigures | keyof StatusNames>> {
  const [head, { counts, ...ledger }, role, own] = await Promise.all([
    changeLog.readHead(),
    readWork({ replicas, ...rest }),
    sites.getRole(),
    sites.findSite(site),
  ]);
  const [last] =
    head.position > 0 ? await changeLog.list({ after: head.position - 1, limit: 1 }) : [];
  return {
    ...role,
    head,
    ...(last ? { appliedAt: last.at } : {}),
    counts,
    ...ledger,
    isPaused: own?.isPaused ?? false,
    now: clock.now(),
  };
}

/**
 * The facts first: a transfer is proven there before the ledger lets go of it. Read the other way
 * round, what ends in between would count twice, as proven and as under way.
 */
async function readWork({ replicas, ...rest }: Pick<StatusDependencies, 'replicas' | 'ledger'>) {
  const counts = await replicas.readCounts();
  return { counts, ...(await readLedger(rest)) };
}

/** The ledger is a working set: a site says how it is also without. */
async function readLedger({ ledger }: Pick<StatusDependencies, 'ledger'>) {
  try {
    const [status, isLedgerFilled] = await Promise.all([ledger.status(), ledger.isFilled()]);
    const failures = status.failed > 0 ? await ledger.listFailures({ limit: FAILURES }) : [];
    return { ledger: status, isLedgerFilled, isLedgerAway: false, failures };
  } catch (error) {
    if (error instanceof StorageUnavailable) return NO_LEDGER;
    throw error;
  }
}
