import { openMemoryFacts, openPostgresFacts } from '../support/facts.ts';
import { describeChangeLogContract } from './suites/change-log.ts';

describeChangeLogContract('memory', openMemoryFacts);
describeChangeLogContract('PostgreSQL', openPostgresFacts);
