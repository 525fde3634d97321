/**
 * Lists: tags, referrers, the catalog. A secondary answers them while its watermark is young
 * enough, and passes them on otherwise.
 */
import type { Freshness } from '../../geo/freshness.ts';
import { PrimaryAway } from '../../geo/primary-away.ts';
import { RegistryError } from '../../oci/error.ts';
import { ASKED, localOrigin, type Origin, OWN, staleOrigin } from '../../registry/elsewhere.ts';
import type { Repositories } from '../../registry/repositories.ts';
import type { Answer } from '../answer.ts';
import type { Forward } from '../app.ts';
import type { Call } from '../v2/call.ts';
import { printOrigin } from '../v2/origin.ts';

interface Dependencies {
  /** Passes a call on to the primary. */
  readonly forward: Forward;
  readonly freshness: Pick<Freshness, 'judge' | 'mayBeStale'>;
  readonly repositories: Pick<Repositories, 'check'>;
}

/** At a secondary. */
export function readListFresh({ forward, freshness, repositories }: Dependencies): Forward {
  return async (call, handle) => {
    const standing = await freshness.judge(call.consistency);
    const isKnown = await knows(repositories, call);
    if (isKnown && standing.mayAnswer) return withOrigin(await handle(), localOrigin(standing));
    try {
      return withOrigin(await forward(call, handle), ASKED);
    } catch (error) {
      const isStale = isKnown && error instanceof PrimaryAway && freshness.mayBeStale;
      if (isStale) return withOrigin(await handle(), staleOrigin(standing));
      throw error;
    }
  };
}

/** At the primary. */
export const readOwnList: Forward = async (call, handle) => {
  // What is wrong is refused at every site.
  void call.consistency;
  return withOrigin(await handle(), OWN);
};

/** Whether this site knows of the repository at all; a catalog is of none. */
async function knows(repositories: Dependencies['repositories'], call: Call): Promise<boolean> {
  if (call.name === '') return true;
  try {
    await repositories.check(call.repository);
    return true;
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'NAME_UNKNOWN') return false;
    throw error;
  }
}

function withOrigin(answer: Answer, origin: Origin): Answer {
  return { ...answer, headers: { ...answer.headers, ...printOrigin(origin) } };
}
