/** What the demo tells while people push and pull, by real facts of its sites. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Demo, startDemo } from '../support/programs/demo.ts';
import { makeImage, pull, push, send, until } from '../two-sites/client.ts';
import { ADMIN } from '../two-sites/site.ts';

describe('the demo with three sites', function () {
  this.timeout(120_000);
  let data: string;
  let demo: Demo;

  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'meridian-demo-'));
    await writeFile(join(data, 'admin-password'), `${ADMIN.password}\n`);
    demo = await startDemo(data, 3);
    await until('people can log in everywhere', async () => {
      const answers = await Promise.all(demo.urls.map((url) => send(`${url}/v2/`)));
      return answers.every(({ ok }) => ok);
    });
  });
  after(async () => {
    await demo?.stop();
    await rm(data, { recursive: true, force: true });
  });

  const lines = (image: string) =>
    demo
      .output()
      .split('\n')
      .filter((line) => line.includes(` ${image} `) || line.endsWith(` ${image}`));
  const untilTold = (image: string, count: number) =>
    until(`${count} lines tell of ${image}`, async () => lines(image).length >= count);

  it('tells of a push through a secondary, and when it is at the others', async () => {
    const image = makeImage(1_500_000, 500);
    await push({ site: demo.urls[2]!, name: 'team/app:1' }, image);
    await untilTold('team/app:1', 3);
    const [first, ...others] = lines('team/app:1');
    expect(first).to.match(
      /^ {2}\d\d:\d\d:\d\d {2}secondary-2 +pushed +team\/app:1 +3 blobs, 1\.5 MB, passed on /,
    );
    expect(others.map((line) => line.split(/ +/).slice(2, 4).join(' '))).to.have.members([
      'secondary arrived',
      'secondary-2 arrived',
    ]);
    await pull({ site: demo.urls[0]!, name: 'team/app:1' }, image);
    await untilTold('team/app:1', 4);
    expect(lines('team/app:1')[3]).to.match(/ primary +pulled +team\/app:1$/);
  });

  it('tells of a pull by digest that followed a look at the tag, and of no look', async () => {
    const { digest } = await pushed('team/app:2');
    const manifests = `${demo.urls[1]}/v2/team/app/manifests`;
    expect((await send(`${manifests}/2`, { method: 'HEAD' })).status).to.equal(200);
    expect((await send(`${manifests}/${digest}`)).status).to.equal(200);
    await untilTold('team/app:2', 4);
    expect(lines('team/app:2')[3]).to.match(/ secondary +pulled +team\/app:2 +\S/);
    expect((await send(`${manifests}/${digest}`)).status).to.equal(200);
    await pushed('team/app:3');
    expect(lines('team/app:2')).to.have.lengthOf(4);
  });

  /** At the primary; resolves when both others have it, and all is told. */
  async function pushed(name: string) {
    const image = makeImage(10);
    await push({ site: demo.urls[0]!, name }, image);
    await untilTold(name, 3);
    return image;
  }
});
