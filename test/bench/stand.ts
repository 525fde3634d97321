/** Two registries side by side, with what each row of the bench needs of them. */
import { Client } from '../conformance/client.ts';
import { type Content, Fixtures } from '../conformance/fixtures.ts';
import { locationOf, Repository, withQuery } from '../conformance/repository.ts';
import { ADMIN, startProgram } from '../support/programs/program.ts';
import { type Server, startDockerRegistry } from './peer.ts';

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
export async function openOurs(env: Readonly<Record<string, string>> = {}): Promise<Stand> {
  const program = await startProgram({ env });
  const server = {
    url: program.url.origin,
    pid: program.process.pid!,
    stop: () => program.stop(),
  };
  return new Stand('Meridian', server, new Client(program.url, ADMIN));
}

export async function openPeer(): Promise<Stand> {
  const server = await startDockerRegistry();
  return new Stand('docker-registry', server, new Client(new URL(server.url)));
}
