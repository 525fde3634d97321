import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { askToken } from '../../../src/cli/import/login.ts';

const credentials = { user: 'reader', password: 'over-there' };
const SHOWN = `Basic ${Buffer.from('reader:over-there').toString('base64')}`;

describe('a log-in at a registry that is read', () => {
  const seen: (string | undefined)[] = [];
  let server: Server;
  let port: number;

  before(async () => {
    server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end(JSON.stringify({ token: 'good' }));
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    ({ port } = server.address() as AddressInfo);
  });
  after(() => void server.close());
  beforeEach(() => seen.splice(0));

  /** The challenge leads to localhost, which is another host than 127.0.0.1. */
  const logIn = (registry: string, realms?: 'any' | readonly string[]) => {
    const challenge = { scheme: 'bearer', realm: `http://localhost:${port}/token`, service: 'x' };
    const login = realms && { login: { ...credentials, realms } };
    return askToken(new URL(registry), challenge, { scopes: [], ...login });
  };

  it('shows the password to the registry itself, and to a realm that is allowed', async () => {
    expect(await logIn('http://localhost:5000', [])).to.equal('Bearer good');
    expect(await logIn('http://127.0.0.1:5000', ['localhost'])).to.equal('Bearer good');
    expect(await logIn('http://127.0.0.1:5000', 'any')).to.equal('Bearer good');
    expect(seen).to.deep.equal([SHOWN, SHOWN, SHOWN]);
  });

  it('shows it to nobody else that a challenge names, and says how to allow it', async () => {
    const failure = await logIn('http://127.0.0.1:5000', []).catch((error: Error) => error.message);
    expect(failure).to.match(/^127\.0\.0\.1:5000 wants the password .* --token-realm allows it$/);
    expect(seen).to.deep.equal([]);
  });

  it('follows a stranger anywhere, who has nothing to show', async () => {
    expect(await logIn('http://127.0.0.1:5000')).to.equal('Bearer good');
    expect(seen).to.deep.equal([undefined]);
  });
});
