import { openMemoryFacts, openPostgresFacts } from '../support/facts.ts';
import { describeMetadataContract } from './suites/metadata.ts';

describeMetadataContract('memory', openMemoryFacts);
describeMetadataContract('PostgreSQL', openPostgresFacts);
