import { openMemoryFacts, openPostgresFacts } from '../../support/facts.ts';
import { describePoliciesContract } from '../suites/lifecycle/policies.ts';
import { describeProtectionContract } from '../suites/lifecycle/protection.ts';
import { describeQuotaContract } from '../suites/lifecycle/quotas.ts';

for (const [name, open] of [
  ['memory', openMemoryFacts],
  ['PostgreSQL', openPostgresFacts],
] as const) {
  describePoliciesContract(name, open);
  describeProtectionContract(name, open);
  describeQuotaContract(name, open);
}
