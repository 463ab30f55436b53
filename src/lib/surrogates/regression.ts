/**
 * Least squares on a kernel, and on its features (arXiv 2310.18612, section 2): of the functions that either spans, the
 * one nearest to the values y in the training norm ‖g‖₀ = (Σ_i w_i |g(x_i)|²)^½ (eq. 9). With W = diag(w),
 *
 *     kernel      f(z) = Σ_j δ_j κ(x_j, z),   δ = W^½ Ĥ⁺ W^½ y,      Ĥ = W^½ K W^½ = V diag(λ) Vᵀ     (eqs. 13, 14)
 *     features    f(z) = γᵀ Φ(z),             γ = (W^½ Φ)⁺ W^½ y,    W^½ Φ = U diag(s) Vᵀ             (eqs. 17, 18)
 *
 * Where κ(x, x′) = Φ(x)ᵀΦ(x′) both are the same f, the orthogonal projection of y (eqs. 19 to 21), and λ = s². Numbers of
 * finite precision tell them apart: to form the kernel squares the singular values, and an eigenvalue below ε λ₁ drowns
 * in rounding, so that the kernel knows the directions with s > √ε s₁, the features those with s > ε s₁, twice as many
 * decades. (The paper's CKJ, appendix B, is the regression on the features of the conjugate kernel.) The normal
 * equations ΦᵀWΦ γ = ΦᵀWy would square them again; hence the singular value decomposition.
 *
 * How much is kept decides the fit, so a fit keeps its factorisation: another cut, or another ridge, costs one product.
 */

import { NumericalError, ShapeError, shapeText, ValueError } from '../errors';
import { type Eigh, eigh, eighAsync, gemm, norm, type Svd, svd, svdAsync } from '../linalg';
import { firstNotFinite } from '../linalg/check';
import { Matrix, type Vector } from '../linalg/matrix';
import { checkCut, defaultCut } from '../linalg/singular';
import { heedInterruption } from '../run';
import { checkMade, locateNonFinite } from './finite';
import { checkGram } from './gram';

export interface RegressionOptions {
  /** w: one for each training example, 0 or more (default: all 1). What has the weight 0 is as if it were not there. */
  weights?: ArrayLike<number>;
  /**
   * Eigenvalues of Ĥ, singular values of W^½ Φ, of a size up to rcond times the largest count as zero, in [0, 1). Default:
   * the longer side of the matrix times the precision's epsilon. So large, relative to the largest, may the error of a
   * computed value be, and a smaller one has no digit of its own. It is the default of numpy's lstsq and scipy's pinv;
   * numpy.linalg.pinv has 1e-15.
   */
  rcond?: number;
  /**
   * λ ≥ 0 (default 0) that adds λ δᵀKδ, or λ ‖γ‖², to what is made small: of what is kept, (Ĥ + λ)⁻¹ in place of Ĥ⁻¹. With
   * `rcond: 0` this is scikit-learn's KernelRidge(alpha=λ), or Ridge(alpha=λ, fit_intercept=False).
   */
  ridge?: number;
}

/** A model of values, as a Surrogate is one of classes. */
export interface Regressor {
  /**
   * Fits X to y: n numbers, or a Matrix n × r of r right sides. The work is done in the precision of X. Throws a ShapeError
   * when sizes do not fit, a ValueError for what is not finite, a NumericalError when the coefficients overflow.
   */
  fit(X: Matrix, y: ArrayLike<number> | Matrix): FittedRegression;
  /**
   * The same with the factorisation off the main thread; X and y may be changed as soon as the call has returned. An
   * InterruptedError ends it when `signal` (default: the stop button of the notebook) is aborted.
   */
  fitAsync(
    X: Matrix,
    y: ArrayLike<number> | Matrix,
    options?: { signal?: AbortSignal },
  ): Promise<FittedRegression>;
}

/**
 * Regression on the kernel with those options: X is the train Gram K, n × n and symmetric, by the eigenvalues of
 * W^½ K W^½. `predict` asks for kernel.cross(points, training). Throws a ValueError on options out of range, and in `fit`
 * when K is not symmetric. See the file's head.
 */
export function kernelRegression(options: RegressionOptions = {}): Regressor {
  return regressor(
    {
      what: 'kernelRegression',
      check: checkGram,
      column: 'training example',
      bothSides: true,
      factor: (H) => bySize(eigh(H)),
      factorAsync: async (H) => bySize(await eighAsync(H)),
      shift: (_, ridge) => ridge,
    },
    options,
  );
}

/**
 * Regression on features with those options: X is Φ, n × p, with fewer or more features than examples, by the singular
 * values of W^½ Φ. Where several γ fit alike, it is the one of least norm. `predict` asks for the features of the points.
 * Throws a ValueError on options out of range. See the file's head.
 */
export function featureRegression(options: RegressionOptions = {}): Regressor {
  return regressor(
    {
      what: 'featureRegression',
      check: checkFeatures,
      column: 'feature',
      bothSides: false,
      factor: svd,
      factorAsync: svdAsync,
      shift: (value, ridge) => ridge / value,
    },
    options,
  );
}

/** What sets the two apart. */
interface Kind {
  readonly what: string;
  check(what: string, X: Matrix): void;
  /** What a column of X belongs to. */
  readonly column: string;
  /** Whether W^½ stands on the right of X too. */
  readonly bothSides: boolean;
  /** By values of descending size. */
  factor(A: Matrix): Svd;
  factorAsync(A: Matrix): Promise<Svd>;
  /** What a ridge adds to a value: λ + ridge, and s + ridge/s = (s² + ridge)/s. */
  shift(value: number, ridge: number): number;
}

function regressor(kind: Kind, options: RegressionOptions): Regressor {
  const { rcond, ridge = 0 } = options;
  if (rcond !== undefined) checkCut(kind.what, rcond);
  checkRidge(kind.what, ridge);
  const roots = options.weights && rootsOf(kind.what, options.weights);
  const begin = (X: Matrix, y: ArrayLike<number> | Matrix): Problem => {
    kind.check(kind.what, X);
    if (roots) checkCount(kind.what, 'weights', roots.length, X);
    return {
      kind,
      roots,
      A: scaled(X, roots, kind.bothSides ? roots : undefined),
      b: scaled(targets(kind.what, y, X), roots),
    };
  };
  const end = (problem: Problem, { U, s, Vt }: Svd) => {
    const factors = { values: s, directions: Vt, projections: gemm(U, problem.b, { transposeA: true }) };
    return new FittedRegression(problem, factors, { rcond: rcond ?? defaultCut(problem.A), ridge });
  };
  return {
    fit(X, y) {
      const problem = begin(X, y);
      return end(problem, kind.factor(problem.A));
    },
    async fitAsync(X, y, { signal } = {}) {
      const heed = heedInterruption(`${kind.what}.fitAsync`, signal);
      heed();
      const problem = begin(X, y);
      const factors = await kind.factorAsync(problem.A);
      heed();
      return end(problem, factors);
    },
  };
}

/** To find the x of least norm for which A x is next to b: coefficients are x, or W^½ x with W^½ on both sides. */
interface Problem {
  readonly kind: Kind;
  readonly roots: Float64Array | undefined;
  /** W^½ K W^½ or W^½ Φ. */
  readonly A: Matrix;
  /** W^½ y, n × r. */
  readonly b: Matrix;
}

/** A = U diag(values) directions, with U where it is needed. */
interface Factors {
  /** Of descending size. */
  readonly values: Vector;
  readonly directions: Matrix;
  /** Uᵀ b */
  readonly projections: Matrix;
}

/** A fitted regression on a kernel (coefficients δ) or on features (coefficients γ). */
export class FittedRegression {
  /** n × r (δ) or p × r (γ): a column for each right side. */
  readonly coefficients: Matrix;
  /** How many values are kept: the dimension of the space that y is projected to. */
  readonly rank: number;
  /** Of Ĥ = W^½ K W^½ or of W^½ Φ, all of them, descending. */
  readonly singularValues: Vector;
  /** ‖y − f‖₀ = (Σ_i w_i |y_i − f(x_i)|²)^½ of each right side. */
  readonly residualNorms: Float64Array;
  /** The cut. */
  readonly rcond: number;
  readonly ridge: number;

  constructor(
    private readonly problem: Problem,
    private readonly factors: Factors,
    { rcond, ridge }: { rcond: number; ridge: number },
  ) {
    const { kind, roots, A, b } = problem;
    const { values, directions, projections } = factors;
    let rank = 0;
    while (rank < values.length && Math.abs(values[rank]) > rcond * Math.abs(values[0])) rank++;
    const inverse = values.map((value) => 1 / (value + kind.shift(value, ridge)));
    const x = gemm(directions.slice(0, rank), scaled(projections.slice(0, rank), inverse), {
      transposeA: true,
    });
    const at = firstNotFinite(x.data);
    if (at >= 0)
      throw new NumericalError({
        what: kind.what,
        expected: 'finite coefficients',
        got: `${x.data[at]}`,
        todo: 'Values next to zero are divided by: take a larger rcond.',
      });
    this.coefficients = kind.bothSides ? scaled(x, roots) : x;
    this.rank = rank;
    this.singularValues = values.map(Math.abs);
    // Of the coefficients as they are: with small values kept, their rounding is a part of what the fit leaves.
    this.residualNorms = columnNorms(gemm(A, x, { alpha: -1, beta: 1, out: b.copy() }));
    this.rcond = rcond;
    this.ridge = ridge;
  }

  /**
   * f at m points: m × r, in the precision of the fit. Kx (m × n) is their kernel with the training points, or (m × p)
   * their features. Throws a ShapeError for another number of columns, a ValueError when it is not finite, a
   * NumericalError on overflow.
   */
  predict(Kx: Matrix): Matrix {
    const { coefficients } = this;
    if (Kx.cols !== coefficients.rows)
      throw new ShapeError({
        what: 'predict',
        expected: `a matrix of ${coefficients.rows} columns, one for each ${this.problem.kind.column}`,
        got: shapeText(Kx.shape),
        todo: 'Points are rows: give kernel.cross(points, training) to a fit of a kernel, features to one of features.',
      });
    const out = gemm(Kx.as(coefficients.dtype), coefficients);
    checkMade(out, Kx, 'predict');
    return out;
  }

  /** The fit with another cut, from the same factorisation. Throws a ValueError for an rcond outside [0, 1). */
  withCut(rcond: number): FittedRegression {
    const options = { rcond: checkCut('withCut', rcond), ridge: this.ridge };
    return new FittedRegression(this.problem, this.factors, options);
  }

  /** The fit with another ridge, from the same factorisation. Throws a ValueError for a negative one. */
  withRidge(ridge: number): FittedRegression {
    const options = { rcond: this.rcond, ridge: checkRidge('withRidge', ridge) };
    return new FittedRegression(this.problem, this.factors, options);
  }
}

/** A symmetric matrix's A = V diag(λ) Vᵀ by descending size of λ; unlike singular values, λ has a sign. */
function bySize({ values, vectors }: Eigh): Svd {
  const order = Array.from(values.keys()).sort((i, j) => Math.abs(values[j]) - Math.abs(values[i]));
  const Vt = vectors.transpose().take(order);
  return { U: Vt.transpose(), s: values.map((_, k) => values[order[k]]), Vt };
}

/** diag(left) A diag(right), copied; symmetric to the last digit where A is and left is right. */
function scaled(A: Matrix, left?: Vector, right?: Vector): Matrix {
  const out = A.copy();
  for (let i = 0; i < A.rows; i++) {
    const row = out.row(i);
    const factor = left ? left[i] : 1;
    for (let j = 0; j < row.length; j++) row[j] *= right ? factor * right[j] : factor;
  }
  return out;
}

function columnNorms(A: Matrix): Float64Array {
  return Float64Array.from({ length: A.cols }, (_, j) => norm(A.column(j)));
}

/** y as a matrix of X's precision. */
function targets(what: string, y: ArrayLike<number> | Matrix, X: Matrix): Matrix {
  const Y = y instanceof Matrix ? y : new Matrix(y.length, 1, Float64Array.from(y));
  checkCount(what, 'y', Y.rows, X);
  const wrong = locateNonFinite(Y, `${what}, y`);
  if (wrong) throw wrong;
  return Y.as(X.dtype);
}

/** √w */
function rootsOf(what: string, weights: ArrayLike<number>): Float64Array {
  return Float64Array.from(weights, (weight, i) => {
    if (weight >= 0 && weight < Infinity) return Math.sqrt(weight);
    throw new ValueError({
      what: `${what}, weights`,
      expected: 'finite weights, none negative',
      got: `${weight} at position ${i}`,
      todo: 'A weight of 0 leaves an example out.',
    });
  });
}

function checkCount(what: string, name: string, count: number, X: Matrix): void {
  if (count === X.rows) return;
  throw new ShapeError({
    what: `${what}, ${name}`,
    expected: `${X.rows}, one for each row`,
    got: `${count}`,
    todo: 'They must be of the same examples as the rows, in the same order.',
  });
}

function checkFeatures(what: string, Phi: Matrix): void {
  const wrong = locateNonFinite(Phi, `${what}, Phi`);
  if (wrong) throw wrong;
}

function checkRidge(what: string, ridge: number): number {
  if (ridge >= 0 && ridge < Infinity) return ridge;
  throw new ValueError({
    what: `${what}, ridge`,
    expected: 'a finite number, 0 or more',
    got: `${ridge}`,
    todo: 'It is added to the eigenvalues of the kernel; 0 is none.',
  });
}
