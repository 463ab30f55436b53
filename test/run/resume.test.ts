import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { random } from '../../src/lib/random';
import { projectRoot, readNpy } from '../../src/lib/run';

const folder = mkdtempSync(join(tmpdir(), 'kernelbook-resume-'));
afterAll(() => rmSync(folder, { recursive: true }));

// A dozen processes may start one after the other, on a machine that does other things.
vi.setConfig({ testTimeout: 240_000 });

const JOBS = 4;
const ROWS = 2000; // 8 MB a matrix: a kill often falls into a write

interface Outcome {
  started: number[];
  hash?: string;
}

/** Runs the worker; `onJob` may kill it. */
function work(
  cache: string,
  onJob: (child: ChildProcess, started: number) => void = () => {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(projectRoot(), 'test/run/worker.ts'), String(JOBS), String(ROWS)],
      {
        cwd: projectRoot(),
        env: { ...process.env, KERNELBOOK_CACHE: cache },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const outcome: Outcome = { started: [] };
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const [kind, value] = line.split(' ');
        if (kind === 'done') outcome.hash = value;
        else {
          outcome.started.push(Number(value));
          onJob(child, outcome.started.length);
        }
      }
    });
    child.on('error', reject);
    child.on('close', () => resolve(outcome));
  });
}

const entriesOf = (cache: string) => {
  const at = join(cache, 'killed');
  return existsSync(at) ? readdirSync(at).filter((name) => !name.includes('.tmp-')) : [];
};

test('a run that is killed again and again goes on where it was and ends with the same result', async () => {
  const whole = await work(join(folder, 'whole'));
  expect(whole.started).toEqual([0, 1, 2, 3]);
  expect(whole.hash).toMatch(/^[0-9a-f]{64}$/);

  const rng = random('kills');
  const cache = join(folder, 'killed');
  let finished: Outcome = { started: [] };
  let runs = 0;
  for (; finished.hash === undefined && runs < 12; runs++) {
    const before = entriesOf(cache).length;
    const mercy = runs === 11 ? Number.POSITIVE_INFINITY : 1 + rng.integer(2);
    finished = await work(cache, (child, started) => {
      if (started === mercy) setTimeout(() => child.kill('SIGKILL'), rng.integer(60));
    });
    // What was finished is not done again, and every entry that is there is whole.
    expect(finished.started[0] ?? before).toBe(before);
    for (const entry of entriesOf(cache))
      expect(readNpy(join(cache, 'killed', entry, '0.npy')).shape).toEqual([ROWS, 500]);
  }
  expect(runs).toBeGreaterThan(2);
  expect(finished.hash).toBe(whole.hash);
  expect(entriesOf(cache)).toHaveLength(JOBS);
  // Nothing is left to do.
  expect(await work(cache)).toEqual({ started: [], hash: whole.hash });
});

test('processes that write the same entries at once all end with the same result, and leave whole entries', async () => {
  const cache = join(folder, 'together');
  const outcomes = await Promise.all([work(cache), work(cache), work(cache)]);
  expect(new Set(outcomes.map(({ hash }) => hash)).size).toBe(1);
  expect(outcomes[0].hash).toBeDefined();
  expect(readdirSync(join(cache, 'killed'))).toEqual(entriesOf(cache));
  expect(await work(cache)).toEqual({ started: [], hash: outcomes[0].hash });
});
