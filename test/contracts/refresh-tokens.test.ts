import { openMemoryPeople, openPostgresPeople } from '../support/people-ports.ts';
import { describeRefreshTokensContract } from './suites/refresh-tokens.ts';

describeRefreshTokensContract('memory', openMemoryPeople);
describeRefreshTokensContract('PostgreSQL', openPostgresPeople);
