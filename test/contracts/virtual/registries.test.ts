import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeVirtualRegistriesContract } from '../suites/virtual/registries.ts';

describeVirtualRegistriesContract('memory', openMemoryPorts);
describeVirtualRegistriesContract('PostgreSQL', openPostgresPorts);
