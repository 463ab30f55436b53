/**
 * The kernel SVM's quadratic program by sequential minimal optimisation: two coefficients at a time, of which the
 * second is chosen by second-order information (Fan, Chen & Lin, JMLR 6, 2005, algorithm 2), as in LIBSVM. In signed
 * coefficients β_i = y_i α_i, y_i = ±1, it reads
 *
 *     maximise  Σ_i y_i β_i − ½ Σ_ij β_i β_j K_ij   where  Σ_i β_i = 0,  β_i between 0 and y_i C_i,
 *
 * and its gradient r_i = y_i − Σ_j K_ij β_j is what the expansion still lacks at example i. At the optimum there is a
 * b, the intercept, with r_i ≤ b where β_i may grow ("up") and r_i ≥ b where it may fall ("low"). So the step takes the
 * i of "up" with the largest r_i, and of the j of "low" below it the one that promises the largest gain, (r_i − r_j)² /
 * 2η, η = K_ii + K_jj − 2 K_ij. It moves both by t = (r_i − r_j)/η, one up, one down, or as far as the box allows,
 * until max r over "up" and min r over "low" are within the tolerance.
 *
 * A step is two passes over n numbers, in memory that the SIMD module sees, into which the two rows of K that it reads
 * are copied first. (Keeping the rows there costs as much as copying them again.) LIBSVM's shrinking, passes over fewer
 * examples, would help where C is large and few of many examples are support vectors; a Gram takes longer to make than
 * this to fit.
 */

import { NumericalError } from '../errors';
import { Arena, pairPartner, pairStep } from '../linalg/elementwise';
import type { Matrix } from '../linalg/matrix';
import type { FitProgress, LinearFit } from './sgd';

export interface SmoOptions {
  /** Ends when max r over "up" − min r over "low" ≤ tolerance. */
  tolerance: number;
  /** The most steps. */
  maxIterations: number;
}

/** η where a kernel that is not positive definite has less: the step then goes to the box. LIBSVM's number. */
const LEAST_CURVATURE = 1e-12;
/** Numbers that are passed over between two looks at the event loop: some 10 ms. */
const WORK = 1 << 22;

/**
 * Prepares a symmetric K (n × n, finite). The function it returns fits β to signs y (±1, both present) and bounds C
 * (positive) in float64, any number of times, one after the other, and yields where it stands now and then; the
 * objective is the program's, negated, so that it falls. The intercept is the mean r over the examples between their
 * bounds, or where there are none the middle of what the conditions allow. Throws a NumericalError when rounding keeps
 * it from the tolerance.
 */
export function smo(
  K: Matrix,
  options: SmoOptions,
): (y: Float64Array, C: Float64Array) => Generator<FitProgress, LinearFit, void> {
  const problem = new Workspace(K);
  return (y, C) => minimise(problem, new Dual(problem, y, C), options);
}

function* minimise(
  problem: Workspace,
  dual: Dual,
  { tolerance, maxIterations }: SmoOptions,
): Generator<FitProgress, LinearFit, void> {
  const { diagonal, rowI, rowJ } = problem;
  const { weights, r, up, low } = dual;
  const extremes: [number, number] = [0, 0];
  const steps = Math.ceil(WORK / diagonal.length);
  let i = pairStep(r, up, low, diagonal, diagonal, 0, extremes);
  for (let iteration = 0; ; iteration++) {
    const converged = extremes[0] - extremes[1] <= tolerance;
    if (converged || iteration === maxIterations)
      return { weights, intercept: dual.intercept(extremes), iterations: iteration, converged };
    if (iteration > 0 && iteration % steps === 0) yield { iteration, objective: dual.objective() };
    problem.load(i, rowI);
    const own = diagonal[i];
    const j = pairPartner(r, low, rowI, diagonal, { top: extremes[0], own, least: LEAST_CURVATURE });
    const t = dual.stepOf(i, j, own + diagonal[j] - 2 * rowI[j]);
    if (!dual.move(i, j, t)) throw stuck(extremes[0] - extremes[1], tolerance, iteration);
    problem.load(j, rowJ);
    i = pairStep(r, up, low, rowI, rowJ, t, extremes);
  }
}

/** What a problem works on, in one arena: the next problem overwrites it. */
class Workspace {
  /** K_ii. */
  readonly diagonal: Float64Array;
  /** Two rows of K. */
  readonly rowI: Float64Array;
  readonly rowJ: Float64Array;
  readonly r: Float64Array;
  readonly up: Float64Array;
  readonly low: Float64Array;
  private readonly K: Matrix;

  constructor(K: Matrix) {
    const n = K.rows;
    const arena = new Arena(6 * (8 * n + 64));
    const vector = () => arena.vector(n, 'float64') as Float64Array;
    this.K = K;
    this.diagonal = vector();
    this.diagonal.set(K.diagonal());
    this.rowI = vector();
    this.rowJ = vector();
    this.r = vector();
    this.up = vector();
    this.low = vector();
  }

  /** Puts row i of K, in float64, in a place for it. */
  load(i: number, row: Float64Array): void {
    const { cols, data } = this.K;
    row.set(data.subarray(i * cols, (i + 1) * cols));
  }
}

/** The coefficients, where they may go, and what they lack. */
class Dual {
  /** β. */
  readonly weights: Float64Array;
  /** y − K β. */
  readonly r: Float64Array;
  /** 0 where β_i may grow, else −∞. */
  readonly up: Float64Array;
  /** 0 where β_i may fall, else ∞. */
  readonly low: Float64Array;
  private readonly y: Float64Array;
  private readonly C: Float64Array;

  constructor({ r, up, low }: Workspace, y: Float64Array, C: Float64Array) {
    this.y = y;
    this.C = C;
    this.weights = new Float64Array(y.length);
    this.r = r;
    this.up = up;
    this.low = low;
    r.set(y);
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
    const free = (this.r[i] - this.r[j]) / Math.max(LEAST_CURVATURE, curvature);
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

  intercept([largestUp, leastLow]: [number, number]): number {
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

function stuck(violation: number, tolerance: number, iteration: number): NumericalError {
  return new NumericalError({
    what: 'Support vector machine by SMO',
    expected: `optimality conditions within ${tolerance}`,
    got: `${violation.toPrecision(3)} after ${iteration} steps, and no step that changes a coefficient`,
    todo: 'Rounding is in the way: divide the kernel by a scale (cosine or scaled), or give a larger tolerance.',
  });
}
