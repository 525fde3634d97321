/** nginx as it comes, which sends one file to whoever asks: nobody who sends by it beats that. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDaemon } from '../../support/programs/daemon.ts';
import { findPort, waitForAnswer } from '../../support/programs/program.ts';

export interface NginxAlone extends AsyncDisposable {
  /** Of the file. */
  readonly url: URL;
  readonly pid: number;
}

/** @param home takes all that it writes; made, and removed at the end */
export async function startNginxAlone(home: string, file: string): Promise<NginxAlone> {
  const port = await findPort();
  const config = join(home, 'nginx.conf');
  await mkdir(home);
  await writeFile(config, configOf(home, file, port));
  const url = new URL(`http://127.0.0.1:${port}/file`);
  const daemon = await startDaemon({
    command: ['nginx', '-p', home, '-c', config, '-e', 'stderr'],
    probe: () => waitForAnswer(new URL('/ready', url)),
  });
  return {
    url,
    pid: Number(await readFile(join(home, 'nginx.pid'), 'utf8')),
    async [Symbol.asyncDispose]() {
      await daemon.stop();
      await rm(home, { recursive: true });
    },
  };
}

function configOf(home: string, file: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 2;
pid ${home}/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${home}/${name};`).join('\n  ')}
  sendfile on;
  tcp_nopush on;
  server {
    listen 127.0.0.1:${port};
    location = /file { alias ${file}; }
    location = /ready { return 200; }
  }
}
`;
}
