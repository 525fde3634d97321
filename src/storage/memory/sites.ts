/** Memory maker of `Sites`. */
import { isDeepStrictEqual } from 'node:util';
import type { Fact } from '../change-log.ts';
import type { Invitation, Role, Site, Sites } from '../sites.ts';
import type { MemoryFacts } from './facts.ts';

export class MemorySites implements Sites {
  readonly #facts: MemoryFacts;
  readonly #sites = new Map<string, Site>();
  readonly #invitations = new Map<string, Invitation>();

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
    facts.addWriter((fact) => this.#write(fact));
  }

  async getRole(): Promise<{ readonly role: Role; readonly epoch: number }> {
    return { role: this.#facts.role, epoch: this.#facts.epoch };
  }

  async recordRole(role: Role, epoch: number): Promise<void> {
    if (epoch < this.#facts.epoch) return;
    this.#facts.role = role;
    this.#facts.epoch = epoch;
  }

  async findSite(name: string): Promise<Site | undefined> {
    return this.#sites.get(name);
  }

  async listSites(): Promise<Site[]> {
    return [...this.#sites.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  async recordSite(site: Site): Promise<void> {
    const isKnown = isDeepStrictEqual(this.#sites.get(site.name), site);
    this.#commit({ kind: 'site-recorded', site: structuredClone(site) }, !isKnown);
  }

  async changeSite(name: string, change: (site: Site) => Site): Promise<boolean> {
    this.#facts.assertPrimary();
    const known = this.#sites.get(name);
    if (known) await this.recordSite(change(known));
    return known !== undefined;
  }

  async deleteSite(name: string): Promise<boolean> {
    return this.#commit({ kind: 'site-deleted', name }, this.#sites.has(name));
  }

  async recordInvitation(invitation: Invitation): Promise<void> {
    if (this.#invitations.has(invitation.tokenHash)) return;
    this.#invitations.set(invitation.tokenHash, { ...invitation });
  }

  async takeInvitation(tokenHash: string): Promise<Invitation | undefined> {
    const found = this.#invitations.get(tokenHash);
    this.#invitations.delete(tokenHash);
    return found;
  }

  #commit(fact: Fact, isChange: boolean): boolean {
    this.#facts.assertPrimary();
    if (isChange) this.#facts.commit(fact);
    return isChange;
  }

  #write(fact: Fact): void {
    if (fact.kind === 'site-recorded') {
      const { name, publicKey } = fact.site;
      const isSame = isDeepStrictEqual(this.#sites.get(name)?.publicKey, publicKey);
      if (!isSame) this.#facts.arrivals.forgetSite(name);
      this.#sites.set(name, fact.site);
    } else if (fact.kind === 'site-deleted') {
      this.#facts.arrivals.forgetSite(fact.name);
      this.#sites.delete(fact.name);
    }
  }
}
