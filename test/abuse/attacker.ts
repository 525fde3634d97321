/** What the abuse cases need: requests as somebody, uploads, and bytes no client would send. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { digestOf } from '../../src/oci/digest.ts';
import type { TestRegistry } from '../support/registry.ts';

export interface Wish {
  readonly as?: string;
  readonly token?: string;
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Attacker {
  readonly #registry: Pick<TestRegistry, 'url' | 'port' | 'password'>;

  constructor(registry: Pick<TestRegistry, 'url' | 'port' | 'password'>) {
    this.#registry = registry;
  }

  /** By password as that account, the administrator where none is named. */
  send(method: string, path: string, wish: Wish = {}): Promise<Response> {
    const { as = 'admin', token, body = null, headers } = wish;
    const basic = Buffer.from(`${as}:${this.#registry.password}`).toString('base64');
    const authorization = token === undefined ? `Basic ${basic}` : `Bearer ${token}`;
    const url = new URL(path, this.#registry.url);
    return fetch(url, { method, body, headers: { authorization, ...headers } });
  }

  /** Path and query of a new upload. */
  async begin(repository: string, as?: string): Promise<string> {
    const answer = await this.send('POST', `/v2/${repository}/blobs/uploads/`, as ? { as } : {});
    if (answer.status !== 202) throw new Error(`the upload began with ${answer.status}`);
    return answer.headers.get('location')!;
  }

  async pushBlob(repository: string, content: Buffer): Promise<string> {
    const digest = digestOf(content);
    const path = `${await this.begin(repository)}&digest=${digest}`;
    const { status } = await this.send('PUT', path, { body: content });
    if (status !== 201) throw new Error(`the blob was answered with ${status}`);
    return digest;
  }

  /** The token that the account gets for this scope. */
  async token(scope: string, as = 'admin'): Promise<string> {
    const query = new URLSearchParams({ service: 'meridian', scope });
    const answer = await this.send('GET', `/jwt/auth?${query.toString()}`, { as });
    return ((await answer.json()) as { token: string }).token;
  }

  /** All that comes back for these bytes until the line is closed, or falls silent for a moment. */
  async raw(text: string): Promise<string> {
    const socket = connect(this.#registry.port, '127.0.0.1');
    await once(socket, 'connect');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.setTimeout(400, () => socket.destroy());
    socket.write(text);
    await once(socket, 'close');
    return answer;
  }
}

export async function codeOf(answer: Response): Promise<string | undefined> {
  const { errors } = (await answer.json()) as { errors?: { code: string }[] };
  return errors?.[0]?.code;
}
