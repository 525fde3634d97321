import { openMemoryFacts, openPostgresFacts } from '../support/facts.ts';
import { describeReplicasContract } from './suites/replicas.ts';

describeReplicasContract('memory', openMemoryFacts);
describeReplicasContract('PostgreSQL', openPostgresFacts);
