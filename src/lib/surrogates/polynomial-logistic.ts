/**
 * Polynomial logistic regression: logistic regression on the monomials of a few variables, with an l1 penalty that leaves
 * few of them (arXiv 2412.20588, "logistic regression": the model that reads a parity of k bits once the degree is k).
 *
 *     minimise  1/n Σ_i s_i ℓ(y_i, Σ_j w_j m_j(x_i) + b) + α ‖w‖₁,   m_j the monomials of degree at most d,
 *
 * by stochastic gradient descent with scikit-learn's rules (see sgd.ts): what the paper ran as PolynomialFeatures and
 * SGDClassifier(loss='log_loss', penalty='l1'). Nothing as large as the expansion is ever stored: rows of monomials are
 * made as the descent comes to them, and the fits of a regularisation path share each row. An asynchronous fit runs in a
 * thread of its own, so that several run side by side.
 */

import { fileURLToPath } from 'node:url';
import { NumericalError, ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import { dot } from '../linalg/elementwise';
import { Matrix } from '../linalg/matrix';
import type { Random } from '../random';
import { inThread } from '../run';
import { locateNonFinite } from './finite';
import { classWeights } from './one-against-rest';
import {
  checkDegree,
  checkFeatures,
  type Monomial,
  Monomials,
  monomialName,
  type PolynomialOptions,
  PolynomialRows,
  polynomialTerms,
} from './polynomial';
import { descendPath, type PathProblem } from './polynomial-descent';
import { checkSgdOptions, type DescentProgress, type LinearFit, type Penalty } from './sgd';
import {
  type Fitted,
  finish,
  labelsOf,
  type Surrogate,
  type SurrogateProgress,
  scoreOf,
  twoClassesOf,
} from './surrogate';

/** The module whose function runs in the thread of an asynchronous fit. */
const DESCENT = fileURLToPath(new URL('./polynomial-descent.ts', import.meta.url));

export interface PolynomialLogisticOptions extends PolynomialOptions {
  /** α > 0: the penalty's weight beside the mean loss, which also sets the rate. */
  alpha: number;
  /** 'l1' (default), 'l2' or 'elasticnet'. */
  penalty?: Penalty;
  /** With 'elasticnet': the share of l1 (default 0.15). */
  l1Ratio?: number;
  /** By how much the objective must fall (default 1e-3). */
  tolerance?: number;
  /** After how many epochs without such a fall training ends (default 5). */
  patience?: number;
  /** The most epochs (default 1000). */
  maxIterations?: number;
  /**
   * Takes the examples in a new random order in each epoch; without it, in the order of the rows. It does not move: the
   * order depends on its seed and streams alone. The order is ours: results equal scikit-learn's in distribution only.
   */
  rng?: Random;
  /** 'balanced' weighs class c by n / (2 n_c). */
  classWeight?: 'balanced';
}

/** A monomial of a fit, with its weight. */
export interface WeightedTerm {
  term: Monomial;
  name: string;
  weight: number;
}

/** A fitted polynomial, f(x) = Σ_j w_j m_j(x) + b: a logit, positive for the larger label. Points are given by their variables. */
export class FittedPolynomial implements Fitted {
  readonly classes: readonly number[];
  /** w, one for each term, in the order of `terms`. */
  readonly coefficients: Float64Array;
  readonly intercept: number;
  /** Epochs. */
  readonly iterations: number;
  /** Whether the stopping rule was met before the most epochs were. */
  readonly converged: boolean;
  /**
   * Multiply-adds of the fit: iterations · n · (2p + e) for n examples and p terms. Each example takes p for its logit, p
   * for its update and one product for each of the e terms of degree 2 and more. (Clipping compares and adds; it is not
   * counted.)
   */
  readonly operations: number;
  private readonly options: PolynomialOptions;
  private readonly monomials: Monomials;
  private listed: readonly Monomial[] | undefined;

  constructor(
    classes: readonly number[],
    fit: LinearFit,
    { features, rows, options }: { features: number; rows: number; options: PolynomialOptions },
  ) {
    const { degree, squareFree, constant } = options;
    this.classes = classes;
    this.coefficients = fit.weights;
    this.intercept = fit.intercept;
    this.iterations = fit.iterations;
    this.converged = fit.converged;
    this.options = { degree, squareFree, constant };
    this.monomials = new Monomials(features, options);
    this.operations = fit.iterations * rows * (2 * this.monomials.count + this.monomials.products);
  }

  /** The monomials; see polynomialTerms. Throws a ValueError when they are too many to list. */
  get terms(): readonly Monomial[] {
    this.listed ??= polynomialTerms(this.monomials.features, this.options);
    return this.listed;
  }

  /** How many coefficients are not zero. */
  get nonZero(): number {
    let count = 0;
    for (const w of this.coefficients) if (w !== 0) count++;
    return count;
  }

  /** The k terms of the largest |weight|, largest first; fewer, when fewer are not zero. */
  largest(k: number): WeightedTerm[] {
    const w = this.coefficients;
    const places: number[] = [];
    w.forEach((weight, j) => {
      if (weight !== 0) places.push(j);
    });
    places.sort((a, b) => Math.abs(w[b]) - Math.abs(w[a]) || a - b);
    return places.slice(0, k).map((j) => {
      const term = this.monomials.term(j);
      return { term, name: monomialName(term), weight: w[j] };
    });
  }

  /**
   * The logits of m points from their variables (m × N): m × 1, float64. Throws a ShapeError for another number of
   * columns, a ValueError when X is not finite, a NumericalError on overflow.
   */
  decision(X: Matrix): Matrix {
    checkFeatures('decision, X', X, this.monomials.features);
    const wrong = locateNonFinite(X, 'decision, X');
    if (wrong) throw wrong;
    const rows = new PolynomialRows('decision', X, this.options, 1);
    const [w] = rows.vectors(1);
    w.set(this.coefficients);
    const out = Matrix.zeros(X.rows, 1, 'float64');
    for (let i = 0; i < X.rows; i++) out.data[i] = dot(w, rows.row(i)) + this.intercept;
    if (firstNotFinite(out.data) >= 0)
      throw new NumericalError({
        what: `decision, row ${firstNotFinite(out.data)}`,
        expected: 'a finite logit',
        got: 'an overflow in its monomials',
        todo: 'Standardise the columns as the training part was.',
      });
    return out;
  }

  predict(X: Matrix): Float64Array {
    return labelsOf(this.decision(X), this.classes);
  }

  score(X: Matrix, y: ArrayLike<number>): number {
    return scoreOf(this, X, y);
  }
}

/**
 * Polynomial logistic regression with those options; see the file's head for what it minimises. It is fitted to the
 * variables themselves (n × N), which should be standardised, and labels of two classes. Throws a ValueError on options
 * that do not fit, and in `fit` on other than two classes and on an expansion of more than 4 GiB a row.
 */
export function polynomialLogistic(options: PolynomialLogisticOptions): Surrogate<FittedPolynomial> {
  const what = 'polynomialLogistic';
  checkOptions(what, options);
  const { alpha, ...rest } = options;
  const path = { ...rest, alphas: [alpha] };
  return {
    fit: (X, y) => fitPath(what, X, y, path)[0].fitted,
    fitAsync: async (X, y, { signal, onProgress } = {}) => {
      const report = ({ alpha: _, ...progress }: PathProgress) => onProgress?.(progress);
      const [{ fitted }] = await fitPathAsync(`${what}.fitAsync`, X, y, path, { signal, onProgress: report });
      return fitted;
    },
  };
}

export interface RegularisationPathOptions extends Omit<PolynomialLogisticOptions, 'alpha'> {
  /** The penalties' weights, in any order, none twice. */
  alphas: readonly number[];
}

/** One point of a regularisation path. */
export interface PathPoint {
  alpha: number;
  fitted: FittedPolynomial;
}

export interface PathProgress extends SurrogateProgress {
  alpha: number;
}

/**
 * The fits for several α, from the largest to the smallest, each the one that polynomialLogistic gives for it: side by
 * side, so that each row is expanded once for all of them. Throws as polynomialLogistic does.
 */
export function regularisationPath(
  X: Matrix,
  y: ArrayLike<number>,
  options: RegularisationPathOptions,
): PathPoint[] {
  return fitPath('regularisationPath', X, y, options);
}

/** The same in a thread of its own. It ends with an InterruptedError when `signal` is aborted. */
export function regularisationPathAsync(
  X: Matrix,
  y: ArrayLike<number>,
  options: RegularisationPathOptions,
  running?: { signal?: AbortSignal; onProgress?: (progress: PathProgress) => void },
): Promise<PathPoint[]> {
  return fitPathAsync('regularisationPathAsync', X, y, options, running);
}

interface Prepared {
  readonly problem: PathProblem;
  /** From the largest to the smallest. */
  readonly alphas: readonly number[];
  readonly classes: readonly number[];
}

/** Checks the data and the options, and writes down what is to be done. */
function prepared(
  what: string,
  X: Matrix,
  y: ArrayLike<number>,
  { alphas, ...options }: RegularisationPathOptions,
): Prepared {
  const sorted = checkedAlphas(what, alphas);
  for (const alpha of sorted) checkOptions(what, { ...options, alpha });
  const classes = twoClassesOf(y, X.rows, what);
  const wrong = locateNonFinite(X, `${what}, X`);
  if (wrong) throw wrong;
  const { degree, squareFree, constant, rng, classWeight, ...rules } = options;
  const is = Float64Array.from(y, (value) => (value === classes[1] ? 1 : 0));
  const weights = classWeights(is, 2, classWeight);
  const terms: PolynomialOptions = { degree, squareFree, constant };
  return {
    problem: {
      what,
      features: X.cols,
      rows: X.rows,
      data: X.data,
      labels: is,
      terms,
      fits: sorted.map((alpha) => ({ penalty: 'l1', ...rules, ...weights, alpha })),
      order: rng?.stream('order of the examples').state() ?? null,
    },
    alphas: sorted,
    classes,
  };
}

function pathOf({ problem, alphas, classes }: Prepared, fits: readonly LinearFit[]): PathPoint[] {
  const { features, rows, terms } = problem;
  return fits.map((fit, k) => ({
    alpha: alphas[k],
    fitted: new FittedPolynomial(classes, fit, { features, rows, options: terms }),
  }));
}

/** In this thread, to the end. */
function fitPath(
  what: string,
  X: Matrix,
  y: ArrayLike<number>,
  options: RegularisationPathOptions,
): PathPoint[] {
  const work = prepared(what, X, y, options);
  return pathOf(work, finish(descendPath(work.problem)));
}

/** In a thread of its own. */
async function fitPathAsync(
  what: string,
  X: Matrix,
  y: ArrayLike<number>,
  options: RegularisationPathOptions,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (progress: PathProgress) => void } = {},
): Promise<PathPoint[]> {
  const work = prepared(what, X, y, options);
  const fits = await inThread<LinearFit[], DescentProgress>(DESCENT, 'descendPath', [work.problem], {
    what,
    signal,
    onProgress: ({ fit, iteration, objective }) =>
      onProgress?.({ alpha: work.alphas[fit], label: work.classes[1], iteration, objective }),
  });
  return pathOf(work, fits);
}

function checkOptions(what: string, options: PolynomialLogisticOptions): void {
  checkSgdOptions(what, { penalty: 'l1', ...options });
  if (options.classWeight !== undefined && options.classWeight !== 'balanced')
    throw new ValueError({
      what: `${what}, classWeight`,
      expected: "'balanced' or nothing",
      got: String(options.classWeight),
      todo: 'Nothing weighs all examples alike.',
    });
  checkDegree(what, options.degree);
}

/** From the largest to the smallest. */
function checkedAlphas(what: string, alphas: readonly number[]): number[] {
  const sorted = [...alphas].sort((a, b) => b - a);
  if (sorted.length > 0 && new Set(sorted).size === sorted.length) return sorted;
  throw new ValueError({
    what: `${what}, alphas`,
    expected: 'different numbers, at least one',
    got: sorted.length === 0 ? 'none' : alphas.join(', '),
    todo: 'A usual path: [0.1, 0.03, 0.01, 0.003, 0.001].',
  });
}
