/** A site with a virtual registry over an upstream that does as it is told. */
import { expect } from 'chai';
import { type Answer, exchange, jsonOf } from '../../conformance/exchange.ts';
import { openMemoryPorts, type TestPorts } from '../../support/ports.ts';
import { ADMIN, startPrimary, type TestSite } from '../../two-sites/site.ts';
import { TestUpstream, type UpstreamOptions } from '../../virtual/upstream.ts';

export const HUB = '/v2/virtual_registries/containers/hub';
export const NAME = 'virtual_registries/containers/hub/library/alpine';
export const MIRROR = 'mirror.test:5000';
export const READ = 'read_virtual_registry';

export interface AskInit {
  /** By the one password of all accounts; the administrator where nobody is named. */
  readonly as?: string;
  /** A bearer token instead; '' for no credential at all. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | object;
}

export interface Stand {
  readonly site: TestSite;
  readonly ports: TestPorts;
  readonly upstream: TestUpstream;
  /** @param what `GET /v2/` */
  readonly ask: (what: string, init?: AskInit) => Promise<Answer>;
  /** A token for the scope, under that host. */
  readonly logIn: (scope: string, as?: string, headers?: AskInit['headers']) => Promise<string>;
  readonly addAccount: (
    name: string,
    grants: Readonly<Record<string, readonly string[]>>,
  ) => Promise<void>;
  readonly setRegistry: (change: object) => Promise<void>;
  close(): Promise<void>;
}

const SETTINGS = { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1' };

function authorizationOf({ as = ADMIN.user, token }: AskInit): Record<string, string> {
  if (token === '') return {};
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  const basic = Buffer.from(`${as}:${ADMIN.password}`).toString('base64');
  return { authorization: `Basic ${basic}` };
}

export async function openStand(
  settings: Readonly<Record<string, string>> = {},
  options: UpstreamOptions = {},
): Promise<Stand> {
  const ports = await openMemoryPorts();
  const upstream = await TestUpstream.start(options);
  const site = await startPrimary('tokyo', ports, { ...SETTINGS, ...settings });
  const ask: Stand['ask'] = (what, init = {}) => {
    const [method = '', path = ''] = what.split(' ');
    const { body } = init;
    const content =
      body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const type = content === body ? {} : { 'content-type': 'application/json' };
    const length = content ? { 'content-length': content.length } : {};
    const headers = { ...authorizationOf(init), ...type, ...length, ...init.headers };
    return exchange({
      method,
      url: new URL(path, site.url),
      headers,
      ...(content ? { body: content } : {}),
    });
  };
  const manage = async (what: string, body: object) => {
    const answer = await ask(what, { body });
    expect(answer.status, answer.body.toString()).to.be.oneOf([200, 201]);
  };
  await manage('PUT /api/v1/virtual_upstreams/hub', { url: upstream.url, namespace: 'docker.io' });
  const setRegistry = (change: object) => manage('PUT /api/v1/virtual_registries/hub', change);
  await setRegistry({ upstreams: ['hub'], hosts: [MIRROR] });
  return {
    site,
    ports,
    upstream,
    ask,
    setRegistry,
    addAccount: (name, grants) =>
      manage(`PUT /api/v1/accounts/${name}`, {
        password: ADMIN.password,
        grants: Object.entries(grants).map(([pattern, actions]) => ({ pattern, actions })),
      }),
    logIn: async (scope, as, headers = {}) => {
      const query = new URLSearchParams({ service: 'test', scope });
      const who = as === undefined ? { token: '' } : { as };
      const answer = await ask(`GET /jwt/auth?${query.toString()}`, { ...who, headers });
      return jsonOf<{ token: string }>(answer).token;
    },
    close: async () => {
      await site.stop();
      await upstream.close();
    },
  };
}
