/**
 * The background program of a site, by itself (`meridian worker`) or inside a server: upkeep at
 * every site, and at a secondary the replica. Any number of processes may start it; one of them
 * leads.
 */
import { lead } from './leader.ts';
import { type ReplicationOptions, wireTasks } from './wire.ts';

export type { ReplicationOptions, ReplicationPorts } from './wire.ts';

export interface Replication {
  /** Ends every task: transfers under way keep what they have. Resolves when all have ended. */
  close(): Promise<void>;
}

export function startReplication(options: ReplicationOptions): Replication {
  const { clock, log, ports, randomness } = options;
  const closing = new AbortController();
  const leading = { leases: ports.leases, clock, log, holder: randomness.uuid() };
  const ended = lead(leading, wireTasks(options), closing.signal);
  return {
    close: async () => {
      closing.abort();
      await ended;
    },
  };
}
