import { describe, expect, it } from 'vitest';
import { NumericalError } from '../../src/lib/errors';
import { cosine, type Kernel, linearKernel, memoised, scaled } from '../../src/lib/kernels';
import type { DType } from '../../src/lib/linalg';
import { everyKernel, everyNetwork } from './every-kernel';
import { normal } from './networks';

/** A kernel that notes what it is asked for. */
function counting(kernel: Kernel): { kernel: Kernel; asked: string[] } {
  const asked: string[] = [];
  const noting = <A extends unknown[], R>(what: string, method: (...of: A) => R) => {
    return (...of: A) => {
      asked.push(what);
      return method(...of);
    };
  };
  return {
    asked,
    kernel: {
      name: kernel.name,
      gram: noting('gram', kernel.gram),
      cross: noting('cross', kernel.cross),
      diagonal: noting('diagonal', kernel.diagonal),
      ...(kernel.crossWithDiagonals && {
        crossWithDiagonals: noting('crossWithDiagonals', kernel.crossWithDiagonals),
      }),
    },
  };
}

describe.each<DType>(['float32', 'float64'])('a memoised kernel in %s', (dtype) => {
  it.each(everyNetwork.map((c) => [c.name, c] as const))(
    'gives the kernel’s own digits, at the first time of asking and at the second: %s',
    async (_, its) => {
      const [X, X2] = [normal(7, its.net.inputs, 2, dtype), normal(4, its.net.inputs, 3, dtype)];
      for (const [name, kernel] of Object.entries(everyKernel(its, dtype))) {
        const kept = memoised(kernel);
        expect(kept.name).toBe(kernel.name);
        for (let time = 0; time < 2; time++) {
          expect(await kept.gram(X), name).toEqual(await kernel.gram(X));
          expect(await kept.cross(X, X2), name).toEqual(await kernel.cross(X, X2));
          expect(await kept.cross(X2, X), name).toEqual(await kernel.cross(X2, X));
          expect(await kept.diagonal(X), name).toEqual(await kernel.diagonal(X));
        }
      }
    },
  );
});

describe('a memoised kernel', () => {
  const X = normal(6, 3, 1);
  const X2 = normal(4, 3, 2);
  const linear = linearKernel({ dtype: 'float64' });

  it('asks once, for any number of kernels that are made from it', async () => {
    const { kernel, asked } = counting(linear);
    const kept = memoised(kernel);
    for (const made of [cosine(kept), scaled(kept, 3), kept]) {
      await made.gram(X);
      await made.cross(X2, X);
      await made.diagonal(X);
    }
    expect(asked).toEqual(['gram', 'crossWithDiagonals', 'diagonal']);
  });

  it('asks once when asked at the same time', async () => {
    const { kernel, asked } = counting(linear);
    const kept = memoised(kernel);
    const [a, b] = await Promise.all([kept.gram(X), kept.gram(X)]);
    expect(asked).toEqual(['gram']);
    expect(a).toEqual(b);
    expect(a.data).not.toBe(b.data);
  });

  it('hands out copies: what is written to one is in no other', async () => {
    const kept = memoised(linear);
    const K = await linear.gram(X);
    const cross = await linear.cross(X, X2);
    (await kept.gram(X)).data.fill(0);
    (await kept.diagonal(X)).fill(0);
    (await kept.cross(X, X2)).data.fill(0);
    const all = await kept.crossWithDiagonals!(X, X2);
    for (const part of [all.cross.data, all.diagonal, all.diagonal2]) part.fill(0);
    expect(await kept.gram(X)).toEqual(K);
    expect(await kept.diagonal(X)).toEqual(await linear.diagonal(X));
    expect(await kept.cross(X, X2)).toEqual(cross);
    expect((await kept.crossWithDiagonals!(X, X2)).diagonal2).toEqual(await linear.diagonal(X2));
  });

  it('keeps other sets, and other orders of two sets, apart', async () => {
    const { kernel, asked } = counting(linear);
    const kept = memoised(kernel);
    await kept.cross(X, X2);
    await kept.cross(X2, X);
    await kept.gram(X);
    await kept.gram(X.slice(0)); // another object
    expect(asked).toEqual(['crossWithDiagonals', 'crossWithDiagonals', 'gram', 'gram']);
  });

  it('does not keep a failure', async () => {
    let fail = true;
    const kept = memoised({
      ...linear,
      gram: async (set) => {
        if (fail) throw new NumericalError({ what: 'a test', expected: 'b', got: 'c', todo: 'd' });
        return linear.gram(set);
      },
    });
    await expect(kept.gram(X)).rejects.toThrow(NumericalError);
    fail = false;
    expect(await kept.gram(X)).toEqual(await linear.gram(X));
  });

  it('hands on the gradient in the inputs where the kernel has it', async () => {
    expect(
      memoised({ name: 'bare', gram: linear.gram, cross: linear.cross, diagonal: linear.diagonal }),
    ).not.toHaveProperty('pullback');
    const marked: Kernel = { ...linear, pullback: async (set) => set.copy() };
    expect(await memoised(marked).pullback?.(X, X2, normal(6, 4, 3))).toEqual(X);
  });
});
