/**
 * `npm run bench [-- row… --setup-peers --threads 1,2 --repeats 5 --by cpu]`: measures the library against the Python packages
 * that do the same, and holds the ratios against the targets of each row (bench/rows/). Nothing in the tests depends
 * on time; this is where time is looked at.
 *
 * Each side of a row is a process of its own that answers JSON lines (bench/worker.ts; bench/peers/*.py). All get the
 * same input files and the same number of threads, are warmed up, and then run in turn; the best of several rounds
 * counts, and what they computed is compared. The peers live in `.peers/`, which `--setup-peers` makes from
 * bench/requirements*.txt; without it the rows print our own times.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { defaultThreads } from '../src/lib/linalg/native/threads';
import { measure, type RowResult } from './measure';
import { findPeers, setUpPeers } from './peers';
import { printRow, printSummary } from './report';
import { rows } from './rows';

const USAGE =
  'usage: npm run bench [-- row… --setup-peers --threads 1,2 --repeats 5 --by cpu]\n' +
  `rows: ${rows.map((row) => row.name).join(', ')}`;

/** Runs the benchmarks that `args` name, all by default; returns the exit code: 1 when a must is missed. */
export async function bench(args: string[], root = process.cwd()): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'setup-peers': { type: 'boolean', default: false },
      threads: { type: 'string' },
      repeats: { type: 'string' },
      by: { type: 'string', default: 'wall' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const unknown = positionals.filter((name) => !rows.some((row) => row.name.startsWith(name)));
  if (unknown.length > 0) {
    console.error(`bench: no row begins with ${unknown.join(', ')}.\n${USAGE}`);
    return 2;
  }
  const threads = (values.threads ?? String(defaultThreads())).split(',').map(Number);
  const repeats = Number(values.repeats ?? 5);
  if (!threads.concat(repeats).every((n) => Number.isInteger(n) && n >= 1)) {
    console.error(`bench: --threads and --repeats take whole numbers from 1.\n${USAGE}`);
    return 2;
  }
  if (values.by !== 'wall' && values.by !== 'cpu') {
    console.error(
      `bench: --by takes wall or cpu (processor time, for one thread on a busy machine).\n${USAGE}`,
    );
    return 2;
  }
  const by = values.by === 'cpu' ? 'cpu' : 'seconds';
  if (values['setup-peers']) setUpPeers(root);
  const peers = findPeers(root);
  for (const line of peers.notes) console.log(line);
  const chosen = rows.filter(
    (row) => positionals.length === 0 || positionals.some((p) => row.name.startsWith(p)),
  );
  const results: RowResult[] = [];
  for (const count of threads) {
    console.log(`\nthreads: ${count}`);
    for (const row of chosen) {
      const result = await measure(row, { root, threads: count, repeats, peers, by });
      results.push(result);
      printRow(result);
    }
  }
  const file = join(root, 'out', 'bench.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  printSummary(results, file);
  return results.some((result) => result.judged.some((target) => target.must === false)) ? 1 : 0;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  process.exitCode = await bench(process.argv.slice(2));
