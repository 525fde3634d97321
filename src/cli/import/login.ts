/** What a registry asks for before it answers, and what is shown to it (RFC 6750, 7617). */
import { request } from 'undici';
import { mayShowCredentials } from '../../oci/network/realm.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A password, and who may be shown it beside the registry: by its word alone, or these hosts. */
export interface Login extends Credentials {
  readonly realms: 'any' | readonly string[];
}

export interface Challenge {
  readonly scheme: string;
  readonly realm: string;
  readonly service: string;
}

/** Of `WWW-Authenticate`; `undefined` where it asks for nothing that is known here. */
export function readChallenge(header: string | undefined): Challenge | undefined {
  const scheme = /^(basic|bearer)\b/i.exec(header ?? '')?.[1]?.toLowerCase();
  if (!scheme) return undefined;
  const read = (name: string) => new RegExp(`[ ,]${name}="([^"]*)"`).exec(header!)?.[1] ?? '';
  return { scheme, realm: read('realm'), service: read('service') };
}

export function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/**
 * A token for the scopes, from where the registry says. The password goes to no host that is not
 * the registry's or among the realms of the log-in, and never from https to http.
 *
 * @returns the `Authorization` header @throws Error in one sentence
 */
export async function askToken(
  registry: URL,
  { realm, service }: Challenge,
  asked: { readonly scopes: readonly string[]; readonly login?: Login | undefined },
): Promise<string> {
  if (!URL.canParse(realm)) throw new Error(`${registry.host} names no place to log in at`);
  const url = new URL(realm);
  if (registry.protocol === 'https:' && url.protocol !== 'https:') {
    throw new Error(`${registry.host} wants the password to be sent to ${realm}, without https`);
  }
  const { login } = asked;
  if (login && login.realms !== 'any' && !mayShowCredentials(registry, url, login.realms)) {
    throw new Error(
      `${registry.host} wants the password to be sent to ${url.host}: --token-realm allows it`,
    );
  }
  if (service) url.searchParams.set('service', service);
  for (const scope of asked.scopes) url.searchParams.append('scope', scope);
  const headers = login ? { authorization: basic(login) } : {};
  const answer = await request(url, { headers });
  const body = (await answer.body.json().catch(() => ({}))) as Record<string, unknown>;
  const token = body['token'] ?? body['access_token'];
  if (answer.statusCode === 200 && typeof token === 'string') return `Bearer ${token}`;
  throw new Error(`${url.host} refuses the log-in with ${answer.statusCode}`);
}
