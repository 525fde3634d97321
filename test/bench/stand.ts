/** Two registries side by side, with what each row of the bench needs of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '../conformance/client.ts';
import { type Content, Fixtures } from '../conformance/fixtures.ts';
import { locationOf, Repository, withQuery } from '../conformance/repository.ts';
import { startProgram } from '../support/program.ts';
import { type Server, startDockerRegistry } from './peer.ts';

const PASSWORD = 'bench-password';

export class Stand implements AsyncDisposable {
  readonly name: string;
  readonly server: Server;
  readonly client: Client;
  readonly fixtures = new Fixtures('bench');

  constructor(name: string, server: Server, client: Client) {
    this.name = name;
    this.server = server;
    this.client = client;
  }

  repository(name: string): Repository {
    return new Repository(this.client, name, this.fixtures);
  }

  /** Headers that a client of this registry sends; none where it asks for no token. */
  async headers(scope: string): Promise<Record<string, string>> {
    const challenge = await this.client.findChallenge();
    if (!challenge) return {};
    return { Authorization: `Bearer ${await this.client.token(challenge, scope)}` };
  }

  /** URL of a new upload that takes the whole content by PUT. */
  async uploadUrl(repository: string, { digest }: Pick<Content, 'digest'>): Promise<string> {
    const started = await this.repository(repository).startUpload();
    return withQuery(locationOf(started), { digest }).href;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}

/** Our program as it comes, one process on the embedded default. */
export async function openOurs(environment: Record<string, string> = {}): Promise<Stand> {
  const data = await mkdtemp(join(tmpdir(), 'bench-'));
  const program = await startProgram({
    env: { MERIDIAN_DATA: data, MERIDIAN_ADMIN_PASSWORD: PASSWORD, ...environment },
  });
  const server = {
    url: program.url,
    pid: program.pid,
    stop: async () => {
      await program.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
  const credentials = { user: 'admin', password: PASSWORD };
  return new Stand('Meridian', server, new Client(new URL(program.url), credentials));
}

export async function openPeer(): Promise<Stand> {
  const server = await startDockerRegistry();
  return new Stand('docker-registry', server, new Client(new URL(server.url)));
}
