import { openMemoryPeople, openPostgresPeople } from '../support/people-ports.ts';
import { describeAccountsContract } from './suites/accounts.ts';

describeAccountsContract('memory', openMemoryPeople);
describeAccountsContract('PostgreSQL', openPostgresPeople);
