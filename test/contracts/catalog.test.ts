import { openMemoryFacts, openPostgresFacts } from '../support/facts.ts';
import { describeCatalogContract } from './suites/catalog.ts';

describeCatalogContract('memory', openMemoryFacts);
describeCatalogContract('PostgreSQL', openPostgresFacts);
