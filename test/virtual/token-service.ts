/** Who may read an upstream of the tests: challenges, and tokens for those that they let in. */
import type { IncomingMessage } from 'node:http';
import type { GoodAnswer } from './misdeeds.ts';

export interface TokenServiceOptions {
  readonly scheme?: 'Bearer' | 'Basic';
  /** Passwords by name. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** Whether tokens are given to whoever comes without a name. */
  readonly isOpen?: boolean;
  /** Where the challenge sends them; the upstream itself where absent. */
  readonly realm?: string;
  readonly expiresIn?: number;
}

interface Given {
  readonly account: string | undefined;
  readonly scope: string;
}

export class TokenService {
  readonly #options: TokenServiceOptions;
  readonly #given = new Map<string, Given>();
  #count = 0;
  /** What the next challenges name as realm. */
  realm: string | undefined;

  constructor(options: TokenServiceOptions) {
    this.#options = options;
    this.realm = options.realm;
  }

  /** Every token so far is worth nothing from now on. */
  revokeAll(): void {
    this.#given.clear();
  }

  /** For a request of `/token`. */
  answer(request: IncomingMessage, url: URL): GoodAnswer {
    const account = accountOf(request);
    const { accounts = {}, isOpen, expiresIn = 300 } = this.#options;
    const isKnown = account ? accounts[account.name] === account.password : isOpen;
    if (!isKnown) return jsonAnswer(401, { errors: [{ code: 'UNAUTHORIZED', message: 'no' }] });
    this.#count += 1;
    const token = `token-${this.#count}`;
    this.#given.set(token, { account: account?.name, scope: url.searchParams.get('scope') ?? '' });
    return jsonAnswer(200, { token, expires_in: expiresIn });
  }

  /** The challenge for a request that shows nothing good enough; `undefined` where it may pass. */
  refuse(request: IncomingMessage, base: string, image: string): GoodAnswer | undefined {
    const { scheme = 'Bearer', accounts = {} } = this.#options;
    const { authorization = '' } = request.headers;
    const account = accountOf(request);
    const isBasic = scheme === 'Basic' && account !== undefined;
    if (isBasic && accounts[account.name] === account.password) return undefined;
    const given = this.#given.get(authorization.replace(/^Bearer /, ''));
    const isMeant = image === '' || given?.scope === `repository:${image}:pull`;
    return given && isMeant ? undefined : this.refusal(base, image);
  }

  /** 401 with the challenge. */
  refusal(base: string, image: string): GoodAnswer {
    const scope = image === '' ? '' : `,scope="repository:${image}:pull"`;
    const realm = this.realm ?? `${base}/token`;
    const challenge =
      this.#options.scheme === 'Basic'
        ? `Basic realm="upstream"`
        : `Bearer realm="${realm}",service="upstream"${scope}`;
    const answer = jsonAnswer(401, { errors: [{ code: 'UNAUTHORIZED', message: 'who are you' }] });
    return { ...answer, headers: { ...answer.headers, 'www-authenticate': challenge } };
  }
}

function accountOf({ headers: { authorization = '' } }: IncomingMessage) {
  const [scheme, text = ''] = authorization.split(' ');
  if (scheme !== 'Basic') return undefined;
  const [name = '', ...password] = Buffer.from(text, 'base64').toString().split(':');
  return { name, password: password.join(':') };
}

function jsonAnswer(status: number, value: object): GoodAnswer {
  const body = Buffer.from(JSON.stringify(value));
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  return { status, headers, body };
}
