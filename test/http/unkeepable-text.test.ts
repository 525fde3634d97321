import { expect } from 'chai';
import { OCI_MANIFEST } from '../../src/oci/media-type.ts';
import { PolicyStand } from '../support/lifecycle/stand.ts';
import { openPostgresPorts } from '../support/ports.ts';
import type { Image } from '../two-sites/client.ts';

const NUL = '\0';
const HALF = '\ud800';

type Request = readonly [method: string, path: string, body?: object];

/** Each with a text that PostgreSQL cannot keep, or look for. */
const requestsWith = (text: string): Request[] => {
  const at = text === NUL ? 'a%00b' : 'a%ED%A0%80b';
  const hook = { url: 'http://hooks.test/' };
  const protection = '/api/v1/protections/x?path=acme';
  return [
    ['PUT', protection, { tags: ['*'], accounts: [text] }],
    ['PUT', protection, { tags: ['*'], groups: [text] }],
    ['PUT', protection, { tags: ['*'], [text]: 1 }],
    ['GET', `/api/v1/retentions?path=${at}`],
    ['PUT', '/api/v1/accounts/ann', { kind: 'person', password: text.repeat(20), grants: [] }],
    ['GET', `/api/v1/accounts?last=${at}`],
    ['GET', `/api/v1/accounts?group=${at}`],
    ['GET', `/api/v1/accounts/${at}`],
    ['DELETE', `/api/v1/accounts/${at}`],
    ['PUT', `/api/v1/account_groups/${at}`, {}],
    ['PUT', '/api/v1/account_groups/devs', { description: text }],
    ['GET', `/api/v1/account_groups?last=${at}`],
    ['GET', `/api/v1/account_groups/${at}/members`],
    ['PUT', `/api/v1/account_groups/devs/members/${at}`, {}],
    ['PUT', `/api/v1/webhooks/${at}`, hook],
    ['GET', `/api/v1/webhooks/${at}/deliveries`],
    ['PUT', '/api/v1/webhooks/one', { ...hook, headers: { x: text } }],
    ['PUT', '/api/v1/webhooks/one', { ...hook, paths: [text], mediaTypes: [text] }],
    ['GET', `/api/v1/audit?actor=${at}`],
    ['GET', `/api/v1/audit?path=${at}`],
    ['GET', `/api/v1/activity?actor=${at}`],
    ['GET', `/api/v1/activity?last=${at}`],
    ['GET', `/api/v1/groups?last=${at}`],
    ['GET', `/api/v1/groups?match=${at}`],
    ['GET', `/api/v1/projects?group=${at}`],
    ['GET', `/api/v1/repositories?project=${at}`],
    ['GET', `/api/v1/repositories?match=${at}`],
    ['GET', `/api/v1/repositories/acme/app/tags?match=${at}`],
    ['GET', `/api/v1/sites/tokyo/failures?last=${at}`],
    ['GET', `/api/v1/virtual_upstreams?last=${at}`],
    ['GET', `/api/v1/virtual_upstreams/${at}`],
    ['PUT', '/api/v1/virtual_upstreams/hub', { url: 'https://hub.test', user: text }],
    ['GET', `/api/v1/virtual_registries/${at}`],
    ['PUT', `/api/v1/virtual_registries/${at}`, { upstreams: [] }],
    ['GET', `/api/v1/external_images?source=${at}`],
    ['POST', '/api/v1/sites', { name: text }],
    ['POST', '/api/v1/session', { account: text, password: text }],
    ['POST', '/api/v1/accounts/admin/access-tokens', { name: text }],
    ['GET', `/v2/_catalog?last=${at}`],
    ['GET', `/v2/acme/app/tags/list?last=${at}`],
    ['GET', `/v2/acme/app/referrers/sha256:${'a'.repeat(64)}?artifactType=${at}`],
    ['GET', `/v2/token?service=${at}&scope=${at}&account=${at}`],
  ];
};

describe('texts that no database keeps', () => {
  let stand: PolicyStand;
  let image: Image;

  before(async () => {
    stand = await PolicyStand.open(openPostgresPorts);
    image = await stand.push('acme/app:x');
  });
  after(() => stand.close());

  for (const [name, text] of [
    ['NUL', NUL],
    ['half of a surrogate pair', HALF],
  ] as const) {
    it(`fail nothing, wherever they stand: ${name}`, async () => {
      for (const [method, path, body] of requestsWith(text)) {
        const answer = await stand.send(method, path, body ? { body } : {});
        const told = `${method} ${path} ${JSON.stringify(body)}: ${await answer.text()}`;
        expect(answer.status, told).to.be.below(500);
        if (body) expect(answer.status, told).to.be.within(400, 415);
      }
    });

    it(`are refused in one sentence: ${name}`, async () => {
      const body = { tags: ['*'], accounts: [text] };
      const answer = await stand.send('PUT', '/api/v1/protections/x?path=acme', { body });
      expect(answer.status).to.equal(400);
      const { errors } = (await answer.json()) as { errors: { message: string }[] };
      expect(errors[0]!.message).to.match(/^accounts\.0: this has a NUL, or half of a surrogate/);
    });

    it(`may stand in a manifest, which is kept as it is: ${name}`, async () => {
      const manifest = JSON.parse(image.manifest.toString()) as object;
      const content = JSON.stringify({
        ...manifest,
        annotations: { a: text, [text]: 'b' },
        artifactType: 'application/x.test',
        subject: { mediaType: OCI_MANIFEST, digest: image.digest, size: image.manifest.length },
      });
      const body = Buffer.from(content);
      const wish = { body, type: OCI_MANIFEST };
      const answer = await stand.send('PUT', '/v2/acme/app/manifests/odd', wish);
      expect(answer.status, await answer.text()).to.equal(201);
    });
  }

  it('are no name to sign in with', async () => {
    const credentials = Buffer.from(`bad${NUL}:password`).toString('base64');
    const headers = { authorization: `Basic ${credentials}` };
    const answer = await fetch(new URL('/v2/', stand.site.url), { headers });
    expect(answer.status).to.equal(400);
  });
});
