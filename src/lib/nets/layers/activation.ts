/**
 * Activations: a = σ(s z) for every entry, with the derivatives d = s σ′(s z) and e = s² σ″(s z). The constant s is
 * there because papers put one in different places: relu({ scale: 1 / 10 }) is the hidden layer of the MLP of
 * arXiv 2305.14585, whose code divides a layer of 100 units by √100.
 *
 *     backward   z̄ = ā ∘ d
 *     jvp        ȧ = d ∘ ż, and of backward: z̄˙ = ā˙ ∘ d + ā ∘ e ∘ ż
 */

import { ValueError } from '../../errors';
import { type ActivationKind, activate, add, applyDerivative, hadamard, mul } from '../../linalg/elementwise';
import type { Matrix, Vector } from '../../linalg/matrix';
import type {
  Applied,
  AppliedTangent,
  BackwardRequest,
  Context,
  DualMatrix,
  Keep,
  Layer,
  LayerOutput,
  LayerSpec,
  Shape,
  TangentBackwardRequest,
} from '../layer';
import type { Workspace } from '../workspace';

/** σ with its constants: all that a layer which applies it needs to know. */
export interface ActivationFunction {
  readonly kind: ActivationKind;
  /** s in σ(s z). */
  readonly scale: number;
  /** elu's α. */
  readonly alpha: number;
}

export interface ActivationOptions {
  /** s in σ(s z); 1 by default. */
  scale?: number;
}

/** max(s z, 0); the derivative at 0 is 0. */
export const relu = (options: ActivationOptions = {}): LayerSpec => activation('relu', options);
/** tanh(s z). */
export const tanh = (options: ActivationOptions = {}): LayerSpec => activation('tanh', options);
/** 1 / (1 + e^(−s z)). */
export const sigmoid = (options: ActivationOptions = {}): LayerSpec => activation('sigmoid', options);
/** ln(1 + e^(s z)). */
export const softplus = (options: ActivationOptions = {}): LayerSpec => activation('softplus', options);
/** s z where it is positive, α (e^(s z) − 1) elsewhere; α is 1 by default. */
export const elu = (options: ActivationOptions & { alpha?: number } = {}): LayerSpec =>
  activation('elu', options, options.alpha);
/** s z. */
export const identity = (options: ActivationOptions = {}): LayerSpec => activation('identity', options);

function activation(kind: ActivationKind, { scale = 1 }: ActivationOptions, alpha = 1): LayerSpec {
  for (const [option, value] of Object.entries({ scale, alpha }))
    if (!Number.isFinite(value))
      throw new ValueError({
        what: `${kind}({ ${option} })`,
        expected: 'a finite number',
        got: `${value}`,
        todo: 'Give a constant such as 1 / 10.',
      });
  return { kind, build: (shape, name) => new ActivationLayer({ kind, scale, alpha }, shape, name) };
}

export class ActivationLayer implements Layer {
  readonly kind: string;
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters = [];
  readonly state = [];
  readonly stochastic = false;
  readonly sigma: ActivationFunction;

  constructor(sigma: ActivationFunction, shape: Shape, name: string) {
    this.kind = sigma.kind;
    this.name = name;
    this.inputShape = shape;
    this.outputShape = shape;
    this.sigma = sigma;
  }

  forward(input: Matrix, context: Context): Applied {
    const { rows, cols } = input;
    const output = context.workspace.matrix(rows, cols);
    const derivative = context.keep === 'nothing' ? null : context.workspace.matrix(rows, cols);
    applyActivation(this.sigma, input, { output, derivative, keep: context.keep });
    return new AppliedActivation(this, input, output, derivative, context.workspace);
  }
}

class AppliedActivation implements Applied {
  constructor(
    readonly layer: ActivationLayer,
    readonly input: Matrix,
    readonly output: Matrix,
    readonly derivative: Matrix | null,
    readonly workspace: Workspace,
  ) {}

  outputs(): LayerOutput[] {
    return [{ name: this.layer.name, kind: this.layer.kind, output: this.output }];
  }

  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null {
    if (!request.input) return null;
    return timesDerivative(cotangents, this.derivative as Matrix, request.cotangents, this.workspace);
  }

  jvp(inputTangent: Matrix | null): AppliedTangent {
    return activationTangent(
      this.layer.sigma,
      this.input,
      this.derivative as Matrix,
      inputTangent as Matrix,
      this.workspace,
    );
  }
}

/**
 * a, and d if wanted, at z + β b. A training step needs d to the precision of its other products only: for tanh it is
 * then made from the output, s (1 − a)(1 + a), in less time than beside it (relative error ε / (1 − |a|) at worst).
 */
export function applyActivation(
  sigma: ActivationFunction,
  z: Matrix,
  task: {
    bias?: Vector | null;
    biasScale?: number;
    /** Receives z + β b. */
    preactivation?: Matrix | null;
    output: Matrix;
    derivative: Matrix | null;
    keep: Keep;
  },
): void {
  const { kind, scale, alpha } = sigma;
  const { bias, biasScale, preactivation, output, derivative, keep } = task;
  const fromOutput = kind === 'tanh' && keep === 'backward';
  activate({
    kind,
    scale,
    alpha,
    rows: z.rows,
    cols: z.cols,
    input: z.data,
    bias,
    biasScale,
    preactivation: preactivation?.data,
    output: output.data,
    derivative: fromOutput ? null : derivative?.data,
  });
  if (fromOutput && derivative)
    hadamard(output.data, output.data, derivative.data, { alpha: -scale, shiftA: 1, shiftB: -1 });
}

/** ā ∘ d with d's row i for each of the C cotangents of example i. */
export function timesDerivative(
  cotangents: Matrix,
  derivative: Matrix,
  perExample: number,
  workspace: Workspace,
): Matrix {
  const out = workspace.matrix(cotangents.rows, cotangents.cols);
  applyDerivative(cotangents.data, derivative.data, derivative.rows, derivative.cols, perExample, out.data);
  return out;
}

/** The tangent of an activation at pre-activations z with derivative d, along ż. */
export function activationTangent(
  sigma: ActivationFunction,
  preactivation: Matrix,
  derivative: Matrix,
  tangent: Matrix,
  workspace: Workspace,
): AppliedTangent {
  const { rows, cols } = preactivation;
  const output = workspace.matrix(rows, cols);
  mul(derivative.data, tangent.data, output.data);
  return {
    output,
    backward(
      cotangents: Matrix,
      cotangentTangents: Matrix,
      request: TangentBackwardRequest,
    ): DualMatrix | null {
      if (!request.input) return null;
      const bend = workspace.matrix(rows, cols); // e ∘ ż
      activate({ ...sigma, rows, cols, input: preactivation.data, second: bend.data });
      mul(bend.data, tangent.data, bend.data);
      const bent = timesDerivative(cotangents, bend, request.cotangents, workspace);
      const straight = timesDerivative(cotangentTangents, derivative, request.cotangents, workspace);
      const sum = workspace.matrix(bent.rows, cols);
      add(bent.data, straight.data, sum.data);
      return { value: timesDerivative(cotangents, derivative, request.cotangents, workspace), tangent: sum };
    },
  };
}
