/**
 * Run by async.test.ts under `node --expose-gc`: starts products whose operands nobody else holds, collects garbage
 * again and again while they run, and writes over freed memory. If the library did not hold the operands, this
 * process would crash or the products would be wrong.
 */

import { eighAsync, gemmAsync, Matrix, useBackend } from '../../src/lib/linalg';

const collect = (globalThis as { gc?: () => void }).gc;
if (!collect) throw new Error('run with --expose-gc');

useBackend('native');

const filled = (n: number, value: number) => new Matrix(n, n, new Float64Array(n * n).fill(value));

/** Takes no reference out of its frame. */
const start = (n: number, i: number) => gemmAsync(filled(n, i), filled(n, 2)).then((C) => [n, i, C] as const);

const rounds = 12;
const pending: Promise<readonly [number, number, Matrix]>[] = [];
for (let i = 0; i < rounds; i++) pending.push(start(i % 2 ? 500 : 2, i)); // large ones, and ones that live inside the heap
const eigen = eighAsync(filled(300, 1));

let running = true;
const churn = () => {
  collect();
  for (let i = 0; i < 20; i++) new Float64Array(250_000).fill(Number.NaN);
  if (running) setImmediate(churn);
};
churn();

for (const [n, i, C] of await Promise.all(pending))
  for (const value of C.data) if (value !== 2 * n * i) throw new Error(`${value} in place of ${2 * n * i}`);
const { values } = await eigen;
if (Math.abs(values[299] - 300) > 1e-9) throw new Error(`${values[299]} in place of 300`);
running = false;
console.log('every product is right');
