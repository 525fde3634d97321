import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeDeedsContract } from '../suites/events/deeds.ts';
import { describeOutboxContract } from '../suites/events/outbox.ts';

describeOutboxContract('memory', openMemoryPorts);
describeOutboxContract('PostgreSQL', openPostgresPorts);
describeDeedsContract('memory', openMemoryPorts);
describeDeedsContract('PostgreSQL', openPostgresPorts);
