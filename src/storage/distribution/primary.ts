/** Everything that a secondary asks its primary, over one line. */
import type { PrimarySite } from '../geo/primary-site.ts';
import type { Upstream } from '../upstream.ts';
import { Line, type LineOptions } from './line.ts';
import { DistributionPrimarySite } from './primary-site.ts';
import { RangedUpstream } from './ranges.ts';
import { DistributionUpstream } from './upstream.ts';

export interface Primary {
  readonly upstream: Upstream;
  readonly primarySite: PrimarySite;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Does no I/O: the primary may be away. */
export function openPrimary(options: LineOptions): Primary {
  const line = new Line(options);
  return {
    upstream: new RangedUpstream(new DistributionUpstream(line), options.clock),
    primarySite: new DistributionPrimarySite(line),
    close: () => line.close(),
  };
}
