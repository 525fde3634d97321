import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect } from 'chai';
import { SiteClient } from '../../../src/cli/site-client.ts';
import { Client } from '../../conformance/client.ts';
import { closeConnections } from '../../conformance/exchange.ts';
import { expectStatus } from '../../conformance/repository.ts';
import { ADMIN, type Started, startProgram } from '../../support/programs/program.ts';
import { until } from '../../two-sites/client.ts';

interface Span {
  readonly site: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<Span, 'attributes'> & { attributes: readonly Attribute[] })[];
    }[];
  }[];
}

function read(attributes: readonly Attribute[]): Record<string, unknown> {
  const entries = attributes.map(({ key, value }) => [key, Object.values(value)[0]] as const);
  return Object.fromEntries(entries);
}

/** Takes what is sent to it, as a collector does. */
async function startCollector() {
  const spans: Span[] = [];
  const take = (body: Exported) => {
    for (const { resource, scopeSpans } of body.resourceSpans) {
      const site = String(read(resource.attributes)['meridian.site']);
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        spans.push({ ...span, site, attributes: read(span.attributes) });
      }
    }
    return {};
  };
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    void json(request).then((body) => response.end(JSON.stringify(take(body as Exported))));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { spans, url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';

describe('a request at a secondary', function () {
  this.timeout(90_000);
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let primary: Started | undefined;
  let secondary: Started | undefined;

  before(async () => {
    collector = await startCollector();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' };
    primary = await startProgram({ env });
    const client = new SiteClient({ url: primary.url.origin, ...ADMIN });
    const { joinToken } = await client.send<{ joinToken: string }>('POST', '/api/v1/sites', {
      name: 'lisbon',
    });
    secondary = await startProgram({
      env: {
        ...env,
        MERIDIAN_SITE: 'lisbon',
        MERIDIAN_PRIMARY_URL: primary.url.origin,
        MERIDIAN_JOIN_TOKEN: joinToken,
      },
    });
  });
  after(async () => {
    closeConnections();
    await secondary?.stop();
    await primary?.stop();
    collector.close();
  });

  it('is one trace with what the primary did for it, behind the span of its caller', async () => {
    const headers = {
      traceparent: `00-${TRACE}-${CALLER}-01`,
      'x-request-id': 'build-4711',
      'content-length': '0',
    };
    const client = new Client(secondary!.url, ADMIN);
    const answer = await client.send('POST', '/v2/team/app/blobs/uploads/', { headers });
    expectStatus(answer, 202);
    expect(answer.headers['x-request-id']).to.equal('build-4711');
    const find = (site: string) => {
      return collector.spans.find((span) => {
        const isIt = span.attributes['http.response.status_code'] === 202;
        return span.site === site && span.traceId === TRACE && isIt;
      });
    };
    await until('both sites told of it', async () => Boolean(find('main') && find('lisbon')));
    const [there, here] = [find('main')!, find('lisbon')!];
    expect(here).to.include({ parentSpanId: CALLER, name: 'POST /v2/<name>/blobs/uploads/' });
    expect(there.parentSpanId).to.equal(here.spanId);
    expect(here.attributes).to.include({
      'http.route': '/v2/<name>/blobs/uploads/',
      'meridian.repository': 'team/app',
    });
    for (const site of [primary!, secondary!]) {
      const line = site
        .output()
        .split('\n')
        .find((text) => text.includes('"id":"build-4711"'));
      const { method, path, status, account } = JSON.parse(line ?? '{}') as Record<string, unknown>;
      expect({ method, path, status, account }).to.deep.equal({
        method: 'POST',
        path: '/v2/team/app/blobs/uploads/',
        status: 202,
        account: 'admin',
      });
    }
  });

  it('has a name of its own where its caller gives none, or one that is no name', async () => {
    for (const given of [undefined, 'a b\tc']) {
      const headers = given === undefined ? {} : { 'x-request-id': given };
      const answer = await new Client(primary!.url, ADMIN).send('POST', '/v2/a/blobs/uploads/', {
        headers: { ...headers, 'content-length': '0' },
      });
      expect(answer.headers['x-request-id']).to.match(/^[0-9a-f-]{36}$/);
    }
  });
});
