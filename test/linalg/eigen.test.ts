import { describe, expect, test } from 'vitest';
import { eigh, eighAsync, eigvalsh, eigvalshAsync, Matrix, syrk } from '../../src/lib/linalg';
import fixtures from '../fixtures/linalg-degenerate.json';
import { chain, diagonalMatrix, normal, onEachBackend, rounding } from './backends';

onEachBackend((dtype) => {
  describe('eigh', () => {
    test.each([1, 2, 3, 8, 33, 80])(
      'of size %i gives back A = V diag(w) Vᵀ with orthonormal V, w ascending',
      (n) => {
        const B = normal(n, n, dtype);
        const A = Matrix.zeros(n, n, dtype);
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) A.data[i * n + j] = B.get(i, j) + B.get(j, i);
        const before = Array.from(A.data);
        const { values, vectors } = eigh(A);
        expect(values).toHaveLength(n);
        expect(vectors.dtype).toBe(dtype);
        expect(chain(vectors, diagonalMatrix(values), vectors.transpose())).toBeAllclose(A, rounding(dtype));
        expect(chain(vectors.transpose(), vectors)).toBeAllclose(Matrix.identity(n), rounding(dtype));
        expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => a - b));
        expect(Array.from(A.data)).toEqual(before);
      },
    );

    test('of an empty matrix is empty', () => {
      const { values, vectors } = eigh(Matrix.zeros(0, 0, dtype));
      expect(values).toHaveLength(0);
      expect(vectors.shape).toEqual([0, 0]);
      expect(eigvalsh(Matrix.zeros(0, 0, dtype))).toHaveLength(0);
    });

    test('eigvalsh gives the values alone', () => {
      const K = syrk(normal(50, 20, dtype));
      expect(eigvalsh(K)).toBeAllclose(eigh(K).values, rounding(dtype));
    });

    test('a Gram matrix of rank 20 has 30 eigenvalues of zero', () => {
      const w = eigvalsh(syrk(normal(50, 20, dtype)));
      const zero = Array.from(w).filter((v) => Math.abs(v) < w[49] * (dtype === 'float32' ? 1e-5 : 1e-13));
      expect(zero).toHaveLength(30);
    });

    test('clustered eigenvalues are scipy’s, and so is the projection on the cluster’s space', () => {
      const { matrix, values, cluster, projection } = fixtures.clustered;
      const result = eigh(Matrix.from(matrix, dtype));
      const close = dtype === 'float32' ? { atol: 2e-5 } : { atol: 1e-13 };
      expect(result.values).toBeAllclose(values, close);
      expect(eigvalsh(Matrix.from(matrix, dtype))).toBeAllclose(values, close);
      const V = Matrix.from(cluster.map((j) => Array.from(result.vectors.column(j))));
      expect(chain(V.transpose(), V)).toBeAllclose(
        projection,
        dtype === 'float32' ? { atol: 1e-4 } : { atol: 1e-12 },
      );
    });

    test('gives the same digits asynchronously, and the input may change meanwhile', async () => {
      const K = syrk(normal(60, 60, dtype));
      const expected = eigh(K);
      const pending = [eighAsync(K), eighAsync(K)];
      const values = eigvalshAsync(K);
      K.data.fill(0);
      for (const { values, vectors } of await Promise.all(pending)) {
        expect(Array.from(values)).toEqual(Array.from(expected.values));
        expect(Array.from(vectors.data)).toEqual(Array.from(expected.vectors.data));
      }
      expect(await values).toBeAllclose(expected.values, rounding(dtype));
    });
  });
});
