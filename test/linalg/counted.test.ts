import { describe, expect, it } from 'vitest';
import {
  backend,
  dot,
  eighAsync,
  gemm,
  gemmAsync,
  gemv,
  Matrix,
  multiplyAddsOf,
  syrk,
  syrkAsync,
  useBackend,
} from '../../src/lib/linalg';
import { multiplyAddsNow } from '../../src/lib/linalg/counted';
import { normal, onEachBackend } from './backends';

onEachBackend((dtype) => {
  const A = normal(7, 5, dtype);
  const B = normal(5, 3, dtype);

  it('products count their multiply-adds, and give what they gave', async () => {
    const plain = gemm(A, B);
    let counted = Matrix.zeros(0, 0);
    expect(await multiplyAddsOf(() => (counted = gemm(A, B)))).toBe(7 * 3 * 5);
    expect(counted).toEqual(plain);
    expect(await multiplyAddsOf(() => gemm(A, A, { transposeA: true }))).toBe(5 * 5 * 7);
    expect(await multiplyAddsOf(() => gemmAsync(A, A, { transposeB: true }))).toBe(7 * 7 * 5);
    expect(await multiplyAddsOf(() => syrk(A))).toBe(28 * 5);
    expect(await multiplyAddsOf(() => syrkAsync(A, { transpose: true }))).toBe(15 * 7);
    expect(await multiplyAddsOf(() => gemv(A, B.column(0)))).toBe(35);
    expect(await multiplyAddsOf(() => dot(A.data, A.data))).toBe(35);
  });

  it('what is not a product does not count, and works as before', async () => {
    const S = syrk(A, { transpose: true });
    expect(await multiplyAddsOf(() => eighAsync(S))).toBe(0);
    expect(await multiplyAddsOf(() => Matrix.identity(3))).toBe(0);
    const threads = backend().threads();
    await multiplyAddsOf(() => expect(backend().threads()).toBe(threads));
  });
});

describe('counting', () => {
  const A = normal(4, 4, 'float64');

  it('ends with the work, also with work that fails', async () => {
    const before = backend();
    await multiplyAddsOf(() => {
      expect(backend()).not.toBe(before);
      expect(backend().name).toBe(before.name);
    });
    expect(backend()).toBe(before);
    await expect(multiplyAddsOf(() => gemm(A, Matrix.zeros(3, 3)))).rejects.toThrow(/inner dimension/);
    expect(backend()).toBe(before);
  });

  const products = async (count: number) => {
    for (let k = 0; k < count; k++) {
      gemm(A, A);
      await new Promise((resolve) => setTimeout(resolve, 2));
      await gemmAsync(A, A);
    }
  };

  it('is of the work alone, whatever goes on beside it', async () => {
    const before = backend();
    const beside = products(4);
    const [short, long] = [multiplyAddsOf(() => products(1)), multiplyAddsOf(() => products(3))];
    expect(await short).toBe(2 * 64);
    expect(backend()).not.toBe(before);
    expect(await long).toBe(6 * 64);
    expect(backend()).toBe(before);
    await beside;
  });

  it('adds what is counted inside to what is counted outside', async () => {
    let inner = 0;
    const outer = await multiplyAddsOf(async () => {
      gemm(A, A);
      inner = await multiplyAddsOf(() => products(2));
      const [now, C] = multiplyAddsNow(() => gemm(A, A));
      expect(now).toBe(64);
      expect(C).toEqual(gemm(A, A));
    });
    expect([inner, outer]).toEqual([4 * 64, 7 * 64]);
  });

  it('leaves a backend that was chosen in between', async () => {
    await multiplyAddsOf(() => useBackend('portable'));
    expect(backend().kind).toBe('portable');
    useBackend('auto');
  });
});
