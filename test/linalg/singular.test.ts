import { describe, expect, test } from 'vitest';
import {
  type DType,
  eigvalsh,
  Matrix,
  pinv,
  pinvAsync,
  singularValues,
  singularValuesAsync,
  svd,
  svdAsync,
  syrk,
} from '../../src/lib/linalg';
import fixtures from '../fixtures/linalg-degenerate.json';
import { chain, diagonalMatrix, normal, onEachBackend, rounding, shapes } from './backends';

function expectMoorePenrose(A: Matrix, P: Matrix, dtype: DType): void {
  const close = dtype === 'float32' ? { atol: 2e-3 } : { atol: 1e-10 };
  const AP = chain(A, P);
  const PA = chain(P, A);
  expect(P.shape).toEqual([A.cols, A.rows]);
  expect(chain(A, P, A)).toBeAllclose(A, close);
  expect(chain(P, A, P)).toBeAllclose(P, close);
  expect(AP.transpose()).toBeAllclose(AP, close);
  expect(PA.transpose()).toBeAllclose(PA, close);
}

onEachBackend((dtype) => {
  describe('svd', () => {
    test.each(shapes)('of %i × %i gives back A = U diag(s) Vt, orthonormal, s descending', (m, n) => {
      const A = normal(m, n, dtype);
      const before = Array.from(A.data);
      const k = Math.min(m, n);
      const { U, s, Vt } = svd(A);
      expect([U.shape, s.length, Vt.shape]).toEqual([[m, k], k, [k, n]]);
      expect(chain(U, diagonalMatrix(s), Vt)).toBeAllclose(A, rounding(dtype));
      expect(chain(U.transpose(), U)).toBeAllclose(Matrix.identity(k), rounding(dtype));
      expect(chain(Vt, Vt.transpose())).toBeAllclose(Matrix.identity(k), rounding(dtype));
      expect(Array.from(s)).toEqual(Array.from(s).sort((a, b) => b - a));
      expect(singularValues(A)).toBeAllclose(s, rounding(dtype));
      expect(Array.from(A.data)).toEqual(before);
    });

    test('squared singular values are the eigenvalues of the Gram matrix', () => {
      const A = normal(12, 30, dtype);
      const squares = Array.from(singularValues(A), (v) => v * v).reverse();
      expect(eigvalsh(syrk(A))).toBeAllclose(squares, dtype === 'float32' ? { rtol: 1e-4 } : { rtol: 1e-11 });
    });

    test('a matrix of zeros has an orthonormal decomposition too', () => {
      const { U, s, Vt } = svd(Matrix.zeros(4, 3, dtype));
      expect(Array.from(s)).toEqual([0, 0, 0]);
      expect(chain(U.transpose(), U)).toBeAllclose(Matrix.identity(3), rounding(dtype));
      expect(chain(Vt, Vt.transpose())).toBeAllclose(Matrix.identity(3), rounding(dtype));
    });

    test('the singular values of a Hilbert matrix are scipy’s, down to the precision of the largest', () => {
      const { matrix, values } = fixtures.hilbert;
      expect(singularValues(Matrix.from(matrix, dtype))).toBeAllclose(values, {
        atol: dtype === 'float32' ? 2e-6 : 1e-14,
      });
    });

    test('gives the same digits asynchronously, and the input may change meanwhile', async () => {
      const A = normal(40, 25, dtype);
      const expected = svd(A);
      const alone = singularValues(A);
      const pending = svdAsync(A);
      const values = singularValuesAsync(A);
      A.data.fill(0);
      const { U, s, Vt } = await pending;
      expect([U, Vt].map((M) => Array.from(M.data))).toEqual(
        [expected.U, expected.Vt].map((M) => Array.from(M.data)),
      );
      expect(Array.from(s)).toEqual(Array.from(expected.s));
      expect(Array.from(await values)).toEqual(Array.from(alone));
    });
  });

  describe('pinv', () => {
    test.each(shapes)('of %i × %i fulfils the four conditions of Moore and Penrose', (m, n) => {
      const A = normal(m, n, dtype);
      expectMoorePenrose(A, pinv(A), dtype);
    });

    test('of a matrix of rank 3 fulfils them too', () => {
      const A = chain(normal(20, 3, dtype, 'left'), normal(3, 12, dtype, 'right')).as(dtype);
      expectMoorePenrose(A, pinv(A), dtype);
    });

    test('with hermitian is the same for a symmetric matrix of either sign', () => {
      const { matrix, rcond, pinv: expected } = fixtures.hermitian;
      const A = Matrix.from(matrix, dtype);
      const close = dtype === 'float32' ? { atol: 1e-4 } : { atol: 1e-12 };
      expect(pinv(A, { hermitian: true, rcond })).toBeAllclose(expected, close);
      expect(pinv(A, { rcond })).toBeAllclose(expected, close);
    });

    test('cuts singular values at rcond, as scipy does', () => {
      for (const { matrix, rcond, pinv: expected } of fixtures.cut)
        expect(pinv(Matrix.from(matrix, dtype), { rcond })).toBeAllclose(
          expected,
          dtype === 'float32' ? { rtol: 1e-3, atol: 2e-2 } : { rtol: 1e-9, atol: 1e-9 },
        );
    });

    test('gives the same digits asynchronously', async () => {
      const A = normal(20, 25, dtype);
      expect(Array.from((await pinvAsync(A)).data)).toEqual(Array.from(pinv(A).data));
      const K = syrk(A);
      const options = { hermitian: true };
      expect(Array.from((await pinvAsync(K, options)).data)).toEqual(Array.from(pinv(K, options).data));
    });
  });
});
