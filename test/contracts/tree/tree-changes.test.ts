import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeTreeChangesContract } from '../suites/tree/tree-changes.ts';

describeTreeChangesContract('memory', openMemoryPorts);
describeTreeChangesContract('PostgreSQL', openPostgresPorts);
