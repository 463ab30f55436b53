/**
 * The Jupyter kernel starts here: `node src/kernel/main.cjs <connection file>`. It is plain JavaScript, so that a
 * checkout whose packages are not installed can say so; everything else is TypeScript, loaded by tsx.
 *
 * The kernel is two threads (session.ts explains): this file is the entry of both.
 */
'use strict';
const path = require('node:path');
const { isMainThread } = require('node:worker_threads');

try {
  require.resolve('tsx/cjs');
  require.resolve('tslab');
} catch {
  const root = path.resolve(__dirname, '..', '..');
  process.stderr.write(
    `The kernel cannot start: the packages of ${root} are not installed. Run "npm run lab" there, which installs them.\n`,
  );
  process.exit(1);
}

require('tsx/cjs'); // from here on require() loads .ts files: the kernel's own, and the library that cells import
require(isMainThread ? './session.ts' : './server.ts');
