/**
 * Kernel logistic regression without a penalty, by so many Newton steps (arXiv 2310.18612, eqs. 15 and 16). With H the
 * train Gram, ψ = Hα the logits, p = σ(ψ), and χ_i = 1 for the larger label, from α = 0 on
 *
 *     minimise  ℓ(α) = Σ_i χ_i ln(1 + e^−ψ_i) + (1 − χ_i) ln(1 + e^ψ_i)
 *     by        α ← α − t (H D H)⁺ H(p − χ),   D = diag(p(1 − p)),
 *
 * t the largest of 1, ½, ¼ … that lowers ℓ enough (Armijo). The number of steps is part of the model: a kernel mostly
 * separates its training set, and then ℓ has no minimiser. Each step divides it by about e for ever while the logits
 * grow, and beyond the first few the loss on other points rises. kernelLogistic, the kGLM, is another model: it has an
 * intercept and a penalty on its weights, hence an optimum, which does not depend on how it was found.
 *
 * A step is a least-squares problem. With A = D^½ H the Hessian is AᵀA and the gradient Aᵀ D^−½ (p − χ), so the step is
 * A⁺ D^−½ (p − χ), and to count eigenvalues of the Hessian up to rcond times the largest as zero is to cut the singular
 * values of A at √rcond. So the Hessian need not be formed, which would square the singular values and lose the smaller
 * half of their decades in rounding: at rcond = 1e-15 many of its eigenvalues are noise. Where they are not, the step is
 * the same.
 */

import { NumericalError, ValueError } from '../errors';
import { gemv, svd } from '../linalg';
import { Matrix } from '../linalg/matrix';
import { checkCut } from '../linalg/singular';
import { KernelExpansion } from './expansion';
import { checkGram } from './gram';
import { finish, finishAsync, type Surrogate, type SurrogateProgress, twoClassesOf } from './surrogate';

export interface KernelNewtonOptions {
  /**
   * How many Newton steps are taken, 1 or more: part of the model. There are fewer only where a minimiser is reached (over
   * the directions that are kept), as far as the rounding of the loss tells.
   */
  steps: number;
  /** Ends with the first step that leaves a gradient of max-norm below this (default 0: none does). */
  gradientBelow?: number;
  /**
   * Eigenvalues of the Hessian H D H up to rcond times the largest count as zero, in [0, 1). Default 1e-15, and 1e-10 for
   * a float32 Gram, whose own rounding the smaller ones are.
   */
  rcond?: number;
}

/** Where the descent is after a step. */
export interface NewtonPoint {
  /** 0 is the start. */
  readonly step: number;
  /** ℓ, summed over the training examples. */
  readonly loss: number;
  /** max_j |∂ℓ/∂α_j| */
  readonly gradient: number;
  /** t, the part of the step that was taken: 1 is all of it. 0 at the start. */
  readonly damping: number;
  /** α */
  readonly coefficients: Float64Array;
}

/** Kernel logistic regression after some Newton steps: ψ(x) = Σ_i α_i κ(x, x_i), the coefficients α as 1 × n. */
export class FittedKernelNewton extends KernelExpansion {
  /** The start and the point after each step: path[k] is where step k led. */
  readonly path: readonly NewtonPoint[];

  constructor(classes: readonly number[], path: readonly NewtonPoint[]) {
    const { coefficients } = path[path.length - 1];
    super(classes, new Matrix(1, coefficients.length, coefficients), Float64Array.of(0));
    this.path = path;
  }

  /** The fit after that many steps. Throws a ValueError when so many were not taken. */
  at(step: number): FittedKernelNewton {
    if (this.path[step]) return new FittedKernelNewton(this.classes, this.path.slice(0, step + 1));
    throw new ValueError({
      what: 'at(step)',
      expected: `a step of 0 … ${this.path.length - 1}`,
      got: `${step}`,
      todo: 'Fit with more steps.',
    });
  }
}

/**
 * Kernel logistic regression by Newton steps; see the file's head for what is computed. `fit` wants the train Gram, n × n
 * and symmetric, in either precision (the work is in float64), and labels of two classes. It throws a ShapeError for
 * another shape, a ValueError when K is not symmetric or not finite and for other than two classes, a NumericalError when
 * sums of its entries overflow; kernelLogisticNewton throws a ValueError on options out of range.
 */
export function kernelLogisticNewton(options: KernelNewtonOptions): Surrogate<FittedKernelNewton> {
  checkOptions(options);
  return {
    fit: (K, y) => finish(descend(K, y, options)),
    fitAsync: (K, y, running) => finishAsync(`${WHAT}.fitAsync`, running, () => descend(K, y, options)),
  };
}

const WHAT = 'kernelLogisticNewton';

function* descend(
  K: Matrix,
  y: ArrayLike<number>,
  { steps, gradientBelow = 0, rcond = K.dtype === 'float32' ? 1e-10 : 1e-15 }: KernelNewtonOptions,
): Generator<SurrogateProgress, FittedKernelNewton, void> {
  checkGram(WHAT, K);
  const classes = twoClassesOf(y, K.rows, WHAT);
  const signs = Float64Array.from(y, (label) => (label === classes[1] ? 1 : -1));
  const problem = new Likelihood(K.as('float64'), signs);
  let state = problem.at(new Float64Array(K.rows));
  const path = [problem.point(state, 0, 0)];
  for (let step = 1; step <= steps; step++) {
    const taken = problem.step(state, Math.sqrt(rcond));
    if (!taken) break;
    state = taken.state;
    path.push(problem.point(state, step, taken.damping));
    yield { label: classes[1], iteration: step, objective: state.loss };
    if (taken.last || path[step].gradient < gradientBelow) break;
  }
  return new FittedKernelNewton(classes, path);
}

interface State {
  readonly alpha: Float64Array;
  /** s_i ψ_i, s_i = ±1: positive where the label is right. */
  readonly margins: Float64Array;
  readonly loss: number;
}

/** ℓ as a function of α. In margins m = sψ it is Σ ln(1 + e^−m). */
class Likelihood {
  constructor(
    private readonly H: Matrix,
    private readonly signs: Float64Array,
  ) {}

  at(alpha: Float64Array): State {
    const margins = gemv(this.H, alpha) as Float64Array;
    let loss = 0;
    for (let i = 0; i < margins.length; i++) {
      const m = (margins[i] *= this.signs[i]);
      loss += Math.max(0, -m) + Math.log1p(Math.exp(-Math.abs(m)));
    }
    return { alpha, margins, loss };
  }

  point({ alpha, margins, loss }: State, step: number, damping: number): NewtonPoint {
    // p − χ = −s (1 − tanh(m/2))/2, which for a large margin is lost in rounding; −s/(1 + e^m) is not.
    const slopes = margins.map((m, i) => -this.signs[i] / (1 + Math.exp(m)));
    let gradient = 0;
    for (const g of gemv(this.H, slopes)) gradient = Math.max(gradient, Math.abs(g));
    if (!Number.isFinite(gradient))
      throw new NumericalError({
        what: WHAT,
        expected: 'a finite gradient',
        got: `${gradient} after ${step} steps`,
        todo: 'Sums of kernel values overflow: divide the kernel by a scale (cosine or scaled).',
      });
    return { step, loss, gradient, damping, coefficients: alpha };
  }

  /**
   * The next state, the part t of the Newton step that led there, and whether it is the last; undefined where none goes
   * on. A promise t · slope that is less than the rounding of the loss cannot be held against it: no smaller t is tried,
   * and where the whole step promises no more, it is the last.
   */
  step(state: State, cut: number): { state: State; damping: number; last: boolean } | undefined {
    const { direction, slope } = this.newton(state, cut);
    const to = (t: number) => this.at(state.alpha.map((a, j) => a - t * direction[j]));
    const rounding = 1e-12 * state.loss;
    for (let t = 1; t * slope > rounding; t /= 2) {
      const next = to(t);
      if (next.loss <= state.loss - 1e-4 * t * slope) return { state: next, damping: t, last: false };
    }
    return slope <= rounding ? { state: to(1), damping: 1, last: true } : undefined;
  }

  /** A⁺ D^−½ (p − χ) for A = D^½ H, and its product with the gradient: how steeply ℓ falls along it. */
  private newton({ margins }: State, cut: number): { direction: Float64Array; slope: number } {
    const A = this.H.copy();
    const residual = new Float64Array(margins.length);
    for (let i = 0; i < margins.length; i++) {
      const e = Math.exp(-Math.abs(margins[i]) / 2);
      const root = e / (1 + e * e); // √(p(1 − p)) = 1/(2 cosh(m/2))
      for (let j = 0, row = A.row(i); j < row.length; j++) row[j] *= root;
      residual[i] = -this.signs[i] * Math.exp(-margins[i] / 2); // −s/(1 + e^m), divided by that root
    }
    const { U, s, Vt } = svd(A);
    const along = gemv(U, residual, { transpose: true }) as Float64Array;
    let slope = 0;
    for (let k = 0; k < along.length; k++) {
      const kept = s[k] > cut * s[0];
      if (kept) slope += along[k] * along[k];
      along[k] = kept ? along[k] / s[k] : 0;
    }
    return { direction: gemv(Vt, along, { transpose: true }) as Float64Array, slope };
  }
}

function checkOptions({ steps, gradientBelow = 0, rcond = 0 }: KernelNewtonOptions): void {
  const bad = (what: string, expected: string, got: unknown, todo: string): never => {
    throw new ValueError({ what: `${WHAT}, ${what}`, expected, got: String(got), todo });
  };
  if (!(Number.isInteger(steps) && steps > 0))
    bad(
      'steps',
      'a whole number from 1',
      steps,
      'It is part of the model: 6 is a good number for a kernel that separates.',
    );
  if (!(gradientBelow >= 0))
    bad('gradientBelow', 'a number, 0 or more', gradientBelow, 'Leave it out for all steps.');
  checkCut(WHAT, rcond);
}
