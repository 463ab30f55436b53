/**
 * What a linear-algebra library must give to Kernelbook: one interface over raw row-major typed arrays, which the
 * native path (BLAS/LAPACK) and the portable path (plain JavaScript) both fulfil, so that the same tests run on both.
 *
 * Arguments are those of BLAS (Dongarra et al., "A set of level 3 basic linear algebra subprograms", 1990), row-major,
 * and are not checked here: the Matrix-level functions do that. Arrays may be `subarray` views. All arrays of a call
 * have one precision. Factorisations destroy what they are given; they are `Steps`, so that one description runs at
 * once or off the main thread.
 */

import type { Vector } from './matrix';
import type { Steps } from './steps';

/** A thin singular value decomposition of an m × n matrix with k = min(m, n): U (m × k), s (k), Vt (k × n). */
export interface RawSvd {
  U: Vector;
  s: Vector;
  Vt: Vector;
}

export interface Backend {
  readonly kind: 'native' | 'portable';
  /** What it is, for people: `OpenBLAS 0.3.34 …`, `portable JavaScript`. */
  readonly name: string;
  /** The file that was loaded; empty for the portable path. */
  readonly library: string;
  /** Sets (when n is given) and returns the number of threads that large operations use. */
  threads(n?: number): number;

  /** C (m × n) ← alpha op(A) op(B) + beta C, op(A) m × k, op(B) k × n. C is not read when beta = 0. */
  gemm(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    A: Vector,
    lda: number,
    B: Vector,
    ldb: number,
    beta: number,
    C: Vector,
    ldc: number,
  ): void;
  gemmSteps(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    A: Vector,
    lda: number,
    B: Vector,
    ldb: number,
    beta: number,
    C: Vector,
    ldc: number,
  ): Steps<void>;
  /** C (n × n) ← alpha A Aᵀ + beta C with A n × k (trans: AᵀA with A k × n). Reads C's lower triangle, writes both. */
  syrk(
    trans: boolean,
    n: number,
    k: number,
    alpha: number,
    A: Vector,
    lda: number,
    beta: number,
    C: Vector,
    ldc: number,
  ): void;
  syrkSteps(
    trans: boolean,
    n: number,
    k: number,
    alpha: number,
    A: Vector,
    lda: number,
    beta: number,
    C: Vector,
    ldc: number,
  ): Steps<void>;
  /** y ← alpha op(A) x + beta y, A m × n. */
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
  ): void;
  dot(n: number, x: Vector, y: Vector): number;
  /** y ← alpha x + y */
  axpy(n: number, alpha: number, x: Vector, y: Vector): void;
  /** The Euclidean norm, without overflow on the way. */
  norm(n: number, x: Vector): number;

  /** Symmetric A (n × n, lower triangle read): values ascending; with `vectors`, A becomes the vectors, in columns. */
  eigh(n: number, A: Vector, vectors: boolean): Steps<Vector>;
  /** A (m × n) is destroyed. */
  svd(m: number, n: number, A: Vector): Steps<RawSvd>;
  singularValues(m: number, n: number, A: Vector): Steps<Vector>;
  /** A (n × n, lower triangle read) becomes L, zero above the diagonal. Returns 0, or the 1-based pivot that failed. */
  cholesky(n: number, A: Vector): Steps<number>;
  /** B (n × r) ← X with L X = B, or Lᵀ X = B; L lower triangular. */
  triangularSolve(n: number, r: number, L: Vector, transpose: boolean, B: Vector): Steps<void>;
  /** B (n × r) ← X with A X = B; A is destroyed. Returns 0, or the 1-based pivot that is exactly zero. */
  solve(n: number, r: number, A: Vector, B: Vector): Steps<number>;
  /** The X (n × r) of least norm that minimises ‖A X − B‖; singular values up to rcond · s₁ count as zero. */
  lstsq(
    m: number,
    n: number,
    r: number,
    A: Vector,
    B: Vector,
    rcond: number,
  ): Steps<{ X: Vector; rank: number; s: Vector }>;
}
