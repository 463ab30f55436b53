/**
 * One worker thread of threads.ts. Plain JavaScript, because a worker starts without a loader for TypeScript: it
 * installs one, and from then on runs the exported functions that it is asked for, one at a time.
 */
'use strict';
const { parentPort } = require('node:worker_threads');

require('tsx/cjs');
const { packed } = require('./thread-error.ts');

parentPort.on('message', async ({ file, name, args }) => {
  try {
    const work = require(file)[name];
    if (typeof work !== 'function') throw new TypeError(`${file} exports no function “${name}”`);
    const made = await work(...args);
    parentPort.postMessage({ value: isGenerator(made) ? exhausted(made) : made });
  } catch (error) {
    parentPort.postMessage({ error: packed(error) });
  }
});

const isGenerator = (made) => typeof made?.next === 'function' && typeof made[Symbol.iterator] === 'function';

/** What the generator returns; what it yields, unless that is undefined, goes out as progress. */
function exhausted(generator) {
  for (;;) {
    const { done, value } = generator.next();
    if (done) return value;
    if (value !== undefined) parentPort.postMessage({ progress: value });
  }
}
