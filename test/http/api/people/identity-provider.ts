/** A real OpenID Connect provider in the test's own process, and a browser to go there with. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export interface TestProvider {
  readonly issuer: string;
  readonly networks: string;
  /** What it says of each person, by the name that they log in with there. */
  readonly people: Map<string, Readonly<Record<string, unknown>>>;
  /** Knows the registry from now on, with a new key of that algorithm. */
  serve(redirectUrl: string, algorithm?: 'RS256' | 'ES256'): void;
  /** Answers nobody any more. */
  leave(): void;
  close(): Promise<void>;
}

export const CLIENT = { id: 'meridian', secret: 'a-secret-of-the-client' };

const away: RequestListener = (_, response) => void response.writeHead(503).end();

/** It needs its own address before it can be set up, and that of the registry. */
export async function openProvider(): Promise<TestProvider> {
  let listener: RequestListener = away;
  const server = createServer((request, response) => listener(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people: TestProvider['people'] = new Map();
  return {
    issuer,
    networks: '127.0.0.1',
    people,
    serve: (redirectUrl, algorithm = 'RS256') => {
      const settings = describe({ redirectUrl, algorithm, people });
      listener = quietly(() => new Provider(issuer, settings)).callback();
    },
    leave: () => {
      listener = away;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

/** It warns of what suits a test: that it is made for nothing else. */
function quietly<Made>(make: () => Made): Made {
  const { warn } = console;
  // oxlint-disable-next-line no-console -- it is silenced, not written to
  console.warn = () => {};
  try {
    return make();
  } finally {
    // oxlint-disable-next-line no-console
    console.warn = warn;
  }
}

interface Described extends Pick<TestProvider, 'people'> {
  readonly redirectUrl: string;
  readonly algorithm: 'RS256' | 'ES256';
}

function describe({ redirectUrl, algorithm, people }: Described): object {
  const client = {
    client_id: CLIENT.id,
    client_secret: CLIENT.secret,
    redirect_uris: [redirectUrl],
    id_token_signed_response_alg: algorithm,
  };
  return {
    clients: [client],
    jwks: { keys: [makeKey(algorithm)] },
    pkce: { required: () => true, methods: ['S256'] },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'preferred_username', 'groups'] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, ...people.get(id) }),
    }),
    cookies: { keys: ['a key of the test'] },
    ttl: { Interaction: 60, Session: 60, Grant: 60, AccessToken: 60, IdToken: 60 },
  };
}

function makeKey(algorithm: 'RS256' | 'ES256') {
  const { privateKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: algorithm };
}

/** Keeps cookies by host, and follows where it is led, a step at a time. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  /** Cookies that it would send to that host. */
  cookiesOf(url: string): Map<string, string> {
    const { host } = new URL(url);
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, jar);
    return jar;
  }

  async open(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const jar = this.cookiesOf(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = form ? { method: 'POST', body: new URLSearchParams(form) } : {};
    const answer = await fetch(url, { ...body, headers: { cookie }, redirect: 'manual' });
    for (const text of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      if (value === '' || /max-age=0/i.test(text)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  }

  /** From the page that leads to the provider to the address at which it comes back. */
  async signInAt(start: string, provider: TestProvider, login: string): Promise<string> {
    const leading = await this.open(start);
    return this.comeBack(leading.headers.get('location')!, provider, login);
  }

  /** From the provider's own address to the one at which the browser comes back. */
  async comeBack(begin: string, provider: TestProvider, login: string): Promise<string> {
    let url = begin;
    for (let steps = 0; steps < 12; steps += 1) {
      if (!url.startsWith(provider.issuer)) return url;
      const answer = await this.open(url);
      const location = answer.headers.get('location');
      url = location ? new URL(location, url).href : await this.#fillIn(url, answer, login);
    }
    throw new Error('the provider leads nowhere');
  }

  /** @returns where the provider leads to from its form */
  async #fillIn(url: string, page: Response, login: string): Promise<string> {
    const html = await page.text();
    const action = /action="([^"]+)"/.exec(html)?.[1];
    const prompt = /name="prompt" value="([^"]+)"/.exec(html)?.[1];
    if (!action || !prompt) throw new Error(`the provider shows ${html}`);
    const answer = await this.open(new URL(action, url).href, { prompt, login, password: 'any' });
    return new URL(answer.headers.get('location')!, url).href;
  }
}
