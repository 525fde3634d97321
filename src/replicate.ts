/** The one door to the other program: the replication of a site, run inside this process. */
import type { Replication } from '../replication/main.ts';
import { systemClock as clock } from './clock.ts';
import { systemRandomness as randomness } from './randomness.ts';
import type { Site } from './site.ts';

/** Starts it; loaded only here, so that a process that only answers never reads it. */
export async function replicate(site: Site): Promise<Replication> {
  const { startReplication } = await import('../replication/main.ts');
  return startReplication({ ...site, ...site.geo, ...site.config, clock, randomness });
}
