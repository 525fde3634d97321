import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeVirtualCountsContract } from '../suites/virtual/counts.ts';

describeVirtualCountsContract('memory', openMemoryPorts);
describeVirtualCountsContract('PostgreSQL', openPostgresPorts);
