import { expect } from 'chai';
import type { Clock } from '../../../src/clock.ts';
import { Breaker } from '../../../src/storage/distribution/breaker.ts';

/** Time that passes when it is told to, and wakes who sleeps until then. */
class WakingClock implements Clock {
  #nowMs = 0;
  readonly #sleeping = new Set<{ readonly untilMs: number; readonly wake: () => void }>();

  now = () => new Date(this.#nowMs);
  elapsedMs = () => this.#nowMs;
  sleep = (milliseconds: number) =>
    new Promise<void>((wake) => {
      this.#sleeping.add({ untilMs: this.#nowMs + milliseconds, wake });
    });

  async pass(milliseconds: number): Promise<void> {
    this.#nowMs += milliseconds;
    for (const sleeper of this.#sleeping) {
      if (sleeper.untilMs > this.#nowMs) continue;
      this.#sleeping.delete(sleeper);
      sleeper.wake();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a breaker', () => {
  let clock: WakingClock;
  let breaker: Breaker;
  let isAway: boolean;

  beforeEach(() => {
    clock = new WakingClock();
    isAway = true;
    const probe = async () => {
      if (isAway) throw new Error('no answer');
    };
    breaker = new Breaker({ clock, name: 'the primary', probe });
  });
  afterEach(() => breaker.close());

  /** Lets that much time pass, in steps in which everybody who wakes gets to act. */
  const pass = async (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 50) await clock.pass(50);
  };

  it('lets all pass, and nobody wait, while the line is whole', async () => {
    breaker.admit();
    expect(await breaker.outlast()).to.equal(false);
  });

  it('lets who has nobody else to ask wait for a registry that was held up', async () => {
    breaker.fail(clock.elapsedMs());
    const patient = breaker.outlast();
    expect(() => breaker.admit()).to.throw('cannot be reached now');
    isAway = false;
    await pass(250);
    expect(await patient).to.equal(true);
    breaker.admit();
  });

  it('lets nobody wait for longer than three seconds after the line broke', async () => {
    breaker.fail(clock.elapsedMs());
    await pass(2000);
    let outlasted: boolean | undefined;
    const patient = breaker.outlast().then((it) => (outlasted = it));
    await pass(900);
    expect(outlasted).to.equal(undefined);
    await pass(100);
    expect(await patient).to.equal(false);
    // Who comes now is refused at once.
    expect(await breaker.outlast()).to.equal(false);
  });
});
