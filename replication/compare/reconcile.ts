/**
 * Compares all facts of this site with the primary's, and sets right what differs, both ways. What
 * is missing or wrong here is written as the primary has it; what the primary says that it does not
 * have is taken away. No bytes of blobs are.
 */
import type { SiteRole } from '../../src/geo/role.ts';
import type { Log } from '../../src/log.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import type { KeyRange, Snapshot, SnapshotPart } from '../../src/storage/geo/snapshot.ts';
import { type CompareOptions, findDiffering } from './differing.ts';
import { type SettleOptions, settle } from './settle.ts';

export interface ReconcileOptions {
  readonly primarySite: CompareOptions['primarySite'] & SettleOptions['primarySite'];
  readonly snapshot: CompareOptions['snapshot'] &
    SettleOptions['snapshot'] &
    Pick<Snapshot, 'readHashing'>;
  readonly passage: SettleOptions['passage'];
  readonly role: Pick<SiteRole, 'read'>;
  readonly log: Log;
  /** Called where facts changed here: blobs may be wanted that nobody named. */
  readonly onRepaired: () => void;
}

export interface ReconcileReport {
  /** Rows of the primary. */
  readonly compared: number;
  readonly missing: number;
  readonly wrong: number;
  readonly extra: number;
  readonly unsure: number;
  readonly damagedAtPrimary: number;
  /** Of questions and answers. */
  readonly bytes: number;
}

/** What is written of a part needs what those before it have set right. */
const NEEDS = new Map<SnapshotPart, readonly SnapshotPart[]>([
  ['sites', []],
  ['accounts', []],
  ['upstreams', []],
  ['repositories', []],
  ['tokens', ['accounts']],
  ['virtual-registries', ['upstreams']],
  ['links', ['repositories']],
  ['manifests', ['repositories']],
  ['tags', ['manifests']],
]);

/** Behind every name within a repository. */
const END = '~';

type Tally = { -readonly [Count in keyof ReconcileReport]: number };

/**
 * @param repository all of the site where absent
 * @throws UpstreamFailure; Error where it is no primary, or one of another time, that answers
 */
export async function reconcile(
  options: ReconcileOptions & { readonly repository?: RepositoryName },
  signal: AbortSignal,
): Promise<ReconcileReport> {
  const { epoch } = await options.role.read();
  const hashing = await options.snapshot.readHashing();
  const tally: Tally = {
    compared: 0,
    missing: 0,
    wrong: 0,
    extra: 0,
    unsure: 0,
    damagedAtPrimary: 0,
    bytes: 0,
  };
  const onAnswer: CompareOptions['onAnswer'] = (answer) => {
    tally.bytes += answer.bytes;
    if (answer.epoch !== epoch) throw new Error('another site became the primary meanwhile');
  };
  const onCompared = (rows: number) => (tally.compared += rows);
  const watched = { ...options, hashing, onAnswer, onCompared };
  try {
    await reconcileAll(options.repository, { watched, tally }, signal);
  } finally {
    if (tally.missing + tally.wrong + tally.extra > 0) options.onRepaired();
  }
  return tally;
}

interface Scope {
  readonly part: SnapshotPart;
  readonly ranges: readonly KeyRange[];
}

/** A repository by itself is no more than what is in it. */
function scopeOf(part: SnapshotPart, repository: RepositoryName | undefined): Scope[] {
  if (repository === undefined) return [{ part, ranges: [{}] }];
  if (!['links', 'manifests', 'tags'].includes(part)) return [];
  return [{ part, ranges: [{ after: [repository, ''], through: [repository, END] }] }];
}

interface Work {
  readonly watched: CompareOptions & SettleOptions;
  readonly tally: Tally;
}

/** All parts at once, but each is set right behind those that it needs. One that fails ends all. */
async function reconcileAll(
  repository: RepositoryName | undefined,
  work: Work,
  signal: AbortSignal,
): Promise<void> {
  const failing = new AbortController();
  // One for each, so that it is not one signal that many requests listen to.
  const endingFor = () => AbortSignal.any([signal, failing.signal]);
  const running = new Map<SnapshotPart, Promise<unknown>>();
  for (const [part, needs] of NEEDS) {
    const ready = Promise.all(needs.flatMap((needed) => running.get(needed) ?? []));
    const scopes = scopeOf(part, repository);
    const done = Promise.all(
      scopes.map((scope) => reconcilePart({ ...scope, ready }, work, endingFor())),
    );
    // Whoever waits for it hears of it.
    done.catch(() => failing.abort());
    running.set(part, done);
  }
  try {
    await Promise.all(running.values());
  } finally {
    failing.abort();
    await Promise.allSettled(running.values());
  }
}

async function reconcilePart(
  { part, ranges, ready }: Scope & { readonly ready: Promise<unknown> },
  { watched, tally }: Work,
  signal: AbortSignal,
): Promise<void> {
  const settleSome = async (differing: readonly KeyRange[]) => {
    await ready;
    const settled = await settle({ part, ranges: differing }, watched, signal);
    for (const { kind } of settled.differences) tally[kind] += 1;
    tally.unsure += settled.unsure;
    tally.damagedAtPrimary += settled.damagedAtPrimary;
  };
  // Looking on does not wait for what was found to be set right, but for all that was before it.
  let settling = Promise.resolve();
  try {
    for await (const differing of findDiffering({ part, ranges }, watched, signal)) {
      await settling;
      settling = settleSome(differing);
      settling.catch(() => undefined);
    }
  } finally {
    await settling;
  }
}

/** The report in one sentence. */
export function describeReconcile(report: ReconcileReport): string {
  const { compared, missing, wrong, extra, unsure, damagedAtPrimary, bytes } = report;
  const found = missing + wrong + extra;
  const kinds = `${missing} missing, ${wrong} wrong, ${extra} too many`;
  const rest = `${unsure} could not be settled, ${damagedAtPrimary} are damaged at the primary`;
  return (
    `${compared} facts were compared: ${found} differed (${kinds}) and were set right, ${rest}; ` +
    `${bytes} bytes went over the line`
  );
}
