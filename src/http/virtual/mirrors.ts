/**
 * Hosts under which clients use a virtual registry as a mirror: docker's `registry-mirrors`,
 * containerd's `hosts.toml`, mirrors of podman. They ask for `/v2/library/alpine/…`, as they would
 * ask the registry that is mirrored. A host counts only where an administrator named it (A39).
 */
import type { IncomingMessage } from 'node:http';
import type { Coherence } from '../../coherence.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { parseScope, printScope } from '../../oci/scope.ts';
import { printVirtualName } from '../../oci/virtual-name.ts';
import type { Virtual } from '../../virtual/service.ts';
import type { Arrival, Gatekeeper } from '../authenticate.ts';

interface Dependencies {
  readonly virtual: Pick<Virtual, 'findRegistryOfHost'>;
  readonly coherence: Pick<Coherence, 'catchUp'>;
  readonly gatekeeper: Pick<Gatekeeper, 'askedHost'>;
}

export interface MirrorArrival extends Arrival {
  /** The virtual registry that the host stands for; absent under every other host. */
  readonly registry?: string;
}

export class Mirrors {
  readonly #virtual: Dependencies['virtual'];
  readonly #coherence: Dependencies['coherence'];
  readonly #gatekeeper: Dependencies['gatekeeper'];

  constructor({ virtual, coherence, gatekeeper }: Dependencies) {
    this.#virtual = virtual;
    this.#coherence = coherence;
    this.#gatekeeper = gatekeeper;
  }

  /** To be asked once, at the start of a request: what it learns need not be asked for again. */
  async receive(request: IncomingMessage): Promise<MirrorArrival> {
    const asOf = await this.#coherence.catchUp();
    const host = this.#gatekeeper.askedHost(request);
    const found = host && (await this.#virtual.findRegistryOfHost(host, asOf));
    return found ? { asOf, host, registry: found.name } : { asOf };
  }

  /**
   * Scopes as they are meant under that host: clients of a mirror ask for
   * `repository:library/alpine:pull`. What is no scope of a repository stays as it is.
   */
  async readScopes(request: IncomingMessage, scopes: readonly string[]): Promise<string[]> {
    const { registry } = await this.receive(request);
    if (registry === undefined) return [...scopes];
    return scopes.flatMap((text) => text.split(' ')).map((scope) => moveScope(scope, registry));
  }
}

function moveScope(text: string, registry: string): string {
  const access = parseScope(text);
  const image = access?.type === 'repository' ? parseRepositoryName(access.name) : undefined;
  if (!access || !image) return text;
  return printScope({ ...access, name: printVirtualName({ registry, image }) });
}
