/**
 * The support vector machine on a kernel (Cortes & Vapnik, Machine Learning 20, 1995): the surrogate that the authors
 * of the trNTK study fitted beside the kGLM. Its solution is an expansion over the training examples too, so it
 * explains a logit in the same way, but the hinge loss leaves most coefficients at exactly zero: the sparse contrast to
 * the kGLM.
 *
 *     minimise  ½ ‖f‖² + Σ_i C_i max(0, 1 − y_i (f(x_i) + b)),   f(x) = Σ_i β_i κ(x, x_i),   ‖f‖² = βᵀKβ.
 *
 * The penalty is the norm of f in the kernel's RKHS, where the kGLM has ‖w‖². Of two classes the coefficients are those
 * of scikit-learn's SVC(kernel='precomputed'), to the tolerance. More are set apart one against the rest, as the kGLM's
 * are and OneVsRestClassifier(SVC(…)) does: a class then has one logit and one attribution. SVC itself is one against
 * one; it votes.
 */

import { ValueError } from '../errors';
import type { Matrix } from '../linalg/matrix';
import { checkGram } from './gram';
import { FittedExpansion, oneAgainstRest } from './one-against-rest';
import type { LinearFit } from './sgd';
import { smo } from './smo';
import { finish, finishAsync, type Surrogate, type SurrogateProgress } from './surrogate';

export interface KernelSvmOptions {
  /** C > 0 (default 1): what an example may weigh at most, |β_i| ≤ C. Larger fits closer. */
  C?: number;
  /** How far the optimality conditions may be violated, in units of the logit (default 1e-3, as LIBSVM). */
  tolerance?: number;
  /**
   * 'balanced' gives an example of class c the bound C n / (classes · n_c). One against the rest weighs the one class
   * so and the rest by 1, as in kernelLogistic.
   */
  classWeight?: 'balanced';
  /** The most steps, each of which moves two coefficients (default 10⁷, as LIBSVM). */
  maxIterations?: number;
}

export class FittedSvm extends FittedExpansion {
  /** The training examples with a coefficient that is not zero, of any class, ascending: all that the machine keeps. */
  readonly supportVectors: Uint32Array;

  constructor(classes: readonly number[], fits: readonly LinearFit[]) {
    super(classes, fits);
    const kept: number[] = [];
    for (let i = 0; i < fits[0].weights.length; i++)
      if (fits.some(({ weights }) => weights[i] !== 0)) kept.push(i);
    this.supportVectors = Uint32Array.from(kept);
  }
}

/**
 * The SVM with those options; see the file's head for what it minimises. `fit` wants the train Gram, n × n and
 * symmetric, in either precision (the work is in float64), and gives the same up to the tolerance whatever the order of
 * the examples. It throws a ShapeError for another shape, a ValueError when it is not symmetric or not finite, a
 * NumericalError when the tolerance is below what rounding allows; kernelSvm throws a ValueError on options out of
 * range.
 */
export function kernelSvm(options: KernelSvmOptions = {}): Surrogate<FittedSvm> {
  checkOptions(options);
  return {
    fit: (K, y) => finish(fitClasses(K, y, options)),
    fitAsync: (K, y, running) => finishAsync('kernelSvm.fitAsync', running, () => fitClasses(K, y, options)),
  };
}

function* fitClasses(
  K: Matrix,
  y: ArrayLike<number>,
  { C = 1, tolerance = 1e-3, maxIterations = 1e7, classWeight }: KernelSvmOptions,
): Generator<SurrogateProgress | undefined, FittedSvm, void> {
  checkGram('kernelSvm', K);
  const solve = smo(K, { tolerance, maxIterations });
  const { classes, fits } = yield* oneAgainstRest(
    'kernelSvm',
    { rows: K.rows, y, classWeight },
    (is, { positiveWeight, negativeWeight }) => {
      const signs = is.map((one) => (one ? 1 : -1));
      const bounds = is.map((one) => C * (one ? positiveWeight : negativeWeight));
      return solve(signs, bounds);
    },
  );
  return new FittedSvm(classes, fits);
}

function checkOptions({ C = 1, tolerance = 1e-3, classWeight, maxIterations = 1e7 }: KernelSvmOptions): void {
  const bad = (what: string, expected: string, got: unknown, todo: string): never => {
    throw new ValueError({ what: `kernelSvm, ${what}`, expected, got: String(got), todo });
  };
  if (!(C > 0 && Number.isFinite(C)))
    bad('C', 'a positive number', C, 'It bounds the coefficients: 1 is usual for a cosine kernel.');
  if (!(tolerance > 0 && Number.isFinite(tolerance)))
    bad('tolerance', 'a positive number', tolerance, 'Leave it out for 1e-3, as LIBSVM has it.');
  if (classWeight !== undefined && classWeight !== 'balanced')
    bad('classWeight', "'balanced' or nothing", classWeight, 'Nothing weighs all examples alike.');
  if (!(Number.isInteger(maxIterations) && maxIterations > 0))
    bad('maxIterations', 'a whole number from 1', maxIterations, 'Leave it out for the default.');
}
