import { openMemoryPeople, openPostgresPeople } from '../support/people-ports.ts';
import { describeSitesContract } from './suites/sites.ts';

describeSitesContract('memory', openMemoryPeople);
describeSitesContract('PostgreSQL', openPostgresPeople);
