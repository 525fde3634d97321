import { openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { describeAuditLogContract } from '../suites/people/audit-log.ts';

describeAuditLogContract('memory', openMemoryPorts);
describeAuditLogContract('PostgreSQL', openPostgresPorts);
