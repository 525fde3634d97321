/** The suite against our own registry, with everything at hand: no line is pending. */
import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../src/clock.ts';
import { type PathPattern, parsePathPattern } from '../../src/oci/path-pattern.ts';
import type { Action } from '../../src/storage/accounts.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import type { Credentials } from './client.ts';
import type { AtHand, Grant } from './stage.ts';
import { describeDistribution } from './suite.ts';

const started: TestRegistry[] = [];

async function start(options: Parameters<typeof startRegistry>[0] = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  started.push(registry);
  return registry;
}

describeDistribution('Meridian', {
  seed: 'meridian',
  open: async () => {
    const registry = await start();
    const { user, password } = registry;
    const url = new URL(registry.url);
    return { url, credentials: { user, password }, atHand: handsOn(registry) };
  },
  close: async () => {
    for (const registry of started) await registry.close();
  },
});

function handsOn(registry: TestRegistry): AtHand {
  return {
    addAccount: (grants) => addAccount(registry, grants),
    aging: startAging,
    withoutDeletion: async () => new URL((await start({ changes: 'push' })).url),
    readOnly: async () => new URL((await start({ changes: 'none' })).url),
  };
}

async function addAccount(registry: TestRegistry, grants: readonly Grant[]): Promise<Credentials> {
  const user = `user-${randomUUID()}`;
  await registry.addAccount(
    user,
    grants.map(({ pattern, actions }) => ({
      pattern: parsePathPattern(pattern) as PathPattern,
      actions: actions as Action[],
    })),
  );
  return { user, password: registry.password };
}

async function startAging() {
  let passedMs = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => new Date(Date.now() + passedMs),
  };
  const { url } = await start({ clock });
  const passTime = (durationMs: number): void => {
    passedMs += durationMs;
  };
  return { url: new URL(url), passTime };
}
