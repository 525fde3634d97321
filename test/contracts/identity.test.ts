import { openMemoryPeople, openPostgresPeople } from '../support/people-ports.ts';
import { describeIdentityStoreContract } from './suites/identity.ts';

describeIdentityStoreContract('memory', openMemoryPeople);
describeIdentityStoreContract('PostgreSQL', openPostgresPeople);
