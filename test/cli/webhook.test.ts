import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { openReceiver, type Receiver } from '../storage/http/receiver.ts';
import { blobOf, imageOf, repositoryNamed } from '../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../support/ports.ts';
import { PROGRAM } from '../support/programs/path.ts';
import { until } from '../two-sites/client.ts';
import { ADMIN, startPrimary, type TestSite } from '../two-sites/site.ts';

const repository = repositoryNamed('acme/app');
const SETTINGS = { MERIDIAN_WEBHOOK_NETWORKS: '127.0.0.1', MERIDIAN_WEBHOOK_ATTEMPTS: '1' };

describe('meridian webhook', () => {
  let ports: TestPorts;
  let site: TestSite;
  let receiver: Receiver;

  before(async () => {
    ports = await openMemoryPorts();
    site = await startPrimary('tokyo', ports, SETTINGS);
    receiver = await openReceiver();
  });

  after(async () => {
    await site.stop();
    await receiver.close();
  });

  /** What the command prints. @throws where it ends with another status than 0 */
  const run = async (...words: string[]) => {
    const connection = { MERIDIAN_URL: site.url, MERIDIAN_PASSWORD: ADMIN.password };
    const env = { PATH: process.env['PATH'], ...connection };
    const program = [PROGRAM, 'webhook', ...words];
    return (await promisify(execFile)(process.execPath, program, { env })).stdout;
  };

  it('adds one, shows what became of its deliveries, and removes it', async function () {
    this.timeout(60_000);
    const added = await run('add', 'ci', receiver.url, '--sign', '--sites', 'lisbon,oslo');
    const [secret] = /whsec_\S+/.exec(added)!;
    expect((await ports.webhooks.find('ci'))!.secret).to.equal(secret);
    expect(await run('list')).to.match(/ci .* yes .* image.complete of \*\* at lisbon, oslo/);

    receiver.answer = (response) => void response.writeHead(503).end();
    const manifest = imageOf('a');
    await ports.metadata.linkBlob({ repository, digest: blobOf('a'), sizeBytes: 1, actor: '' });
    const put = { repository, manifest, tags: [], mayOverwrite: true, actor: '' };
    await ports.metadata.recordManifest(put);
    const { digest } = manifest;
    await ports.arrivals.record([{ site: 'lisbon', repository, digest, at: new Date() }]);
    await until('it is given up', async () => (await ports.outbox.count('ci')).dead === 1);
    const shown = await run('show', 'ci');
    expect(shown).to.include('answered 503').and.to.not.include(secret);
    expect(await run('deliveries', 'ci', '--state', 'dead')).to.include(digest);

    receiver.answer = (response) => void response.writeHead(200).end();
    expect(await run('redeliver', 'ci')).to.equal('1 delivery is sent again.\n');
    await until('it is told', async () => {
      return (await ports.outbox.list('ci', { state: 'delivered', limit: 1 })).length === 1;
    });
    const token = 'Authorization: Bearer not-shown';
    const changes = ['--format', 'distribution', '--types', 'push,delete', '--header', token];
    const set = await run('set', 'ci', ...changes, '--timeout', '2000', '--threshold', '5');
    expect(set).to.equal('The webhook ci is told of: push, delete.\n');
    const [listed] = JSON.parse(await run('list', '--json')) as object[];
    expect(listed).to.include({ format: 'distribution', timeoutMs: 2000, threshold: 5 });
    expect(await run('show', 'ci'))
      .to.match(/headers[ │]+Authorization/)
      .and.to.not.include('shown');
    await run('set', 'ci', '--no-header', '--backoff', '500');
    const { headers, backoffMs } = (await ports.webhooks.find('ci'))!;
    expect({ headers, backoffMs }).to.deep.equal({ headers: undefined, backoffMs: 500 });
    expect(await run('disable', 'ci')).to.equal('The webhook ci is disabled.\n');
    expect(await run('remove', 'ci')).to.equal('The webhook ci is gone.\n');
    expect(await run('list')).to.equal('There are none.\n');
  });
});
