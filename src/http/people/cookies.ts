/**
 * The cookies of people in browsers (RFC 6265). Only the management API sees them: what images hold
 * is served under the same host, and must never be asked for in a person's name.
 */
import type { IncomingMessage } from 'node:http';

/** Of a session. */
export const SESSION_COOKIE = 'meridian_session';

export interface Cookie {
  readonly name: string;
  /** '' takes it away. */
  readonly value: string;
  readonly path: string;
  readonly maxAgeSeconds: number;
  /** `Lax` where the browser must send it when another site leads it here. */
  readonly sameSite: 'Strict' | 'Lax';
  readonly isSecure: boolean;
}

/** Text of a `Set-Cookie` header; no script reads such a cookie. */
export function printCookie(cookie: Cookie): string {
  const { name, value, path, maxAgeSeconds, sameSite, isSecure } = cookie;
  const parts = [`${name}=${value}`, `Path=${path}`, `Max-Age=${maxAgeSeconds}`];
  return [...parts, 'HttpOnly', `SameSite=${sameSite}`, ...(isSecure ? ['Secure'] : [])].join('; ');
}

/** Value of the cookie of that name; `undefined` where there is none. */
export function readCookie({ headers }: IncomingMessage, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const pair = pairs.find((one) => one.startsWith(`${name}=`));
  return pair?.slice(name.length + 1) || undefined;
}
