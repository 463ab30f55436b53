import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { InterruptedError } from '../../src/lib/errors';
import { type Kernel, linearKernel, projectedTangentKernel, tangentKernel } from '../../src/lib/kernels';
import { Matrix } from '../../src/lib/linalg';
import {
  dense,
  gradientDescent,
  meanSquaredError,
  network,
  relu,
  TrainingInterrupted,
  train,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { heedInterruption, interruption, runJobs } from '../../src/lib/run';
import { kernelLogistic } from '../../src/lib/surrogates';

/** Puts the signal of a cell where the kernel puts it. */
function cell(): AbortController {
  const controller = new AbortController();
  vi.stubGlobal('__tslabInterrupt', controller.signal);
  return controller;
}
afterEach(() => {
  vi.unstubAllGlobals();
});

const X = Matrix.zeros(300, 5, 'float64');
random('examples').fill(X.data, 'normal');
const net = network(5, [dense(7), relu(), dense(3)]);
const snapshot = net.init(random(0), { dtype: 'float64' });

describe('the running cell', () => {
  test('has a signal in a notebook, and none outside', () => {
    expect(interruption()).toBeUndefined();
    const first = cell();
    expect(interruption()).toBe(first.signal);
    const second = cell();
    expect(interruption()).toBe(second.signal);
  });

  test('is the one in which a computation began, whichever runs now', () => {
    const first = cell();
    const heed = heedInterruption('Counting');
    const second = cell();
    second.abort();
    expect(heed).not.toThrow();
    first.abort(new Error('the stop button'));
    expect(heed).toThrow(InterruptedError);
    expect(heed).toThrow(/Counting: expected to run to its end, got an interrupt/);
  });
});

describe('an interrupt of the cell', () => {
  const data = { inputs: X, targets: Matrix.zeros(300, 3, 'float64') };
  const options = {
    loss: meanSquaredError,
    optimizer: gradientDescent({ rate: 1e-3 }),
    batchSize: 100,
    rng: random(1),
  };

  test('stops a training, which can go on from its checkpoint', async () => {
    const controller = cell();
    const onEpoch = vi.fn(({ epoch }: { epoch: number }) => {
      if (epoch === 2) controller.abort();
    });
    const error = await train(net, snapshot, data, { ...options, epochs: 9, onEpoch }).catch((e) => e);
    expect(error).toBeInstanceOf(TrainingInterrupted);
    expect(error.checkpoint.history).toHaveLength(2);
    expect(onEpoch).toHaveBeenCalledTimes(2);
  });

  test('does not stop what has a signal of its own', async () => {
    cell().abort();
    const { signal } = new AbortController();
    const { history } = await train(net, snapshot, data, { ...options, epochs: 1, signal });
    expect(history).toHaveLength(1);
  });

  test('stops jobs, and is handed to them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kernelbook-interruption-'));
    const controller = cell();
    const compute = vi.fn((seed: number, { signal }: { signal?: AbortSignal }) => {
      expect(signal).toBe(controller.signal);
      if (seed === 2) controller.abort();
      return seed;
    });
    await expect(runJobs('interrupted', [1, 2, 3, 4], compute, { folder })).rejects.toThrow(InterruptedError);
    expect(compute).toHaveBeenCalledTimes(2);
    rmSync(folder, { recursive: true });
  });

  test('stops the fit of a surrogate', async () => {
    const controller = cell();
    const K = await linearKernel({ dtype: 'float64' }).gram(X);
    const y = Array.from({ length: X.rows }, (_, i) => i % 2);
    const onProgress = vi.fn(() => controller.abort());
    const fit = kernelLogistic({ alpha: 1e-4, solver: 'sgd' }).fitAsync(K, y, { onProgress });
    await expect(fit).rejects.toThrow(InterruptedError);
    expect(onProgress).toHaveBeenCalledTimes(1);
  });

  const projected = (kind: 'khatri-rao' | 'gaussian') =>
    projectedTangentKernel(net, snapshot, { dimension: 64, kind, rng: random(2) });
  const kernels: Kernel[] = [tangentKernel(net, snapshot), projected('khatri-rao'), projected('gaussian')];
  test.each(kernels.map((kernel) => [kernel.name, kernel] as const))(
    'stops the %s, which computes as before the next time',
    async (_, kernel) => {
      const expected = await kernel.gram(X);
      const controller = cell();
      const gram = kernel.gram(X); // its first products are under way
      const cross = kernel.cross(X, X);
      controller.abort();
      // Both at once: whichever ends first, the other must not be without somebody who waits for it.
      await Promise.all([
        expect(gram).rejects.toThrow(InterruptedError),
        expect(cross).rejects.toThrow(InterruptedError),
      ]);
      await expect(kernel.diagonal(X)).rejects.toThrow(InterruptedError);
      cell();
      expect(await kernel.gram(X)).toBeAllclose(expected, { rtol: 0 });
    },
  );
});
