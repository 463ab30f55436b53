/**
 * How many threads a native operation uses. The default is the number of physical cores (a second thread on one core
 * only takes its cache away); KERNELBOOK_THREADS, then OPENBLAS_NUM_THREADS and OMP_NUM_THREADS, change it.
 */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ValueError } from '../../errors';

export function defaultThreads(): number {
  const asked = process.env.KERNELBOOK_THREADS;
  if (asked) return checkedThreads('KERNELBOOK_THREADS', asked);
  for (const name of ['OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS']) {
    const n = Number(process.env[name]);
    if (Number.isInteger(n) && n > 0) return n;
  }
  return Math.min(availableParallelism(), physicalCores() ?? Number.POSITIVE_INFINITY);
}

/** Who keeps the library at one thread. */
let holders = 0;

/** Whether operations of any size have one thread, because other threads of this process compute beside them. */
export const heldToOne = (): boolean => holders > 0;

/** Holds them to one until the function that it gives is called. */
export function holdToOne(): () => void {
  holders++;
  return () => void holders--;
}

/** `value` as a number of threads; throws a ValueError when it is none. */
export function checkedThreads(what: string, value: number | string): number {
  const n = Number(value);
  if (Number.isInteger(n) && n >= 1 && n <= 1024) return n;
  throw new ValueError({
    what,
    expected: 'a whole number of threads, 1 or more',
    got: `${value}`,
    todo: 'Leave it unset for one thread per physical core.',
  });
}

/** Where the system tells (Linux): the number of distinct cores, hyperthreads counted once. */
function physicalCores(): number | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return undefined;
  }
  const cores = new Set<string>();
  for (const block of text.split('\n\n')) {
    const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1];
    const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
    if (socket !== undefined && core !== undefined) cores.add(`${socket}/${core}`);
  }
  return cores.size || undefined;
}
