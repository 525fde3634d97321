import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openStand, type Stand } from '../http/virtual/stand.ts';
import { PROGRAM } from '../support/programs/path.ts';
import { ADMIN } from '../two-sites/site.ts';
import { TestUpstream } from '../virtual/upstream.ts';

describe('meridian virtual', () => {
  let stand: Stand;

  before(async () => {
    stand = await openStand();
  });
  after(() => stand.close());

  /** What the command prints. @throws where it ends with another status than 0 */
  const run = async (...words: string[]) => {
    const connection = { MERIDIAN_URL: stand.site.url, MERIDIAN_PASSWORD: ADMIN.password };
    const env = { PATH: process.env['PATH'], ...connection };
    const program = [PROGRAM, 'virtual', ...words];
    return (await promisify(execFile)(process.execPath, program, { env })).stdout;
  };

  it('sets up a registry of two upstreams, and shows what it cached', async function () {
    this.timeout(60_000);
    const { upstream, ask } = stand;
    const other = await TestUpstream.start();
    other.putImage('acme/app', '1', 'app');
    upstream.putImage('library/alpine', '3', 'alpine');
    const login = ['--login', 'ann', '--login-password', 'very-secret'];
    await run('upstream', 'add', 'own', other.url, ...login, '--exclusive', 'acme/**');
    await run('registry', 'add', 'all', '--upstream', 'hub', '--host', 'all.test', '--public');
    await run('upstream', 'order', 'all', 'own', 'hub');
    expect(await run('upstream', 'test', 'own')).to.match(/^own is well: /);
    const listed = await run('upstream', 'list');
    expect(listed).to.match(/own .* ann .* 24 h .* all; alone for acme\/\*\*/);
    expect(listed).to.not.include('very-secret');
    expect(await run('registry', 'list')).to.match(/all .* own, hub .* all\.test .* everybody/);

    const path = 'GET /v2/virtual_registries/containers/all';
    expect((await ask(`${path}/acme/app/manifests/1`)).status).to.equal(200);
    expect((await ask(`${path}/library/alpine/manifests/3`)).status).to.equal(200);
    expect(await run('entries', 'own')).to.include('acme/app:1');
    expect(await run('stats', 'all')).to.match(/answered from the cache .* 0 of 2/);
    const figures = JSON.parse(await run('stats', 'all', '--json')) as object;
    expect(figures).to.include({ misses: 2, hits: 0, entries: 2 });

    await run('purge', 'own', 'acme/app:1');
    expect(await run('entries', 'own')).to.equal('There are none.\n');
    expect(await run('registry', 'purge', 'all')).to.equal('Purged: own.\n');
    expect(await run('entries', 'hub')).to.include('library/alpine:3');
    await run('registry', 'set', 'all', '--no-public', '--unused-days', '30');
    expect(await run('registry', 'show', 'all')).to.match(/read_virtual_registry[^]* 30 days goes/);
    await run('upstream', 'set', 'own', '--no-login', '--validity', '0');
    expect(await run('upstream', 'list')).to.match(/own .* nobody .* for ever/);
    await other.close();
    const failed = await run('upstream', 'test', 'own').catch((error: Error) => error.message);
    expect(failed).to.match(/own: .+/);
    await run('registry', 'remove', 'all');
    await run('upstream', 'remove', 'own');
    expect((await ask('GET /api/v1/virtual_registries/all')).status).to.equal(404);
    expect((await ask('GET /api/v1/virtual_upstreams/own')).status).to.equal(404);
  });
});
