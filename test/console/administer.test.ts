import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Locator, Page } from 'playwright-core';
import { hasProgram } from '../support/programs/commands.ts';
import { skip } from '../support/skips.ts';
import { makeImage, push, send, until } from '../two-sites/client.ts';
import {
  expectAccessible,
  openStand,
  openWindow,
  pushImages,
  type Stand,
  signIn,
  takePicture,
  turnTo,
  VIEWS,
} from './stand.ts';

/** What somebody listens with who is told of events, and what they answer. */
async function openListener() {
  const told: unknown[] = [];
  let status = 500;
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => {
      told.push(request.url);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`;
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url, told, close, getWell: () => (status = 200) };
}

/** Presses the button of a dialog that does it, and waits until it is done. */
async function confirm(dialog: Locator, words: string): Promise<void> {
  await dialog.getByRole('button', { name: words, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

describe('what administrators do in the console', function () {
  this.timeout(120_000);
  let stand: Stand;
  let page: Page;
  let window: Awaited<ReturnType<typeof openWindow>>;
  let listener: Awaited<ReturnType<typeof openListener>>;

  before(async function () {
    if (!hasProgram('chromium')) skip(this, 'chromium is not on the PATH');
    stand = await openStand();
    await pushImages(stand);
    listener = await openListener();
    window = await openWindow(stand, VIEWS[0]!);
    ({ page } = window);
    await signIn(page, stand.primary);
  });
  after(async () => {
    await window?.close();
    await listener?.close();
    await stand?.close();
  });

  const show = async (path: string) => {
    await page.goto(`${stand.primary.url}/console/${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
  };

  const ask = async <T>(path: string): Promise<T> => {
    const answer = await send(`${stand.primary.url}/api/v1/${path}`);
    expect(answer.status, path).to.equal(200);
    return (await answer.json()) as T;
  };

  /** Opens a dialog by the button of these words. */
  const openDialog = async (words: string, place: Page | Locator = page): Promise<Locator> => {
    await place.getByRole('button', { name: words, exact: true }).click();
    return page.getByRole('dialog');
  };

  it('make a robot that a path owns, and a new secret for it', async () => {
    await show('accounts');
    const dialog = await openDialog('New account');
    await dialog.getByLabel('Name', { exact: true }).fill('builder');
    await dialog.getByLabel('Kind').selectOption('robot');
    await dialog.getByLabel('Owner').fill('acme');
    await dialog.getByLabel('Where').fill('acme/**');
    await confirm(dialog, 'Make it');
    await page.getByRole('link', { name: 'builder' }).click();
    await confirm(await openDialog('New secret'), 'Make it');
    await page.getByText('The secret, this once.').waitFor();
    await page.getByRole('cell', { name: 'rotated', exact: true }).waitFor();
    await takePicture(page, 'robot');
    const robot = await ask<{ kind: string; owner: string }>('accounts/builder');
    expect(robot).to.include({ kind: 'robot', owner: 'acme' });
  });

  it('make a group, let accounts join and leave, and change what it may', async () => {
    await show('accounts');
    const dialog = await openDialog('New group');
    await dialog.getByLabel('Name', { exact: true }).fill('builders');
    await dialog.getByLabel('Where').fill('acme/**');
    await confirm(dialog, 'Make it');
    await page.getByRole('link', { name: 'builders' }).click();
    await page.getByRole('heading', { name: 'No members' }).waitFor();
    const join = await openDialog('Let an account join');
    await join.getByLabel('Account').fill('admin');
    await confirm(join, 'Join');
    await page.getByRole('cell', { name: 'admin', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Take away acme/**' }).click();
    await page.getByText('nothing of its own').waitFor();
    const group = await ask<{ grants: unknown[] }>('account_groups/builders');
    expect(group.grants).to.deep.equal([]);
    await page.getByRole('button', { name: 'Take admin out' }).click();
    await page.getByRole('heading', { name: 'No members' }).waitFor();
    const again = await openDialog('Let an account join');
    await again.getByLabel('Account').fill('admin');
    await confirm(again, 'Join');
  });

  it('set a quota, protect tags, and see what a retention would take before it does', async () => {
    await show('policies');
    const quota = await openDialog('Set a quota');
    await quota.getByLabel('Path').fill('acme');
    await quota.getByLabel('At most').fill('1.5');
    await confirm(quota, 'Set it');
    await page.getByRole('cell', { name: '1.50 GB' }).waitFor();
    const protect = await openDialog('Protect tags');
    await protect.getByLabel('Name', { exact: true }).fill('releases');
    await protect.getByLabel('Path').fill('tools');
    await confirm(protect, 'Protect');
    const keep = await openDialog('Keep only some tags');
    await keep.getByLabel('Name', { exact: true }).fill('last');
    await keep.getByLabel('Path').fill('acme/shop');
    await keep.getByLabel('So many pushed last').fill('1');
    await confirm(keep, 'Set it');
    await page.getByRole('button', { name: 'Show what would go now' }).click();
    await page.getByText('1 tag of 1 image would go.').waitFor();
    await page.getByRole('cell', { name: 'v1', exact: true }).waitFor();
    await takePicture(page, 'policies');
    await confirm(await openDialog('Delete them…'), 'Delete');
    await page.getByText('Nothing of 1 image would go.').waitFor();
    const { tags } = await ask<{ tags: { name: string }[] }>('repositories/acme/shop/web/tags');
    expect(tags.map(({ name }) => name)).to.deep.equal(['v2']);
  });

  it('are told why a form was refused, in the form', async () => {
    const keep = await openDialog('Keep only some tags');
    await keep.getByLabel('Name', { exact: true }).fill('none');
    await keep.getByRole('button', { name: 'Set it' }).click();
    expect(await keep.getByRole('alert').innerText()).to.include('at least once');
    await keep.getByRole('button', { name: 'Cancel' }).click();
    await keep.waitFor({ state: 'detached' });
  });

  it('add a webhook, see what it was not told and why, and have it told again', async () => {
    await show('webhooks');
    await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor();
    const dialog = await openDialog('New webhook');
    await dialog.getByLabel('Name', { exact: true }).fill('build');
    await dialog.getByLabel('Address').fill(listener.url);
    await confirm(dialog, 'Add it');
    await page.getByText(/whsec_/).waitFor();
    await push({ site: stand.primary.url, name: 'acme/base:13' }, makeImage(2000));
    await page.getByText('some given up').waitFor();
    await page.getByRole('button', { name: 'What was told', exact: true }).click();
    const row = page.getByRole('row').filter({ hasText: 'acme/base' }).first();
    await row.waitFor();
    expect(await row.innerText()).to.include('500');
    await takePicture(page, 'webhook');
    listener.getWell();
    await page.getByRole('button', { name: 'Send all again' }).click();
    await page.getByText('all told').waitFor();
    await until('all is told', async () => {
      const { dead, waiting } = await ask<{ dead: number; waiting: number }>('webhooks/build');
      return dead + waiting === 0;
    });
  });

  it('find in the audit log what they did, and narrow it down', async () => {
    await show('audit');
    const row = page.getByRole('row').filter({ hasText: 'account_groups/builders' }).first();
    await row.waitFor();
    expect(await row.innerText())
      .to.include('admin')
      .and.include('done');
    await page.getByLabel('What begins like').fill('webhooks/');
    await page.getByLabel('What begins like').press('Enter');
    await row.waitFor({ state: 'detached' });
    await page.getByRole('row').filter({ hasText: 'webhooks/build' }).first().waitFor();
    await page.getByLabel('Outcome').selectOption('failed');
    await page.getByRole('heading', { name: 'No such acts' }).waitFor();
  });

  for (const view of VIEWS) {
    const name = `${view.colours}-${view.width}`;
    it(`see all of it right at ${view.width} pixels in ${view.colours}`, async () => {
      const other = await openWindow(stand, view);
      await signIn(other.page, stand.primary);
      for (const path of ['accounts', 'accounts?group=builders', 'policies', 'webhooks', 'audit']) {
        await turnTo(other.page, path);
        await other.page.getByRole('heading', { level: 1 }).waitFor();
        await other.page.locator('.table, .figures').first().waitFor();
        await other.page.locator('.waiting').first().waitFor({ state: 'detached' });
        await expectAccessible(other.page);
        await takePicture(other.page, `${path.replace('?group=', '-')}-full-${name}`);
      }
      await other.close();
      expect(other.faults).to.deep.equal([]);
    });
  }
});
