import { once } from 'node:events';
import { expect } from 'chai';
import { type Started, startProgram } from './support/programs/program.ts';

/** Its exit code, once it was stopped in that way. */
async function endOf({ process: child }: Started, stop: () => void): Promise<unknown> {
  const exited = once(child, 'exit');
  stop();
  return (await exited)[0];
}

describe('a site that is told to stop', function () {
  this.timeout(60_000);
  let program: Started | undefined;

  afterEach(async () => {
    await program?.stop('SIGKILL');
  });

  it('ends in order for SIGTERM', async () => {
    const started = await startProgram();
    program = started;
    expect(await endOf(started, () => started.process.kill('SIGTERM'))).to.equal(0);
    expect(started.output()).to.include('stopping: what runs may finish');
  });

  it('keeps its database while it drains, when a terminal signals the whole group', async () => {
    const started = await startProgram({ hasOwnGroup: true });
    program = started;
    const code = await endOf(started, () => process.kill(-started.process.pid!, 'SIGINT'));
    expect(code).to.equal(0);
    expect(started.output()).to.not.include('PostgreSQL is gone');
  });

  it('ends several processes in order when a terminal signals the whole group', async () => {
    const env = { MERIDIAN_PROCESSES: '2' };
    const started = await startProgram({ hasOwnGroup: true, env });
    program = started;
    const code = await endOf(started, () => process.kill(-started.process.pid!, 'SIGINT'));
    expect(code).to.equal(0);
    expect(started.output()).to.not.include('a process died');
  });
});
