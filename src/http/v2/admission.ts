/**
 * Who may go on with an upload without any credential: a client that a secondary sent here with the
 * bytes. Clients show their credentials to the host that they were given for, and to no other.
 */
import type { IncomingMessage } from 'node:http';
import type { Authenticator } from '../../auth/authenticator.ts';
import type { Caller } from '../../auth/caller.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import type { UploadSessions } from '../../registry/upload-sessions.ts';
import type { PathMatch } from '../match-path.ts';

interface Dependencies {
  readonly authenticator: Pick<Authenticator, 'admit'>;
  readonly uploadSessions: Pick<UploadSessions, 'admit'>;
}

export class Admission {
  readonly #authenticator: Dependencies['authenticator'];
  readonly #uploadSessions: Dependencies['uploadSessions'];

  constructor({ authenticator, uploadSessions }: Dependencies) {
    this.#authenticator = authenticator;
    this.#uploadSessions = uploadSessions;
  }

  /** Nobody, where any credential is shown: then that one counts, and no other. */
  async admit(
    { headers, url = '' }: IncomingMessage,
    match: PathMatch,
  ): Promise<Caller | undefined> {
    if (match.path !== '/v2/<name>/blobs/uploads/<id>') return undefined;
    if (headers.authorization !== undefined) return undefined;
    const state = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('_state');
    const repository = parseRepositoryName(match.name);
    if (state === null || repository === undefined) return undefined;
    const admission = await this.#uploadSessions.admit({ id: match.last, repository }, state);
    return admission && this.#authenticator.admit(admission);
  }
}
