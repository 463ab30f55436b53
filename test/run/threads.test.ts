import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { InterruptedError, ShapeError, ValueError } from '../../src/lib/errors';
import { backend, blas, gemm, gemmAsync, Matrix, useBackend } from '../../src/lib/linalg';
import { openLibrary } from '../../src/lib/linalg/native/library';
import { random } from '../../src/lib/random';
import { inThread, threads } from '../../src/lib/run';
import { hasNative } from '../linalg/backends';

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

  test('may be asynchronous, and reports what the caller gets while it goes on', async () => {
    const seen: { left: number; matrix: Matrix }[] = [];
    let over = false;
    const value = inThread<string, (typeof seen)[0]>(file, 'countDown', [3], {
      onProgress: (its) => {
        expect(over).toBe(false);
        seen.push(its);
      },
    });
    value.then(() => {
      over = true;
    });
    expect(await value).toBe('lift-off');
    expect(seen).toEqual([3, 2, 1].map((left) => ({ left, matrix: Matrix.from([[left, -left]]) })));
    expect(seen[0].matrix).toBeInstanceOf(Matrix);
  });

  test('takes and returns matrices, and of a view what it shows alone', async () => {
    const whole = random('views').fill(new Float32Array(1000), 'normal');
    const M = new Matrix(3, 2, whole.subarray(100, 106));
    const { turned, row } = await inThread<{ turned: [Matrix]; row: Float32Array }>(file, 'turned', [{ M }]);
    expect(turned[0]).toEqual(M.transpose());
    expect(turned[0]).toBeInstanceOf(Matrix);
    expect(row).toEqual(M.transpose().row(1).slice());
    expect(row.buffer.byteLength).toBe(3 * 4);
  });

  test('ends with the error of its onProgress', async () => {
    const onProgress = () => {
      throw new RangeError('seen enough');
    };
    await expect(inThread(file, 'countDown', [1000], { onProgress })).rejects.toThrow('seen enough');
    expect(await inThread(file, 'later', [1])).toBe(2);
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

  test('that heeds its signal ends by itself, and its thread lives on', async () => {
    const thread = await inThread(file, 'thread', []);
    const heed = (fails: boolean) => {
      const controller = new AbortController();
      const onProgress = () => controller.abort();
      return inThread(file, 'heed', [fails], { signal: controller.signal, heedsSignal: true, onProgress });
    };
    expect(await heed(false)).toBe('heeded');
    await expect(heed(true)).rejects.toThrow(ShapeError);
    expect(await inThread(file, 'thread', [])).toBe(thread);
    const before = inThread(file, 'heed', [false], { signal: AbortSignal.abort(), heedsSignal: true });
    await expect(before).rejects.toThrow(InterruptedError);
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

describe.skipIf(!hasNative)('products beside threads', () => {
  /** The number that the library has at this moment, for the whole process. */
  const count = () => {
    const library = openLibrary(backend().library);
    const ask = library?.openblas('get_num_threads', 'int', []);
    return ask?.() as number;
  };
  const large = random('large').fill(new Float32Array(500 * 500), 'normal');
  const M = new Matrix(500, 500, large);

  test('have one thread, of this and of the others, and theirs again afterwards', async (context) => {
    useBackend('native');
    const before = blas.threads(2);
    gemm(M, M);
    if (count() !== 2) context.skip('this library does not tell the number of its threads');
    const counts: number[] = [];
    const product = await inThread<Matrix>(file, 'squared', [M]);
    const calls = Array.from({ length: 4 }, () =>
      inThread(file, 'countDown', [3], {
        onProgress: () => {
          gemm(M, M);
          counts.push(count());
        },
      }),
    );
    expect(await inThread(file, 'ownThreads', [])).toEqual([1, 1]);
    await Promise.all(calls);
    expect(counts).toEqual(new Array(12).fill(1));
    expect(blas.threads()).toBe(2);
    gemm(M, M);
    expect(count()).toBe(2);
    expect(product.data).toBeAllclose(gemm(M, M).data, { rtol: 1e-4, atol: 1e-3 });
    blas.threads(before);
  });

  test('wait until an asynchronous product with more threads has ended', async () => {
    useBackend('native');
    const before = blas.threads(2);
    let ended = false;
    const wide = new Matrix(1500, 1500, random('wide').fill(new Float32Array(1500 ** 2), 'normal'));
    const product = gemmAsync(wide, wide).then(() => {
      ended = true;
    });
    await setImmediate(); // it has begun
    expect(ended).toBe(false);
    const first = inThread(file, 'countDown', [1], { onProgress: () => expect(ended).toBe(true) });
    await Promise.all([product, first]);
    blas.threads(before);
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
