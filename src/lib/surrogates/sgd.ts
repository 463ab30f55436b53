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
 * Why it is quick: the update by one row and the product with the next are one pass over the weights, and ‖w‖², which
 * the stopping rule wants at every step, follows from products that are known (‖w + c x‖² = ‖w‖² + 2c w·x + c²‖x‖²).
 */

import { NumericalError, type ValueError } from '../errors';
import type { Matrix, Vector } from '../linalg/matrix';
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
 * Fits y (zeros and ones, one per row of X, m × p) and yields after each epoch. Computes in float64; rows of a float32
 * X are widened one at a time. Throws a NumericalError when the weights overflow, a ValueError when X is not finite.
 */
export function* logisticSgd(
  X: Matrix,
  y: Float64Array,
  options: LogisticSgdOptions,
): Generator<FitProgress, LinearFit, void> {
  const { alpha, penalty = 'l2', rng } = options;
  const { tolerance = 1e-3, patience = 5, maxIterations = 1000 } = options;
  const { positiveWeight = 1, negativeWeight = 1 } = options;
  const l1Ratio = penalty === 'l2' ? 0 : penalty === 'l1' ? 1 : (options.l1Ratio ?? 0.15);
  const m = X.rows;
  const rows = rowReader(X);
  const squares = rowSquares(X);
  // An infinity in X can hide behind a logit of −∞ that is right; here it cannot.
  if (!squares.every(Number.isFinite)) throw diverged(X, 0);
  const clips = penalty !== 'l2';
  const w = new ScaledWeights(X.cols, clips);
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
      const x = rows(i);
      const product = w.advance(x);
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

/**
 * The weights as scale · v, so that shrinking them all is one product. An update is kept back until the next row is
 * known: `advance` then adds the one and multiplies by the other in one pass.
 */
class ScaledWeights {
  /** ‖w‖², as scikit-learn counts it: for an l1 penalty before the clipping of the last step. */
  squaredNorm = 0;
  /** ‖w‖₁ likewise; kept for an l1 penalty only. */
  absoluteNorm = 0;
  private scale = 1;
  private readonly v: Float64Array;
  /** The l1 penalty that each weight has had so far (q in the paper); the one it should have had is `due` (u). */
  private readonly paid: Float64Array | undefined;
  private due = 0;
  private last: Float64Array;
  private factor = 0;
  /** By how much this step has shrunk the weights. */
  private shrunk = 1;

  constructor(features: number, clips: boolean) {
    this.v = new Float64Array(features);
    this.last = this.v;
    if (clips) this.paid = new Float64Array(features);
  }

  /** Finishes the last update and returns w·x. */
  advance(x: Float64Array): number {
    if (this.factor === 0) return this.scale * dot(this.v, x);
    const product = addThenDot(this.v, this.last, this.factor, x);
    this.factor = 0;
    return this.scale * product;
  }

  shrink(factor: number): void {
    this.scale *= factor;
    this.squaredNorm *= factor * factor;
    this.absoluteNorm *= factor;
    if (this.scale < SMALLEST_SCALE) this.fold();
    this.shrunk = factor;
  }

  /** w += c x, given w·x from before the shrinking, and ‖x‖². */
  add(x: Float64Array, c: number, product: number, square: number): void {
    this.last = x;
    this.factor = c / this.scale;
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

  /** At the end of an epoch: finishes the last update, and counts ‖w‖² anew so that rounding does not add up. */
  settle(): void {
    if (this.factor !== 0) axpy(this.v, this.last, this.factor);
    this.factor = 0;
    if (!this.paid) this.squaredNorm = this.scale * this.scale * dot(this.v, this.v);
  }

  values(): Float64Array {
    this.settle();
    this.fold();
    return this.v;
  }

  private fold(): void {
    for (let j = 0; j < this.v.length; j++) this.v[j] *= this.scale;
    this.scale = 1;
  }
}

/** v += c x, and returns v · next: four sums, so that one addition need not wait for the one before. */
function addThenDot(v: Float64Array, x: Float64Array, c: number, next: Float64Array): number {
  const n = v.length;
  const whole = n - (n % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let j = 0; j < whole; j += 4) {
    const v0 = v[j] + c * x[j];
    const v1 = v[j + 1] + c * x[j + 1];
    const v2 = v[j + 2] + c * x[j + 2];
    const v3 = v[j + 3] + c * x[j + 3];
    v[j] = v0;
    v[j + 1] = v1;
    v[j + 2] = v2;
    v[j + 3] = v3;
    s0 += v0 * next[j];
    s1 += v1 * next[j + 1];
    s2 += v2 * next[j + 2];
    s3 += v3 * next[j + 3];
  }
  for (let j = whole; j < n; j++) {
    v[j] += c * x[j];
    s0 += v[j] * next[j];
  }
  return s0 + s1 + (s2 + s3);
}

function dot(v: Float64Array, x: Float64Array): number {
  const n = v.length;
  const whole = n - (n % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let j = 0; j < whole; j += 4) {
    s0 += v[j] * x[j];
    s1 += v[j + 1] * x[j + 1];
    s2 += v[j + 2] * x[j + 2];
    s3 += v[j + 3] * x[j + 3];
  }
  for (let j = whole; j < n; j++) s0 += v[j] * x[j];
  return s0 + s1 + (s2 + s3);
}

function axpy(v: Float64Array, x: Float64Array, c: number): void {
  for (let j = 0; j < v.length; j++) v[j] += c * x[j];
}

/** Row i of X in float64. The row before it stays valid too: an update by it is still to be finished. */
function rowReader(X: Matrix): (i: number) => Float64Array {
  if (X.data instanceof Float64Array) {
    const { data, cols } = X;
    const views = Array.from({ length: X.rows }, (_, i) => data.subarray(i * cols, (i + 1) * cols));
    return (i) => views[i];
  }
  const narrow: Vector = X.data;
  let now = new Float64Array(X.cols);
  let before = new Float64Array(X.cols);
  return (i) => {
    [now, before] = [before, now];
    now.set(narrow.subarray(i * X.cols, (i + 1) * X.cols));
    return now;
  };
}

function rowSquares(X: Matrix): Float64Array {
  const rows = rowReader(X);
  return Float64Array.from({ length: X.rows }, (_, i) => {
    const x = rows(i);
    return dot(x, x);
  });
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
