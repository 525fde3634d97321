/** The compose files: Debian's own compose takes them, and what they say is so. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.ts';
import { requireProgram, run } from '../support/programs/commands.ts';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly user?: string;
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks: Readonly<Record<string, { readonly ipv4_address?: string } | null>>;
}

/** Which site each service is of, by the network that the site trusts its proxy in. */
const FILES = {
  'one-site': ['registry', 'worker'],
  'two-sites': ['amsterdam', 'amsterdam-worker', 'lisbon', 'lisbon-worker'],
} as const;

describe('the compose files', function () {
  this.timeout(60_000);

  for (const [name, programs] of Object.entries(FILES)) {
    describe(name, () => {
      const file = join('deploy/compose', name, 'compose.yaml');
      let services: Readonly<Record<string, Service>>;

      before(async function () {
        requireProgram('docker-compose', this);
        const text = await run(['docker-compose', '--file', file, 'config']);
        ({ services } = parse(text) as { services: Record<string, Service> });
      });

      it('gives each program settings that it starts with', async () => {
        const folder = await mkdtemp(join(tmpdir(), 'meridian-compose-'));
        for (const program of programs) {
          const environment = await withSecrets(folder, services[program]!.environment!);
          const config = await loadConfig(undefined, environment);
          expect(config.accelLocation).to.equal('/meridian-blobs/');
          expect(config.replication).to.equal('separate');
          const command = services[program]!.command ?? [];
          expect(command).to.deep.equal(program.endsWith('worker') ? ['worker'] : []);
        }
        await rm(folder, { recursive: true, force: true });
      });

      it('lets its site trust its nginx alone, which has the same blobs', () => {
        for (const program of programs.filter((each) => !each.endsWith('worker'))) {
          const site = services[program]!;
          const nginx = services[name === 'one-site' ? 'nginx' : `${program}-nginx`]!;
          const addresses = Object.values(nginx.networks).map((net) => net?.ipv4_address);
          expect(addresses).to.include(site.environment!['MERIDIAN_TRUSTED_PROXIES']);
          const [volume] = site.volumes![0]!.split(':');
          expect(nginx.volumes).to.include(`${volume}:/var/lib/meridian:ro`);
          expect(nginx.user).to.equal('10001:10001');
        }
      });

      it('mounts files that are there', () => {
        for (const { volumes = [] } of Object.values(services)) {
          const mounted = volumes.map((volume) => volume.split(':')[0]!);
          const files = mounted.filter((path) => path.startsWith('/') && path.endsWith('.conf'));
          for (const path of files) expect(readFileSync(path, 'utf8')).not.to.equal('');
        }
      });

      it('has an nginx.conf that nginx takes', async function () {
        requireProgram('nginx', this);
        const folder = await mkdtemp(join(tmpdir(), 'meridian-compose-nginx-'));
        await checkNginx(join(dirname(file), 'nginx.conf'), folder);
        await rm(folder, { recursive: true, force: true });
      });
    });
  }
});

/** The variables with each secret's file where one is. */
async function withSecrets(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const contents: Record<string, string> = {
    DATABASE_URL_FILE: 'postgres://database/meridian',
    MERIDIAN_SECRET_KEY_FILE: 'A'.repeat(43),
  };
  const entries = Object.entries(environment).map(async ([variable, value]) => {
    if (!variable.endsWith('_FILE')) return [variable, value];
    const path = join(folder, variable);
    await writeFile(path, contents[variable] ?? 'secret');
    return [variable, path];
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
}

/** Takes the file as it is, but for the folders of an image and names that only compose knows. */
async function checkNginx(file: string, folder: string): Promise<void> {
  const home = join(folder, 'meridian');
  await mkdir(home);
  const nginx = 'deploy/nginx';
  for (const name of ['locations.conf', 'headers.conf']) {
    const text = readFileSync(join(nginx, name), 'utf8');
    await writeFile(join(home, name), text.replaceAll('/etc/nginx/meridian', home));
  }
  const { CERTIFICATE, KEY } = await import('../support/certificate.ts');
  await writeFile(join(folder, 'registry.crt'), CERTIFICATE);
  await writeFile(join(folder, 'registry.key'), KEY);
  const text = readFileSync(file, 'utf8')
    .replaceAll('/tmp/', `${folder}/`)
    .replaceAll('/etc/nginx/meridian', home)
    .replaceAll('/etc/nginx/tls', folder)
    .replace('server registry:5000', 'server 127.0.0.1:5000');
  await writeFile(join(folder, 'nginx.conf'), text);
  await run(['nginx', '-t', '-q', '-p', folder, '-c', join(folder, 'nginx.conf')]);
}
