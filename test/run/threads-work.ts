/** What the threads of threads.test.ts do. */

import { threadId } from 'node:worker_threads';
import { ShapeError } from '../../src/lib/errors';

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

export function refuse(): never {
  throw new ShapeError({ what: 'X', expected: 'two rows', got: 'one', todo: 'Give another.' });
}

export function fail(): never {
  throw new RangeError('out of range');
}

export const die = () => process.exit(3);
