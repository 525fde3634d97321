/** Everything that a secondary asks its primary, over one line. */
import type { PrimarySite } from '../geo/primary-site.ts';
import type { Upstream } from '../upstream.ts';
import { Line, type LineOptions } from './line.ts';
import { DistributionPrimarySite } from './primary-site.ts';
import { RangedUpstream } from './ranges.ts';
import { createRelays } from './relay.ts';
import { DistributionUpstream } from './upstream.ts';

export interface Primary {
  readonly upstream: Upstream;
  readonly primarySite: PrimarySite;
  /** What it has cached of an upstream of virtual registries, and would ask it for. */
  readonly openRelay: (upstream: string) => Upstream;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Does no I/O: the primary may be away. */
export function openPrimary(options: LineOptions): Primary {
  const line = new Line(options);
  return {
    upstream: new RangedUpstream(new DistributionUpstream(line), options.clock),
    primarySite: new DistributionPrimarySite(line),
    openRelay: createRelays(line, options.clock),
    close: () => line.close(),
  };
}
