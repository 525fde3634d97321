/** What went wrong with an upstream, as one clause that an operator understands. */
import { RemoteFailure } from '../../virtual/remotes.ts';
import type { LineAnswer } from '../line.ts';
import { parseRetryAfter } from './allowance.ts';
import { isForbidden } from './guard.ts';

const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA']);
const NO_CONNECTION = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']);
const TOO_LATE = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** What OpenSSL and Node say of certificates. */
const CERTIFICATE =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|INVALID_CA|HOSTNAME_MISMATCH)/;
const NO_TLS = /^(?:ERR_SSL_|EPROTO)/;
/** What is no HTTP, or too much of it. */
const NO_HTTP = /^(?:HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_)/;

/** The failure that an error of the line to that host is. */
export function failureOf(error: unknown, { host, hostname }: URL): RemoteFailure {
  if (error instanceof RemoteFailure) return error;
  const code = codeOf(error);
  const because = { cause: error };
  const unreachable = (message: string) => new RemoteFailure('unreachable', message, because);
  if (isForbidden(error)) {
    const message = `${host} leads to an address that is not public`;
    return new RemoteFailure('forbidden-address', message, because);
  }
  if (NO_NAME.has(code)) return unreachable(`the name ${hostname} is not found`);
  if (NO_CONNECTION.has(code)) return unreachable(`the connection to ${host} is refused`);
  if (TOO_LATE.has(code)) return unreachable(`${host} does not answer in time`);
  if (CERTIFICATE.test(code)) {
    return unreachable(`the certificate of ${host} is not trusted: ${code}`);
  }
  if (NO_TLS.test(code)) return unreachable(`${host} does not speak TLS with us: ${code}`);
  if (NO_HTTP.test(code)) {
    return new RemoteFailure('broken', `${host} answers what is no HTTP: ${code}`, because);
  }
  return unreachable(`the connection to ${host} broke off`);
}

export function lateFailure({ host }: URL): RemoteFailure {
  return new RemoteFailure('unreachable', `${host} does not answer in time`);
}

/** The failure that an answer with an unexpected status is. */
export function statusFailure(
  { statusCode, headers }: LineAnswer,
  { host }: URL,
  now: Date,
): RemoteFailure {
  const retryAfterSeconds = parseRetryAfter(headers['retry-after'], now);
  return new RemoteFailure('broken', `${host} answered with ${statusCode}`, {
    status: statusCode,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** A failure's clause as a sentence. */
export function sentenceOf({ message }: Error): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}

/** Of an error, or of what caused it; several tries to connect fail together. */
function codeOf(error: unknown): string {
  const { code, cause, errors } = (error ?? {}) as {
    code?: unknown;
    cause?: unknown;
    errors?: readonly unknown[];
  };
  if (typeof code === 'string') return code;
  if (errors?.[0] !== undefined) return codeOf(errors[0]);
  return cause === undefined ? '' : codeOf(cause);
}
