import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { InterruptedError, ShapeError, ValueError } from '../../src/lib/errors';
import { inThread, threads } from '../../src/lib/run';

const file = join(import.meta.dirname, 'threads-work.ts');

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

describe('a function in a thread', () => {
  test('takes typed arrays, and returns what it returns', async () => {
    expect(await inThread(file, 'sum', [Float64Array.of(1, 2, 4)])).toBe(7);
    expect(await inThread(file, 'later', [1])).toBe(2);
  });

  test('may be a generator, whose steps are progress', async () => {
    const seen: number[] = [];
    const value = await inThread<string, number>(file, 'steps', [3], { onProgress: (p) => seen.push(p) });
    expect(value).toBe('after 3');
    expect(seen).toEqual([1, 2, 3]);
  });

  test('finds the thread of the call before', async () => {
    const first = await inThread(file, 'thread', []);
    expect(first).not.toBe(0);
    expect(await inThread(file, 'thread', [])).toBe(first);
  });

  test('runs beside another one, and a third waits for its turn', async () => {
    vi.stubEnv('KERNELBOOK_THREADS', '2');
    await Promise.all([inThread(file, 'thread', []), inThread(file, 'thread', [])]); // both have started
    const spans = await Promise.all([1, 2, 3].map(() => inThread<[number, number]>(file, 'busy', [60])));
    const [a, b, c] = spans.sort(([x], [y]) => x - y);
    expect(b[0]).toBeLessThan(a[1]);
    expect(c[0]).toBeGreaterThanOrEqual(Math.min(a[1], b[1]));
  });

  test('throws errors of the library with their class, and others with their words', async () => {
    await expect(inThread(file, 'refuse', [])).rejects.toThrow(ShapeError);
    await expect(inThread(file, 'refuse', [])).rejects.toThrow(
      'X: expected two rows, got one. Give another.',
    );
    await expect(inThread(file, 'fail', [])).rejects.toThrow('out of range');
    await expect(inThread(file, 'missing', [])).rejects.toThrow(/exports no function “missing”/);
    await expect(inThread(file, 'sum', [() => 0])).rejects.toThrow(/could not be cloned/);
    expect(await inThread(file, 'later', [1])).toBe(2);
  });

  test('that ends its process ends the call, not the next', async () => {
    await expect(inThread(file, 'die', [])).rejects.toThrow('The thread of die ended with 3');
    expect(await inThread(file, 'later', [1])).toBe(2);
  });

  test('is ended by its signal, wherever it is', async () => {
    const controller = new AbortController();
    const work = inThread(file, 'busy', [600_000], { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(work).rejects.toThrow(InterruptedError);
    await expect(inThread(file, 'later', [1], { signal: controller.signal })).rejects.toThrow(
      InterruptedError,
    );
    expect(await inThread(file, 'later', [1])).toBe(2);
  });

  test('is ended by the stop button of the notebook', async () => {
    const controller = new AbortController();
    vi.stubGlobal('__tslabInterrupt', controller.signal);
    const work = inThread(file, 'busy', [600_000]);
    setTimeout(() => controller.abort(), 20);
    await expect(work).rejects.toThrow(/busy: expected to run to its end, got an interrupt/);
  });

  test('leaves a process free to end', () => {
    const run = join(import.meta.dirname, '../../src/lib/run/index.ts');
    const code = `import(${JSON.stringify(run)}).then((m) => m.inThread(${JSON.stringify(file)}, 'later', [1])).then(console.log)`;
    const output = execFileSync(process.execPath, ['--import', 'tsx', '-e', code], { timeout: 30_000 });
    expect(String(output).trim()).toBe('2');
  });
});

describe('the number of threads', () => {
  test('is what KERNELBOOK_THREADS says, or that of the cores', () => {
    vi.stubEnv('KERNELBOOK_THREADS', '3');
    expect(threads()).toBe(3);
    vi.stubEnv('KERNELBOOK_THREADS', '');
    expect(threads()).toBeGreaterThanOrEqual(1);
    vi.stubEnv('KERNELBOOK_THREADS', 'many');
    expect(threads).toThrow(ValueError);
  });
});
