/** A primary and its secondary, with ports of their own, for as long as a suite runs. */
import type { OpenPorts } from '../support/ports.ts';
import { invite } from './client.ts';
import { startPrimary, startSecondary, type TestSite } from './site.ts';

export interface Pair {
  readonly primary: TestSite;
  readonly secondary: TestSite;
  /** Stops both sites and closes their ports. */
  close(): Promise<void>;
}

export async function openPair(openPorts: OpenPorts): Promise<Pair> {
  const opened = [await openPorts(), await openPorts()] as const;
  const primary = await startPrimary('tokyo', opened[0]);
  const secondary = await startSecondary('lisbon', opened[1], {
    primaryUrl: primary.url,
    joinToken: await invite(primary, 'lisbon'),
  });
  const close = async () => {
    await secondary.stop();
    await primary.stop();
    await Promise.all(opened.map((ports) => ports.close()));
  };
  return { primary, secondary, close };
}
