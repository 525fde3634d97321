import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { establishIdentity } from '../../../src/auth/identity.ts';
import { VERSION } from '../../../src/config/version.ts';
import { loadConfig } from '../../../src/config.ts';
import { describeApi } from '../../../src/http/api/openapi.ts';
import { createLog } from '../../../src/log.ts';
import { describeApp } from '../../../src/server.ts';
import { openSite } from '../../../src/site.ts';
import { ROOT } from '../../architecture/sources.ts';
import { openMemoryPorts } from '../../support/ports.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

interface Layer {
  readonly methods: readonly string[];
  readonly path: string | RegExp;
}

/** Every route of the management API, as the document writes it: `GET /api/v1/sites`. */
async function listRoutes(): Promise<string[]> {
  const ports = await openMemoryPorts();
  const identity = await establishIdentity(ports.identityStore, { cluster: 'test', site: 'a' });
  const config = await loadConfig(undefined, { MERIDIAN_SITE: 'a' });
  const site = await openSite({ config, ports, identity, log: createLog('silent') });
  const { openApi } = describeApp(site, new AbortController().signal);
  const layers = (await openApi!()).flatMap(({ stack }): readonly Layer[] => stack);
  await site.close();
  const routes = layers.flatMap(({ methods, path }) =>
    textsOf(path).flatMap((text) =>
      methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${text}`),
    ),
  );
  return routes.filter((route) => route.includes(' /api/v1/')).toSorted();
}

/** Paths as the document writes them, of what may be a pattern with alternatives at its end. */
function textsOf(path: string | RegExp): string[] {
  const text =
    typeof path === 'string'
      ? path
      : path.source
          .replaceAll(/\(\?<(\w+)>[^)]*\)/g, ':$1')
          .replaceAll('\\/', '/')
          .replaceAll(/[\^$]/g, '');
  const [, begin = text, ends = ''] = /^(.+)\(\?:(.+)\)$/.exec(text) ?? [];
  return ends.split('|').map((end) => {
    return `${begin}${end}`.replaceAll(/:(\w+)/g, '{$1}').replace(/(?<=.)\/$/, '');
  });
}

function readJson(path: string): { readonly version?: string } {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as { version?: string };
}

describe('the OpenAPI document', () => {
  const document = describeApi(VERSION) as unknown as Document;

  it('names every route of the management API, and no other', async () => {
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).to.deep.equal(await listRoutes());
  });

  it('is the one in docs/api, and has the version of the package', () => {
    expect(readJson('docs/api/openapi.json')).to.deep.equal(JSON.parse(JSON.stringify(document)));
    expect(readJson('package.json').version).to.equal(VERSION);
  });

  it('says of a body what it must hold', () => {
    const text = JSON.stringify(document.paths['/api/v1/sites']!['post']);
    expect(text).to.include('"required":["name"]').and.to.not.include('$schema');
  });
});
