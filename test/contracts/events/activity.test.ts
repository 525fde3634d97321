import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeActivityContract } from '../suites/events/activity.ts';

describeActivityContract('memory', openMemoryPorts);
describeActivityContract('PostgreSQL', openPostgresPorts);
