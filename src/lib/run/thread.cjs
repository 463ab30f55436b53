/**
 * One worker thread of threads.ts. Plain JavaScript, because a worker starts without a loader for TypeScript: it
 * installs one, and from then on runs the exported functions that it is asked for, one at a time. Each gets, after its
 * arguments, the ThreadContext of threads.ts.
 */
'use strict';
const { parentPort } = require('node:worker_threads');

require('tsx/cjs');
const { packed } = require('./thread-error.ts');
const { packedValue, unpackedValue } = require('./thread-value.ts');

const report = (progress) => {
  if (progress !== undefined) parentPort.postMessage({ progress: packedValue(progress) });
};
let controller = new AbortController();

parentPort.on('message', async ({ abort, file, name, args }) => {
  // Messages keep their order: an abort that comes too late finds the controller of the call that has ended.
  if (abort) return controller.abort();
  controller = new AbortController();
  const { signal } = controller;
  try {
    const work = require(file)[name];
    if (typeof work !== 'function') throw new TypeError(`${file} exports no function “${name}”`);
    const made = await work(...unpackedValue(args), { signal, report });
    parentPort.postMessage({ value: packedValue(isGenerator(made) ? exhausted(made) : made) });
  } catch (error) {
    parentPort.postMessage({ error: packed(error) });
  }
});

const isGenerator = (made) => typeof made?.next === 'function' && typeof made[Symbol.iterator] === 'function';

/** What the generator returns; what it yields goes out as progress. */
function exhausted(generator) {
  for (;;) {
    const { done, value } = generator.next();
    if (done) return value;
    report(value);
  }
}
