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
 * Why it is quick: rows and weights lie in memory that the SIMD module sees. Under l2, ‖w‖², which the stopping rule
 * wants at every step, follows from products that are known (‖w + c x‖² = ‖w‖² + 2c w·x + c²‖x‖²). Under l1, where every
 * weight is clipped at every step, one pass updates and clips the weights, sums their norms and gives the next example's
 * logit (linalg/elementwise/thresholded). Rows come from a source, which may make them as they are asked for; several
 * fits, with other penalties, can share its rows.
 */

import { type KernelbookError, NumericalError, ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import { Arena, axpy, dot, thresholdedStep } from '../linalg/elementwise';
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

/** Throws a ValueError that begins with `what` for a number among these options that is out of its range. */
export function checkSgdOptions(what: string, options: Omit<LogisticSgdOptions, 'rng'>): void {
  const { alpha, penalty = 'l2', l1Ratio = 0.15, tolerance = 0, patience = 1, maxIterations = 1 } = options;
  const bad = (name: string, expected: string, got: unknown, todo: string): never => {
    throw new ValueError({ what: `${what}, ${name}`, expected, got: String(got), todo });
  };
  if (!(alpha > 0 && Number.isFinite(alpha)))
    bad(
      'alpha',
      'a positive number',
      alpha,
      'It weighs the penalty beside the mean loss: 1e-4 … 1e-1 is usual.',
    );
  if (!['l2', 'l1', 'elasticnet'].includes(penalty))
    bad('penalty', "'l2', 'l1' or 'elasticnet'", penalty, 'l1 leaves few weights, l2 all of them.');
  if (!(l1Ratio >= 0 && l1Ratio <= 1)) bad('l1Ratio', 'a number from 0 to 1', l1Ratio, '1 is all l1.');
  if (Number.isNaN(tolerance)) bad('tolerance', 'a number', tolerance, 'Leave it out for the default.');
  if (!(Number.isInteger(patience) && patience > 0))
    bad('patience', 'a whole number from 1', patience, 'Leave it out for 5, as scikit-learn has it.');
  if (!(Number.isInteger(maxIterations) && maxIterations > 0))
    bad('maxIterations', 'a whole number from 1', maxIterations, 'Leave it out for the default.');
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

/** Where the examples come from: rows in float64, in memory that the SIMD module sees, with room for weights beside. */
export interface RowSource {
  readonly rows: number;
  readonly cols: number;
  /** Row i. It stays as it is until the row after the next is asked for. */
  row(i: number): Float64Array;
  /** Vectors of zeros, one entry a column, as many as the source was told to leave room for. Those of before are gone. */
  vectors(count: number): Float64Array[];
  /** Why weights are not finite after that many epochs: a ValueError where the data are not, else an overflow. */
  fault(epoch: number): KernelbookError;
}

/**
 * Prepares X (m × p); the function it returns fits y (zeros and ones, one per row), any number of times, and yields
 * after each epoch, and undefined where an epoch is long. Computes in float64. Throws a NumericalError when the weights
 * overflow, a ValueError when X is not finite.
 */
export function logisticSgd(
  X: Matrix,
): (y: Float64Array, options: LogisticSgdOptions) => Generator<FitProgress | undefined, LinearFit, void> {
  let rows: MatrixRows | undefined;
  return function* (y, options) {
    rows ??= new MatrixRows(X);
    const [fit] = yield* descend(rows, y, [options], options.rng);
    return fit;
  };
}

/** Where one of several fits stands. */
export interface DescentProgress extends FitProgress {
  /** Which of the fits: its place in the list of options. */
  fit: number;
}

/** Weights that are updated between two breaths: some 50 ms of work. */
const BREATH = 2 ** 26;
/** Vectors that a fit takes. */
export const VECTORS = 2;

/**
 * Fits y once with each of the options, side by side on the same rows: each is the fit that it would be alone with `rng`.
 * Yields after each epoch of each fit, and undefined where an epoch is long. The source must have room for VECTORS vectors
 * a fit. Throws as logisticSgd does.
 */
export function* descend(
  source: RowSource,
  y: Float64Array,
  options: readonly Omit<LogisticSgdOptions, 'rng'>[],
  rng: Random | undefined,
): Generator<DescentProgress | undefined, LinearFit[], void> {
  const m = source.rows;
  const vectors = source.vectors(VECTORS * options.length);
  const fits = options.map(
    (rules, f) =>
      new Descent(
        (rules.penalty ?? 'l2') === 'l2'
          ? new ScaledWeights(vectors[VECTORS * f], m)
          : new ThresholdedWeights(vectors[VECTORS * f], vectors[VECTORS * f + 1]),
        y,
        rules,
      ),
  );
  const order = rng?.permutation(m);
  let running = fits;
  for (let epoch = 1; running.length > 0; epoch++) {
    if (order && epoch > 1) rng?.shuffle(order);
    let x = source.row(order ? order[0] : 0);
    for (const fit of running) fit.begin(x);
    const chunk = Math.max(1, Math.floor(BREATH / (source.cols * running.length)));
    for (let k = 0; k < m; k += chunk) {
      if (k > 0) yield undefined;
      x = sweep(source, order, running, x, k, Math.min(k + chunk, m));
    }
    for (const fit of running) {
      const objective = fit.end(m);
      if (!fit.isFinite()) throw source.fault(epoch);
      yield { fit: fits.indexOf(fit), iteration: epoch, objective };
    }
    running = running.filter((fit) => !fit.done);
  }
  return fits.map((fit) => fit.result());
}

/** One step of each fit for each of the rows from … to − 1 of the order, of which x is the first; returns the row after. */
function sweep(
  source: RowSource,
  order: Uint32Array | undefined,
  fits: readonly Descent[],
  x: Float64Array,
  from: number,
  to: number,
): Float64Array {
  const last = source.rows - 1;
  for (let k = from; k < to; k++) {
    const i = order ? order[k] : k;
    const next = k < last ? source.row(order ? order[k + 1] : k + 1) : x;
    for (let f = 0; f < fits.length; f++) fits[f].step(i, x, next);
    x = next;
  }
  return x;
}

/** One fit: the rate, the intercept and the stopping rule. */
class Descent {
  /** Whether the stopping rule, or the most epochs, ended it. */
  done = false;
  private readonly weights: Weights;
  private readonly y: Float64Array;
  private readonly alpha: number;
  private readonly l1Ratio: number;
  private readonly positiveWeight: number;
  private readonly negativeWeight: number;
  private readonly tolerance: number;
  private readonly patience: number;
  private readonly maxIterations: number;
  /** t₀ = α^(−3/4), as scikit-learn computes it: its max(1, ℓ′(1, −α^(−1/4))) is 1. */
  private readonly start: number;
  private t = 1;
  private intercept = 0;
  /** w·x of the example whose turn it is. */
  private product = 0;
  private objective = 0;
  private best = Number.POSITIVE_INFINITY;
  private idle = 0;
  private epochs = 0;

  constructor(weights: Weights, y: Float64Array, options: Omit<LogisticSgdOptions, 'rng'>) {
    const { alpha, penalty = 'l2', l1Ratio = 0.15, positiveWeight = 1, negativeWeight = 1 } = options;
    const { tolerance = 1e-3, patience = 5, maxIterations = 1000 } = options;
    this.weights = weights;
    this.y = y;
    this.alpha = alpha;
    this.l1Ratio = penalty === 'l2' ? 0 : penalty === 'l1' ? 1 : l1Ratio;
    this.positiveWeight = positiveWeight;
    this.negativeWeight = negativeWeight;
    this.tolerance = tolerance;
    this.patience = patience;
    this.maxIterations = maxIterations;
    this.start = 1 / (Math.sqrt(1 / Math.sqrt(alpha)) * alpha);
  }

  /** Begins an epoch, with its first example. */
  begin(x: Float64Array): void {
    this.objective = 0;
    this.product = this.weights.product(x);
  }

  /** Example i, x; `next` is the one after it. */
  step(i: number, x: Float64Array, next: Float64Array): void {
    const alpha = this.alpha;
    const l1Ratio = this.l1Ratio;
    const weights = this.weights;
    const y = this.y[i];
    const p = this.product + this.intercept;
    const eta = 1 / (alpha * (this.start + this.t - 1));
    this.t++;
    this.objective +=
      logisticLoss(y, p) +
      alpha *
        ((l1Ratio === 1 ? 0 : (1 - l1Ratio) * 0.5 * weights.squaredNorm) +
          (l1Ratio === 0 ? 0 : l1Ratio * weights.absoluteNorm));
    const update = -eta * logisticSlope(y, p) * (y > 0 ? this.positiveWeight : this.negativeWeight);
    const factor = Math.max(0, 1 - (1 - l1Ratio) * eta * alpha);
    this.product = weights.step(i, x, next, update, factor, l1Ratio * eta * alpha);
    this.intercept += update;
  }

  /** Ends an epoch of m examples; returns its mean objective. */
  end(m: number): number {
    this.weights.settle();
    const objective = this.objective / m;
    this.idle = objective > this.best - this.tolerance ? this.idle + 1 : 0;
    if (objective < this.best) this.best = objective;
    this.epochs++;
    this.done = this.idle >= this.patience || this.epochs === this.maxIterations;
    return objective;
  }

  isFinite(): boolean {
    return Number.isFinite(this.intercept) && this.weights.isFinite();
  }

  result(): LinearFit {
    return {
      weights: this.weights.values(),
      intercept: this.intercept,
      iterations: this.epochs,
      converged: this.idle >= this.patience,
    };
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

/** The weights and what a penalty does to them. */
interface Weights {
  /** ‖w‖², as scikit-learn counts it: for an l1 penalty before the clipping of the last step. Not kept for l1 alone. */
  readonly squaredNorm: number;
  /** ‖w‖₁ likewise. Kept for an l1 penalty only. */
  readonly absoluteNorm: number;
  /** w·x */
  product(x: Float64Array): number;
  /**
   * w ← factor · w + c x for example i, x, of which `product` was asked last, and then the l1 penalty, `more` of which
   * becomes due; returns w·next.
   */
  step(i: number, x: Float64Array, next: Float64Array, c: number, factor: number, more: number): number;
  /** At the end of an epoch: counts anew what rounding adds up in. */
  settle(): void;
  isFinite(): boolean;
  /** A copy. */
  values(): Float64Array;
}

/** scikit-learn's bound, below which the scale is multiplied into the weights. */
const SMALLEST_SCALE = 1e-9;

/** Under l2: the weights as scale · v, so that shrinking them all is one product. */
class ScaledWeights implements Weights {
  squaredNorm = 0;
  readonly absoluteNorm = 0;
  private readonly v: Float64Array;
  /** ‖x_i‖², NaN as long as example i has not come. */
  private readonly squares: Float64Array;
  private scale = 1;
  /** The last product that was asked for. */
  private last = 0;

  constructor(v: Float64Array, examples: number) {
    this.v = v;
    this.squares = new Float64Array(examples).fill(Number.NaN);
  }

  product(x: Float64Array): number {
    this.last = this.scale * dot(this.v, x);
    return this.last;
  }

  step(i: number, x: Float64Array, next: Float64Array, c: number, factor: number): number {
    this.scale *= factor;
    this.squaredNorm *= factor * factor;
    if (this.scale < SMALLEST_SCALE) this.fold();
    axpy(c / this.scale, x, this.v);
    if (Number.isNaN(this.squares[i])) this.squares[i] = dot(x, x);
    const change = 2 * c * factor * this.last + c * c * this.squares[i];
    this.squaredNorm = Math.max(0, this.squaredNorm + change);
    return this.product(next);
  }

  settle(): void {
    this.squaredNorm = this.scale * this.scale * dot(this.v, this.v);
  }

  isFinite(): boolean {
    return Number.isFinite(this.squaredNorm);
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

/** Under l1, alone or beside l2: the weights, and what the steps have added up to. */
class ThresholdedWeights implements Weights {
  squaredNorm = 0;
  absoluteNorm = 0;
  private readonly v: Float64Array;
  private readonly w: Float64Array;
  private readonly sums: [absolutes: number, squares: number] = [0, 0];
  /** The l1 penalty that each weight should have had so far (u in the paper). */
  private due = 0;

  constructor(v: Float64Array, w: Float64Array) {
    this.v = v;
    this.w = w;
  }

  product(x: Float64Array): number {
    return dot(this.w, x);
  }

  step(_i: number, x: Float64Array, next: Float64Array, c: number, factor: number, more: number): number {
    this.due += more;
    const product = thresholdedStep(this.v, this.w, x, next, c, factor, this.due, this.sums);
    // scikit-learn counts the norms where it adds to the weights, which it does not for c = 0.
    this.absoluteNorm = c === 0 ? factor * this.absoluteNorm : this.sums[0];
    this.squaredNorm = c === 0 ? factor * factor * this.squaredNorm : this.sums[1];
    return product;
  }

  settle(): void {}

  isFinite(): boolean {
    return firstNotFinite(this.w) < 0;
  }

  values(): Float64Array {
    return this.w.slice();
  }
}

/**
 * The rows of a matrix, with room for one fit. A row is copied to the arena when its turn comes, in every epoch anew: that
 * costs less than the memory which all rows would take.
 */
class MatrixRows implements RowSource {
  readonly rows: number;
  readonly cols: number;
  private readonly X: Matrix;
  private readonly arena: Arena;
  /** Two rows, filled in turn. */
  private readonly views: readonly [Float64Array, Float64Array];
  private turn: 0 | 1 = 0;
  private readonly start: number;

  constructor(X: Matrix) {
    this.X = X;
    this.rows = X.rows;
    this.cols = X.cols;
    this.arena = new Arena((2 + VECTORS) * (8 * X.cols + 64));
    const vector = () => this.arena.vector(X.cols, 'float64') as Float64Array;
    this.views = [vector(), vector()];
    this.start = this.arena.mark();
  }

  row(i: number): Float64Array {
    const { cols, data } = this.X;
    this.turn = this.turn === 0 ? 1 : 0;
    const view = this.views[this.turn];
    view.set(data.subarray(i * cols, (i + 1) * cols));
    return view;
  }

  vectors(count: number): Float64Array[] {
    this.arena.reset(this.start);
    return Array.from({ length: count }, () => this.arena.vector(this.cols, 'float64') as Float64Array);
  }

  fault(epoch: number): KernelbookError {
    const todo =
      'The first rate is alpha^(−1/4): divide the kernel by a scale (cosine or scaled), or raise alpha.';
    return locateNonFinite(this.X) ?? overflow(epoch, todo);
  }
}

/** The error for weights that are not finite although the data are. */
export function overflow(epoch: number, todo: string): NumericalError {
  return new NumericalError({
    what: 'Logistic regression by SGD',
    expected: 'finite weights',
    got: `an overflow in epoch ${epoch}`,
    todo,
  });
}
