import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeOutboxContract } from '../suites/events/outbox.ts';

describeOutboxContract('memory', openMemoryPorts);
describeOutboxContract('PostgreSQL', openPostgresPorts);
