/** What a primary says of its facts to a site that compares itself with it. */
import type { Clock } from '../../clock.ts';
import { RegistryError } from '../../oci/error.ts';
import type {
  KeyRange,
  PlacedPage,
  Snapshot,
  SnapshotPart,
  Stretch,
} from '../../storage/geo/snapshot.ts';
import type { SiteRole } from '../role.ts';

interface Dependencies {
  readonly snapshot: Pick<Snapshot, 'cut' | 'readHashing' | 'readRange'>;
  readonly role: Pick<SiteRole, 'assertPrimary'>;
  readonly clock: Pick<Clock, 'elapsedMs'>;
}

/** An answer is no longer than this, and takes hardly longer: the rest is asked for again. */
const MAX_STRETCHES = 256;
const LONG_MS = 1000;

export interface RangesWanted {
  readonly part: SnapshotPart;
  readonly ranges: readonly KeyRange[];
}

export interface CutWanted extends RangesWanted {
  /** Of each stretch. */
  readonly rows: number;
  /** How the asking site makes its checksums (`Snapshot.readHashing`). */
  readonly hashing: string;
}

export class FactChecksums {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Cuts each range into stretches of so many rows. What is cut of a range may end before the range
   * does.
   * @throws RegistryError 409 where this site is not the primary, so its facts prove nothing, or
   * where all would differ because it makes checksums in another way
   */
  async cut({ part, ranges, rows, hashing }: CutWanted) {
    const epoch = await this.#dependencies.role.assertPrimary();
    await this.#assertComparable(hashing);
    const cuts: Stretch[][] = [];
    const { clock } = this.#dependencies;
    const begun = clock.elapsedMs();
    for (const range of ranges) {
      cuts.push(await this.#cutOne(part, { range, rows }, begun + LONG_MS));
    }
    return { epoch, cuts };
  }

  /** The rows of each range, with the exact position of the log that they are at. */
  async read({ part, ranges }: RangesWanted) {
    const epoch = await this.#dependencies.role.assertPrimary();
    const pages: PlacedPage[] = [];
    for (const range of ranges) {
      pages.push(await this.#dependencies.snapshot.readRange(part, range));
    }
    return { epoch, pages };
  }

  async #assertComparable(hashing: string): Promise<void> {
    if (hashing === (await this.#dependencies.snapshot.readHashing())) return;
    throw new RegistryError('UNSUPPORTED', {
      status: 409,
      message: 'the two sites make checksums in different ways, so they cannot be compared',
    });
  }

  async #cutOne(
    part: SnapshotPart,
    { range, rows }: { readonly range: KeyRange; readonly rows: number },
    untilMs: number,
  ): Promise<Stretch[]> {
    const { snapshot, clock } = this.#dependencies;
    const stretches = await snapshot.cut(part, range, rows);
    while (stretches.length < MAX_STRETCHES && clock.elapsedMs() < untilMs) {
      const rest = restOf(range, stretches);
      if (!rest) break;
      stretches.push(...(await snapshot.cut(part, rest, rows)));
    }
    return stretches;
  }
}

/** What of the range lies behind the last stretch; `undefined` where they reach to its end. */
export function restOf(range: KeyRange, stretches: readonly KeyRange[]): KeyRange | undefined {
  const after = stretches.at(-1)?.through;
  if (!after || after.join(' ') === range.through?.join(' ')) return undefined;
  return { ...range, after };
}
