/** Memory maker of `Leases`. */
import type { Clock } from '../../clock.ts';
import type { Leases } from '../leases.ts';

export class MemoryLeases implements Leases {
  readonly #clock: Clock;
  readonly #held = new Map<string, { readonly holder: string; readonly until: number }>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  async take(name: string, holder: string, forMs: number): Promise<boolean> {
    const now = this.#clock.now().getTime();
    const held = this.#held.get(name);
    if (held && held.holder !== holder && held.until > now) return false;
    this.#held.set(name, { holder, until: now + forMs });
    return true;
  }

  async release(name: string, holder: string): Promise<void> {
    if (this.#held.get(name)?.holder === holder) this.#held.delete(name);
  }
}
