/** A primary and a secondary as an operator starts them, for clients that push and pull. */
import { expect } from 'chai';
import { basic } from '../conformance/client.ts';
import { ADMIN, findPort, type Started, startProgram } from '../support/programs/program.ts';
import { until } from '../two-sites/client.ts';
import { type CountingProxy, startCountingProxy } from '../two-sites/lines/counting-proxy.ts';
import type { Registry } from './client.ts';

/** How a secondary takes writes: `MERIDIAN_WRITES`. */
export type Writes = 'proxy' | 'redirect';

/** A site as its clients know it. */
export interface ClientSite {
  readonly url: URL;
  readonly registry: Registry;
}

export interface Pair {
  readonly primary: ClientSite;
  /** Its clients come through the line. */
  readonly secondary: ClientSite;
  /** Counts what goes between clients and the secondary. */
  readonly line: CountingProxy;
  /** Resolves when every byte of the image is verified at the secondary. */
  untilWhole(repository: string): Promise<void>;
  /** Ends the process of the primary, for good. */
  stopPrimary(): Promise<void>;
  close(): Promise<void>;
}

const AS_ADMIN = { authorization: basic(ADMIN) };

export async function openPair(writes: Writes): Promise<Pair> {
  const primary = await startProgram();
  const port = await findPort();
  const line = await startCountingProxy(`http://127.0.0.1:${port}`);
  try {
    return await openBeside(primary, { line, port, writes });
  } catch (error) {
    line.close();
    await primary.stop();
    throw error;
  }
}

interface Beside {
  readonly line: CountingProxy;
  /** Of the secondary, behind the line. */
  readonly port: number;
  readonly writes: Writes;
}

async function openBeside(primary: Started, { line, port, writes }: Beside): Promise<Pair> {
  const env = {
    MERIDIAN_SITE: 'lisbon',
    MERIDIAN_PRIMARY_URL: primary.url.origin,
    MERIDIAN_JOIN_TOKEN: await invite(primary.url),
    MERIDIAN_PUBLIC_URL: line.url,
    MERIDIAN_WRITES: writes,
  };
  const secondary = await startProgram({ port, env });
  const there = siteAt(new URL(line.url));
  try {
    await until('people can log in at the secondary', async () => {
      return (await fetch(new URL('/v2/', there.url), { headers: AS_ADMIN })).ok;
    });
  } catch (error) {
    await secondary.stop();
    throw error;
  }
  return {
    primary: siteAt(primary.url),
    secondary: there,
    line,
    untilWhole: (repository) => untilWhole(primary.url, repository),
    stopPrimary: () => primary.stop(),
    close: async () => {
      await secondary.stop();
      await primary.stop();
      line.close();
    },
  };
}

function siteAt(url: URL): ClientSite {
  return { url, registry: { host: url.host, ...ADMIN } };
}

async function invite(primary: URL): Promise<string> {
  const answer = await fetch(new URL('/api/v1/sites', primary), {
    method: 'POST',
    body: JSON.stringify({ name: 'lisbon' }),
    headers: { ...AS_ADMIN, 'content-type': 'application/json' },
  });
  expect(answer.status).to.equal(201);
  return ((await answer.json()) as { joinToken: string }).joinToken;
}

async function untilWhole(primary: URL, repository: string): Promise<void> {
  const path = `/api/v1/repositories/${repository}/manifests/v1/wait?sites=lisbon&timeout=30s`;
  const answer = await fetch(new URL(path, primary), { headers: AS_ADMIN });
  expect(answer.status, `${repository}: ${await answer.text()}`).to.equal(200);
}
