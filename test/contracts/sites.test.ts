import { openMemoryPeople, openPostgresPeople } from '../support/people-ports.ts';
import { describeSitesContract } from './sites.ts';

describeSitesContract('memory', openMemoryPeople);
describeSitesContract('PostgreSQL', openPostgresPeople);
