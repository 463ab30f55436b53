import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  choleskyAsync,
  eigh,
  eighAsync,
  gemm,
  gemmAsync,
  Matrix,
  syrk,
  useBackend,
} from '../../src/lib/linalg';
import { later, type Step, type Steps } from '../../src/lib/linalg/steps';
import { hasNative, normal, onEachBackend } from './backends';

const run = promisify(execFile);

describe('steps', () => {
  test('stand in one queue: a second call’s heavy step starts after the first one’s has ended', async () => {
    const log: string[] = [];
    function* work(name: string): Steps<string> {
      log.push(`${name} called`);
      for (const part of [1, 2]) {
        const step: Step = {
          run: () => undefined,
          runAsync: async () => {
            log.push(`${name}${part} starts`);
            await new Promise((resolve) => setTimeout(resolve, 3));
            log.push(`${name}${part} ends`);
          },
        };
        yield step;
      }
      return name;
    }
    const results = await Promise.all([later(work('a')), later(work('b'))]);
    expect(results).toEqual(['a', 'b']);
    expect(log.slice(0, 2)).toEqual(['a called', 'b called']); // up to the first step: inside the call
    for (let i = 2; i < log.length; i += 2) expect(log[i + 1]).toBe(log[i].replace('starts', 'ends'));
    expect(log).toHaveLength(10);
  });
});

onEachBackend((dtype) => {
  test('a call that fails in the queue does not stop those behind it', async () => {
    const A = normal(30, 30, dtype);
    const failing = choleskyAsync(Matrix.zeros(30, 30, dtype));
    const behind = gemmAsync(A, A);
    await expect(failing).rejects.toThrow(/row 0 of 30/);
    expect(Array.from((await behind).data)).toEqual(Array.from(gemm(A, A).data));
  });

  test('the event loop goes on during a product', async () => {
    const A = normal(700, 700, dtype);
    let ticks = 0;
    let running = true;
    const tick = () => {
      ticks++;
      if (running) setImmediate(tick);
    };
    const pending = gemmAsync(A, A);
    setImmediate(tick);
    await pending;
    running = false;
    expect(ticks).toBeGreaterThan(3);
  });

  test('synchronous calls during asynchronous ones give the same digits as alone', async () => {
    const K = syrk(normal(120, 120, dtype));
    const A = normal(50, 60, dtype);
    const product = Array.from(gemm(A, A, { transposeB: true }).data);
    const values = Array.from(eigh(K).values);
    const pending = eighAsync(K);
    for (let i = 0; i < 5; i++) {
      expect(Array.from(gemm(A, A, { transposeB: true }).data)).toEqual(product);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(Array.from((await pending).values)).toEqual(values);
  });
});

describe.skipIf(!hasNative)('native', () => {
  beforeAll(() => void useBackend('native'));
  afterAll(() => void useBackend('auto'));

  test('the event loop goes on during a factorisation', async () => {
    const K = syrk(normal(500, 500, 'float64'));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await eighAsync(K);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });

  test('buffers that nothing else refers to survive garbage collection during a call', async () => {
    const { stdout } = await run(
      process.execPath,
      ['--expose-gc', '--import', 'tsx', 'test/linalg/collected.ts'],
      { timeout: 50_000 },
    );
    expect(stdout.trim()).toBe('every product is right');
  });

  test('a process that exits during a call exits with its own code', async () => {
    const program = `
      import { eighAsync, Matrix } from './src/lib/linalg';
      const A = Matrix.identity(900);
      for (let i = 0; i < 900; i++) for (let j = 0; j < i; j++) A.data[i * 900 + j] = A.data[j * 900 + i] = Math.sin(i * j);
      void eighAsync(A);
      setTimeout(() => process.exit(7), 20);
    `;
    const failure = await run(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      program,
    ]).then(
      () => undefined,
      (error: { code: number }) => error,
    );
    expect(failure?.code).toBe(7);
  });
});
