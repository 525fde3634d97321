/**
 * The peer of every ratio: Debian's docker-registry 2.8, as it comes, on a file system of its own.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPort, waitForAnswer } from '../support/programs/program.ts';

export interface Server {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startDockerRegistry(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'peer-'));
  const port = await findPort();
  const config = join(folder, 'config.yml');
  await writeFile(config, configText(folder, port));
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await waitForAnswer(new URL('/v2/', url), () => child.exitCode === null);
  return {
    url,
    pid: child.pid!,
    stop: async () => {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const configText = (folder: string, port: number) => `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${join(folder, 'data')} }, delete: { enabled: true } }
http: { addr: "127.0.0.1:${port}" }
`;
