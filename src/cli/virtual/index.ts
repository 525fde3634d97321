/** `meridian virtual`: many registries behind one name, cached. */
import type { Command } from 'commander';
import { addCacheCommands } from './cache.ts';
import { addRegistryCommands } from './registry.ts';
import { addUpstreamCommands } from './upstream.ts';

export function addVirtualCommands(program: Command): void {
  const virtual = program
    .command('virtual')
    .description('Virtual registries: other registries behind one name, cached.');
  addRegistryCommands(virtual);
  addUpstreamCommands(virtual);
  addCacheCommands(virtual);
}
