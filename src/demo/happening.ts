/** What happens at the sites of the demo, as one plain line each. */

/** Told by a site to the demo that started it. */
export type Happening = {
  /** The image: `team/app:1`. */
  readonly image: string;
  readonly digest: string;
} & (
  | { readonly kind: 'pushed'; readonly content: string }
  | { readonly kind: 'pulled'; readonly source: string }
  /** Told by the primary of another site. */
  | { readonly kind: 'arrived'; readonly site: string; readonly elapsedMs: number }
);

/** Who tells it. */
export interface Teller {
  readonly name: string;
  readonly isPrimary: boolean;
}

const SOURCES: Readonly<Record<string, string>> = {
  local: 'from its own copy',
  primary: 'asked at the primary, its blobs from here or there',
  stale: 'from its own copy: the primary is away',
};

/**
 * The lines in the order in which people think: an image arrives after it was pushed, also where
 * two processes told so the other way round.
 */
export class Timeline {
  readonly #pushed = new Set<string>();
  readonly #held = new Map<string, string[]>();

  /** @returns the lines to be printed now. */
  tell(teller: Teller, happening: Happening, at: Date): string[] {
    const line = print(teller, happening, at);
    const key = `${happening.image}@${happening.digest}`;
    const held = this.#held.get(key) ?? [];
    if (happening.kind === 'pushed') {
      this.#pushed.add(key);
      this.#held.delete(key);
      return [line, ...held];
    }
    if (happening.kind === 'pulled' || this.#pushed.has(key)) return [line];
    this.#held.set(key, [...held, line]);
    return [];
  }
}

function print(teller: Teller, happening: Happening, at: Date): string {
  const { kind, image } = happening;
  const time = at.toTimeString().slice(0, 8);
  const site = kind === 'arrived' ? happening.site : teller.name;
  const words = `${site.padEnd(12)}  ${kind.padEnd(7)}  ${image}  ${describe(teller, happening)}`;
  return `  ${time}  ${words}`.trimEnd();
}

function describe({ isPrimary }: Teller, happening: Happening): string {
  if (happening.kind === 'arrived') return describeArrival(happening.elapsedMs);
  if (happening.kind === 'pulled') return isPrimary ? '' : (SOURCES[happening.source] ?? '');
  const passedOn = isPrimary ? '' : ', passed on to the primary and kept here';
  return `${happening.content}${passedOn}`;
}

function describeArrival(elapsedMs: number): string {
  if (elapsedMs === 0) return 'every byte, which was there before';
  return `every byte, ${(elapsedMs / 1000).toFixed(1)} s after the push`;
}
