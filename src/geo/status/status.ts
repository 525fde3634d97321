/** What this site says of itself, from counters alone: never a scan, however large it is. */
import type { Clock } from '../../clock.ts';
import type { ChangeLog } from '../../storage/change-log.ts';
import type { Ledger } from '../../storage/geo/ledger.ts';
import type { Replicas } from '../../storage/geo/replicas.ts';
import type { SiteFigures } from '../../storage/geo/site-reports.ts';
import type { Sites } from '../../storage/sites.ts';
import { computeFigures, type SiteState } from './figures.ts';
import { Pace } from './pace.ts';

export interface StatusDependencies {
  readonly changeLog: Pick<ChangeLog, 'readHead' | 'list'>;
  readonly replicas: Pick<Replicas, 'readCounts'>;
  readonly ledger: Pick<Ledger, 'status' | 'isFilled' | 'listFailures'>;
  readonly sites: Pick<Sites, 'getRole' | 'findSite'>;
  readonly clock: Clock;
}

/** Who this site is, and the version of its program. */
export interface StatusNames {
  readonly site: string;
  readonly version: string;
}

export interface OwnStatus {
  /** The figures of this moment. The pace is that of the readings of this process. */
  readonly read: () => Promise<SiteFigures>;
}

/** So many failures are looked at for the most frequent reason. */
const FAILURES = 100;

export function openStatus(dependencies: StatusDependencies, names: StatusNames): OwnStatus {
  const pace = new Pace();
  return {
    read: async () => {
      const state = await readState(dependencies, names.site);
      const { counts, ledger, isLedgerFilled } = state;
      const settled = isLedgerFilled ? ledger.settledBytes : counts.verifiedBytes;
      pace.note(state.now, settled + ledger.bytesStaged);
      return computeFigures({ ...names, ...state, bytesPerSecond: pace.perSecond() });
    },
  };
}

async function readState(
  { changeLog, replicas, ledger, sites, clock }: StatusDependencies,
  site: string,
): Promise<Omit<SiteState, 'bytesPerSecond' | keyof StatusNames>> {
  const [head, counts, ledgerStatus, isLedgerFilled, role, own] = await Promise.all([
    changeLog.readHead(),
    replicas.readCounts(),
    ledger.status(),
    ledger.isFilled(),
    sites.getRole(),
    sites.findSite(site),
  ]);
  const [failures, [last]] = await Promise.all([
    ledgerStatus.failed > 0 ? ledger.listFailures({ limit: FAILURES }) : [],
    head.position > 0 ? changeLog.list({ after: head.position - 1, limit: 1 }) : [],
  ]);
  return {
    ...role,
    head,
    ...(last ? { appliedAt: last.at } : {}),
    counts,
    ledger: ledgerStatus,
    isLedgerFilled,
    isPaused: own?.isPaused ?? false,
    failures,
    now: clock.now(),
  };
}
