import { createHash } from 'node:crypto';
import { expect } from 'chai';
import Koa from 'koa';
import { systemClock as clock } from '../../../../src/clock.ts';
import { VERSION } from '../../../../src/config/version.ts';
import { describeApi, openApiRoutes } from '../../../../src/http/api/openapi.ts';
import { RunningServer } from '../../../../src/http/server.ts';

describe('the reference of the API', () => {
  let server: RunningServer;
  let answer: Response;
  let page: string;

  before(async () => {
    const app = new Koa().use(openApiRoutes(VERSION).routes());
    server = await RunningServer.listen(app.callback(), { host: '127.0.0.1', port: 0, clock });
    answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/docs`);
    page = await answer.text();
  });
  after(() => server.drain(1000));

  it('shows every operation to people', () => {
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    const { paths } = describeApi(VERSION) as { paths: Record<string, Record<string, object>> };
    for (const [path, operations] of Object.entries(paths)) {
      for (const method of Object.keys(operations)) {
        expect(page).to.include(`<b>${method.toUpperCase()}</b> ${path}<`);
      }
    }
  });

  it('runs no script, asks no other host, and has the one style that its policy names', () => {
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy)
      .to.match(/^default-src 'none'; /)
      .and.to.include("frame-ancestors 'none'");
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(policy).to.include(`style-src 'sha256-${hash}'`);
    expect(page).not.to.match(/<script|<img|<link|style="| on\w+=/i);
    const targets = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, target]) => target);
    expect(targets).to.deep.equal(['/api/v1/openapi.json']);
  });
});
