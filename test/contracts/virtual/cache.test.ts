import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeVirtualCacheContract } from '../suites/virtual/cache.ts';
import { describeCacheEntriesContract } from '../suites/virtual/cache-entries.ts';

describeVirtualCacheContract('memory', openMemoryPorts);
describeVirtualCacheContract('PostgreSQL', openPostgresPorts);
describeCacheEntriesContract('memory', openMemoryPorts);
describeCacheEntriesContract('PostgreSQL', openPostgresPorts);
