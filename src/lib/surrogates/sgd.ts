/**
 * Logistic regression by stochastic gradient descent, by the rules of scikit-learn's
 * SGDClassifier(loss='log_loss'): the surrogate of the trNTK study (arXiv 2305.14585, section 2) was fitted by that
 * program, unconverged, so its rules are part of the definition. With `shuffle` off the coefficients are
 * scikit-learn's to rounding.
 *
 * The objective is F(w, b) = 1/m Σ s_i ℓ(y_i, x_i·w + b) + α R(w), with ℓ(y, z) = ln(1 + eᶻ) − y z, y in {0, 1},
 * R = ½‖w‖² (l2), ‖w‖₁ (l1) or a mix (elastic net), and b free. Step t takes one example, with the rate
 * η_t = 1 / (α (t₀ + t − 1)), t₀ = α^(−3/4) (Bottou's heuristic: the first rate is α^(−1/4)). The l2 penalty shrinks
 * a scale that stands before the weights; the l1 penalty is cumulative, and clips a weight at zero (Tsuruoka, Tsujii
 * & Ananiadou, "Stochastic gradient descent training for L1-regularized log-linear models with cumulative penalty",
 * ACL 2009). Training ends when the mean objective seen during an epoch has not fallen by `tolerance` below the best
 * for `patience` epochs.
 *
 * Why it is quick: rows and weights lie in memory that the SIMD module sees, and ‖w‖², which the stopping rule wants at
 * every step, follows from products that are known (‖w + c x‖² = ‖w‖² + 2c w·x + c²‖x‖²).
 */

import { NumericalError, type ValueError } from '../errors';
import { Arena, axpy, dot } from '../linalg/elementwise';
import type { Matrix } from '../linalg/matrix';
import type { Random } from '../random';
import { locateNonFinite } from './finite';

export type Penalty = 'l2' | 'l1' | 'elasticnet';

export interface LogisticSgdOptions {
  /** α > 0: the weight of the penalty, which also sets the rate. */
  alpha: number;
  /** Default 'l2'. */
  penalty?: Penalty;
  /** The share of l1 in the elastic net (default 0.15). */
  l1Ratio?: number;
  /** By how much the objective must fall (default 1e-3). */
  tolerance?: number;
  /** After how many epochs without such a fall training ends (default 5). */
  patience?: number;
  /** The most epochs (default 1000). */
  maxIterations?: number;
  /** s_i of the examples of class 1 and of class 0 (default 1). Like scikit-learn's, not counted in the stopping rule. */
  positiveWeight?: number;
  negativeWeight?: number;
  /** Takes the examples in a new random order in each epoch; without it, in the order of the rows. */
  rng?: Random;
}

/** What a fit of one class against the rest gives. */
export interface LinearFit {
  weights: Float64Array;
  intercept: number;
  /** Epochs, or Newton steps. */
  iterations: number;
  /** Whether the stopping rule was met before the most iterations were. */
  converged: boolean;
}

/** Where a fit stands, after each epoch or step: what the generators yield. */
export interface FitProgress {
  iteration: number;
  /** Mean of the loss plus the penalty. */
  objective: number;
}

/** scikit-learn's bound, below which the scale is multiplied into the weights. */
const SMALLEST_SCALE = 1e-9;

/**
 * Prepares X (m × p); the function it returns fits y (zeros and ones, one per row), any number of times, and yields
 * after each epoch. Computes in float64. Throws a NumericalError when the weights overflow, a ValueError when X is not
 * finite.
 */
export function logisticSgd(
  X: Matrix,
): (y: Float64Array, options: LogisticSgdOptions) => Generator<FitProgress, LinearFit, void> {
  let rows: Rows | undefined;
  return (y, options) => descend((rows ??= new Rows(X)), y, options);
}

function* descend(
  rows: Rows,
  y: Float64Array,
  options: LogisticSgdOptions,
): Generator<FitProgress, LinearFit, void> {
  const { alpha, penalty = 'l2', rng } = options;
  const { tolerance = 1e-3, patience = 5, maxIterations = 1000 } = options;
  const { positiveWeight = 1, negativeWeight = 1 } = options;
  const l1Ratio = penalty === 'l2' ? 0 : penalty === 'l1' ? 1 : (options.l1Ratio ?? 0.15);
  const clips = penalty !== 'l2';
  const { X, squares } = rows;
  const m = X.rows;
  // An infinity in X can hide behind a logit of −∞ that is right; here it cannot.
  if (!squares.every(Number.isFinite)) throw diverged(X, 0);
  const w = new ScaledWeights(rows.weights(), clips);
  const order = rng ? rng.permutation(m) : undefined;
  // typw / max(1, ℓ′(1, −typw)) = typw, since ℓ′ < 0 there.
  const optimalInit = 1 / (Math.sqrt(1 / Math.sqrt(alpha)) * alpha);
  let intercept = 0;
  let best = Number.POSITIVE_INFINITY;
  let idle = 0;
  let t = 1;
  for (let epoch = 1; ; epoch++) {
    let objective = 0;
    if (order && epoch > 1) rng?.shuffle(order);
    for (let k = 0; k < m; k++, t++) {
      const i = order ? order[k] : k;
      const x = rows.row(i);
      const product = w.dot(x);
      const p = product + intercept;
      const eta = 1 / (alpha * (optimalInit + t - 1));
      objective +=
        logisticLoss(y[i], p) +
        alpha * ((1 - l1Ratio) * 0.5 * w.squaredNorm + (l1Ratio === 0 ? 0 : l1Ratio * w.absoluteNorm));
      const update = -eta * logisticSlope(y[i], p) * (y[i] > 0 ? positiveWeight : negativeWeight);
      if (l1Ratio < 1) w.shrink(Math.max(0, 1 - (1 - l1Ratio) * eta * alpha));
      if (clips) w.addAndClip(x, update, l1Ratio * eta * alpha);
      else w.add(x, update, product, squares[i]);
      intercept += update;
    }
    w.settle();
    if (!Number.isFinite(intercept) || !Number.isFinite(w.squaredNorm)) throw diverged(X, epoch);
    objective /= m;
    yield { iteration: epoch, objective };
    idle = objective > best - tolerance ? idle + 1 : 0;
    if (objective < best) best = objective;
    if (idle >= patience || epoch === maxIterations)
      return { weights: w.values(), intercept, iterations: epoch, converged: idle >= patience };
  }
}

/** ln(1 + eᶻ) − y z, with scikit-learn's cases, each exact to rounding in its range. */
export function logisticLoss(y: number, z: number): number {
  if (z <= -37) return Math.exp(z) - y * z;
  if (z <= -2) return Math.log1p(Math.exp(z)) - y * z;
  if (z <= 18) return Math.log(1 + Math.exp(z)) - y * z;
  if (z <= 33.3) return z + Math.exp(-z) - y * z;
  return z - y * z;
}

/** ∂ℓ/∂z = σ(z) − y. */
export function logisticSlope(y: number, z: number): number {
  if (z <= -37) return Math.exp(z) - y;
  const e = Math.exp(-z);
  return (1 - y - y * e) / (1 + e);
}

/** The weights as scale · v, so that shrinking them all is one product. */
class ScaledWeights {
  /** ‖w‖², as scikit-learn counts it: for an l1 penalty before the clipping of the last step. */
  squaredNorm = 0;
  /** ‖w‖₁ likewise; kept for an l1 penalty only. */
  absoluteNorm = 0;
  private readonly v: Float64Array;
  private scale = 1;
  /** By how much this step has shrunk the weights. */
  private shrunk = 1;
  /** The l1 penalty that each weight has had so far (q in the paper); the one it should have had is `due` (u). */
  private readonly paid: Float64Array | undefined;
  private due = 0;

  constructor(v: Float64Array, clips: boolean) {
    this.v = v;
    if (clips) this.paid = new Float64Array(v.length);
  }

  /** w·x */
  dot(x: Float64Array): number {
    return this.scale * dot(this.v, x);
  }

  shrink(factor: number): void {
    this.scale *= factor;
    this.squaredNorm *= factor * factor;
    this.absoluteNorm *= factor;
    this.shrunk = factor;
    if (this.scale < SMALLEST_SCALE) this.fold();
  }

  /** w += c x, given w·x from before the shrinking, and ‖x‖². */
  add(x: Float64Array, c: number, product: number, square: number): void {
    axpy(c / this.scale, x, this.v);
    this.squaredNorm = Math.max(0, this.squaredNorm + 2 * c * this.shrunk * product + c * c * square);
  }

  /** w += c x, then the cumulative l1 penalty, `more` of which became due in this step. */
  addAndClip(x: Float64Array, c: number, more: number): void {
    const due = (this.due += more);
    const { v, scale } = this;
    const paid = this.paid as Float64Array;
    const factor = c / scale;
    const inverse = 1 / scale;
    let squares = 0;
    let absolutes = 0;
    for (let j = 0; j < v.length; j++) {
      const z = v[j] + factor * x[j];
      squares += z * z;
      absolutes += Math.abs(z);
      const clipped =
        z > 0
          ? Math.max(0, z - (due + paid[j]) * inverse)
          : z < 0
            ? Math.min(0, z + (due - paid[j]) * inverse)
            : z;
      paid[j] += scale * (clipped - z);
      v[j] = clipped;
    }
    if (c === 0) return;
    this.squaredNorm = squares * scale * scale;
    this.absoluteNorm = absolutes * scale;
  }

  /** At the end of an epoch: counts ‖w‖² anew, so that rounding does not add up. */
  settle(): void {
    if (!this.paid) this.squaredNorm = this.scale * this.scale * dot(this.v, this.v);
  }

  values(): Float64Array {
    this.fold();
    return this.v.slice();
  }

  private fold(): void {
    for (let j = 0; j < this.v.length; j++) this.v[j] *= this.scale;
    this.scale = 1;
  }
}

/** Bytes up to which all of X is copied to the arena; beyond, each row is when its turn comes. */
const WHOLE_BYTES = 1 << 28;

/** The rows of X in float64, in one arena with the weights. */
class Rows {
  readonly X: Matrix;
  /** ‖x_i‖² */
  readonly squares: Float64Array;
  private readonly arena: Arena;
  private readonly views: Float64Array[] | undefined;
  private readonly one: Float64Array;
  private readonly start: number;

  constructor(X: Matrix) {
    const { rows: m, cols: p } = X;
    const whole = m * p * 8 <= WHOLE_BYTES;
    this.X = X;
    this.arena = new Arena(((whole ? m : 1) + 1) * (p * 8 + 64));
    if (whole) {
      const all = this.arena.uncleared(m * p, 'float64') as Float64Array;
      all.set(X.data);
      this.views = Array.from({ length: m }, (_, i) => all.subarray(i * p, (i + 1) * p));
    }
    this.one = this.views ? this.views[0] : (this.arena.vector(p, 'float64') as Float64Array);
    this.start = this.arena.mark();
    this.squares = Float64Array.from({ length: m }, (_, i) => {
      const x = this.row(i);
      return dot(x, x);
    });
  }

  /** Row i, until the next is asked for. */
  row(i: number): Float64Array {
    if (this.views) return this.views[i];
    const { cols, data } = this.X;
    this.one.set(data.subarray(i * cols, (i + 1) * cols));
    return this.one;
  }

  /** Weights of zero beside the rows. Those of the fit before are gone. */
  weights(): Float64Array {
    this.arena.reset(this.start);
    return this.arena.vector(this.X.cols, 'float64') as Float64Array;
  }
}

function diverged(X: Matrix, epoch: number): ValueError | NumericalError {
  return (
    locateNonFinite(X) ??
    new NumericalError({
      what: 'Logistic regression by SGD',
      expected: 'finite weights',
      got: `an overflow in epoch ${epoch}`,
      todo: 'The first rate is alpha^(−1/4): divide the kernel by a scale (cosine or scaled), or raise alpha.',
    })
  );
}
