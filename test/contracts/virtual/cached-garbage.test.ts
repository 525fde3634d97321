import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeCachedGarbageContract } from '../suites/virtual/cached-garbage.ts';

describeCachedGarbageContract('memory', openMemoryPorts);
describeCachedGarbageContract('PostgreSQL', openPostgresPorts);
