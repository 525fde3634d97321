/** Opens the source of an upstream: the upstream itself, and at a secondary the primary's cache. */
import type { VirtualUpstream } from '../../oci/virtual-registry.ts';
import { type Upstream, UpstreamFailure } from '../../storage/upstream.ts';
import type { RateLimit, Remote, RemoteFault, Remotes } from '../../storage/virtual/remotes.ts';
import { faultOf } from '../failures.ts';
import type { Health } from './health.ts';
import { createRelay } from './relay.ts';
import type { Source } from './source.ts';

/** The primary's virtual registries, as its sites read them, each question about one upstream. */
export type OpenRelay = (upstream: string) => Pick<Upstream, 'findManifest' | 'openBlob'>;

interface Dependencies {
  readonly remotes: Pick<Remotes, 'open'>;
  readonly health: Health;
  /** Absent at a primary. */
  readonly openRelay?: OpenRelay | undefined;
}

/** With less than this share left, a limit is nearly used up. */
const NEARLY = 0.1;

export class Sources {
  readonly #remotes: Dependencies['remotes'];
  readonly #health: Health;
  readonly #openRelay: OpenRelay | undefined;

  constructor({ remotes, health, openRelay }: Dependencies) {
    this.#remotes = remotes;
    this.#health = health;
    this.#openRelay = openRelay;
  }

  /** @param registry by which the primary is asked */
  open(upstream: VirtualUpstream, registry: string): Source {
    const remote = this.#remotes.open(upstream);
    const direct = this.#watch(upstream.name, remote);
    if (!this.#openRelay || upstream.viaPrimary === 'never') return direct;
    const relay = createRelay(this.#openRelay(upstream.name), registry);
    if (upstream.viaPrimary === 'first') return preferring(relay, direct);
    return savingLimit(direct, relay, () => isNearlyUsedUp(remote.rateLimit));
  }

  /** What is asked of the upstream itself alone. @throws UpstreamFailure */
  async ask<T>(upstream: VirtualUpstream, question: (remote: Remote) => Promise<T>): Promise<T> {
    const remote = this.#remotes.open(upstream);
    return this.#health.ask(upstream.name, () => question(remote));
  }

  /** Marks the upstream where the error is a failure of it. */
  note(upstream: string, error: unknown): void {
    this.#health.note(upstream, error);
  }

  findRateLimit(upstream: VirtualUpstream): RateLimit | undefined {
    return this.#remotes.open(upstream).rateLimit;
  }

  #watch(name: string, remote: Remote): Source {
    const health = this.#health;
    return {
      headManifest: (...where) => health.ask(name, () => remote.headManifest(...where)),
      findManifest: (...where) => health.ask(name, () => remote.findManifest(...where)),
      openBlob: (...where) => health.ask(name, () => remote.openBlob(...where)),
    };
  }
}

type Ask<T> = () => Promise<T | undefined>;

/** Whom to ask: the upstream directly, the primary, or one after the other. */
type Choose = <T>(direct: Ask<T>, relayed: Ask<T>) => Promise<T | undefined>;

function combine(direct: Source, relay: Source, choose: Choose): Source {
  const both =
    <Where extends unknown[], T>(
      one: (...where: Where) => Promise<T | undefined>,
      other: (...where: Where) => Promise<T | undefined>,
    ) =>
    (...where: Where) =>
      choose(
        () => one(...where),
        () => other(...where),
      );
  return {
    headManifest: both(direct.headManifest, relay.headManifest),
    findManifest: both(direct.findManifest, relay.findManifest),
    openBlob: both(direct.openBlob, relay.openBlob),
  };
}

/** What the primary says holds, where it answers; a blob it knows only of its own manifests. */
function preferring(relay: Source, direct: Source): Source {
  const manifests = combine(direct, relay, async (directly, relayed) => {
    try {
      return await relayed();
    } catch (error) {
      if (error instanceof UpstreamFailure) return directly();
      throw error;
    }
  });
  const blobs = combine(
    direct,
    relay,
    async (directly, relayed) => (await relayed().catch(nothingWhereItFails)) ?? directly(),
  );
  return { ...manifests, openBlob: blobs.openBlob };
}

/** The primary stands in while the upstream cannot be asked, or should better not be. */
function savingLimit(direct: Source, relay: Source, isNearlyOver: () => boolean): Source {
  return combine(direct, relay, async (directly, relayed) => {
    const saved = isNearlyOver() ? await relayed().catch(nothingWhereItFails) : undefined;
    if (saved !== undefined) return saved;
    try {
      return await directly();
    } catch (error) {
      const isAway = error instanceof UpstreamFailure && AWAY.has(faultOf(error));
      const found = isAway ? await relayed().catch(nothingWhereItFails) : undefined;
      // The primary's "not there" proves nothing while nobody can ask.
      if (found === undefined) throw error;
      return found;
    }
  });
}

const AWAY = new Set<RemoteFault>(['limited', 'unreachable']);

function nothingWhereItFails(error: unknown): undefined {
  if (!(error instanceof UpstreamFailure)) throw error;
}

function isNearlyUsedUp(rateLimit: RateLimit | undefined): boolean {
  return rateLimit !== undefined && rateLimit.remaining < rateLimit.limit * NEARLY;
}
