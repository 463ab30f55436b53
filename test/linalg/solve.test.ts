import { describe, expect, test } from 'vitest';
import { NumericalError } from '../../src/lib/errors';
import {
  cholesky,
  choleskyAsync,
  choleskySolve,
  choleskySolveAsync,
  type DType,
  lstsq,
  lstsqAsync,
  Matrix,
  pinv,
  solve,
  solveAsync,
  syrk,
} from '../../src/lib/linalg';
import fixtures from '../fixtures/linalg-degenerate.json';
import { chain, normal, onEachBackend, rounding, shapes } from './backends';

/** Well conditioned and positive definite: A Aᵀ/n + 1. */
function positive(n: number, dtype: DType): Matrix {
  const K = syrk(normal(n, n, dtype, 'positive'), { alpha: n === 0 ? 1 : 1 / n });
  for (let i = 0; i < n; i++) K.data[i * n + i] += 1;
  return K;
}

onEachBackend((dtype) => {
  describe('cholesky', () => {
    test.each([0, 1, 2, 7, 33, 90])('of size %i: L is lower triangular and A = L Lᵀ', (n) => {
      const A = positive(n, dtype);
      const before = Array.from(A.data);
      const L = cholesky(A);
      for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(L.get(i, j)).toBe(0);
      expect(chain(L, L.transpose())).toBeAllclose(A, rounding(dtype));
      expect(Array.from(A.data)).toEqual(before);
    });

    test.each([
      [0, 0],
      [1, 1],
      [5, 0],
      [5, 1],
      [40, 7],
      [70, 90],
    ])('choleskySolve of size %i with %i right sides solves A X = B', (n, r) => {
      const A = positive(n, dtype);
      const B = normal(n, r, dtype, 'B');
      const before = Array.from(B.data);
      const X = choleskySolve(cholesky(A), B);
      expect(X.shape).toEqual([n, r]);
      expect(chain(A, X)).toBeAllclose(B, rounding(dtype));
      expect(Array.from(B.data)).toEqual(before);
    });

    test('names the pivot of a matrix that is not positive definite', () => {
      const A = Matrix.identity(5, dtype);
      A.set(3, 3, -1);
      expect(() => cholesky(A)).toThrow(NumericalError);
      expect(() => cholesky(A)).toThrow(/row 3 of 5/);
      expect(() => cholesky(Matrix.zeros(2, 2, dtype))).toThrow(/row 0 of 2/);
    });

    test('choleskySolve refuses a factor that is none', () => {
      const A = Matrix.from(
        [
          [1, 0],
          [2, 0],
        ],
        dtype,
      );
      expect(() => choleskySolve(A, Matrix.zeros(2, 1, dtype))).toThrow(NumericalError);
    });
  });

  describe('solve', () => {
    test.each([
      [0, 2],
      [1, 1],
      [2, 0],
      [6, 1],
      [6, 4],
      [70, 90],
    ])('of size %i with %i right sides solves A X = B', (n, r) => {
      const A = normal(n, n, dtype, 'A');
      const B = normal(n, r, dtype, 'B');
      const X = solve(A, B);
      expect(X.shape).toEqual([n, r]);
      const close = dtype === 'float32' ? { rtol: 1e-2, atol: 1e-2 } : { rtol: 1e-10, atol: 1e-10 };
      expect(chain(A, X)).toBeAllclose(B, close);
    });

    test('exchanges rows when a pivot is zero', () => {
      const A = Matrix.from(
        [
          [0, 2, 0],
          [0, 0, 3],
          [4, 0, 0],
        ],
        dtype,
      );
      const B = Matrix.from(
        [
          [2, 4],
          [3, 9],
          [4, 8],
        ],
        dtype,
      );
      expect(solve(A, B)).toBeAllclose([
        [1, 2],
        [1, 2],
        [1, 3],
      ]);
    });

    test('refuses a singular matrix and names the column', () => {
      const A = Matrix.from(
        [
          [1, 2, 3],
          [2, 4, 5],
          [3, 6, 7],
        ],
        dtype,
      );
      expect(() => solve(A, Matrix.identity(3, dtype))).toThrow(NumericalError);
      expect(() => solve(Matrix.zeros(3, 3, dtype), Matrix.identity(3, dtype))).toThrow(/column 0 of 3/);
    });

    test('refuses a solution that overflows', () => {
      const tiny = dtype === 'float32' ? 1e-38 : 1e-308;
      const A = Matrix.from([[tiny]], dtype);
      expect(() => solve(A, Matrix.from([[1e10]], dtype))).toThrow(NumericalError);
    });
  });

  describe('lstsq', () => {
    test.each(shapes)('of %i × %i gives the least-norm solution, pinv(A) B', (m, n) => {
      const A = normal(m, n, dtype, 'A');
      const B = normal(m, 3, dtype, 'B');
      const { x, rank, singularValues } = lstsq(A, B);
      expect(x.shape).toEqual([n, 3]);
      expect(rank).toBe(Math.min(m, n));
      expect(singularValues).toHaveLength(Math.min(m, n));
      const close = dtype === 'float32' ? { rtol: 1e-3, atol: 1e-3 } : { rtol: 1e-10, atol: 1e-10 };
      expect(x).toBeAllclose(chain(pinv(A), B), close);
    });

    test('without right sides gives the rank', () => {
      const A = chain(normal(9, 2, dtype, 'left'), normal(2, 5, dtype, 'right')).as(dtype);
      const { x, rank } = lstsq(A, Matrix.zeros(9, 0, dtype));
      expect(x.shape).toEqual([5, 0]);
      expect(rank).toBe(2);
    });

    test('cuts at rcond, and finds rank and solution of deficient systems, as scipy does', () => {
      for (const { name, matrix, right, rcond, rank, singular, x } of fixtures.lstsq) {
        const result = lstsq(Matrix.from(matrix, dtype), Matrix.from(right, dtype), { rcond });
        expect(result.rank, name).toBe(rank);
        const close = dtype === 'float32' ? { rtol: 1e-3, atol: 1e-3 } : { rtol: 1e-9, atol: 1e-10 };
        expect(result.x).toBeAllclose(x, close);
        expect(result.singularValues).toBeAllclose(singular, { atol: dtype === 'float32' ? 1e-5 : 1e-13 });
      }
    });
  });

  test('the asynchronous forms give the same digits', async () => {
    const A = positive(30, dtype);
    const B = normal(30, 4, dtype, 'B');
    const L = cholesky(A);
    const digits = (M: Matrix) => Array.from(M.data);
    expect(digits(await choleskyAsync(A))).toEqual(digits(L));
    expect(digits(await choleskySolveAsync(L, B))).toEqual(digits(choleskySolve(L, B)));
    expect(digits(await solveAsync(A, B))).toEqual(digits(solve(A, B)));
    expect(digits((await lstsqAsync(A, B)).x)).toEqual(digits(lstsq(A, B).x));
    await expect(choleskyAsync(Matrix.zeros(2, 2, dtype))).rejects.toThrow(NumericalError);
  });
});
