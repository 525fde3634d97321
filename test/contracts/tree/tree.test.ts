import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeTreeContract } from '../suites/tree/tree.ts';

describeTreeContract('memory', openMemoryPorts);
describeTreeContract('PostgreSQL', openPostgresPorts);
