/** What the operating system says of a process and its descendants. Linux only, as is the bench. */
import { readFileSync } from 'node:fs';
import { familyOf } from '../faults/process-tree.ts';

/** Clock ticks of /proc a second; fixed at 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Processor time of the process and all that descend from it, in seconds. */
export function cpuSecondsOf(pid: number): number {
  return familyOf(pid).reduce((sum, member) => sum + ownCpuSeconds(member), 0);
}

/** Resident memory of one process, in MB. */
export function residentMbOf(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

/**
 * Memory of the whole family in MB, with pages that several share counted once (PSS), since
 * PostgreSQL's processes share their buffers.
 */
export function familyMemoryMb(pid: number): number {
  return familyOf(pid).reduce((sum, member) => sum + proportionalMb(member), 0);
}

function proportionalMb(pid: number): number {
  try {
    const line = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return Number(line?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it ended meanwhile
  }
}

/** Processor time that the process has used so far; nothing where it ended meanwhile. */
function ownCpuSeconds(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
