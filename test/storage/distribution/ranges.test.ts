import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { parseRange, printContentRange } from '../../../src/oci/range.ts';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import { Line } from '../../../src/storage/distribution/line.ts';
import { RangedUpstream } from '../../../src/storage/distribution/ranges.ts';
import { DistributionUpstream } from '../../../src/storage/distribution/upstream.ts';

const MIB = 1024 * 1024;
const repository = 'acme/app' as RepositoryName;
const blob = randomBytes(20 * MIB + 12_345);
const digest = digestOf(blob);

/** How the registry behaves, and what it noticed. */
class Far {
  delayMs = 0;
  /** How long its answers took, however busy this machine is. */
  tookMs = 0;
  knowsRanges = true;
  /** So many of the next answers break off in the middle. */
  breaks = 0;
  refusesFrom = Number.POSITIVE_INFINITY;
  asked = 0;
  sentBytes = 0;
  atOnce = 0;
  mostAtOnce = 0;

  async serve(range: string | undefined, response: ServerResponse): Promise<void> {
    this.asked += 1;
    this.atOnce += 1;
    response.once('close', () => {
      this.atOnce -= 1;
    });
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await sleep(this.delayMs);
    this.tookMs += this.delayMs;
    if (this.asked > this.refusesFrom) return void response.writeHead(403).end();
    const [part] = (this.knowsRanges && parseRange(range, blob.length)) || [];
    if (part) response.writeHead(206, this.#head(blob.subarray(part.start, part.end + 1), part));
    else response.writeHead(200, { 'content-length': blob.length });
    this.#send(part ? blob.subarray(part.start, part.end + 1) : blob, response);
  }

  #head(bytes: Buffer, part: { start: number; end: number }) {
    return {
      'content-length': bytes.length,
      'content-range': printContentRange(part, blob.length),
    };
  }

  #send(bytes: Buffer, response: ServerResponse): void {
    const isBroken = this.asked > 1 && this.breaks > 0;
    if (!isBroken) {
      this.sentBytes += bytes.length;
      response.end(bytes);
      return;
    }
    this.breaks -= 1;
    const half = bytes.subarray(0, bytes.length / 2);
    this.sentBytes += half.length;
    // What was written last must have left before the line breaks.
    response.write(half, () => setTimeout(() => response.destroy(), 50));
  }
}

describe('reading a blob by ranges', () => {
  let far: Far;
  let upstream: RangedUpstream;
  let close: () => Promise<unknown>;

  beforeEach(async () => {
    far = new Far();
    const server = createServer((request, response) => {
      void far.serve(request.headers.range, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const clock: Clock = { ...systemClock, elapsedMs: () => far.tookMs };
    const line = new Line({ url, clock: systemClock });
    upstream = new RangedUpstream(new DistributionUpstream(line), clock);
    close = async () => {
      await line.close();
      server.close();
    };
  });

  afterEach(() => close());

  const read = async (offset = 0) => {
    const opened = await upstream.openBlob(repository, digest, offset);
    expect(opened?.sizeBytes).to.equal(blob.length);
    return buffer(opened!.content);
  };

  it('gives all bytes in order, several requests at once, and none twice', async () => {
    far.delayMs = 100;
    expect((await read()).equals(blob)).to.equal(true);
    expect(far.mostAtOnce).to.be.within(4, 10);
    expect(far.sentBytes).to.equal(blob.length);
  });

  it('gives the rest behind an offset, down to one byte, and to none', async () => {
    for (const offset of [1, 5 * MIB + 7, blob.length - MIB, blob.length - 1]) {
      expect((await read(offset)).equals(blob.subarray(offset))).to.equal(true);
    }
    expect((await read(blob.length)).length).to.equal(0);
  });

  it('goes on where a range broke', async () => {
    far.breaks = 6;
    far.delayMs = 20;
    expect((await read()).equals(blob)).to.equal(true);
    expect(far.breaks).to.equal(0);
    expect(far.sentBytes).to.be.at.most(blob.length * 1.02);
  });

  it('asks once where a registry knows no ranges', async () => {
    far.knowsRanges = false;
    expect((await read()).equals(blob)).to.equal(true);
    expect(far.asked).to.equal(1);
  });

  it('asks a registry that is near but twice, and goes on where it broke', async () => {
    await read();
    far.asked = 0;
    far.sentBytes = 0;
    far.breaks = 1;
    expect((await read()).equals(blob)).to.equal(true);
    expect(far.asked).to.equal(3);
    expect(far.sentBytes).to.be.at.most(blob.length * 1.02);
  });

  it('gives what came before a refusal, and then breaks', async () => {
    far.refusesFrom = 4;
    far.delayMs = 20;
    const opened = await upstream.openBlob(repository, digest);
    let bytes = 0;
    const reading = (async () => {
      for await (const chunk of opened!.content) bytes += (chunk as Buffer).length;
    })();
    expect(await reading.catch((error: unknown) => error)).to.have.property('status', 403);
    expect(bytes)
      .to.be.at.least(MIB / 2)
      .and.at.most(20 * MIB);
  });

  it('holds no more than a few MiB for a reader that is slow, and ends when it goes', async () => {
    far.delayMs = 30;
    const opened = await upstream.openBlob(repository, digest);
    for await (const chunk of opened!.content) {
      expect(chunk).to.have.property('length');
      break;
    }
    const asked = far.asked;
    await sleep(100);
    expect(far.asked).to.equal(asked);
    expect(far.atOnce).to.equal(0);
    const waiting = await upstream.openBlob(repository, digest);
    far.sentBytes = 0;
    waiting!.content.read();
    await sleep(200);
    expect(far.sentBytes).to.be.at.most(6 * MIB);
    waiting!.content.destroy();
    await sleep(50);
    expect(far.atOnce).to.equal(0);
  });
});
