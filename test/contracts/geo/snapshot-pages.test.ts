import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeSnapshotPagesContract } from '../suites/geo/snapshot-pages.ts';

describeSnapshotPagesContract('memory', openMemoryPorts);
describeSnapshotPagesContract('PostgreSQL', openPostgresPorts);
