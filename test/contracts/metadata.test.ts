import { openMemoryFacts, openPostgresFacts } from '../support/facts.ts';
import { describeMetadataContract } from './metadata.ts';

describeMetadataContract('memory', openMemoryFacts);
describeMetadataContract('PostgreSQL', openPostgresFacts);
