/** Groups what has arrived: one at a time while little comes, many at once while much does. */
import { setImmediate } from 'node:timers/promises';

export interface Fullness {
  readonly items: number;
  readonly characters: number;
}

/**
 * Gives the lines in groups, each as soon as it has one line and no other is waiting, or it is
 * full. Reads one line ahead of its consumer and no further.
 */
export async function* gather(
  lines: AsyncIterable<string>,
  full: Fullness,
): AsyncGenerator<string[]> {
  const iterator = lines[Symbol.asyncIterator]();
  const readOn = () => {
    const next = iterator.next();
    // It may break while the group before it is at work; that is heard when its turn comes.
    next.catch(() => undefined);
    return next;
  };
  let next = readOn();
  for (;;) {
    const first = await next;
    if (first.done) return;
    const group = [first.value];
    let characters = first.value.length;
    next = readOn();
    while (group.length < full.items && characters < full.characters) {
      const more = await Promise.race([next.catch(() => undefined), setImmediate(undefined)]);
      if (!more || more.done) break;
      group.push(more.value);
      characters += more.value.length;
      next = readOn();
    }
    yield group;
  }
}
