import { expect } from 'chai';
import { Coherence, type Memory } from '../src/coherence.ts';
import type { Change, ChangeLog, LogHead } from '../src/storage/change-log.ts';

const change = (position: number): Change => ({
  position,
  epoch: 1,
  at: new Date(0),
  fact: { kind: 'account-deleted', name: `a${position}` },
});

/** A change log that another process writes to. */
class OtherProcess implements Pick<ChangeLog, 'readHead' | 'list'> {
  readonly changes: Change[] = [];
  repairs = 0;

  write(count = 1): void {
    for (let i = 0; i < count; i++) this.changes.push(change(this.changes.length + 1));
  }

  async readHead(): Promise<LogHead> {
    return { position: this.changes.length, repairs: this.repairs };
  }

  async list({ after, limit }: { after: number; limit: number }): Promise<Change[]> {
    return this.changes.slice(after, after + limit);
  }
}

class Recorder implements Memory {
  readonly forgotten: number[] = [];
  cleared = 0;

  forget({ position }: Change): void {
    this.forgotten.push(position);
  }

  clear(): void {
    this.cleared += 1;
  }
}

function open(): { log: OtherProcess; memory: Recorder; coherence: Coherence } {
  const log = new OtherProcess();
  const memory = new Recorder();
  const coherence = new Coherence(log as unknown as ChangeLog);
  coherence.add(memory);
  return { log, memory, coherence };
}

describe('coherence', () => {
  it('forgets what was changed before the call, each change once and in order', async () => {
    const { log, memory, coherence } = open();
    log.write(3);
    await Promise.all([coherence.catchUp(), coherence.catchUp()]);
    log.write();
    expect(await coherence.catchUp()).to.equal(4);
    expect(memory.forgotten).to.deep.equal([1, 2, 3, 4]);
  });

  it('reads nothing where nothing changed', async () => {
    const { memory, coherence } = open();
    expect(await coherence.catchUp()).to.equal(0);
    expect(memory.forgotten).to.deep.equal([]);
  });

  it('asks for the head once for a request that hands its position on', async () => {
    const { log, memory, coherence } = open();
    log.write(2);
    const asOf = await coherence.catchUp();
    log.write();
    log.readHead = () => expect.fail('the head was asked for again');
    expect(await coherence.catchUp(asOf)).to.equal(2);
    expect(memory.forgotten).to.deep.equal([1, 2]);
  });

  it('asks where the position handed on lies ahead of it', async () => {
    const { log, memory, coherence } = open();
    log.write(3);
    expect(await coherence.catchUp(3)).to.equal(3);
    expect(memory.forgotten).to.deep.equal([1, 2, 3]);
  });

  it('forgets everything when it is far behind, and goes on from there', async () => {
    const { log, memory, coherence } = open();
    log.write(5000);
    expect(await coherence.catchUp()).to.equal(5000);
    expect(memory).to.include({ cleared: 1 });
    expect(memory.forgotten).to.deep.equal([]);
    log.write();
    expect(await coherence.catchUp()).to.equal(5001);
    expect(memory.forgotten).to.deep.equal([5001]);
  });

  it('forgets everything where changes were trimmed, or all of them are gone', async () => {
    const { log, memory, coherence } = open();
    log.write(6);
    log.list = async ({ after }) => log.changes.slice(Math.max(after, 3));
    expect(await coherence.catchUp()).to.equal(6);
    expect(memory).to.include({ cleared: 1 });
    log.write(2);
    log.list = async () => [];
    expect(await coherence.catchUp()).to.equal(8);
    expect(memory).to.include({ cleared: 2 });
    expect(memory.forgotten).to.deep.equal([]);
  });

  it('forgets everything where facts were set right beside the log', async () => {
    const { log, memory, coherence } = open();
    log.write(2);
    const before = await coherence.catchUp();
    log.repairs = 1;
    expect(await coherence.catchUp()).to.be.greaterThan(before);
    expect(memory).to.include({ cleared: 1 });
    log.write();
    expect(await coherence.catchUp()).to.be.greaterThan(before + 1);
    expect(memory.forgotten).to.deep.equal([1, 2, 3]);
    expect(memory).to.include({ cleared: 1 });
  });

  it('goes on after the log could not be read', async () => {
    const { log, memory, coherence } = open();
    log.write();
    const list = log.list.bind(log);
    log.list = async () => {
      log.list = list;
      throw new Error('away');
    };
    await coherence.catchUp().then(
      () => expect.fail('should have failed'),
      (error: Error) => expect(error.message).to.equal('away'),
    );
    await coherence.catchUp();
    expect(memory.forgotten).to.deep.equal([1]);
  });
});
