import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeSnapshotContract } from '../suites/geo/snapshot.ts';

describeSnapshotContract('memory', openMemoryPorts);
describeSnapshotContract('PostgreSQL', openPostgresPorts);
