/** What the threads of threads.test.ts do. */

import { setImmediate, setTimeout } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { ShapeError } from '../../src/lib/errors';
import { blas, gemm, Matrix } from '../../src/lib/linalg';
import { type ThreadContext, threads } from '../../src/lib/run';

export const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
export const thread = () => threadId;
export const later = async (value: number) => value + 1;

export function* steps(count: number): Generator<number | undefined, string, void> {
  for (let i = 1; i <= count; i++) {
    yield i;
    yield undefined;
  }
  return `after ${count}`;
}

/** Runs for `milliseconds` without giving way, and says from when to when. */
export function busy(milliseconds: number): [from: number, to: number] {
  const from = Date.now();
  while (Date.now() - from < milliseconds);
  return [from, Date.now()];
}

/** Reports n, n − 1 … 1, letting the event loop turn in between. */
export async function countDown(n: number, { report }: ThreadContext): Promise<string> {
  for (let left = n; left > 0; left--) {
    report({ left, matrix: Matrix.from([[left, -left]]) });
    await setImmediate();
  }
  return 'lift-off';
}

/** Waits for its signal, and ends as it likes. */
export async function heed(fails: boolean, { signal, report }: ThreadContext): Promise<string> {
  report('begun');
  while (!signal.aborted) await setTimeout(1);
  if (fails) refuse();
  return 'heeded';
}

/** The transpose, and a row of it as it lies in the whole. */
export const turned = ({ M }: { M: Matrix }) => ({ turned: [M.transpose()], row: M.transpose().row(1) });

/** How many threads products and calls have here. */
export const ownThreads = () => [blas.threads(), threads()];

/** A product that is large enough for several threads. */
export const squared = (M: Matrix) => gemm(M, M);

export function refuse(): never {
  throw new ShapeError({ what: 'X', expected: 'two rows', got: 'one', todo: 'Give another.' });
}

export function fail(): never {
  throw new RangeError('out of range');
}

export const die = () => process.exit(3);
