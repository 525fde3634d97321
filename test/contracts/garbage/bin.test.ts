import { openMemoryFacts, openPostgresFacts } from '../../support/facts.ts';
import { describeGarbageBinContract } from '../suites/garbage/bin.ts';

describeGarbageBinContract('memory', openMemoryFacts);
describeGarbageBinContract('PostgreSQL', openPostgresFacts);
