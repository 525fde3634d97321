import { openMemoryFacts, openPostgresFacts } from '../support/facts.ts';
import { describeArrivalsContract } from './suites/arrivals.ts';

describeArrivalsContract('memory', openMemoryFacts);
describeArrivalsContract('PostgreSQL', openPostgresFacts);
