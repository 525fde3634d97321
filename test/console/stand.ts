/** Two sites with something in them, and a browser that looks at their consoles. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { expect } from 'chai';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { ROOT } from '../architecture/sources.ts';
import { openMemoryPorts } from '../support/ports.ts';
import { invite, makeImage, push } from '../two-sites/client.ts';
import { ADMIN, startPrimary, startSecondary, type TestSite } from '../two-sites/site.ts';

/** Where the pictures of the last run lie. */
const PICTURES = join(ROOT, 'artefacts', 'console');

/** What is not there by then never comes, however much else the machine does. */
const WAIT_MS = 15_000;

export interface Stand {
  readonly primary: TestSite;
  readonly secondary: TestSite;
  readonly browser: Browser;
  close(): Promise<void>;
}

export async function openStand(): Promise<Stand> {
  const opened = [await openMemoryPorts(), await openMemoryPorts()] as const;
  const primary = await startPrimary('tokyo', opened[0], {
    MERIDIAN_PLACE: '35.68,139.69',
    MERIDIAN_WEBHOOK_NETWORKS: '127.0.0.1',
    MERIDIAN_WEBHOOK_ATTEMPTS: '1',
  });
  const secondary = await startSecondary('lisbon', opened[1], {
    primaryUrl: primary.url,
    joinToken: await invite(primary, 'lisbon'),
    settings: { MERIDIAN_PLACE: '38.72,-9.14' },
  });
  const browser = await openBrowser();
  const close = async () => {
    await browser.close();
    await secondary.stop();
    await primary.stop();
    await Promise.all(opened.map((ports) => ports.close()));
  };
  return { primary, secondary, browser, close };
}

/** Images of some groups and projects, with a tag or more. */
export const PUSHED = ['acme/shop/web:v1', 'acme/shop/web:v2', 'acme/base:12', 'tools/lint:latest'];

export async function pushImages({ primary }: Pick<Stand, 'primary'>): Promise<void> {
  for (const [index, name] of PUSHED.entries()) {
    await push({ site: primary.url, name }, makeImage(2000 + index, 40_000 * (index + 1)));
  }
}

function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

export interface View {
  readonly colours: 'light' | 'dark';
  readonly width: number;
}

/** How somebody may look at it. */
export const VIEWS: readonly View[] = [
  { colours: 'light', width: 1400 },
  { colours: 'dark', width: 1400 },
  { colours: 'light', width: 360 },
];

/** A window of its own, nobody signed in; whatever goes wrong in it fails the test. */
export async function openWindow(
  { browser }: Stand,
  { colours, width }: View,
): Promise<{
  readonly page: Page;
  readonly faults: string[];
  readonly close: () => Promise<void>;
}> {
  const context: BrowserContext = await browser.newContext({
    colorScheme: colours,
    reducedMotion: 'reduce',
    viewport: { width, height: width < 600 ? 800 : 1000 },
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // The browser itself tells of each answer that is no success.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) faults.push(message.text());
  });
  return { page, faults, close: () => context.close() };
}

export async function signIn(page: Page, { url }: TestSite, who = ADMIN): Promise<void> {
  await page.goto(`${url}/console/`);
  await page.getByLabel('Name').fill(who.user);
  await page.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.frame').waitFor();
}

/** Opens another page of the console without loading it anew, as its links do. */
export async function turnTo(page: Page, path: string): Promise<void> {
  await page.evaluate(`history.pushState(null, '', '/console/${path}')`);
  await page.evaluate("dispatchEvent(new Event('popstate'))");
}

/** Fails on each thing that keeps somebody out, with its place, and on what is beyond the edge. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary = '' }) =>
        [id, target.join(' '), failureSummary].join(' '),
      ),
    );
  });
  expect(found, `\n${found.join('\n')}\n`).to.deep.equal([]);
  const beyond = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  expect(beyond, 'columns of pixels beyond the edge').to.be.at.most(0);
}

export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
