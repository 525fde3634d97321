/** Memory maker of `Policies`. Each method is one turn of the event loop, hence one transaction. */
import { isDeepStrictEqual } from 'node:util';
import {
  MAX_POLICIES_PER_PATH,
  type Policy,
  type PolicyKey,
  type TreePath,
} from '../../../oci/lifecycle/policy.ts';
import type { Policies, PolicyOutcome, PolicyPage } from '../../lifecycle/policies.ts';
import type { MemoryFacts } from '../facts.ts';
import { comparePolicies } from './policy-book.ts';

export class MemoryPolicies implements Policies {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
    facts.addWriter((fact) => facts.policies.write(fact));
  }

  async find(key: PolicyKey): Promise<Policy | undefined> {
    return structuredClone(this.#facts.policies.find(key));
  }

  async list({ kind, path, after, limit }: PolicyPage): Promise<Policy[]> {
    const wanted = this.#facts.policies
      .list()
      .filter((one) => kind === undefined || one.kind === kind)
      .filter((one) => path === undefined || one.path === path)
      .filter((one) => after === undefined || comparePolicies(after, one) < 0);
    return structuredClone(wanted.slice(0, limit));
  }

  async record(policy: Policy): Promise<PolicyOutcome> {
    this.#facts.assertPrimary();
    const others = this.#facts.policies
      .list()
      .filter(({ path, kind }) => path === policy.path && kind === policy.kind)
      .filter(({ name }) => name !== policy.name);
    if (others.length >= MAX_POLICIES_PER_PATH) return { kind: 'too-many' };
    const isKnown = isDeepStrictEqual(this.#facts.policies.find(policy), policy);
    const copy = structuredClone(policy);
    if (!isKnown) this.#facts.commit({ kind: 'policy-recorded', policy: copy });
    return { kind: 'recorded' };
  }

  async delete({ kind, path, name }: PolicyKey): Promise<boolean> {
    this.#facts.assertPrimary();
    const policy = { kind, path, name };
    const isThere = this.#facts.policies.find(policy) !== undefined;
    if (isThere) this.#facts.commit({ kind: 'policy-deleted', policy });
    return isThere;
  }

  async findUsage(path: TreePath): Promise<number | undefined> {
    const { policies } = this.#facts;
    const quota = policies.find({ kind: 'quota', path, name: '' });
    return quota && policies.usageOf(path);
  }
}
