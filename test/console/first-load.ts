/** A browser that never opened the console before, though somebody is signed in. */
import type { BrowserContext, Page } from 'playwright-core';
import { openWindow, type Stand, signIn, VIEWS } from './stand.ts';

export type Session = Awaited<ReturnType<BrowserContext['storageState']>>;

export async function keepSession(stand: Stand): Promise<Session> {
  const { page, close } = await openWindow(stand, VIEWS[0]!);
  await signIn(page, stand.primary);
  const session = await page.context().storageState();
  await close();
  return session;
}

/** Nothing is kept in it but the session's cookie. */
export async function openFresh({ browser }: Stand, session: Session) {
  const context = await browser.newContext({ storageState: session });
  const page = await context.newPage();
  return { page, close: () => context.close() };
}

/** Until its sites stand there: from then on it can be read and used. */
export async function openSites(page: Page, { primary }: Stand): Promise<void> {
  await page.goto(`${primary.url}/console/sites`, { waitUntil: 'commit' });
  await page.getByRole('heading', { name: 'tokyo' }).waitFor();
}

/** How long the thread of the page worked, by the processor's clock. */
export async function watchWork(page: Page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const readSeconds = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')!.value;
  };
  return { readSeconds };
}
