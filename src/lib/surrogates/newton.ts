/**
 * L2 logistic regression at its exact optimum, by Newton's method made for kernel matrices:
 *
 *     F(w, b) = 1/n Σ_i s_i ℓ(y_i, x_i·w + b) + α/2 ‖w‖²,   ∇²F = [X 1]ᵀ D [X 1] + α (1 but for b),  D = s σ(1 − σ)/n.
 *
 * The spectrum of a kernel matrix decays, so nearly all of w's work is done in a space V of some hundred dimensions,
 * found by one random sketch V = orth(Xᵀ Ω) (Halko, Martinsson & Tropp, SIAM Review 53, 2011, algorithm 4.1). First
 * the problem is solved within V, where a Hessian is small and a factorisation costs nothing. Then conjugate
 * gradients on the whole Hessian (truncated Newton; Nocedal & Wright, Numerical Optimization, section 7.1), with the
 * Hessian in V, plus α outside it, as preconditioner, finish in a few products with X: the optimum is exact, V decides
 * only how soon it is reached. With few features, or where conjugate gradients do not converge (α far below the
 * spectrum's tail), V is everything, and the method is Newton's own.
 */

import { NumericalError } from '../errors';
import { cholesky, choleskySolve, eigh, gemm, gemv, syrk } from '../linalg';
import { Matrix } from '../linalg/matrix';
import { random } from '../random';
import { locateNonFinite } from './finite';
import { type FitProgress, type LinearFit, logisticLoss, logisticSlope } from './sgd';

export interface NewtonOptions {
  alpha: number;
  /** Ends when ‖∇F‖ ≤ tolerance · max(1, ‖∇F at zero‖) (default 1e-10). */
  tolerance?: number;
  /** The most Newton steps (default 100). */
  maxIterations?: number;
}

/** Up to so many features, a Hessian of all of them is formed. */
const DIRECT = 384;
/** Dimensions of the sketch. */
const RANK = 96;
/** Products with the Hessian in one Newton step, before its factorisation is the cheaper way. */
const MOST_PRODUCTS = 100;

type Fit = Generator<FitProgress, LinearFit, void>;

/**
 * Prepares X (n × p); the function it returns fits y (zeros and ones) with the weights s, any number of times, and
 * yields after each Newton step. It throws a ValueError when X is not finite, a NumericalError when rounding keeps the gradient above the tolerance.
 */
export function logisticNewton(X: Matrix, options: NewtonOptions): (y: Float64Array, s: Float64Array) => Fit {
  let wide: Matrix | undefined;
  let basis: Basis | undefined;
  return (y, s) => {
    wide ??= finite(X).as('float64');
    basis ??= X.cols <= DIRECT ? wholeBasis(wide) : sketchBasis(X);
    return newton(wide, basis, { y, s, ...options });
  };
}

interface Basis {
  /** V (p × r), orthonormal columns; undefined stands for the identity. */
  V: Matrix | undefined;
  /** [X V, 1] (n × (r + 1)). */
  Z: Matrix;
}

interface Problem extends NewtonOptions {
  y: Float64Array;
  s: Float64Array;
}

function* newton(X: Matrix, basis: Basis, problem: Problem): Fit {
  const { tolerance = 1e-10, maxIterations = 100, alpha } = problem;
  const { V, Z } = basis;
  const model = new LogisticModel(problem);
  const start = gradient(X, new Float64Array(X.cols), model.at(new Float64Array(X.rows), 0), alpha);
  if (!Number.isFinite(start.norm)) throw stuck(start.norm, tolerance, 0);
  const goal = tolerance * Math.max(1, start.norm);

  // Within V: u and b, with z = Z [u, b].
  const inner = new Float64Array(Z.cols);
  let iteration = 0;
  let stalled = stallDetector();
  const innerGoal = V ? Math.max(goal, 1e-5 * start.norm) : goal;
  for (;;) {
    const state = model.at(gemv(Z, inner) as Float64Array, squaredNorm(inner, Z.cols - 1));
    const g = gemv(Z, state.residual, { transpose: true }) as Float64Array;
    for (let k = 0; k < Z.cols - 1; k++) g[k] += alpha * inner[k];
    const size = Math.sqrt(squaredNorm(g));
    if (size <= innerGoal) {
      if (!V)
        return {
          weights: inner.slice(0, -1),
          intercept: inner[Z.cols - 1],
          iterations: iteration,
          converged: true,
        };
      break;
    }
    if (iteration === maxIterations) return unfinished(V, inner, iteration);
    const direction = choleskySolve(
      hessianFactor(Z, state.curvature, alpha),
      new Matrix(g.length, 1, g),
    ).data;
    for (let k = 0; k < direction.length; k++) direction[k] = -direction[k];
    const along = gemv(Z, direction) as Float64Array;
    const t = model.lineSearch(state, along, {
      slope: innerProduct(g, direction as Float64Array),
      curve: quadratic(inner, direction as Float64Array, Z.cols - 1),
    });
    if (t === 0 || stalled(size)) {
      if (V) break;
      throw stuck(size, goal, iteration);
    }
    for (let k = 0; k < inner.length; k++) inner[k] += t * direction[k];
    yield { iteration: ++iteration, objective: state.objective };
  }

  // In the whole space.
  const r = Z.cols - 1;
  const w = gemv(V as Matrix, inner.subarray(0, r)) as Float64Array;
  let b = inner[r];
  stalled = stallDetector();
  for (;;) {
    const z = gemv(X, w) as Float64Array;
    for (let i = 0; i < z.length; i++) z[i] += b;
    const state = model.at(z, squaredNorm(w));
    const g = gradient(X, w, state, alpha);
    if (g.norm <= goal) return { weights: w, intercept: b, iterations: iteration, converged: true };
    if (iteration >= maxIterations)
      return { weights: w, intercept: b, iterations: iteration, converged: false };
    // Loose far from the optimum; near it such that the error squares in a step, but no more than is asked.
    const forcing = Math.max(Math.min(0.1, g.norm / start.norm), (0.3 * goal) / g.norm);
    const step = conjugateGradients(X, basis, state.curvature, alpha, g, forcing * g.norm);
    const t = model.lineSearch(state, step.along, {
      slope: innerProduct(g.weights, step.weights) + g.intercept * step.intercept,
      curve: quadratic(w, step.weights, w.length),
    });
    // Where the penalty is too weak for α to stand for the Hessian outside V, only the whole Hessian helps.
    if (!step.solved || t === 0 || stalled(g.norm)) return yield* newton(X, wholeBasis(X), problem);
    for (let j = 0; j < w.length; j++) w[j] += t * step.weights[j];
    b += t * step.intercept;
    yield { iteration: ++iteration, objective: state.objective };
  }
}

/** The loss side of F, as a function of the logits. */
class LogisticModel {
  private readonly y: Float64Array;
  private readonly s: Float64Array;
  private readonly alpha: number;

  constructor({ y, s, alpha }: Problem) {
    this.y = y;
    this.s = s;
    this.alpha = alpha;
  }

  /** F, ∂F/∂z and ∂²F/∂z² at logits z, with ‖w‖² given. */
  at(z: Float64Array, squared: number): LogisticState {
    const y = this.y;
    const s = this.s;
    const n = z.length;
    const residual = new Float64Array(n);
    const curvature = new Float64Array(n);
    let loss = 0;
    for (let i = 0; i < n; i++) {
      const weight = s[i] / n;
      loss += weight * logisticLoss(y[i], z[i]);
      residual[i] = weight * logisticSlope(y[i], z[i]);
      const e = Math.exp(-Math.abs(z[i]));
      curvature[i] = (weight * e) / ((1 + e) * (1 + e));
    }
    return { z, objective: loss + 0.5 * this.alpha * squared, residual, curvature };
  }

  /**
   * The largest t of 1, ½, ¼ … for which F falls by a ten-thousandth of what the slope promises (Armijo), or 0 when
   * none does. A promise below F's rounding is taken at its word: near the optimum the full step is right.
   */
  lineSearch(
    state: LogisticState,
    along: Float64Array,
    { slope, curve }: { slope: number; curve: { linear: number; square: number } },
  ): number {
    if (!(slope < 0)) return 0;
    if (-slope < 1e-11 * (1 + Math.abs(state.objective))) return 1;
    const y = this.y;
    const s = this.s;
    const alpha = this.alpha;
    const n = along.length;
    let base = 0;
    for (let i = 0; i < n; i++) base += (s[i] / n) * logisticLoss(y[i], state.z[i]);
    for (let t = 1; t > 1e-12; t /= 2) {
      let loss = 0;
      for (let i = 0; i < n; i++) loss += (s[i] / n) * logisticLoss(y[i], state.z[i] + t * along[i]);
      const change = loss - base + alpha * (t * curve.linear + 0.5 * t * t * curve.square);
      if (change <= 1e-4 * t * slope) return t;
    }
    return 0;
  }
}

interface LogisticState {
  z: Float64Array;
  objective: number;
  /** s (σ(z) − y)/n */
  residual: Float64Array;
  /** D = s σ(1 − σ)/n */
  curvature: Float64Array;
}

interface Gradient {
  weights: Float64Array;
  intercept: number;
  norm: number;
}

function gradient(X: Matrix, w: Float64Array, { residual }: LogisticState, alpha: number): Gradient {
  const weights = gemv(X, residual, { transpose: true }) as Float64Array;
  for (let j = 0; j < w.length; j++) weights[j] += alpha * w[j];
  const intercept = residual.reduce((sum, r) => sum + r, 0);
  return { weights, intercept, norm: Math.sqrt(squaredNorm(weights) + intercept * intercept) };
}

/** Solves ∇²F d = −g until the residual is at most `goal` (`solved`) or patience ends; `along` is [X 1] d. */
function conjugateGradients(
  X: Matrix,
  basis: Basis,
  D: Float64Array,
  alpha: number,
  g: Gradient,
  goal: number,
): { weights: Float64Array; intercept: number; along: Float64Array; solved: boolean } {
  const p = X.cols;
  const precondition = preconditioner(basis, D, alpha);
  const d = new Float64Array(p + 1);
  const along = new Float64Array(X.rows);
  const residual = new Float64Array(p + 1);
  for (let j = 0; j < p; j++) residual[j] = -g.weights[j];
  residual[p] = -g.intercept;
  let q = precondition(residual);
  let rho = innerProduct(residual, q);
  const direction = q;
  const Hd = new Float64Array(p + 1);
  let solved = false;
  for (let k = 0; k < MOST_PRODUCTS && !solved; k++) {
    const t = gemv(X, direction.subarray(0, p)) as Float64Array;
    const Dt = new Float64Array(t.length);
    let sum = 0;
    for (let i = 0; i < t.length; i++) {
      t[i] += direction[p];
      sum += Dt[i] = D[i] * t[i];
    }
    gemv(X, Dt, { transpose: true, out: Hd.subarray(0, p) });
    for (let j = 0; j < p; j++) Hd[j] += alpha * direction[j];
    Hd[p] = sum;
    const step = rho / innerProduct(direction, Hd);
    for (let j = 0; j <= p; j++) {
      d[j] += step * direction[j];
      residual[j] -= step * Hd[j];
    }
    for (let i = 0; i < t.length; i++) along[i] += step * t[i];
    solved = Math.sqrt(squaredNorm(residual)) <= goal;
    if (solved) break;
    q = precondition(residual);
    const next = innerProduct(residual, q);
    const beta = next / rho;
    rho = next;
    for (let j = 0; j <= p; j++) direction[j] = q[j] + beta * direction[j];
  }
  return { weights: d.subarray(0, p), intercept: d[p], along, solved };
}

/** v ↦ P⁻¹ v with P = the Hessian within V and the intercept, α outside: V S⁻¹ Vᵀ + (1 − V Vᵀ)/α. */
function preconditioner(basis: Basis, D: Float64Array, alpha: number): (v: Float64Array) => Float64Array {
  const V = basis.V as Matrix;
  const r = V.cols;
  const p = V.rows;
  const L = hessianFactor(basis.Z, D, alpha);
  return (v) => {
    const inside = new Matrix(r + 1, 1, new Float64Array(r + 1));
    const part = gemv(V, v.subarray(0, p), { transpose: true });
    inside.data.set(part);
    inside.data[r] = v[p];
    const solved = choleskySolve(L, inside).data;
    const out = new Float64Array(p + 1);
    const mixed = new Float64Array(r);
    for (let k = 0; k < r; k++) mixed[k] = solved[k] - part[k] / alpha;
    gemv(V, mixed, { out: out.subarray(0, p) });
    for (let j = 0; j < p; j++) out[j] += v[j] / alpha;
    out[p] = solved[r];
    return out;
  };
}

/** The Cholesky factor of Zᵀ D Z + α (1 but for the last, the intercept's). */
function hessianFactor(Z: Matrix, D: Float64Array, alpha: number): Matrix {
  const scaled = Matrix.zeros(Z.rows, Z.cols, 'float64');
  for (let i = 0, k = 0; i < Z.rows; i++) {
    const root = Math.sqrt(D[i]);
    for (let j = 0; j < Z.cols; j++, k++) scaled.data[k] = root * Z.data[k];
  }
  const S = syrk(scaled, { transpose: true });
  const m = Z.cols;
  let largest = 0;
  for (let j = 0; j < m; j++) {
    if (j < m - 1) S.data[j * m + j] += alpha;
    largest = Math.max(largest, S.data[j * m + j]);
  }
  // Where every logit saturates, the intercept's curvature is lost in rounding; a lift of that size restores it.
  for (let lift = 0; ; lift = lift === 0 ? 1e-15 * largest : 10 * lift) {
    if (lift > 0) for (let j = 0; j < m; j++) S.data[j * m + j] += lift;
    try {
      return cholesky(S);
    } catch (error) {
      if (!(error instanceof NumericalError) || lift > 1e-3 * largest) throw error;
    }
  }
}

function finite(X: Matrix): Matrix {
  const wrong = locateNonFinite(X);
  if (wrong) throw wrong;
  return X;
}

function wholeBasis(X: Matrix): Basis {
  return { V: undefined, Z: withOnes(X) };
}

/**
 * V = orth(Xᵀ Ω) for random signs Ω. The sketch is made in float32: V need only be near the leading singular vectors.
 * Its columns are then made orthonormal to float64's rounding, which the preconditioner relies on.
 */
function sketchBasis(X: Matrix): Basis {
  const narrow = X.as('float32');
  const rank = Math.min(RANK, X.rows);
  const signs = random('sketch of a kernel matrix').fill(new Float32Array(X.rows * rank), 'rademacher');
  const Y = gemm(narrow, new Matrix(X.rows, rank, signs), { transposeA: true }).as('float64');
  const V = orthonormal(Y);
  return { V, Z: withOnes(gemm(narrow, V.as('float32')).as('float64')) };
}

function orthonormal(Y: Matrix): Matrix {
  const { values, vectors } = eigh(syrk(Y, { transpose: true }));
  const r = values.length;
  const kept: number[] = [];
  for (let j = r - 1; j >= 0; j--) if (values[j] > 1e-11 * values[r - 1]) kept.push(j);
  const turn = Matrix.zeros(r, kept.length, 'float64');
  kept.forEach((j, k) => {
    const scale = 1 / Math.sqrt(values[j]);
    for (let i = 0; i < r; i++) turn.data[i * kept.length + k] = vectors.data[i * r + j] * scale;
  });
  let V = gemm(Y, turn);
  // Newton's iteration for the nearest orthonormal matrix: V ← V (3 − VᵀV)/2 squares the error each time.
  for (let pass = 0; pass < 2; pass++) {
    const G = syrk(V, { transpose: true, alpha: -0.5 });
    for (let j = 0; j < V.cols; j++) G.data[j * V.cols + j] += 1.5;
    V = gemm(V, G);
  }
  return V;
}

function withOnes(X: Matrix): Matrix {
  const Z = Matrix.zeros(X.rows, X.cols + 1, 'float64');
  for (let i = 0; i < X.rows; i++) {
    const row = Z.row(i);
    row.set(X.row(i));
    row[X.cols] = 1;
  }
  return Z;
}

function innerProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Σ of the squares of the first `count` entries. */
function squaredNorm(a: Float64Array, count = a.length): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[i] * a[i];
  return sum;
}

/** ½‖w + t d‖² − ½‖w‖² = t · linear + ½ t² · square. */
function quadratic(w: Float64Array, d: Float64Array, count: number): { linear: number; square: number } {
  let linear = 0;
  let square = 0;
  for (let j = 0; j < count; j++) {
    linear += w[j] * d[j];
    square += d[j] * d[j];
  }
  return { linear, square };
}

/** Tells, from the gradient's norm after each step, that ten steps have not brought it below its least so far. */
function stallDetector(): (size: number) => boolean {
  let least = Number.POSITIVE_INFINITY;
  let idle = 0;
  return (size) => {
    idle = size < least ? 0 : idle + 1;
    least = Math.min(least, size);
    return idle >= 10;
  };
}

function unfinished(V: Matrix | undefined, inner: Float64Array, iterations: number): LinearFit {
  const u = inner.subarray(0, -1);
  return {
    weights: V ? (gemv(V, u) as Float64Array) : u.slice(),
    intercept: inner[inner.length - 1],
    iterations,
    converged: false,
  };
}

function stuck(size: number, goal: number, iteration: number): NumericalError {
  return new NumericalError({
    what: 'Logistic regression by Newton',
    expected: `a gradient below ${goal.toPrecision(3)}`,
    got: `${size.toPrecision(3)} after ${iteration} steps, and no step that goes on`,
    todo: 'Rounding is in the way: divide the kernel by a scale (cosine or scaled), raise alpha, or give a larger tolerance.',
  });
}
