/**
 * How many threads a native operation uses. The default is the number of physical cores (a second thread on one core
 * only takes its cache away); KERNELBOOK_THREADS, then OPENBLAS_NUM_THREADS and OMP_NUM_THREADS, change it.
 */

import { availableParallelism } from 'node:os';
import { ValueError } from '../../errors';
import { physicalCores } from './processor';

export function defaultThreads(): number {
  const asked = process.env.KERNELBOOK_THREADS;
  if (asked) return checkedThreads('KERNELBOOK_THREADS', asked);
  for (const name of ['OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS']) {
    const n = Number(process.env[name]);
    if (Number.isInteger(n) && n > 0) return n;
  }
  return Math.min(availableParallelism(), physicalCores() ?? Number.POSITIVE_INFINITY);
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
