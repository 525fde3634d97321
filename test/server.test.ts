import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from './architecture/sources.ts';
import { CERTIFICATE, KEY } from './support/certificate.ts';
import { type Daemon, startDaemon } from './support/programs/daemon.ts';
import { findPort } from './support/programs/program.ts';

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
    const command = [process.execPath, join(ROOT, 'dist/src/main.js'), 'serve'] as const;
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
