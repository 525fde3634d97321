/** A process and all that descend from it, killed as a power cut would: all at once, unasked. */
import { readdirSync, readFileSync } from 'node:fs';

/** Its own id first. Linux only: elsewhere it is alone. */
export function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of listProcesses()) {
    const parent = parentOf(entry);
    if (parent !== undefined) parents.set(entry, parent);
  }
  const family = [pid];
  for (const member of family) {
    for (const [child, parent] of parents) if (parent === member) family.push(child);
  }
  return family;
}

export function signalFamily(pid: number, signal: NodeJS.Signals): void {
  signalAll(familyOf(pid), signal);
}

/** Passes over those that are gone. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended meanwhile.
    }
  }
}

function listProcesses(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Boolean);
  } catch {
    return [];
  }
}

function parentOf(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
