/**
 * The portable backend: the same interface in plain JavaScript, for machines without a native BLAS and as an
 * independent second opinion in the tests. Products and triangular work are ours (portable/product.ts and below);
 * eigenvalues and singular values are ml-matrix's (Householder reduction and QL/QR, after EISPACK and JAMA). All
 * factorisations compute in double precision and round at the end.
 *
 * Asynchronous calls stay on the main thread; products and triangular factorisations pause between blocks.
 */

import { EigenvalueDecomposition, Matrix as MlMatrix, SingularValueDecomposition } from 'ml-matrix';
import type { Backend, RawSvd } from '../backend';
import type { Vector } from '../matrix';
import { checkedThreads } from '../native/threads';
import type { Steps } from '../steps';
import { now } from '../steps';
import { clearUpper, mirrorLower } from '../triangle';
import { pause } from './pause';
import { product } from './product';

/** Rows of a factorisation between two pauses. */
const PAUSE_EVERY = 64;

export class PortableBackend implements Backend {
  readonly kind = 'portable';
  readonly name = 'portable JavaScript';
  readonly library = '';

  threads(n?: number): number {
    if (n !== undefined) checkedThreads('blas.threads', n);
    return 1;
  }

  gemm(...args: Parameters<Backend['gemm']>): void {
    now(product(...args));
  }

  gemmSteps(...args: Parameters<Backend['gemm']>): Steps<void> {
    return product(...args);
  }

  syrk(...args: Parameters<Backend['syrk']>): void {
    now(this.syrkSteps(...args));
  }

  *syrkSteps(
    trans: boolean,
    n: number,
    k: number,
    alpha: number,
    A: Vector,
    lda: number,
    beta: number,
    C: Vector,
    ldc: number,
  ): Steps<void> {
    yield* product(trans, !trans, n, n, k, alpha, A, lda, A, lda, beta, C, ldc, true);
    mirrorLower(n, C, ldc);
  }

  gemv(
    trans: boolean,
    m: number,
    n: number,
    alpha: number,
    A: Vector,
    lda: number,
    x: Vector,
    beta: number,
    y: Vector,
  ): void {
    const sums = new Float64Array(trans ? n : m);
    for (let i = 0; i < m; i++) {
      const base = i * lda;
      if (trans) for (let j = 0; j < n; j++) sums[j] += A[base + j] * x[i];
      else {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += A[base + j] * x[j];
        sums[i] = sum;
      }
    }
    for (let i = 0; i < sums.length; i++) y[i] = alpha * sums[i] + (beta === 0 ? 0 : beta * y[i]);
  }

  dot(n: number, x: Vector, y: Vector): number {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
  }

  axpy(n: number, alpha: number, x: Vector, y: Vector): void {
    for (let i = 0; i < n; i++) y[i] += alpha * x[i];
  }

  norm(n: number, x: Vector): number {
    let scale = 0;
    for (let i = 0; i < n; i++) scale = Math.max(scale, Math.abs(x[i]));
    if (scale === 0 || !Number.isFinite(scale)) return scale;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += (x[i] / scale) ** 2;
    return scale * Math.sqrt(sum);
  }

  *eigh(n: number, A: Vector, vectors: boolean): Steps<Vector> {
    mirrorLower(n, A, n);
    yield pause;
    const decomposition = new EigenvalueDecomposition(toMl(n, n, A), { assumeSymmetric: true });
    const values = decomposition.realEigenvalues;
    if (vectors) {
      const V = decomposition.eigenvectorMatrix;
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) A[i * n + j] = V.get(i, j);
    }
    return like(A, values);
  }

  *svd(m: number, n: number, A: Vector): Steps<RawSvd> {
    yield pause;
    const decomposition = decompose(m, n, A, true);
    const k = Math.min(m, n);
    const U = like(A, m * k);
    const Vt = like(A, k * n);
    const { leftSingularVectors: left, rightSingularVectors: right } = decomposition;
    for (let j = 0; j < k; j++) {
      for (let i = 0; i < m; i++) U[i * k + j] = left.get(i, j);
      for (let i = 0; i < n; i++) Vt[j * n + i] = right.get(i, j);
    }
    return { U, s: like(A, decomposition.diagonal.slice(0, k)), Vt };
  }

  *singularValues(m: number, n: number, A: Vector): Steps<Vector> {
    yield pause;
    return like(A, decompose(m, n, A, false).diagonal.slice(0, Math.min(m, n)));
  }

  /** Row by row: L_ij = (A_ij − Σ_{p<j} L_ip L_jp) / L_jj, L_ii = √(A_ii − Σ_{p<i} L_ip²). */
  *cholesky(n: number, A: Vector): Steps<number> {
    const L = Float64Array.from(A);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = L[i * n + j];
        for (let p = 0; p < j; p++) sum -= L[i * n + p] * L[j * n + p];
        if (j < i) L[i * n + j] = sum / L[j * n + j];
        else if (sum > 0) L[i * n + i] = Math.sqrt(sum);
        else return i + 1;
      }
      if (i % PAUSE_EVERY === PAUSE_EVERY - 1) yield pause;
    }
    A.set(L);
    clearUpper(n, A);
    return 0;
  }

  *triangularSolve(n: number, r: number, L: Vector, transpose: boolean, B: Vector): Steps<void> {
    const X = Float64Array.from(B);
    for (let step = 0; step < n; step++) {
      const i = transpose ? n - 1 - step : step;
      const pivot = L[i * n + i];
      for (let c = 0; c < r; c++) X[i * r + c] /= pivot;
      const [from, to] = transpose ? [0, i] : [i + 1, n];
      for (let row = from; row < to; row++) {
        const factor = transpose ? L[i * n + row] : L[row * n + i];
        for (let c = 0; c < r; c++) X[row * r + c] -= factor * X[i * r + c];
      }
      if (step % PAUSE_EVERY === PAUSE_EVERY - 1) yield pause;
    }
    B.set(X);
  }

  /** Gaussian elimination with row exchanges, carried out on A and B together, then back substitution. */
  *solve(n: number, r: number, A: Vector, B: Vector): Steps<number> {
    const U = Float64Array.from(A);
    const X = Float64Array.from(B);
    const exchange = (M: Float64Array, width: number, i: number, j: number) => {
      const row = M.slice(i * width, (i + 1) * width);
      M.copyWithin(i * width, j * width, (j + 1) * width);
      M.set(row, j * width);
    };
    for (let p = 0; p < n; p++) {
      let best = p;
      for (let i = p + 1; i < n; i++) if (Math.abs(U[i * n + p]) > Math.abs(U[best * n + p])) best = i;
      if (U[best * n + p] === 0) return p + 1;
      if (best !== p) {
        exchange(U, n, p, best);
        exchange(X, r, p, best);
      }
      for (let i = p + 1; i < n; i++) {
        const factor = U[i * n + p] / U[p * n + p];
        if (factor === 0) continue;
        for (let j = p + 1; j < n; j++) U[i * n + j] -= factor * U[p * n + j];
        for (let c = 0; c < r; c++) X[i * r + c] -= factor * X[p * r + c];
      }
      if (p % PAUSE_EVERY === PAUSE_EVERY - 1) yield pause;
    }
    for (let i = n - 1; i >= 0; i--)
      for (let c = 0; c < r; c++) {
        let sum = X[i * r + c];
        for (let j = i + 1; j < n; j++) sum -= U[i * n + j] * X[j * r + c];
        X[i * r + c] = sum / U[i * n + i];
      }
    B.set(X);
    return 0;
  }

  /** X = V diag(1/s) Uᵀ B over the singular values above rcond · s₁. */
  *lstsq(
    m: number,
    n: number,
    r: number,
    A: Vector,
    B: Vector,
    rcond: number,
  ): Steps<{ X: Vector; rank: number; s: Vector }> {
    yield pause;
    const decomposition = decompose(m, n, A, true);
    const values = decomposition.diagonal.slice(0, Math.min(m, n));
    const { leftSingularVectors: U, rightSingularVectors: V } = decomposition;
    const X = new Float64Array(n * r);
    let rank = 0;
    for (; rank < values.length && values[rank] > rcond * values[0]; rank++)
      for (let c = 0; c < r; c++) {
        let coefficient = 0;
        for (let i = 0; i < m; i++) coefficient += U.get(i, rank) * B[i * r + c];
        coefficient /= values[rank];
        for (let i = 0; i < n; i++) X[i * r + c] += V.get(i, rank) * coefficient;
      }
    return { X: like(A, X), rank, s: like(A, values) };
  }
}

function toMl(m: number, n: number, A: Vector): MlMatrix {
  const out = new MlMatrix(m, n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out.set(i, j, A[i * n + j]);
  return out;
}

function decompose(m: number, n: number, A: Vector, vectors: boolean): SingularValueDecomposition {
  return new SingularValueDecomposition(toMl(m, n, A), {
    computeLeftSingularVectors: vectors,
    computeRightSingularVectors: vectors,
    autoTranspose: true,
  });
}

/** Values, or a length, as an array of A's precision. */
function like(A: Vector, values: ArrayLike<number> | number): Vector {
  const array = typeof values === 'number' ? { length: values } : values;
  return A instanceof Float32Array
    ? Float32Array.from(array, (v) => v ?? 0)
    : Float64Array.from(array, (v) => v ?? 0);
}
