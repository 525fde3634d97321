/** What an administrator does with policies. */
import { RegistryError } from '../../oci/error.ts';
import {
  MAX_POLICIES_PER_PATH,
  type Policy,
  type PolicyKey,
  printPath,
  type TreePath,
} from '../../oci/lifecycle/policy.ts';
import type { Policies, PolicyPage } from '../../storage/lifecycle/policies.ts';

export class PolicyBook {
  readonly #policies: Policies;

  constructor({ policies }: { readonly policies: Policies }) {
    this.#policies = policies;
  }

  /** By path and name, keyset pages. */
  list(page: PolicyPage): Promise<Policy[]> {
    return this.#policies.list(page);
  }

  /** Creates it or replaces it whole. @throws RegistryError UNSUPPORTED (409) beyond the bound */
  async put(policy: Policy): Promise<{ readonly isNew: boolean }> {
    const known = await this.#policies.find(policy);
    const outcome = await this.#policies.record(policy);
    if (outcome.kind === 'recorded') return { isNew: known === undefined };
    throw new RegistryError('UNSUPPORTED', {
      status: 409,
      message: `${printPath(policy.path)} has ${MAX_POLICIES_PER_PATH} already, which is the most`,
    });
  }

  /** @throws RegistryError NAME_UNKNOWN where there is none */
  async remove(key: PolicyKey): Promise<void> {
    if (await this.#policies.delete(key)) return;
    const { kind, path, name } = key;
    throw new RegistryError('NAME_UNKNOWN', {
      message: `${printPath(path)} has no such ${kind}`,
      detail: { name },
    });
  }

  /** Bytes that lie under a quota, 0 where there is none. */
  async readUsage(path: TreePath): Promise<number> {
    return (await this.#policies.findUsage(path)) ?? 0;
  }
}
