import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describePullsContract } from '../suites/tree/pulls.ts';

describePullsContract('memory', openMemoryPorts);
describePullsContract('PostgreSQL', openPostgresPorts);
