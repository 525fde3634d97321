import { expect } from 'chai';
import { Client } from './conformance/client.ts';
import { closeConnections } from './conformance/exchange.ts';
import { Fixtures } from './conformance/fixtures.ts';
import { Repository } from './conformance/repository.ts';
import { ADMIN, findPort, type Started, startProgram } from './support/programs/program.ts';
import { until } from './two-sites/client.ts';

async function statusOf(url: URL): Promise<number> {
  const { status, body } = await fetch(url);
  await body?.cancel();
  return status;
}

const isOk = (status: number): boolean => status === 200;

describe('/metrics', function () {
  this.timeout(60_000);
  let program: Started;
  let metrics: URL;

  before(async () => {
    metrics = new URL(`http://127.0.0.1:${await findPort()}/metrics`);
    // Two processes, of which the parent prints the sum.
    const env = { MERIDIAN_METRICS_LISTEN: metrics.host, MERIDIAN_PROCESSES: '2' };
    program = await startProgram({ env });
  });
  after(async () => {
    closeConnections();
    await program.stop();
  });

  it('is answered at an address of its own, and nothing else is', async () => {
    await until('all processes listen', () => statusOf(metrics).then(isOk, () => false));
    expect(await statusOf(new URL('/v2/', metrics))).to.equal(404);
    expect(await statusOf(new URL('/metrics', program.url))).to.equal(404);
  });

  it('counts requests by route, and names no repository', async () => {
    const client = new Client(program.url, ADMIN);
    const repository = new Repository(client, 'secret/project', new Fixtures('metrics'));
    await repository.pushImage('v1');
    await repository.getManifest('v1');
    const text = await (await fetch(metrics)).text();
    expect(text).to.match(/_duration_seconds_count\{route="\/v2\/<name>\/manifests\/[^}]*\} \d/);
    expect(text).to.match(/meridian_http_bytes_total\{direction="in"\} [1-9]/);
    expect(text).to.match(/meridian_answers_total\{source="local"\} [1-9]/);
    expect(text).to.match(/meridian_change_log_position [1-9]/);
    expect(text).to.not.include('secret');
  });

  it('says how the site is', async () => {
    const text = await (await fetch(metrics)).text();
    for (const line of [
      'meridian_site_lag_seconds 0',
      'meridian_bytes_behind 0',
      'meridian_oldest_unreplicated_seconds 0',
      'meridian_replication_bytes_per_second 0',
      'meridian_ledger_entries{lane="fresh"} 0',
      'meridian_transfers_running 0',
      'meridian_webhook_waiting 0',
      'meridian_webhook_dead 0',
      'meridian_webhook_dropped_pulls 0',
      'meridian_failures 0',
    ]) {
      expect(text.split('\n')).to.include(line);
    }
    expect(text).to.match(/^meridian_site_position [1-9]/m);
    expect(text).to.match(/^meridian_blobs\{state="verified"\} [1-9]/m);
    expect(text).to.match(/^meridian_manifests\{state="wanted"\} 0$/m);
  });
});
