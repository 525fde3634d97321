import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { SETTINGS } from '../src/config/settings.ts';
import { ConfigError, loadConfig } from '../src/config.ts';
import { describeConfiguration, describeErrors } from '../src/docs.ts';
import { ROOT } from './architecture/sources.ts';

type Environment = Record<string, string>;

async function mistakesOf(environment: Environment, file?: string): Promise<readonly string[]> {
  try {
    await loadConfig(file, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

async function readStorage(text: string) {
  return (await loadConfig(undefined, { MERIDIAN_STORAGE: text })).storage;
}

async function readAnonymousPull(text: string) {
  return (await loadConfig(undefined, { MERIDIAN_ANONYMOUS_PULL: text })).anonymousPull;
}

function readPage(file: string): string {
  return readFileSync(join(ROOT, 'docs', file), 'utf8');
}

describe('the configuration', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'meridian-config-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, content: string): string {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  }

  it('has a value for everything where nobody says anything', async () => {
    const config = await loadConfig(undefined, {});
    expect(config.site).to.equal('main');
    expect(config.listen).to.deep.equal({ host: '127.0.0.1', port: 5000 });
    expect(config.data).to.equal(resolve('data'));
    expect(config.storage).to.deep.equal({ kind: 'file', directory: resolve('data/content') });
    expect(config.anonymousPull).to.deep.equal([]);
    expect(config.databaseUrl).to.equal(undefined);
    expect(config.tokenLifetimeMs).to.equal(300_000);
  });

  it('is frozen', async () => {
    expect(Object.isFrozen(await loadConfig(undefined, {}))).to.equal(true);
  });

  it('reads a YAML file, the environment winning', async () => {
    const file = write(
      'site.yml',
      'site: berlin\nprocesses: 4\nredirect: false\ntrusted_proxies: [10.0.0.0/8, "::1"]\n',
    );
    const config = await loadConfig(file, { MERIDIAN_SITE: 'lisbon' });
    expect(config.site).to.equal('lisbon');
    expect(config.processes).to.equal(4);
    expect(config.redirect).to.equal(false);
    expect(config.trustedProxies).to.deep.equal(['10.0.0.0/8', '::1']);
  });

  it('takes an empty variable for none', async () => {
    expect((await loadConfig(undefined, { MERIDIAN_SITE: '' })).site).to.equal('main');
  });

  it('reads a secret from a file', async () => {
    const file = write('password', 'open sesame\n');
    const config = await loadConfig(undefined, { MERIDIAN_ADMIN_PASSWORD_FILE: file });
    expect(config.adminPassword).to.equal('open sesame');
  });

  it('reads the key of the cluster, and says of another length what is right', async () => {
    const key = Buffer.alloc(32, 5);
    const text = key.toString('base64url');
    const file = write('key', `${text}\n`);
    for (const given of [
      { MERIDIAN_SECRET_KEY: text },
      { MERIDIAN_SECRET_KEY: `${text}=` },
      { MERIDIAN_SECRET_KEY_FILE: file },
    ]) {
      expect((await loadConfig(undefined, given)).secretKey).to.deep.equal(key);
    }
    for (const wrong of [text.slice(1), `${text}A`, `${text.slice(1)}+`, 'password']) {
      expect(await mistakesOf({ MERIDIAN_SECRET_KEY: wrong })).to.deep.equal([
        'MERIDIAN_SECRET_KEY must be 32 bytes as base64url, which are 43 letters, digits, ' +
          'hyphens and underscores.',
      ]);
    }
  });

  it('reads where blobs are kept', async () => {
    expect(await readStorage('file:/srv/blobs')).to.deep.equal({
      kind: 'file',
      directory: '/srv/blobs',
    });
    expect(await readStorage('file:///srv/blobs')).to.deep.equal({
      kind: 'file',
      directory: '/srv/blobs',
    });
    expect(
      await readStorage('s3://bucket/a/b?region=eu-1&endpoint=http://s3:9000&pathStyle=true'),
    ).to.deep.equal({
      kind: 's3',
      bucket: 'bucket',
      prefix: 'a/b/',
      region: 'eu-1',
      endpoint: 'http://s3:9000',
      isPathStyle: true,
    });
  });

  it('reads what may be pulled without an account', async () => {
    expect(await readAnonymousPull('true')).to.deep.equal(['**']);
    expect(await readAnonymousPull('false')).to.deep.equal([]);
    expect(await readAnonymousPull('public/**, tools/*')).to.deep.equal(['public/**', 'tools/*']);
  });

  describe('with mistakes', () => {
    it('reports all of them at once, each with its name and what would be right', async () => {
      const mistakes = await mistakesOf({
        MERIDIAN_SITE: 'Berlin!',
        MERIDIAN_LISTEN: '5000',
        MERIDIAN_PUBLIC_URL: 'https://host/path',
        MERIDIAN_PROCESSES: '0',
        MERIDIAN_TOKEN_LIFETIME: '5',
        MERIDIAN_TRUSTED_PROXIES: '10.0.0.0/33',
        MERIDIAN_STORAGE: 's3://bucket?regoin=eu-1',
        MERIDIAN_ACCEL_LOCATION: '/blobs/../',
        DATABASE_URL: 'mysql://host/db',
      });
      expect(mistakes).to.have.length(9);
      expect(mistakes).to.include(
        'MERIDIAN_LISTEN must be host:port, such as 0.0.0.0:5000 or [::]:5000.',
      );
      for (const mistake of mistakes) expect(mistake).to.match(/^[A-Z_]+ must be .+\.$/);
    });

    it('refuses a bucket whose address holds keys, which would be printed and logged', async () => {
      const mistakes = await mistakesOf({ MERIDIAN_STORAGE: 's3://key:secret@bucket' });
      expect(mistakes).to.have.length(1);
      expect(mistakes[0]).to.not.include('secret');
    });

    it('names the setting that was probably meant', async () => {
      expect(await mistakesOf({ MERIDIAN_PROCESES: '2' })).to.deep.equal([
        'MERIDIAN_PROCESES is no setting. Did you mean MERIDIAN_PROCESSES?',
      ]);
      const file = write('unknown.yml', 'trusted_proxy: 10.0.0.1\n');
      expect(await mistakesOf({}, file)).to.deep.equal([
        `trusted_proxy in ${file} is no setting. Did you mean trusted_proxies?`,
      ]);
    });

    it('refuses what contradicts itself', async () => {
      const secondary = { MERIDIAN_PRIMARY_URL: 'https://primary', MERIDIAN_SITE: 'lisbon' };
      const refused: [Environment, string][] = [
        [{ MERIDIAN_TLS_CERT: 'c.pem' }, 'MERIDIAN_TLS_KEY'],
        [{ MERIDIAN_TLS_KEY: 'k.pem' }, 'MERIDIAN_TLS_CERT'],
        [{ MERIDIAN_JOIN_TOKEN: 'x' }, 'MERIDIAN_PRIMARY_URL'],
        [{ MERIDIAN_PRIMARY_URL: 'https://primary' }, 'MERIDIAN_SITE'],
        [{ MERIDIAN_REPLICATION: 'separate' }, 'REDIS_URL'],
        [{ ...secondary, MERIDIAN_PROCESSES: '2' }, 'REDIS_URL'],
        [{ MERIDIAN_ACCEL_LOCATION: '/blobs/' }, 'MERIDIAN_TRUSTED_PROXIES'],
        [
          {
            MERIDIAN_ACCEL_LOCATION: '/blobs/',
            MERIDIAN_TRUSTED_PROXIES: '127.0.0.1',
            MERIDIAN_STORAGE: 's3://bucket',
          },
          'MERIDIAN_STORAGE',
        ],
      ];
      for (const [environment, named] of refused) {
        const [mistake, ...others] = await mistakesOf(environment);
        expect(mistake).to.include(named);
        expect(others).to.deep.equal([]);
      }
    });

    it('never shows a secret', async () => {
      const mistakes = await mistakesOf({
        DATABASE_URL: 'http://user:hidden@host/db',
        REDIS_URL: 'hidden',
        MERIDIAN_JOIN_TOKEN: 'hidden',
      });
      expect(mistakes).to.have.length(3);
      expect(mistakes.join()).not.to.include('hidden');
    });

    it('says when a secret is given twice, or its file is not there', async () => {
      const twice = { REDIS_URL: 'redis://host', REDIS_URL_FILE: '/nowhere' };
      expect(await mistakesOf(twice)).to.deep.equal([
        'REDIS_URL is given twice: also as REDIS_URL_FILE.',
      ]);
      expect(await mistakesOf({ REDIS_URL_FILE: '/nowhere' })).to.deep.equal([
        'REDIS_URL_FILE names a file that cannot be read: /nowhere.',
      ]);
    });

    it('says what is wrong with a file', async () => {
      expect(await mistakesOf({}, '/nowhere')).to.deep.equal(['The file /nowhere cannot be read.']);
      const broken = write('broken.yml', 'site: [berlin\n');
      expect((await mistakesOf({}, broken))[0]).to.include(`${broken} is no YAML`);
      const list = write('list.yml', '- site\n');
      expect((await mistakesOf({}, list))[0]).to.include('one setting a line');
      const nested = write('nested.yml', 'site: { name: berlin }\n');
      expect((await mistakesOf({}, nested))[0]).to.include('one value or a list');
    });
  });
});

describe('the generated pages', () => {
  it('are up to date (npm run docs)', () => {
    expect(readPage('configuration.md')).to.equal(describeConfiguration());
    expect(readPage('errors.md')).to.equal(describeErrors());
  });

  it('name every setting', () => {
    const page = describeConfiguration();
    for (const { variable } of Object.values(SETTINGS)) expect(page).to.include(`\`${variable}\``);
  });
});
