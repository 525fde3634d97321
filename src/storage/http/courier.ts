/**
 * `Courier` over HTTP. The address that was checked is the one that is connected to: each post
 * looks the name up anew, for a connection of its own, so a name that leads elsewhere a moment
 * later gains nothing (A27, A40).
 */
import { type LookupAddress, lookup } from 'node:dns';
import { lookup as lookUp } from 'node:dns/promises';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { AddressRule, hostOf } from '../../oci/network/addresses.ts';
import type { Courier, Letter, Reception } from '../events/courier.ts';

export interface CourierOptions {
  /** Networks that are not public and may be reached all the same. */
  readonly networks: readonly string[];
  /** From the look-up of the name to the end of the answer. */
  readonly timeoutMs: number;
}

/** More of an answer is not waited for; nobody reads it. */
const MAX_ANSWER_BYTES = 64 * 1024;

const FORBIDDEN = 'EFORBIDDEN';

const UNKNOWN_HOST = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA']);
const NO_CONNECTION = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

export class HttpCourier implements Courier {
  readonly #rule: AddressRule;
  readonly #timeoutMs: number;

  constructor({ networks, timeoutMs }: CourierOptions) {
    this.#rule = new AddressRule(networks);
    this.#timeoutMs = timeoutMs;
  }

  async findFault(text: string): Promise<string | undefined> {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return 'is no http or https URL';
    if (url.username || url.password) return 'must not hold a name and a password';
    const host = hostOf(url);
    const addresses = isIP(host)
      ? [{ address: host }]
      : await lookUp(host, { all: true }).catch(() => []);
    const isAllowed = addresses.every(({ address }) => this.#rule.mayReach(address));
    return isAllowed ? undefined : 'leads to an address that is not public';
  }

  post(letter: Letter, signal: AbortSignal): Promise<Reception> {
    const { headers, body, timeoutMs = this.#timeoutMs } = letter;
    const url = new URL(letter.url);
    const host = hostOf(url);
    if (isIP(host) && !this.#rule.mayReach(host)) {
      return Promise.resolve({ failure: 'forbidden-address' });
    }
    const late = AbortSignal.timeout(timeoutMs);
    return new Promise((resolve) => {
      const asking = (url.protocol === 'https:' ? https : http).request(url, {
        method: 'POST',
        headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
        signal: AbortSignal.any([signal, late]),
        lookup: this.#lookUpAllowed,
        agent: false,
      });
      asking.on('error', (error) => resolve({ failure: nameFailure(error, late) }));
      asking.on('response', (answer) => {
        resolve({ status: answer.statusCode ?? 0 });
        dropBody(answer);
      });
      asking.end(body);
    });
  }

  /** Knows of the addresses only that may be reached. */
  readonly #lookUpAllowed: LookupFunction = (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const allowed = found.filter(({ address }) => this.#rule.mayReach(address));
      if (allowed.length > 0) return answerLookup(allowed, options.all === true, callback);
      const forbidden = new Error(`${host} leads to an address that is not public`);
      return callback(Object.assign(forbidden, { code: FORBIDDEN }), []);
    });
  };
}

function answerLookup(
  addresses: readonly LookupAddress[],
  isAll: boolean,
  callback: Parameters<LookupFunction>[2],
): void {
  const [first] = addresses;
  if (isAll) callback(null, [...addresses]);
  else callback(null, first!.address, first!.family);
}

function nameFailure(error: NodeJS.ErrnoException, late: AbortSignal) {
  const code = error.code ?? '';
  if (late.aborted) return 'timeout';
  if (code === FORBIDDEN) return 'forbidden-address';
  if (UNKNOWN_HOST.has(code)) return 'unknown-host';
  return NO_CONNECTION.has(code) ? 'no-connection' : 'broken';
}

/** Reads the body away, and breaks off one that is long. */
function dropBody(answer: IncomingMessage): void {
  let bytes = 0;
  answer.on('error', () => undefined);
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) answer.destroy();
  });
}
