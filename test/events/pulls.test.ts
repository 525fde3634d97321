import { expect } from 'chai';
import { Pulls, type TellPulls, tellHere } from '../../src/events/pulls.ts';
import { createLog } from '../../src/log.ts';
import type { DeedEvent } from '../../src/oci/events/event.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { MovableClock } from '../support/auth-stand.ts';
import { patternOf, repositoryNamed } from '../support/content.ts';
import { openMemoryPorts } from '../support/ports.ts';

const log = createLog('silent');
const repository = repositoryNamed('acme/app');
const pullBy = (actor: string) => ({ repository, actor });

describe('pulls on their way into the outbox', () => {
  let pages: (readonly DeedEvent[])[];
  let tell: TellPulls;
  let pulls: Pulls;

  beforeEach(() => {
    pages = [];
    tell = async (page) => {
      pages.push(page);
      return true;
    };
    const given: TellPulls = (...page) => tell(...page);
    pulls = new Pulls({ tell: given, clock: new MovableClock(), randomness, log });
  });

  const told = () => pages.flat().map(({ data }) => data.actor);
  const note = (...actors: string[]) => actors.forEach((actor) => pulls.note(pullBy(actor)));

  it('are told many at once, in their order', async () => {
    const names = Array.from({ length: 120 }, (_, at) => `a${at}`);
    note(...names);
    await pulls.flush();
    expect(told()).to.deep.equal(names);
    expect(pages.map((page) => page.length)).to.deep.equal([50, 50, 20]);
    expect(new Set(pages.flat().map(({ id }) => id)).size).to.equal(120);
  });

  it('are kept while nobody can be told, and told under the same ids', async () => {
    const whole = tell;
    const failed: (readonly DeedEvent[])[] = [];
    tell = async (page) => {
      failed.push(page);
      throw new Error('away');
    };
    note('a', 'b');
    await pulls.flush();
    note('c');
    tell = whole;
    await pulls.close();
    expect(told()).to.deep.equal(['a', 'b', 'c']);
    expect(pages.flat().slice(0, 2)).to.deep.equal(failed[0]);
  });

  it('are bounded: the oldest are dropped (A51)', async () => {
    note(...Array.from({ length: 5003 }, (_, at) => `a${at}`));
    await pulls.flush();
    expect(told()).to.have.lengthOf(5000);
    expect(told()[0]).to.equal('a3');
  });

  it('are forgotten where nobody wants to be told', async () => {
    tell = async () => false;
    expect(pulls.isWanted).to.equal(true);
    note('a');
    await pulls.flush();
    expect(pulls.isWanted).to.equal(false);
    tell = async () => true;
    await pulls.flush();
    expect(pulls.isWanted).to.equal(true);
    expect(told()).to.deep.equal([]);
  });

  it('are wanted where an enabled webhook says so', async () => {
    const ports = await openMemoryPorts();
    const { signal } = new AbortController();
    const ask = () => tellHere(ports)([], signal);
    const register = (types: readonly ['pull'] | readonly ['push'], isEnabled: boolean) => {
      const wants = { types, repositories: [patternOf('**')], sites: [] };
      return ports.webhooks.record({ name: 'ci', url: 'http://ci', isEnabled, wants });
    };
    expect(await ask()).to.equal(false);
    await register(['push'], true);
    expect(await ask()).to.equal(false);
    await register(['pull'], false);
    expect(await ask()).to.equal(false);
    await register(['pull'], true);
    expect(await ask()).to.equal(true);
  });
});
