import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ensureAdministrator, establishIdentity } from '../src/auth/identity.ts';
import { systemClock } from '../src/clock.ts';
import { loadConfig } from '../src/config.ts';
import { createApp } from '../src/http/app.ts';
import { RunningServer } from '../src/http/server.ts';
import { createLog } from '../src/log.ts';
import { systemRandomness } from '../src/randomness.ts';
import { describeApp } from '../src/server.ts';
import { openSite } from '../src/site.ts';
import { CERTIFICATE, KEY } from './support/certificate.ts';
import { openMemoryPorts } from './support/ports.ts';
import { type Daemon, startDaemon } from './support/programs/daemon.ts';
import { PROGRAM } from './support/programs/path.ts';
import { ADMIN, findPort } from './support/programs/program.ts';

describe('a site with a certificate', function () {
  this.timeout(60_000);
  let folder: string;
  let port: number;
  let program: Daemon | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meridian-tls-'));
    port = await findPort();
    const env = {
      MERIDIAN_DATA: join(folder, 'data'),
      MERIDIAN_LISTEN: `127.0.0.1:${port}`,
      MERIDIAN_TLS_CERT: join(folder, 'cert.pem'),
      MERIDIAN_TLS_KEY: join(folder, 'key.pem'),
    };
    writeFileSync(env.MERIDIAN_TLS_CERT, CERTIFICATE);
    writeFileSync(env.MERIDIAN_TLS_KEY, KEY);
    const command = [process.execPath, PROGRAM, 'serve'] as const;
    program = await startDaemon({ command: [...command], env, probe: () => get('/readyz') });
  });
  after(async () => {
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The status and the headers. */
  function get(path: string): Promise<{ status: number | undefined; challenge: string }> {
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, ca: CERTIFICATE, agent: false }, (response) => {
        response.resume();
        const challenge = response.headers['www-authenticate'] ?? '';
        resolve({ status: response.statusCode, challenge });
      })
        .on('error', reject)
        .end();
    });
  }

  it('speaks https, and sends clients to https for their tokens', async () => {
    const { status, challenge } = await get('/v2/');
    expect(status).to.equal(401);
    expect(challenge).to.include(`realm="https://127.0.0.1:${port}/jwt/auth"`);
  });

  it('prints the password that it made, once', () => {
    expect(program!.output().match(/The account admin has the password \S+/g)).to.have.length(1);
  });
});

describe('a site that has just joined', () => {
  it('is ready with the first facts of its primary, which name who may log in', async () => {
    const ports = await openMemoryPorts();
    const identity = await establishIdentity(ports.identityStore, { cluster: 'test', site: 'b' });
    const primaryUrl = 'http://127.0.0.1:9';
    const config = await loadConfig(undefined, {
      MERIDIAN_SITE: 'b',
      MERIDIAN_PRIMARY_URL: primaryUrl,
    });
    const site = await openSite({ config, ports, identity, log: createLog('silent') });
    const answer = createApp(describeApp(site, new AbortController().signal)).callback();
    const where = { host: '127.0.0.1', port: 0, clock: systemClock };
    const server = await RunningServer.listen(answer, where);
    const isReady = async () => (await fetch(`http://127.0.0.1:${server.port}/readyz`)).status;
    expect(await isReady()).to.equal(503);
    const given = { clock: systemClock, randomness: systemRandomness };
    await ensureAdministrator({ ...ports, ...given }, ADMIN.password);
    expect(await isReady()).to.equal(200);
    await server.drain(0);
    await site.close();
  });
});
