import { openMemoryPeople, openPostgresPeople } from '../support/people-ports.ts';
import { describeAccountsContract } from './accounts.ts';

describeAccountsContract('memory', openMemoryPeople);
describeAccountsContract('PostgreSQL', openPostgresPeople);
