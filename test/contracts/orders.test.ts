import { openMemoryPorts, openPostgresPorts } from '../support/ports.ts';
import { describeOrdersContract } from './suites/orders.ts';

describeOrdersContract('memory', openMemoryPorts);
describeOrdersContract('PostgreSQL', openPostgresPorts);
