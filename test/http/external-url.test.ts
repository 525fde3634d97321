import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { ExternalUrl, readNetworks } from '../../src/http/external-url.ts';

function requestFrom(remoteAddress: string, headers: Record<string, string>): IncomingMessage {
  const socket = { remoteAddress, localAddress: '127.0.0.1', localPort: 5000 };
  return { socket, headers } as unknown as IncomingMessage;
}

const FORWARDED = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'registry.example' };

describe('ExternalUrl', () => {
  it('keeps the port that the client used (T4)', () => {
    const url = new ExternalUrl({ trustedProxies: [] });
    expect(url.baseUrl(requestFrom('10.0.0.1', { host: 'a:443' }))).to.equal('http://a:443');
  });

  it('believes what a proxy forwards only of those that are trusted (T3)', () => {
    const url = new ExternalUrl({ trustedProxies: ['10.1.0.0/16', '::1'] });
    const headers = { host: 'inner:5000', ...FORWARDED };
    expect(url.baseUrl(requestFrom('10.1.2.3', headers))).to.equal('https://registry.example');
    expect(url.baseUrl(requestFrom('::ffff:10.1.2.3', headers))).to.match(/^https/);
    expect(url.baseUrl(requestFrom('::1', headers))).to.equal('https://registry.example');
    expect(url.baseUrl(requestFrom('10.2.2.3', headers))).to.equal('http://inner:5000');
  });

  it('says a further host in place of the public one, with its scheme', () => {
    const url = new ExternalUrl({ publicUrl: 'https://r.example/', trustedProxies: ['10.0.0.1'] });
    const request = requestFrom('192.0.2.1', { host: 'Mirror.Example:5000' });
    expect(url.askedHost(request)).to.equal('mirror.example:5000');
    expect(url.baseUrl(request, 'mirror.example:5000')).to.equal('https://mirror.example:5000');
    expect(url.baseUrl(request)).to.equal('https://r.example');
    const own = new ExternalUrl({ trustedProxies: ['10.0.0.1'] });
    expect(own.baseUrl(request, 'mirror.example:5000')).to.equal('http://mirror.example:5000');
    const forwarded = { host: 'inner', 'x-forwarded-host': 'mirror.example' };
    expect(own.askedHost(requestFrom('10.0.0.1', forwarded))).to.equal('mirror.example');
    expect(own.askedHost(requestFrom('192.0.2.1', forwarded))).to.equal('inner');
    expect(own.askedHost(requestFrom('192.0.2.1', { host: 'a b' }))).to.equal(undefined);
  });

  it('says the public URL whatever a request says (A39)', () => {
    const url = new ExternalUrl({ publicUrl: 'https://r.example/', trustedProxies: ['10.0.0.1'] });
    const request = requestFrom('10.0.0.1', { host: 'evil', 'x-forwarded-host': 'evil' });
    expect(url.baseUrl(request)).to.equal('https://r.example');
  });

  it('puts no host into a URL that is none', () => {
    const url = new ExternalUrl({ trustedProxies: [] });
    for (const host of ['a"b', 'a b', 'evil/path', 'u@h', 'a:99999', '1.2.3.4.5', '[::::]']) {
      expect(url.baseUrl(requestFrom('10.0.0.1', { host }))).to.equal('http://127.0.0.1:5000');
    }
  });

  it('finds the client behind trusted proxies, and takes no word of others', () => {
    const url = new ExternalUrl({ trustedProxies: ['10.0.0.0/8'] });
    const headers = { 'x-forwarded-for': '1.1.1.1, 203.0.113.9, 10.0.0.7' };
    expect(url.clientAddress(requestFrom('10.0.0.1', headers))).to.equal('203.0.113.9');
    expect(url.clientAddress(requestFrom('192.0.2.1', headers))).to.equal('192.0.2.1');
  });

  it('refuses a network that is none', () => {
    expect(() => readNetworks(['everywhere'])).to.throw(/./);
  });
});
