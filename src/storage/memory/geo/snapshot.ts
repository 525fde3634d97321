/** Memory maker of `Snapshot`. */
import type { AccessTokenFact, AccountFact, Fact, SiteFact } from '../../change-log.ts';
import {
  compareRows,
  type KeyRange,
  type PlacedPage,
  type Repair,
  removalOf,
  type Snapshot,
  type SnapshotKey,
  type SnapshotPage,
  type SnapshotPart,
  type SnapshotRow,
  type Stretch,
} from '../../geo/snapshot.ts';
import type { MemoryFacts } from '../facts.ts';
import { checksumOf, compareKeys, cutRows, isWithin } from './stretches.ts';

const PAGE_ROWS = 100;

export class MemorySnapshot implements Snapshot {
  readonly #facts: MemoryFacts;
  /** What the facts say of sites, accounts and tokens. */
  readonly #sites = new Map<string, SiteFact>();
  readonly #accounts = new Map<string, AccountFact>();
  readonly #tokens = new Map<string, AccessTokenFact>();

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
    facts.addWriter((fact) => this.#write(fact));
  }

  async read(part: SnapshotPart, after?: SnapshotKey): Promise<SnapshotPage> {
    const rows = this.#listWithin(part, after ? { after } : {}).slice(0, PAGE_ROWS);
    const through = rows.at(-1)?.key;
    return { part, rows, ...(after ? { after } : {}), ...(through ? { through } : {}) };
  }

  async readHashing(): Promise<string> {
    return 'memory';
  }

  async cut(part: SnapshotPart, range: KeyRange, rows: number): Promise<Stretch[]> {
    return cutRows(this.#listWithin(part, range), range, rows);
  }

  async sum(part: SnapshotPart, ranges: readonly KeyRange[]): Promise<string[]> {
    return ranges.map((range) => checksumOf(this.#listWithin(part, range)));
  }

  async readRange(part: SnapshotPart, range: KeyRange): Promise<PlacedPage> {
    const rows = this.#listWithin(part, range);
    return { ...range, part, rows, position: this.#facts.head };
  }

  async repair(pages: readonly PlacedPage[]): Promise<Repair[]> {
    if (this.#facts.role === 'primary') throw new Error('a primary has nobody to be repaired by');
    return pages.map((page) => this.#repairOne(page));
  }

  #repairOne(page: PlacedPage): Repair {
    const { head, tail } = this.#facts;
    if (head < page.position || tail > page.position) return { differences: [], isSettled: false };
    const facts = this.#facts.list(page.position, head - page.position).map(({ fact }) => fact);
    const own = this.#listWithin(page.part, page);
    const { differences, isSure } = compareRows(page, own, facts);
    for (const { key, kind } of differences) {
      if (kind === 'extra') this.#facts.write(removalOf(page.part, key));
    }
    const isDue = (row: SnapshotRow) =>
      differences.some(({ key, kind }) => kind !== 'extra' && compareKeys(key, row.key) === 0);
    for (const row of page.rows.filter(isDue)) this.#writeRow(page.part, row);
    if (differences.length > 0) this.#facts.countRepair();
    return { differences, isSettled: isSure };
  }

  async replace(page: SnapshotPage & { readonly position?: number }): Promise<void> {
    const { part, rows, position = this.#facts.head, ...range } = page;
    this.#facts.assertNoFurther(position);
    const listed = new Set(rows.map(({ key }) => key.join(' ')));
    for (const { key } of this.#listWithin(part, range)) {
      if (!listed.has(key.join(' '))) this.#facts.write(removalOf(part, key));
    }
    for (const row of rows) this.#writeRow(part, row);
    if (part === 'manifests')
      for (const { key } of rows) this.#facts.arrivals.untell(key.join('@'));
  }

  #writeRow(part: SnapshotPart, { key, fact: written }: SnapshotRow): void {
    const fact = written as Fact | undefined;
    const { repositories } = this.#facts;
    if (!fact) {
      const [name] = key as [never];
      const createdAt = this.#facts.now();
      const empty = { createdAt, manifests: new Map(), tags: new Map(), blobs: new Map() };
      if (!repositories.has(name)) repositories.set(name, empty);
      return;
    }
    const isTag = part === 'tags' && fact.kind === 'manifest-recorded';
    if (isTag && !repositories.get(fact.repository)?.manifests.has(fact.digest)) return;
    this.#facts.write(fact);
    if (!isTag) return;
    const at = fact.pushedAt === undefined ? this.#facts.now() : new Date(fact.pushedAt);
    this.#facts.pushes.set(key.join(':'), { at, by: fact.actor });
  }

  /** In the order of the keys. */
  #listWithin(part: SnapshotPart, range: KeyRange): SnapshotRow[] {
    const rows = this.#listUnordered(part).filter(({ key }) => isWithin(range, key));
    return rows.sort((one, other) => compareKeys(one.key, other.key));
  }

  #listUnordered(part: SnapshotPart): SnapshotRow[] {
    const { policies, repositories, virtual } = this.#facts;
    switch (part) {
      case 'sites':
        return [...this.#sites].map(([name, site]) => row([name], { kind: 'site-recorded', site }));
      case 'accounts':
        return [...this.#accounts].map(([name, account]) =>
          row([name], { kind: 'account-recorded', account }),
        );
      case 'tokens':
        return [...this.#tokens].map(([id, token]) =>
          row([id], { kind: 'access-token-recorded', token }),
        );
      case 'upstreams':
        return [...virtual.upstreams].map(([name, upstream]) =>
          row([name], { kind: 'upstream-recorded', upstream }),
        );
      case 'virtual-registries':
        return [...virtual.registries].map(([name, registry]) =>
          row([name], { kind: 'virtual-registry-recorded', registry }),
        );
      case 'policies':
        return policies
          .list()
          .map((policy) =>
            row([policy.path, policy.kind, policy.name], { kind: 'policy-recorded', policy }),
          );
      case 'repositories':
        return [...repositories.keys()].map((name) => ({ key: [name] }));
      case 'links':
        return [...repositories].flatMap(([repository, { blobs }]) =>
          [...blobs].map(([digest, sizeBytes]) =>
            row([repository, digest], {
              kind: 'blob-linked',
              repository,
              digest,
              sizeBytes,
              actor: '',
            }),
          ),
        );
      default:
        return this.#listManifests(part === 'tags');
    }
  }

  /** Manifests with their bytes, or a row for each tag without them. */
  #listManifests(byTag: boolean): SnapshotRow[] {
    return [...this.#facts.repositories].flatMap(([repository, { manifests, tags }]) => {
      const describe = (manifest: NonNullable<ReturnType<typeof manifests.get>>) => ({
        kind: 'manifest-recorded' as const,
        repository,
        digest: manifest.digest,
        mediaType: manifest.mediaType,
        sizeBytes: manifest.content.length,
        tags: [],
        actor: '',
      });
      if (byTag) {
        return [...tags].map(([tag, digest]) => {
          const { at, by: actor } = this.#facts.pushes.get(`${repository}:${tag}`)!;
          const pushed = { tags: [tag], actor, pushedAt: at.toISOString() };
          return row([repository, tag], { ...describe(manifests.get(digest)!), ...pushed });
        });
      }
      return [...manifests.values()].map((manifest) => {
        const content = manifest.content.toString('base64');
        return row([repository, manifest.digest], { ...describe(manifest), content });
      });
    });
  }

  /** As the table of accounts does with members of a group that is no more. */
  #leave({ groups: before, ...account }: AccountFact, group: string): void {
    if (!before?.includes(group)) return;
    const groups = before.filter((name) => name !== group);
    this.#accounts.set(account.name, groups.length > 0 ? { ...account, groups } : account);
  }

  #write(fact: Fact): void {
    if (fact.kind === 'site-recorded') this.#sites.set(fact.site.name, fact.site);
    else if (fact.kind === 'site-deleted') this.#sites.delete(fact.name);
    else if (fact.kind === 'account-recorded') this.#accounts.set(fact.account.name, fact.account);
    else if (fact.kind === 'access-token-recorded') this.#tokens.set(fact.token.id, fact.token);
    else if (fact.kind === 'access-token-deleted') this.#tokens.delete(fact.id);
    else if (fact.kind === 'account-deleted') {
      this.#accounts.delete(fact.name);
      for (const account of this.#accounts.values()) this.#leave(account, fact.name);
      for (const { id, account } of this.#tokens.values()) {
        if (account === fact.name) this.#tokens.delete(id);
      }
    }
  }
}

function row(key: SnapshotKey, fact: Fact): SnapshotRow {
  return { key, fact };
}
