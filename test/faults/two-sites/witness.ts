/**
 * Asks a secondary how it is, again and again, and compares each answer with the oracle: where the
 * oracle sees the same before and after, the status has to say exactly that.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { SiteFigures } from '../../../src/storage/geo/site-reports.ts';
import { basic } from '../../conformance/client.ts';
import { ADMIN } from '../../two-sites/site.ts';
import { readTruth, type Truth } from './oracle.ts';

const PAUSE_MS = 50;
const ANSWER_MS = 5000;

/** @throws Error where there is no such answer */
export async function askStatus(url: URL, site: string): Promise<SiteFigures> {
  const answer = await fetch(new URL(`/api/v1/sites/${site}/status`, url), {
    headers: { authorization: basic(ADMIN) },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`the status is answered ${answer.status}: ${body}`);
  return JSON.parse(body) as SiteFigures;
}

/** In what the status differs from the truth; nothing where it is right. */
export function findLies(status: SiteFigures, truth: Truth): string[] {
  const { manifests, blobs, bytesBehind, health } = status;
  const lacking = truth.blobs - truth.verifiedBlobs;
  // What a staging holds already is behind no more, and only transfers have stagings.
  const hasStagings = status.transferring + blobs.failed > 0 && bytesBehind <= truth.bytes;
  const claims: [string, number, number][] = [
    ['position', status.appliedPosition, truth.position],
    ['manifests', manifests.total, truth.manifests],
    ['whole manifests', manifests.verified, truth.wholeManifests],
    ['blobs', blobs.total, truth.blobs],
    ['verified blobs', blobs.verified, truth.verifiedBlobs],
    ['wanted blobs', blobs.wanted, lacking],
    ['bytes behind', hasStagings ? truth.bytes : bytesBehind, truth.bytes],
  ];
  const lies = claims
    .filter(([, said, so]) => said !== so)
    .map(([what, said, so]) => `${what}: ${said} instead of ${so}`);
  const isAll = health === 'Everything is here.';
  return isAll && lacking > 0 ? [...lies, `${health} But ${lacking} blobs lack`] : lies;
}

export class Witness {
  readonly lies: string[] = [];
  comparisons = 0;
  readonly #database: Pool;
  readonly #url: URL;
  readonly #site: string;

  constructor({ database, url, site }: { database: Pool; url: URL; site: string }) {
    this.#database = database;
    this.#url = url;
    this.#site = site;
  }

  /** Until the signal aborts. What does not answer just now is asked again. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#compare().catch(() => undefined);
      await wait(PAUSE_MS);
    }
  }

  async #compare(): Promise<void> {
    const before = await readTruth(this.#database);
    const status = await askStatus(this.#url, this.#site);
    const after = await readTruth(this.#database);
    if (JSON.stringify(before) !== JSON.stringify(after)) return;
    this.comparisons += 1;
    const lies = findLies(status, before);
    if (lies.length > 0) this.lies.push(`${new Date().toISOString()} ${lies.join(', ')}`);
  }
}
