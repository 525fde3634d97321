/** Whom credentials of another registry may be shown: itself, and who serves its tokens (A29). */
import { isIP } from 'node:net';
import { hostOf } from './addresses.ts';

/** Domains whose names belong to many customers of one provider. */
const SHARED = new Set([
  'amazonaws.com',
  'aliyuncs.com',
  'azurecr.io',
  'azurewebsites.net',
  'cloudapp.azure.com',
  'fly.dev',
  'github.io',
  'gitlab.io',
  'herokuapp.com',
  'jfrog.io',
  'ngrok.io',
  'ocir.io',
  'pages.dev',
  'pkg.dev',
  'run.app',
  'vercel.app',
  'workers.dev',
]);

/**
 * Whether both hosts are the same, or in one domain that somebody registered, as
 * `registry-1.docker.io` and `auth.docker.io` are; or the operator named the realm's host.
 */
export function mayShowCredentials(registry: URL, realm: URL, named: readonly string[]): boolean {
  const [host, other] = [hostOf(registry), hostOf(realm)];
  if (host === other || named.includes(other) || named.includes(realm.host)) return true;
  return !isIP(host) && !isIP(other) && isOwned(commonDomain(host, other));
}

/** The labels that two names share, from the right. */
function commonDomain(one: string, other: string): string[] {
  const [labels, others] = [one.split('.').toReversed(), other.split('.').toReversed()];
  const end = labels.findIndex((label, index) => label !== others[index]);
  return labels.slice(0, end === -1 ? labels.length : end).toReversed();
}

/**
 * Whether a domain has one owner, as far as can be told without the list of public suffixes: it has
 * at least two labels, and three below what countries register under, as `co.uk` and `com.au`.
 */
function isOwned(labels: readonly string[]): boolean {
  const [second = '', top = ''] = labels.slice(-2);
  const isCountrySuffix = top.length === 2 && second.length <= 3;
  return labels.length >= (isCountrySuffix ? 3 : 2) && !SHARED.has(labels.join('.'));
}
