/** Debian's docker-registry, the registry that everybody knows, on a port of its own. */
import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPort, waitForAnswer } from './program.ts';

export interface DockerRegistryOptions {
  /** Parts of its configuration beside the log, the storage and the address. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Where its content is; a folder that is removed afterwards where absent. */
  readonly folder?: string;
  /** File for what it prints, its access log above all, where the configuration wants one. */
  readonly accessLog?: string;
}

export interface DockerRegistry {
  readonly url: string;
  readonly pid: number;
  /** Where its content is. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Starts one and waits until it answers, be it that it asks who is there. */
export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const own = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  const folder = options.folder ?? join(own, 'data');
  const address = `127.0.0.1:${await findPort()}`;
  // JSON is YAML.
  const config = JSON.stringify({
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
    http: { addr: address },
    ...options.config,
  });
  const file = join(own, 'config.yml');
  await writeFile(file, config);
  const log = options.accessLog === undefined ? undefined : await open(options.accessLog, 'w');
  const stdio: StdioOptions = ['ignore', log?.fd ?? 'ignore', 'ignore'];
  const child = spawn('docker-registry', ['serve', file], { stdio });
  await log?.close();
  const exited = once(child, 'exit');
  const url = `http://${address}`;
  // Its root asks nobody for a password.
  await waitForAnswer(new URL('/', url), () => child.exitCode === null);
  return {
    url,
    pid: child.pid!,
    folder,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(own, { recursive: true, force: true });
    },
  };
}
