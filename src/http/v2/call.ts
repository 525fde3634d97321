/** One request to the distribution API, read at the door: what handlers are given. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type { Caller } from '../../auth/caller.ts';
import { type Consistency, parseConsistency } from '../../oci/consistency.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import { type Actor, actorOf } from '../../oci/events/actor.ts';
import {
  parseReference,
  parseRepositoryName,
  type Reference,
  type RepositoryName,
} from '../../oci/reference.ts';
import type { Access } from '../../oci/scope.ts';
import type { VirtualName } from '../../oci/virtual-name.ts';
import type { Gatekeeper } from '../authenticate.ts';
import type { PathMatch } from '../match-path.ts';
import { RequestChunks } from './request-chunks.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const MAX_REFERENCE_LENGTH = 255;

interface Parts {
  readonly context: Context;
  readonly match: PathMatch;
  readonly caller: Caller;
  readonly gatekeeper: Gatekeeper;
}

export class Call {
  readonly caller: Caller;
  readonly context: Context;
  readonly #match: PathMatch;
  readonly #gatekeeper: Gatekeeper;
  #repository: RepositoryName | undefined;
  #query: URLSearchParams | undefined;

  constructor({ context, match, caller, gatekeeper }: Parts) {
    this.context = context;
    this.#match = match;
    this.caller = caller;
    this.#gatekeeper = gatekeeper;
  }

  /** The 401 that asks for a token with these scopes. */
  unauthorized(scopes: readonly Access[]): RegistryError {
    const reason = this.caller.isAuthenticated ? 'insufficient_scope' : undefined;
    return this.#gatekeeper.unauthorized(this.request, { scopes, reason });
  }

  /** Who acts by this request. */
  get actor(): Actor {
    return actorOf(this.caller.account, this.#gatekeeper.describe(this.request));
  }

  get request(): IncomingMessage {
    return this.context.req;
  }

  get headers(): IncomingHttpHeaders {
    return this.context.req.headers;
  }

  /** What stands for the repository's name, not checked; '' where the path has none. */
  get name(): string {
    return this.#match.name;
  }

  /** @throws RegistryError NAME_INVALID */
  get repository(): RepositoryName {
    return (this.#repository ??= parseRepositoryName(this.#match.name) ?? refuseName());
  }

  /** The image of a virtual registry that the path means. @throws RegistryError NAME_INVALID */
  get virtual(): VirtualName {
    return this.#match.virtual ?? refuseName();
  }

  /**
   * The repository, for a push that may create it.
   *
   * > Many clients impose a limit of 255 characters on the length of the concatenation of the
   * > registry hostname (and optional port), `/`, and `<name>` value.
   *
   * @throws RegistryError NAME_INVALID, also where it would be too long for such clients.
   */
  get pushedRepository(): RepositoryName {
    const { repository } = this;
    const length = this.#gatekeeper.host(this.request).length + 1 + repository.length;
    if (length <= MAX_REFERENCE_LENGTH) return repository;
    throw new RegistryError('NAME_INVALID', {
      message: `with this registry's host the name has ${length} characters, more than 255`,
    });
  }

  /** @throws RegistryError DIGEST_INVALID */
  get digest(): Digest {
    return parseDigest(this.#match.last) ?? refuseDigest();
  }

  /** @throws RegistryError DIGEST_INVALID where it has a colon, else MANIFEST_INVALID (A4). */
  get reference(): Reference {
    return parseReference(this.#match.last) ?? refuseReference(this.#match.last);
  }

  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN where it is no id that we ever gave. */
  get uploadId(): string {
    if (UUID.test(this.#match.last)) return this.#match.last;
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN');
  }

  /** How fresh the answer has to be, where the client says. @throws RegistryError 400 */
  get consistency(): Consistency | undefined {
    const text = this.context.req.headers['meridian-consistency'];
    return text === undefined ? undefined : (parseConsistency(String(text)) ?? refuseConsistency());
  }

  get isHead(): boolean {
    return this.context.req.method === 'HEAD';
  }

  /** Address under which the client knows us. */
  get baseUrl(): string {
    return this.#gatekeeper.baseUrl(this.request);
  }

  /** The client's IP address, past the proxies that are trusted. */
  get clientAddress(): string {
    return this.#gatekeeper.clientAddress(this.request);
  }

  get query(): URLSearchParams {
    return (this.#query ??= readQuery(this.context.req.url ?? ''));
  }

  /** A digest in the query, or `undefined` where the query names none. @throws DIGEST_INVALID */
  digestIn(key: string): Digest | undefined {
    const text = this.query.get(key);
    return text === null ? undefined : (parseDigest(text) ?? refuseDigest());
  }

  /** Length of the body as the client announced it, or `undefined`. */
  get contentLength(): number | undefined {
    const text = this.headers['content-length'];
    return text === undefined ? undefined : Number(text);
  }

  /** Bytes of the body, or `undefined` where the client streams it; 0 where there is none. */
  get bodyLength(): number | undefined {
    return this.headers['transfer-encoding'] === undefined ? (this.contentLength ?? 0) : undefined;
  }

  /**
   * The body, to be read once. A client that waits for leave to send it gets the leave when the
   * first byte is asked for, after all that could be said against it was said (T32). Leaving it
   * half read keeps the connection open until the answer is written.
   */
  get body(): AsyncIterable<Buffer> {
    return { [Symbol.asyncIterator]: () => this.#iterateBody() };
  }

  #iterateBody(): AsyncIterator<Buffer> {
    const { req, res } = this.context;
    if (req.headers.expect !== undefined) {
      delete req.headers.expect;
      res.writeContinue();
    }
    return new RequestChunks(req);
  }

  /** The whole body, or `undefined` where it is longer: then not more than that was read. */
  async readBody(maxBytes: number): Promise<Buffer | undefined> {
    if ((this.contentLength ?? 0) > maxBytes) return undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.body) {
      length += chunk.length;
      if (length > maxBytes) return undefined;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, length);
  }
}

function readQuery(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1));
}

function refuseConsistency(): never {
  throw new RegistryError('UNSUPPORTED', {
    status: 400,
    message: 'Meridian-Consistency is strong, bounded, bounded;max-age=<seconds> or eventual',
  });
}

function refuseName(): never {
  throw new RegistryError('NAME_INVALID');
}

function refuseDigest(): never {
  throw new RegistryError('DIGEST_INVALID', { message: 'this is not a digest that we know' });
}

function refuseReference(text: string): never {
  if (text.includes(':')) refuseDigest();
  throw new RegistryError('MANIFEST_INVALID', { message: 'this is neither a tag nor a digest' });
}
