/**
 * What dense layers and convolutions have in common: a weight W (d_in × units) and a bias b applied at T positions of each
 * example, with the constants w (weightScale) and β (biasScale) of the NTK parametrisation,
 *
 *     y_p = w · h_p W + β b.
 *
 * A layer of this family says how the rows h_p come from its input (`unfold`: the input itself, or its patches) and how
 * cotangents of those rows go back to it (`through`, the adjoint); the verbs follow:
 *
 *     backward   x̄ = w · unfold*(ȳ Wᵀ);  site (h, ȳ)
 *     jvp        ẏ = w (ḣ W + h Ẇ) + β ḃ, and of backward: x̄˙ = w · unfold*(ȳ˙ Wᵀ + ȳ Ẇᵀ);  site tangent (ḣ, ȳ˙)
 *
 * When an activation follows, both are done as one: the product is written once, and bias, σ and σ′ are one pass over it.
 * The pre-activations, the layer's own output, are kept unless a training step asks for less.
 */

import { ValueError } from '../../errors';
import { activate } from '../../linalg/elementwise';
import { Matrix, type Vector } from '../../linalg/matrix';
import type {
  Applied,
  AppliedTangent,
  BackwardRequest,
  Context,
  DualMatrix,
  Layer,
  LayerOutput,
  Shape,
  TangentBackwardRequest,
} from '../layer';
import { shapeSize } from '../layer';
import type { ParameterSpec, Params } from '../params';
import { product } from '../product';
import type { LinearSite, Patches } from '../site';
import type { Workspace } from '../workspace';
import {
  ActivationLayer,
  activationTangent,
  applyActivation,
  type KeptDerivative,
  keptDerivative,
  timesKept,
} from './activation';

export interface AffineOptions {
  /** Whether there is a bias; true by default. */
  bias?: boolean;
  /** w, 1 by default; 'ntk' is 1/√d_in, with d_in the numbers that enter one output. */
  weightScale?: number | 'ntk';
  /** β, 1 by default. */
  biasScale?: number;
}

/** The options with their defaults. Throws a ValueError for constants that make no sense. */
export function affineOptions(factory: string, options: AffineOptions): Required<AffineOptions> {
  const { bias = true, weightScale = 1, biasScale = 1 } = options;
  for (const [option, value] of Object.entries({ weightScale, biasScale }))
    if (value !== 'ntk' && !(Number.isFinite(value) && value !== 0))
      throw new ValueError({
        what: `${factory}({ ${option} })`,
        expected: 'a finite number other than 0',
        got: `${value}`,
        todo: "Give a constant, 'ntk' for weightScale 1/√d_in, or { bias: false } for no bias.",
      });
  return { bias, weightScale, biasScale };
}

/** The sizes of a layer's weight, and of what it stands between. */
interface Sizes {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Numbers that enter one output. */
  readonly fanIn: number;
  /** Outputs that one number of the input enters. */
  readonly fanOut: number;
}

export abstract class AffineLayer implements Layer {
  abstract readonly kind: string;
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: readonly ParameterSpec[];
  readonly state = [];
  readonly stochastic = false;
  /** Columns of W, the last axis of the output. */
  readonly units: number;
  /** T. */
  readonly positions: number;
  readonly weightScale: number;
  /** 0 without a bias. */
  readonly biasScale: number;
  /** Full names of W and b. */
  readonly weight: string;
  readonly bias: string | null;

  constructor(name: string, sizes: Sizes, options: Required<AffineOptions>) {
    const { fanIn, fanOut, inputShape, outputShape } = sizes;
    this.name = name;
    this.inputShape = inputShape;
    this.outputShape = outputShape;
    this.units = outputShape[outputShape.length - 1];
    this.positions = shapeSize(outputShape) / this.units;
    this.weightScale = options.weightScale === 'ntk' ? 1 / Math.sqrt(fanIn) : options.weightScale;
    this.biasScale = options.bias ? options.biasScale : 0;
    this.weight = `${name}/weight`;
    this.bias = options.bias ? `${name}/bias` : null;
    const its = { cols: this.units, fanIn, fanOut };
    const parameters: ParameterSpec[] = [
      { name: this.weight, rows: fanIn, role: 'weight', multiplier: this.weightScale, ...its },
    ];
    if (this.bias !== null)
      parameters.push({ name: this.bias, rows: 1, role: 'bias', multiplier: this.biasScale, ...its });
    this.parameters = parameters;
  }

  /** H of an input (n × size of inputShape): n·T × d_in. */
  abstract unfold(input: Matrix, workspace: Workspace): Matrix | Patches;

  /** out = w · unfold*(Δ Wᵀ) + beta out, for Δ (n·T × units) and out (n × size of inputShape). */
  abstract through(deltas: Matrix, W: Matrix, beta: number, out: Matrix, workspace: Workspace): void;

  forward(input: Matrix, context: Context): Applied {
    const { workspace, params } = context;
    const inputs = this.unfold(input, workspace);
    const output = workspace.matrix(input.rows, this.positions * this.units);
    this.product(inputs, params.get(this.weight), 0, output);
    if (this.bias !== null) this.addBias(params, output, workspace);
    return new AppliedAffine(this, inputs, output, context);
  }

  /** out = w · H W + beta out; out is n × T·units. */
  product(inputs: Matrix | Patches, W: Matrix, beta: number, out: Matrix): void {
    const rows = this.atPositions(out);
    if (inputs instanceof Matrix) product(inputs, W, this.weightScale, beta, rows);
    else inputs.times(W, this.weightScale, beta, rows);
  }

  /** out += β b. */
  addBias(params: Params, out: Matrix, workspace: Workspace): void {
    const { rows, cols } = this.atPositions(out);
    activate({
      kind: 'identity',
      rows,
      cols,
      input: out.data,
      bias: beside(params.get(this.bias as string), out, workspace),
      biasScale: this.biasScale,
      output: out.data,
    });
  }

  /** A row an example as a row a position: n × T·units → n·T × units. */
  atPositions(M: Matrix): Matrix {
    return this.positions === 1 ? M : M.reshape(M.rows * this.positions, this.units);
  }

  fuse(next: Layer): Layer | undefined {
    return next instanceof ActivationLayer ? new AffineActivationLayer(this, next) : undefined;
  }
}

/** A bias in the memory of the outputs: element-wise work is done in place only on arrays of one arena. */
function beside(bias: Matrix, outputs: Matrix, workspace: Workspace): Vector {
  if (bias.data.buffer === outputs.data.buffer) return bias.data;
  const copy = workspace.matrix(1, bias.cols).data;
  copy.set(bias.data);
  return copy;
}

class AppliedAffine implements Applied {
  constructor(
    readonly layer: AffineLayer,
    readonly inputs: Matrix | Patches,
    readonly output: Matrix,
    readonly context: Context,
  ) {}

  outputs(): LayerOutput[] {
    return [{ name: this.layer.name, kind: this.layer.kind, output: this.output }];
  }

  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null {
    return affineBackward(this.layer, this.inputs, cotangents, request, this.context);
  }

  jvp(inputTangent: Matrix | null, paramTangent: Params | null): AppliedTangent {
    const { layer, inputs, context } = this;
    const along = { layer, inputs, ...directionOf(layer, inputTangent, paramTangent, context), context };
    return {
      output: affineTangent(along, this.output.rows),
      backward: (cotangents, cotangentTangents, request) =>
        affineBackwardTangent(along, cotangents, cotangentTangents, request),
    };
  }
}

/** A layer and the activation after it as one. */
class AffineActivationLayer implements Layer {
  readonly kind: string;
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: readonly ParameterSpec[];
  readonly state = [];
  readonly stochastic = false;

  constructor(
    readonly affine: AffineLayer,
    readonly activation: ActivationLayer,
  ) {
    this.kind = `${affine.kind} + ${activation.kind}`;
    this.name = `${affine.name} + ${activation.name}`;
    this.inputShape = affine.inputShape;
    this.outputShape = activation.outputShape;
    this.parameters = affine.parameters;
  }

  forward(input: Matrix, context: Context): Applied {
    const { affine, activation } = this;
    const { workspace, params, keep } = context;
    const inputs = affine.unfold(input, workspace);
    const z = workspace.matrix(input.rows, affine.positions * affine.units);
    affine.product(inputs, params.get(affine.weight), 0, z);
    const { rows, cols } = z;
    const everything = keep === 'everything';
    const output = everything ? workspace.matrix(rows, cols) : z;
    const derivative = keptDerivative(activation.sigma, output, context);
    applyActivation(activation.sigma, affine.atPositions(z), {
      bias: affine.bias === null ? null : beside(params.get(affine.bias), z, workspace),
      biasScale: affine.biasScale,
      preactivation: everything ? z : null,
      output,
      derivative,
    });
    return new AppliedAffineActivation(this, inputs, z, output, derivative, context);
  }
}

class AppliedAffineActivation implements Applied {
  constructor(
    readonly layer: AffineActivationLayer,
    readonly inputs: Matrix | Patches,
    readonly preactivation: Matrix,
    readonly output: Matrix,
    readonly derivative: KeptDerivative | null,
    readonly context: Context,
  ) {}

  outputs(): LayerOutput[] {
    const { affine, activation } = this.layer;
    return [
      { name: affine.name, kind: affine.kind, output: this.preactivation },
      { name: activation.name, kind: activation.kind, output: this.output },
    ];
  }

  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null {
    const { layer, context } = this;
    const { workspace } = context;
    const kept = this.derivative as KeptDerivative;
    const { sigma } = layer.activation;
    const deltas = timesKept(cotangents, kept, sigma, request.cotangents, workspace);
    return affineBackward(layer.affine, this.inputs, deltas, request, context);
  }

  jvp(inputTangent: Matrix | null, paramTangent: Params | null): AppliedTangent {
    const { inputs, context } = this;
    const { affine: layer, activation } = this.layer;
    const along = { layer, inputs, ...directionOf(layer, inputTangent, paramTangent, context), context };
    const through = activationTangent(
      activation.sigma,
      this.preactivation,
      (this.derivative as KeptDerivative).values,
      affineTangent(along, this.output.rows),
      context.workspace,
    );
    return {
      output: through.output,
      backward(cotangents, cotangentTangents, request) {
        const deltas = through.backward(cotangents, cotangentTangents, {
          cotangents: request.cotangents,
          input: true,
          visit: null,
        }) as DualMatrix;
        return affineBackwardTangent(along, deltas.value, deltas.tangent, request);
      },
    };
  }
}

function affineSite(layer: AffineLayer, inputs: Matrix | Patches, deltas: Matrix): LinearSite {
  const { name, weight, bias, positions, weightScale, biasScale } = layer;
  return { kind: 'linear', layer: name, weight, bias, inputs, deltas, positions, weightScale, biasScale };
}

/** The site (h, ȳ), and w · unfold*(ȳ Wᵀ). */
function affineBackward(
  layer: AffineLayer,
  inputs: Matrix | Patches,
  cotangents: Matrix,
  request: BackwardRequest,
  { params, workspace }: Context,
): Matrix | null {
  const deltas = layer.atPositions(cotangents);
  request.visit?.(affineSite(layer, inputs, deltas));
  if (!request.input) return null;
  const out = workspace.matrix(cotangents.rows, shapeSize(layer.inputShape));
  layer.through(deltas, params.get(layer.weight), 0, out, workspace);
  return out;
}

/** An applied layer, and the direction along which it is differentiated. */
interface Along {
  readonly layer: AffineLayer;
  readonly inputs: Matrix | Patches;
  /** ḣ; null: zero. */
  readonly inputTangents: Matrix | Patches | null;
  readonly paramTangent: Params | null;
  readonly context: Context;
}

function directionOf(
  layer: AffineLayer,
  inputTangent: Matrix | null,
  paramTangent: Params | null,
  { workspace }: Context,
): Pick<Along, 'inputTangents' | 'paramTangent'> {
  return { inputTangents: inputTangent && layer.unfold(inputTangent, workspace), paramTangent };
}

/** w (ḣ W + h Ẇ) + β ḃ, for n examples. */
function affineTangent({ layer, inputs, inputTangents, paramTangent, context }: Along, n: number): Matrix {
  const out = context.workspace.matrix(n, layer.positions * layer.units);
  if (inputTangents) layer.product(inputTangents, context.params.get(layer.weight), 0, out);
  else out.data.fill(0);
  if (!paramTangent) return out;
  layer.product(inputs, paramTangent.get(layer.weight), 1, out);
  if (layer.bias !== null) layer.addBias(paramTangent, out, context.workspace);
  return out;
}

function affineBackwardTangent(
  along: Along,
  cotangents: Matrix,
  cotangentTangents: Matrix,
  request: TangentBackwardRequest,
): DualMatrix | null {
  const { layer, inputs, inputTangents, paramTangent, context } = along;
  const { params, workspace } = context;
  const deltas = layer.atPositions(cotangents);
  const deltaTangents = layer.atPositions(cotangentTangents);
  request.visit?.(affineSite(layer, inputs, deltas), { inputs: inputTangents, deltas: deltaTangents });
  if (!request.input) return null;
  const W = params.get(layer.weight);
  const value = workspace.matrix(cotangents.rows, shapeSize(layer.inputShape));
  const tangent = workspace.matrix(value.rows, value.cols);
  layer.through(deltas, W, 0, value, workspace);
  layer.through(deltaTangents, W, 0, tangent, workspace);
  if (paramTangent) layer.through(deltas, paramTangent.get(layer.weight), 1, tangent, workspace);
  return { value, tangent };
}
