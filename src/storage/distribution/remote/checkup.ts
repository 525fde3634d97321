/** Whether an upstream can be used, said to who set it up. */
import { essence } from '../../../oci/media-type.ts';
import { RemoteFailure } from '../../virtual/remotes.ts';
import { type CallAnswer, dropBody } from './caller.ts';
import { sentenceOf } from './failures.ts';
import { prefixOf } from './guard.ts';
import type { RemoteLine } from './line.ts';

export interface Checkup {
  readonly isWell: boolean;
  readonly sentence: string;
}

/**
 * > end-1: GET /v2/ … determine whether the registry implements this specification.
 *
 * A registry that wants credentials is shown them, so wrong ones are found.
 */
export async function checkUp(line: RemoteLine): Promise<Checkup> {
  const url = new URL('/v2/', line.facts.url);
  try {
    const answer = await line.ask({ method: 'GET', url, scope: '', stay: 'question' });
    if (answer) await dropBody(answer);
    return answer && isRegistry(answer) ? well(line) : ill(noRegistry(line));
  } catch (error) {
    if (!(error instanceof RemoteFailure)) throw error;
    const isElsewhere = error.status !== undefined && error.fault === 'broken';
    return ill(
      isElsewhere ? noRegistry(line, error) : `${sentenceOf(error)}${hintOf(line, error)}`,
    );
  }
}

function isRegistry({ headers }: CallAnswer): boolean {
  return !essence(String(headers['content-type'] ?? '')).startsWith('text/html');
}

function well({ isAnonymous, facts }: RemoteLine): Checkup {
  const how = isAnonymous ? 'and is asked without credentials' : 'and takes our credentials';
  return { isWell: true, sentence: `${facts.url.host} answers as a registry, ${how}.` };
}

const ill = (sentence: string): Checkup => ({ isWell: false, sentence });

function noRegistry({ facts: { url } }: RemoteLine, error?: RemoteFailure): string {
  const said = error ? `: ${error.message}` : '';
  const path = prefixOf(url.pathname);
  const hint = path === '' ? '' : ` The path ${path} stands before names of images only.`;
  return `There is no registry at ${url.origin}/v2/${said}.${hint}`;
}

/** What people get wrong most. */
function hintOf({ facts: { url } }: RemoteLine, { message }: RemoteFailure): string {
  const isUnknown = message.startsWith('the name ');
  return isUnknown && url.hostname.split('.').length < 3 ? ' Is a dot missing?' : '';
}
