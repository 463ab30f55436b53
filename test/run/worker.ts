/**
 * A process for the tests that kill: runs jobs in the cache folder of KERNELBOOK_CACHE, prints a line when a job
 * starts, and at the end the hash of all results. Arguments: how many jobs, and the rows of the matrix that each makes.
 */

import { Matrix } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';
import { hashOf, runJobs } from '../../src/lib/run';

const [jobs, rows] = process.argv.slice(2).map(Number);
const descriptions = Array.from({ length: jobs }, (_, seed) => ({ version: 1, seed, rows }));

const results = await runJobs('killed', descriptions, async ({ seed, rows }) => {
  console.log(`job ${seed}`);
  const rng = random(seed);
  const K = new Matrix(rows, 500, rng.fill(new Float64Array(rows * 500), 'normal'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  return { K, tau: rng.uniform(), rng: rng.state() };
});
console.log(`done ${hashOf('results', results)}`);
