import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { hasProgram } from '../support/programs/commands.ts';
import { skip } from '../support/skips.ts';
import { makeImage, pull, push, send, until } from '../two-sites/client.ts';
import type { TestSite } from '../two-sites/site.ts';
import {
  openStand,
  openWindow,
  PUSHED,
  pushImages,
  type Stand,
  signIn,
  takePicture,
  VIEWS,
} from './stand.ts';

const FAR = 3_600_000;

async function ask<T>({ url }: TestSite, path: string): Promise<T> {
  const answer = await send(`${url}/api/v1/${path}`);
  expect(answer.status, path).to.equal(200);
  return (await answer.json()) as T;
}

describe('what people do in the console', function () {
  this.timeout(120_000);
  let stand: Stand;
  let page: Page;
  let window: Awaited<ReturnType<typeof openWindow>>;

  before(async function () {
    if (!hasProgram('chromium')) skip(this, 'chromium is not on the PATH');
    stand = await openStand();
    await pushImages(stand);
    window = await openWindow(stand, VIEWS[0]!);
    ({ page } = window);
  });
  after(async () => {
    await window?.close();
    await stand?.close();
  });

  const show = async (site: TestSite, path: string) => {
    await page.goto(`${site.url}/console/${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
  };

  /** Its blobs fail at the secondary, and would be tried again in an hour. */
  const failToCopy = async (name: string) => {
    const { primary, secondary } = stand;
    const { ledger } = secondary.ports;
    // What was pushed before is there, so that this image alone is wanted.
    for (const [name, tag] of PUSHED.map((image) => image.split(':'))) {
      const path = `repositories/${name}/manifests/${tag}/wait`;
      await ask(primary, `${path}?sites=lisbon&timeout=30s`);
    }
    await send(`${primary.url}/api/v1/sites/lisbon/pause`, { method: 'POST' });
    await until('it is paused', async () => {
      const { isPaused } = await ask<{ isPaused: boolean }>(secondary, 'sites/lisbon/status');
      return isPaused;
    });
    const image = makeImage(3000);
    await push({ site: primary.url, name }, image);
    await until('its blobs are wanted', async () => (await ledger.status()).objects.fresh === 2);
    const now = new Date();
    const later = new Date(now.getTime() + FAR);
    for (let entry = await claim(); entry; entry = await claim()) {
      const failure = { holder: 'test', message: 'the disk is full', retryAt: later };
      await ledger.fail(entry.digest, { ...failure, reason: 'no-room' });
    }
    await send(`${primary.url}/api/v1/sites/lisbon/resume`, { method: 'POST' });
    return image;

    function claim() {
      return ledger.claim({ holder: 'test', now, leaseUntil: later });
    }
  };

  it('see a transfer that failed, and bring it after all', async () => {
    const { secondary } = stand;
    const image = await failToCopy('acme/broken:1');
    await signIn(page, secondary);
    await show(secondary, 'replication?site=lisbon');
    const row = page.getByRole('row').filter({ hasText: 'the disk is full' }).first();
    await row.waitFor();
    expect(await row.innerText())
      .to.include('no-room')
      .and.include('acme/broken');
    await takePicture(page, 'failure');
    await row.getByRole('button', { name: 'Bring again' }).click();
    await page.getByRole('heading', { name: 'Nothing fails' }).waitFor();
    await page.getByText(/2 blobs were looked for/).waitFor();
    await takePicture(page, 'repaired');
    await pull({ site: secondary.url, name: 'acme/broken:1' }, image);
    const { failures } = await ask<{ failures: unknown[] }>(secondary, 'sites/lisbon/failures');
    expect(failures).to.deep.equal([]);
  });

  it('pause a site and let it go on', async () => {
    const { secondary } = stand;
    await show(secondary, 'replication?site=lisbon');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
  });

  it('find an image, its layers and its pull line, and delete its tag', async () => {
    const { secondary } = stand;
    const host = new URL(secondary.url).host;
    await show(secondary, 'images');
    await page.getByRole('button', { name: 'acme' }).click();
    await page.getByRole('link', { name: 'web', exact: true }).click();
    await page.getByText(`docker pull ${host}/acme/shop/web:v2`).waitFor();
    await page.getByRole('button', { name: 'Details of v1' }).click();
    await page.getByRole('heading', { name: 'Layers' }).waitFor();
    await page.getByText('40.0 KB').first().waitFor();
    await page.getByRole('cell', { name: 'whole' }).first().waitFor();
    await takePicture(page, 'image');
    await page.getByRole('button', { name: 'Delete the tag v1' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('cell', { name: 'v1', exact: true }).waitFor({ state: 'detached' });
    const { tags } = await ask<{ tags: unknown[] }>(secondary, 'repositories/acme/shop/web/tags');
    expect(tags).to.have.lengthOf(1);
  });

  it('set up a virtual registry and order its upstreams by keys and by drag', async () => {
    const { primary } = stand;
    for (const name of ['one', 'two']) {
      await send(`${primary.url}/api/v1/virtual_upstreams/${name}`, {
        method: 'PUT',
        body: JSON.stringify({ prefix: `acme/${name}` }),
        headers: { 'content-type': 'application/json' },
      });
    }
    await signIn(page, primary);
    await show(primary, 'virtual');
    await page.getByRole('button', { name: 'New registry' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('hub');
    await page.getByRole('button', { name: 'Make it' }).click();
    for (const name of ['one', 'two']) {
      await page.getByRole('button', { name: 'List another' }).click();
      await page.getByRole('dialog').getByLabel('Upstream').selectOption(name);
      await page.getByRole('button', { name: 'List it' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await page.getByRole('button', { name: 'Ask two sooner' }).press('Enter');
    await until('the order is kept', async () => {
      const hub = await ask<{ upstreams: string[] }>(primary, 'virtual_registries/hub');
      return hub.upstreams.join() === 'two,one';
    });
    const row = (name: string) => page.getByRole('listitem').filter({ hasText: `Ask ${name} ` });
    await row('one').dragTo(row('two'));
    await until('the order is the one of before', async () => {
      const hub = await ask<{ upstreams: string[] }>(primary, 'virtual_registries/hub');
      return hub.upstreams.join() === 'one,two';
    });
    await page.getByRole('button', { name: 'Test' }).first().click();
    await page.getByText('a part of this registry').waitFor();
    await takePicture(page, 'virtual-registry');
  });

  it('make an access token, which is shown once', async () => {
    const { primary } = stand;
    await show(primary, 'accounts/admin');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Label').fill('build machine');
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByText('The token, this once.').waitFor();
    await takePicture(page, 'token');
    await page.reload();
    await page.getByRole('cell', { name: 'build machine', exact: true }).waitFor();
    expect(await page.getByText('The token, this once.').count()).to.equal(0);
  });

  it('see no secret among the settings', async () => {
    const { primary } = stand;
    const { settings } = await ask<{ settings: { variable: string; value: string | null }[] }>(
      primary,
      'settings',
    );
    const valueOf = (name: string) => settings.find(({ variable }) => variable === name)?.value;
    expect(valueOf('MERIDIAN_SITE')).to.equal('tokyo');
    expect(valueOf('MERIDIAN_ADMIN_PASSWORD')).to.equal(null);
    const stranger = await fetch(`${primary.url}/api/v1/settings`);
    expect(stranger.status).to.equal(401);
  });

  it('sign out, and see nothing any more', async () => {
    const { primary } = stand;
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto(`${primary.url}/console/sites`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(window.faults).to.deep.equal([]);
  });

  it('see what they may pull and themselves, where they do not administer', async () => {
    const { primary } = stand;
    const ann = { user: 'ann', password: 'a-long-enough-password' };
    const grants = [{ pattern: 'acme/**', actions: ['pull'] }];
    const made = await send(`${primary.url}/api/v1/accounts/ann`, {
      method: 'PUT',
      body: JSON.stringify({ password: ann.password, grants }),
      headers: { 'content-type': 'application/json' },
    });
    expect(made.status).to.equal(201);
    await signIn(page, primary, ann);
    await page.getByRole('button', { name: 'acme' }).waitFor();
    expect(await page.getByRole('button', { name: 'tools' }).count()).to.equal(0);
    const pages = page.getByRole('navigation', { name: 'Pages' });
    expect(await pages.getByRole('link').allInnerTexts()).to.deep.equal([
      'Images',
      'Activity',
      'Accounts',
    ]);
    await pages.getByRole('link', { name: 'Accounts' }).click();
    await page.getByRole('heading', { name: 'ann', level: 1 }).waitFor();
    await page.getByText('acme/**').waitFor();
    await takePicture(page, 'person');
    expect(window.faults).to.deep.equal([]);
  });
});
