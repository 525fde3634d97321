/**
 * Under which scheme, host and port a client sees us, and from where it comes (T2, T3, A39).
 *
 * A public URL that the operator settled wins. Else what the request says counts, and what a proxy
 * says of it only where that proxy is trusted.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export interface ProxySettings {
  /** Without a slash at the end. */
  readonly publicUrl?: string;
  /** IP addresses and CIDR ranges of proxies whose `X-Forwarded-*` is believed. */
  readonly trustedProxies: readonly string[];
}

const HOST = /^[A-Za-z0-9.-]+(?::[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?$/;

export class ExternalUrl {
  readonly #publicUrl: string | undefined;
  readonly #trusted: BlockList;
  readonly #hasTrusted: boolean;

  constructor({ publicUrl, trustedProxies }: ProxySettings) {
    this.#publicUrl = publicUrl?.replace(/\/+$/, '');
    this.#trusted = readNetworks(trustedProxies);
    this.#hasTrusted = trustedProxies.length > 0;
  }

  /**
   * `https://host:port`, without a slash at the end.
   * @param further a host that is ours beside the one that the operator settled
   */
  baseUrl(request: IncomingMessage, further?: string): string {
    if (this.#publicUrl === undefined) {
      const host = further ?? this.#findHost(request) ?? localHost(request);
      return `${this.#schemeOf(request)}//${host}`;
    }
    // Whoever ends TLS for the public URL does so for the other hosts.
    return further ? `${new URL(this.#publicUrl).protocol}//${further}` : this.#publicUrl;
  }

  /** Host and port as the client asked for them, in lower case; `undefined` where they are none. */
  askedHost(request: IncomingMessage): string | undefined {
    return this.#findHost(request)?.toLowerCase();
  }

  #findHost(request: IncomingMessage): string | undefined {
    return [this.#forwarded(request, 'x-forwarded-host'), request.headers.host].find(
      (text) => text !== undefined && HOST.test(text) && URL.canParse(`http://${text}`),
    );
  }

  #schemeOf(request: IncomingMessage): 'https:' | 'http:' {
    const isTls = 'encrypted' in request.socket;
    const scheme = this.#forwarded(request, 'x-forwarded-proto') ?? (isTls ? 'https' : 'http');
    return scheme === 'https' ? 'https:' : 'http:';
  }

  /** What a proxy says of the request, where it is trusted. */
  #forwarded(request: IncomingMessage, name: string): string | undefined {
    return this.isFromProxy(request) ? lastOf(request.headers[name]) : undefined;
  }

  /** The client's IP address: the last one in the chain of proxies that is not a trusted proxy. */
  clientAddress(request: IncomingMessage): string {
    let address = addressOf(request);
    if (!this.#hasTrusted) return address;
    const chain = String(request.headers['x-forwarded-for'] ?? '').split(',');
    while (this.#isTrusted(address)) {
      const before = chain.pop()?.trim();
      if (before === undefined || isIP(before) === 0) break;
      address = before;
    }
    return address;
  }

  /** Whether a proxy that is trusted handed us the request. */
  isFromProxy(request: IncomingMessage): boolean {
    return this.#hasTrusted && this.#isTrusted(addressOf(request));
  }

  #isTrusted(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** Addresses and CIDR ranges as one list to check against. @throws where one of them is neither. */
export function readNetworks(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** IPv4 as such, also where the socket is of both families. */
function addressOf(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

/** The proxy next to us wrote the last one. */
function lastOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header).split(',').at(-1)?.trim();
}

function localHost({ socket }: IncomingMessage): string {
  const address = socket.localAddress ?? '127.0.0.1';
  return `${address.includes(':') ? `[${address}]` : address}:${socket.localPort}`;
}
