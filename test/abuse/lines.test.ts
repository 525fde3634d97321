import { expect } from 'chai';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { Attacker } from './attacker.ts';

describe('abuse of HTTP', () => {
  let registry: TestRegistry;
  let attacker: Attacker;

  before(async () => {
    registry = await startRegistry();
    attacker = new Attacker(registry);
  });
  after(() => registry.close());

  const basic = () => Buffer.from(`admin:${registry.password}`).toString('base64');
  const raw = (line: string, headers: readonly string[] = [], body = '') =>
    attacker.raw(
      [line, `Authorization: Basic ${basic()}`, 'Connection: close', ...headers, '', body].join(
        '\r\n',
      ),
    );

  it('A39 puts no strange host into the realm, and fails on none', async () => {
    const hosts = ['a"b', 'evil/path', 'u@h', 'a:99999', '1.2.3.4.5', '[::::]', 'a b', ''];
    for (const host of hosts) {
      const answer = await attacker.raw(
        `GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      expect(answer, host).to.match(/^HTTP\/1\.1 40[01] /);
      if (answer.includes('realm=')) expect(answer).to.contain('realm="http://127.0.0.1:');
      const push = await raw('POST /v2/a/blobs/uploads/ HTTP/1.1', [
        `Host: ${host}`,
        'Content-Length: 0',
      ]);
      expect(push, host).to.match(/^HTTP\/1\.1 (202|400) /);
      const token = await raw('GET /jwt/auth?service=meridian HTTP/1.1', [`Host: ${host}`]);
      expect(token, host).to.match(/^HTTP\/1\.1 (200|400) /);
    }
  });

  it('A39 believes no X-Forwarded header of a client, and names no host in Location', async () => {
    const forwarded = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    const challenge = await fetch(`${registry.url}/v2/`, { headers: forwarded });
    expect(challenge.headers.get('www-authenticate')).to.contain(`realm="${registry.url}/`);
    const begun = await attacker.send('POST', '/v2/a/blobs/uploads/', { headers: forwarded });
    expect(begun.headers.get('location')).to.match(/^\/v2\/a\/blobs\/uploads\//);
  });

  it('A52 refuses two lengths, a strange coding, and whatever stands behind them', async () => {
    const smuggled = 'GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const headers of [
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      ['Content-Length: 5', 'Content-Length: 6'],
      ['Transfer-Encoding: xchunked'],
      ['Transfer-Encoding: chunked, identity'],
      ['Content-Length: +5'],
      ['Content-Length : 5'],
    ]) {
      const line = 'POST /v2/a/blobs/uploads/ HTTP/1.1';
      const answer = await raw(line, ['Host: a', ...headers], `0\r\n\r\n${smuggled}`);
      expect(answer, headers.join()).to.match(/^HTTP\/1\.1 400 /);
      expect(answer.match(/HTTP\/1\.1 /g), headers.join()).to.have.lengthOf(1);
    }
  });

  it('A52 takes no request for another host, and no TRACE', async () => {
    for (const url of ['http://evil.example/v2/', 'http://evil.example/jwt/auth', '*']) {
      const method = url === '*' ? 'OPTIONS' : 'GET';
      const answer = await raw(`${method} ${url} HTTP/1.1`, ['Host: a']);
      expect(answer, url).to.match(/^HTTP\/1\.1 400 /);
    }
    const trace = await raw('TRACE /v2/ HTTP/1.1', ['Host: a', 'X-Secret: 1']);
    expect(trace).to.match(/^HTTP\/1\.1 405 /);
    expect(trace).not.to.contain('X-Secret');
  });

  it('A52 reads no more headers than it has room for', async () => {
    const long = await raw('GET /v2/ HTTP/1.1', ['Host: a', `X-Long: ${'x'.repeat(40_000)}`]);
    expect(long).to.match(/^HTTP\/1\.1 431 /);
    const many = Array.from({ length: 5000 }, (_, n) => `X-${n}: 1`);
    expect(await raw('GET /v2/ HTTP/1.1', ['Host: a', ...many])).to.match(/^HTTP\/1\.1 431 /);
  });

  it('A53 says nothing of itself to strangers', async () => {
    for (const path of [
      '/metrics',
      '/debug/pprof',
      '/config',
      '/v2/_catalog',
      '/api/v1/accounts',
    ]) {
      expect((await fetch(`${registry.url}${path}`)).status, path).to.be.oneOf([401, 404]);
    }
  });
});
