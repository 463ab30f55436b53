/**
 * The kernel SVM's quadratic program by sequential minimal optimisation: two coefficients at a time, of which the second is
 * chosen by second-order information (Fan, Chen & Lin, JMLR 6, 2005, algorithm 2), as in LIBSVM. In signed coefficients
 * β_i = y_i α_i, y_i = ±1, it reads
 *
 *     maximise  Σ_i y_i β_i − ½ Σ_ij β_i β_j K_ij   where  Σ_i β_i = 0,  β_i between 0 and y_i C_i,
 *
 * and its gradient r_i = y_i − Σ_j K_ij β_j is what the expansion still lacks at example i. At the optimum there is a b,
 * the intercept, with r_i ≤ b where β_i may grow ("up") and r_i ≥ b where it may fall ("low"). So the step takes the i of
 * "up" with the largest r_i, and of the j of "low" below it the one that promises the largest gain,
 * (r_i − r_j)² / 2η, η = K_ii + K_jj − 2 K_ij. It moves both by t = (r_i − r_j)/η, one up, one down, or as far as the box
 * allows, until max r over "up" and min r over "low" are within the tolerance.
 *
 * A step is two passes over n numbers and reads two rows of K, so the kernel is not copied, and neither a cache of rows nor
 * the shrinking of the problem is needed.
 */

import { NumericalError } from '../errors';
import type { Matrix } from '../linalg/matrix';
import type { FitProgress, LinearFit } from './sgd';

export interface SmoOptions {
  /** Ends when max r over "up" − min r over "low" ≤ tolerance. */
  tolerance: number;
  /** The most steps. */
  maxIterations: number;
}

/** η where a kernel that is not positive definite has none, as in LIBSVM: the step then goes to the box. */
const LEAST_CURVATURE = 1e-12;
/** Numbers that are passed over between two looks at the event loop: some 20 ms. */
const WORK = 1 << 23;

/**
 * Fits β to the symmetric K (n × n, finite), the signs y (±1, both present) and the bounds C (positive), in float64, and
 * yields where it stands now and then; the objective is the program's, negated, so that it falls. The intercept is the mean
 * r over the examples between their bounds, or where there are none the middle of what the conditions allow. Throws a
 * NumericalError when rounding keeps it from the tolerance.
 */
export function* smo(
  K: Matrix,
  y: Float64Array,
  C: Float64Array,
  { tolerance, maxIterations }: SmoOptions,
): Generator<FitProgress, LinearFit, void> {
  const n = K.rows;
  const dual = new Dual(y, C);
  const { weights, r, up, low } = dual;
  const rows = [rowReader(K), rowReader(K)];
  const diagonal = Float64Array.from(K.diagonal());
  const extremes = new Float64Array(2);
  const steps = Math.ceil(WORK / (2 * n));
  let i = stepAndScan(r, up, low, diagonal, diagonal, 0, extremes);
  for (let iteration = 0; ; iteration++) {
    const converged = extremes[0] - extremes[1] <= tolerance;
    if (converged || iteration === maxIterations)
      return { weights, intercept: dual.intercept(extremes), iterations: iteration, converged };
    if (iteration > 0 && iteration % steps === 0) yield { iteration, objective: dual.objective() };
    const rowI = rows[0](i);
    const j = secondOf(r, low, rowI, diagonal, i);
    const t = dual.stepOf(i, j, diagonal[i] + diagonal[j] - 2 * rowI[j]);
    if (!dual.move(i, j, t)) throw stuck(extremes[0] - extremes[1], tolerance, iteration);
    i = stepAndScan(r, up, low, rowI, rows[1](j), t, extremes);
  }
}

/** The coefficients, where they may go, and what they lack. */
class Dual {
  /** β. */
  readonly weights: Float64Array;
  /** y − K β. */
  readonly r: Float64Array;
  /** 0 where β_i may grow, else −∞: r + up is r over "up", and nothing elsewhere. */
  readonly up: Float64Array;
  /** 0 where β_i may fall, else ∞. */
  readonly low: Float64Array;
  private readonly y: Float64Array;
  private readonly C: Float64Array;

  constructor(y: Float64Array, C: Float64Array) {
    this.y = y;
    this.C = C;
    this.weights = new Float64Array(y.length);
    this.r = y.slice();
    this.up = new Float64Array(y.length);
    this.low = new Float64Array(y.length);
    for (let i = 0; i < y.length; i++) this.mark(i);
  }

  /** The largest and the least that β_i may be. */
  private highest(i: number): number {
    return this.y[i] > 0 ? this.C[i] : 0;
  }
  private lowest(i: number): number {
    return this.y[i] > 0 ? 0 : -this.C[i];
  }

  private mark(i: number): void {
    this.up[i] = this.weights[i] < this.highest(i) ? 0 : Number.NEGATIVE_INFINITY;
    this.low[i] = this.weights[i] > this.lowest(i) ? 0 : Number.POSITIVE_INFINITY;
  }

  /** How far β_i goes up and β_j down, for the curvature η of that direction. */
  stepOf(i: number, j: number, curvature: number): number {
    const free = (this.r[i] - this.r[j]) / (curvature > 0 ? curvature : LEAST_CURVATURE);
    return Math.min(free, this.highest(i) - this.weights[i], this.weights[j] - this.lowest(j));
  }

  /** Moves β_i up and β_j down by t, exactly onto a bound that they reach. Tells whether either moved. */
  move(i: number, j: number, t: number): boolean {
    const w = this.weights;
    const [a, b] = [w[i], w[j]];
    w[i] = t >= this.highest(i) - a ? this.highest(i) : a + t;
    w[j] = t >= b - this.lowest(j) ? this.lowest(j) : b - t;
    this.mark(i);
    this.mark(j);
    return w[i] !== a || w[j] !== b;
  }

  /** ½ βᵀKβ − Σ y_i β_i, from Kβ = y − r. */
  objective(): number {
    let sum = 0;
    for (let i = 0; i < this.r.length; i++) sum -= this.weights[i] * (this.y[i] + this.r[i]);
    return sum / 2;
  }

  intercept([largestUp, leastLow]: Float64Array): number {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < this.r.length; i++)
      if (this.up[i] === 0 && this.low[i] === 0) {
        sum += this.r[i];
        count++;
      }
    return count > 0 ? sum / count : (largestUp + leastLow) / 2;
  }
}

/** Reads rows of K in float64: a view of K, or a copy that lasts until the next is read. */
function rowReader(K: Matrix): (i: number) => Float64Array {
  const { cols, data } = K;
  if (data instanceof Float64Array) return (i) => data.subarray(i * cols, (i + 1) * cols);
  const row = new Float64Array(cols);
  return (i) => {
    row.set(data.subarray(i * cols, (i + 1) * cols));
    return row;
  };
}

/** r ← r − t (K_i − K_j); then the place of the largest r over "up", and [that r, the least r over "low"]. */
function stepAndScan(
  r: Float64Array,
  up: Float64Array,
  low: Float64Array,
  rowI: Float64Array,
  rowJ: Float64Array,
  t: number,
  extremes: Float64Array,
): number {
  let largest = Number.NEGATIVE_INFINITY;
  let least = Number.POSITIVE_INFINITY;
  let place = -1;
  for (let k = 0; k < r.length; k++) {
    const now = r[k] - t * (rowI[k] - rowJ[k]);
    r[k] = now;
    if (now + up[k] > largest) {
      largest = now;
      place = k;
    }
    if (now + low[k] < least) least = now;
  }
  extremes[0] = largest;
  extremes[1] = least;
  return place;
}

/** The j of "low" with r_j < r_i and the largest (r_i − r_j)²/η. Quotients are compared by their cross products. */
function secondOf(
  r: Float64Array,
  low: Float64Array,
  rowI: Float64Array,
  diagonal: Float64Array,
  i: number,
): number {
  const top = r[i];
  const own = diagonal[i];
  let place = -1;
  let bestSquare = 0;
  let bestCurvature = 1;
  for (let k = 0; k < r.length; k++) {
    const difference = top - (r[k] + low[k]);
    if (difference > 0) {
      const eta = own + diagonal[k] - 2 * rowI[k];
      const curvature = eta > 0 ? eta : LEAST_CURVATURE;
      const square = difference * difference;
      if (square * bestCurvature > bestSquare * curvature) {
        bestSquare = square;
        bestCurvature = curvature;
        place = k;
      }
    }
  }
  return place;
}

function stuck(violation: number, tolerance: number, iteration: number): NumericalError {
  return new NumericalError({
    what: 'Support vector machine by SMO',
    expected: `optimality conditions within ${tolerance}`,
    got: `${violation.toPrecision(3)} after ${iteration} steps, and no step that changes a coefficient`,
    todo: 'Rounding is in the way: divide the kernel by a scale (cosine or scaled), or give a larger tolerance.',
  });
}
