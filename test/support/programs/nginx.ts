/** Debian's nginx in front of a site, with the very files of `deploy/nginx`. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CERTIFICATE, KEY } from '../certificate.ts';
import { startDaemon } from './daemon.ts';
import { findPort, waitForAnswer } from './program.ts';

export interface Front {
  /** Without TLS, which the files do not have: for what has to be measured or taken apart. */
  readonly url: URL;
  readonly tlsUrl: URL;
  readonly redirectUrl: URL;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface FrontOptions {
  /** Takes all that it writes. */
  readonly folder: string;
  /** Host and port of each process of the site. */
  readonly sites: readonly string[];
  /** The folder `blobs` of the site's storage. */
  readonly blobs: string;
}

const FILES = ['meridian.conf', 'locations.conf', 'headers.conf'];

/** @throws Error with all that nginx printed where it takes the files for wrong */
export async function startNginx({ folder, sites, blobs }: FrontOptions): Promise<Front> {
  const home = join(folder, 'nginx');
  await mkdir(join(home, 'logs'), { recursive: true });
  const [plain, tls, redirect] = [await findPort(), await findPort(), await findPort()];
  const servers = sites.map((site) => `server ${site};`).join('\n    ');
  // Each must stand in the files: the test is of what operators get.
  const replaced: Record<string, string> = {
    'server 127.0.0.1:5000;': servers,
    'listen 80;': `listen 127.0.0.1:${redirect};`,
    'listen [::]:80;': '',
    'listen 443 ssl http2;': `listen 127.0.0.1:${tls} ssl http2;`,
    'listen [::]:443 ssl http2;': '',
    '/etc/nginx/meridian/': `${home}/`,
    '/etc/nginx/tls/': `${home}/`,
    '/var/lib/meridian/content/blobs/': `${blobs}/`,
  };
  await writeFiles(home, replaced);
  await writeFile(join(home, 'registry.crt'), CERTIFICATE);
  await writeFile(join(home, 'registry.key'), KEY);
  await writeFile(join(home, 'nginx.conf'), mainFile(home, plain));
  const url = new URL(`http://127.0.0.1:${plain}`);
  const daemon = await startDaemon({
    command: ['nginx', '-p', home, '-c', join(home, 'nginx.conf')],
    probe: () => waitForAnswer(new URL('/livez', url)),
  });
  return {
    url,
    tlsUrl: new URL(`https://127.0.0.1:${tls}`),
    redirectUrl: new URL(`http://127.0.0.1:${redirect}`),
    pid: Number(await readFile(join(home, 'nginx.pid'), 'utf8')),
    async stop() {
      await daemon.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function writeFiles(home: string, replaced: Record<string, string>): Promise<void> {
  const unused = new Set(Object.keys(replaced));
  for (const name of FILES) {
    let text = await readFile(join('deploy/nginx', name), 'utf8');
    for (const [from, to] of Object.entries(replaced)) {
      if (text.includes(from)) unused.delete(from);
      text = text.replaceAll(from, to);
    }
    await writeFile(join(home, name), text);
  }
  if (unused.size > 0) throw new Error(`deploy/nginx lacks ${[...unused].join(' and ')}`);
}

/** What Debian's own `nginx.conf` does, in one folder. The tests' files are readable to root. */
function mainFile(home: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `daemon off;
${user}
worker_processes 2;
pid ${home}/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  types { text/html html; }
  ${temporary.map((name) => `${name}_temp_path ${home}/${name};`).join('\n  ')}
  include ${home}/meridian.conf;
  server { listen 127.0.0.1:${port}; include ${home}/locations.conf; }
}
`;
}
