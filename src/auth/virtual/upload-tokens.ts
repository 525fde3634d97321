/**
 * Tokens by which a trusted party hands over one object to the cache of a virtual registry: an
 * administrator who fills it ahead of time, or another site.
 *
 * They have an audience that no other token has, and name the upstream, the image and the object.
 * So no token of a client opens the upload routes, and one of these opens nothing else (A20, A34).
 */
import type { RepositoryName } from '../../oci/reference.ts';
import type { Access } from '../../oci/scope.ts';
import { parseVirtualName, printVirtualName } from '../../oci/virtual-name.ts';
import { administers, rightsOf } from '../access.ts';
import type { Principals } from '../principals.ts';
import type { IssuedToken, Tokens } from '../tokens.ts';

/** How long one is good for; it is read when the upload begins. */
export const UPLOAD_TOKEN_SECONDS = 300;

const TYPE = 'virtual-upload';

/** No account has a colon in its name; sites have one. */
const SITE = 'site:';

/** The one object that may be handed over. */
export interface Upload {
  readonly registry: string;
  readonly image: RepositoryName;
  readonly upstream: string;
  readonly kind: 'manifest' | 'blob';
  /** A digest, or of a manifest a tag. */
  readonly reference: string;
}

interface Dependencies {
  /** With {@link uploadAudience} for its service. */
  readonly tokens: Pick<Tokens, 'issue' | 'verify'>;
  readonly principals: Pick<Principals, 'catchUp' | 'find' | 'findAccount'>;
}

export function uploadAudience(cluster: string): string {
  return `${cluster}/virtual-upload`;
}

export class UploadTokens {
  readonly #tokens: Dependencies['tokens'];
  readonly #principals: Dependencies['principals'];

  constructor({ tokens, principals }: Dependencies) {
    this.#tokens = tokens;
    this.#principals = principals;
  }

  /** @param account of an administrator, or of a site */
  async issue(account: string, upload: Upload): Promise<IssuedToken> {
    const found = account.startsWith(SITE)
      ? undefined
      : await this.#principals.findAccount(account);
    const validAfter = found?.tokensValidAfter.getTime() ?? 0;
    return this.#tokens.issue({ account, validAfter, access: [printUpload(upload)] });
  }

  /** What the token is for; `undefined` where it counts no more, or is no such token. */
  async read(token: string): Promise<Upload | undefined> {
    await this.#principals.catchUp();
    const claims = await this.#tokens.verify(token);
    if (!claims) return undefined;
    const { account, access } = claims;
    if (!account.startsWith(SITE)) {
      const principal = await this.#principals.find(claims);
      if (!principal || !administers(rightsOf(principal))) return undefined;
    }
    return access[0] && readUpload(access[0]);
  }
}

function printUpload({ upstream, kind, reference, ...name }: Upload): Access {
  return { type: TYPE, name: printVirtualName(name), actions: [upstream, kind, reference] };
}

function readUpload({ type, name, actions }: Access): Upload | undefined {
  const virtual = type === TYPE ? parseVirtualName(name) : undefined;
  const [upstream, kind, reference] = actions;
  if (!virtual || upstream === undefined || reference === undefined) return undefined;
  return kind === 'manifest' || kind === 'blob'
    ? { ...virtual, upstream, kind, reference }
    : undefined;
}
