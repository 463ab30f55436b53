/**
 * A dense layer, y = w·x W + β·1b, with W (d_in × d_out) and b (1 × d_out), and the constants w (weightScale) and β
 * (biasScale) of the NTK parametrisation (Jacot, Gabriel & Hongler, arXiv 1806.07572, section 2; w = 1/√d_in).
 *
 *     backward   x̄ = w ȳ Wᵀ;  site (x, ȳ)
 *     jvp        ẏ = w (ẋ W + x Ẇ) + β ḃ, and of backward: x̄˙ = w (ȳ˙ Wᵀ + ȳ Ẇᵀ);  site tangent (ẋ, ȳ˙)
 *
 * When an activation follows, both are done as one: the product is written once, and bias, σ and σ′ are one pass
 * over it. The pre-activations, the dense layer's own output, are kept unless a training step asks for less.
 */

import { ShapeError, shapeText, ValueError } from '../../errors';
import { activate } from '../../linalg/elementwise';
import type { Matrix } from '../../linalg/matrix';
import type {
  Applied,
  AppliedTangent,
  BackwardRequest,
  Context,
  DualMatrix,
  Layer,
  LayerOutput,
  LayerSpec,
  Shape,
  TangentBackwardRequest,
} from '../layer';
import type { ParameterSpec, Params } from '../params';
import { product, productTransposeB } from '../product';
import type { LinearSite } from '../site';
import { ActivationLayer, activationTangent, applyActivation, timesDerivative } from './activation';

export interface DenseOptions {
  /** Whether there is a bias; true by default. */
  bias?: boolean;
  /** w, 1 by default; 'ntk' is 1/√d_in. */
  weightScale?: number | 'ntk';
  /** β, 1 by default. */
  biasScale?: number;
}

/** y = weightScale · x W + biasScale · b with `units` outputs. Inputs are vectors: put flatten() before it. */
export function dense(units: number, options: DenseOptions = {}): LayerSpec {
  const { bias = true, weightScale = 1, biasScale = 1 } = options;
  if (!Number.isInteger(units) || units < 1)
    throw new ValueError({
      what: 'dense(units)',
      expected: 'a whole number, 1 or more',
      got: `${units}`,
      todo: 'Give the number of outputs of the layer.',
    });
  for (const [option, value] of Object.entries({ weightScale, biasScale }))
    if (value !== 'ntk' && !(Number.isFinite(value) && value !== 0))
      throw new ValueError({
        what: `dense({ ${option} })`,
        expected: 'a finite number other than 0',
        got: `${value}`,
        todo: "Give a constant, 'ntk' for weightScale 1/√d_in, or { bias: false } for no bias.",
      });
  return {
    kind: 'dense',
    build: (shape, name) => new DenseLayer(units, { bias, weightScale, biasScale }, shape, name),
  };
}

export class DenseLayer implements Layer {
  readonly kind = 'dense';
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: readonly ParameterSpec[];
  readonly state = [];
  readonly stochastic = false;
  readonly weightScale: number;
  /** 0 without a bias. */
  readonly biasScale: number;
  readonly weight: string;
  readonly bias: string | null;

  constructor(units: number, options: Required<DenseOptions>, inputShape: Shape, name: string) {
    if (inputShape.length !== 1)
      throw new ShapeError({
        what: `Layer '${name}'`,
        expected: 'vectors',
        got: `examples of shape ${shapeText(inputShape)}`,
        todo: 'Put flatten() before it.',
      });
    const fanIn = inputShape[0];
    this.name = name;
    this.inputShape = inputShape;
    this.outputShape = [units];
    this.weightScale = options.weightScale === 'ntk' ? 1 / Math.sqrt(fanIn) : options.weightScale;
    this.biasScale = options.bias ? options.biasScale : 0;
    this.weight = `${name}/weight`;
    this.bias = options.bias ? `${name}/bias` : null;
    const fans = { cols: units, fanIn, fanOut: units };
    const parameters: ParameterSpec[] = [
      { name: this.weight, rows: fanIn, role: 'weight', multiplier: this.weightScale, ...fans },
    ];
    if (this.bias !== null)
      parameters.push({ name: this.bias, rows: 1, role: 'bias', multiplier: this.biasScale, ...fans });
    this.parameters = parameters;
  }

  forward(input: Matrix, context: Context): Applied {
    const output = this.product(input, context);
    if (this.bias !== null)
      activate({
        kind: 'identity',
        rows: output.rows,
        cols: output.cols,
        input: output.data,
        bias: context.params.get(this.bias).data,
        biasScale: this.biasScale,
        output: output.data,
      });
    return new AppliedDense(this, input, output, context);
  }

  /** w · x W. */
  product(input: Matrix, context: Context): Matrix {
    const out = context.workspace.matrix(input.rows, this.outputShape[0]);
    return product(input, context.params.get(this.weight), this.weightScale, 0, out);
  }

  fuse(next: Layer): Layer | undefined {
    return next instanceof ActivationLayer ? new DenseActivationLayer(this, next) : undefined;
  }
}

class AppliedDense implements Applied {
  constructor(
    readonly layer: DenseLayer,
    readonly input: Matrix,
    readonly output: Matrix,
    readonly context: Context,
  ) {}

  outputs(): LayerOutput[] {
    return [{ name: this.layer.name, kind: this.layer.kind, output: this.output }];
  }

  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null {
    const { layer, context } = this;
    request.visit?.(denseSite(layer, this.input, cotangents));
    return request.input ? throughWeight(layer, cotangents, context) : null;
  }

  jvp(inputTangent: Matrix | null, paramTangent: Params | null): AppliedTangent {
    const { layer, input, context } = this;
    const output = denseTangent(layer, input, inputTangent, paramTangent, context);
    return {
      output,
      backward: (cotangents, cotangentTangents, request) =>
        denseBackwardTangent(
          layer,
          input,
          inputTangent,
          paramTangent,
          cotangents,
          cotangentTangents,
          request,
          context,
        ),
    };
  }
}

/** A dense layer and the activation after it as one. */
class DenseActivationLayer implements Layer {
  readonly kind: string;
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: readonly ParameterSpec[];
  readonly state = [];
  readonly stochastic = false;

  constructor(
    readonly dense: DenseLayer,
    readonly activation: ActivationLayer,
  ) {
    this.kind = `${dense.kind} + ${activation.kind}`;
    this.name = `${dense.name} + ${activation.name}`;
    this.inputShape = dense.inputShape;
    this.outputShape = activation.outputShape;
    this.parameters = dense.parameters;
  }

  forward(input: Matrix, context: Context): Applied {
    const { dense, activation } = this;
    const z = dense.product(input, context);
    const { rows, cols } = z;
    const everything = context.keep === 'everything';
    const output = everything ? context.workspace.matrix(rows, cols) : z;
    const derivative = context.keep === 'nothing' ? null : context.workspace.matrix(rows, cols);
    applyActivation(activation.sigma, z, {
      bias: dense.bias === null ? null : context.params.get(dense.bias).data,
      biasScale: dense.biasScale,
      preactivation: everything ? z : null,
      output,
      derivative,
      keep: context.keep,
    });
    return new AppliedDenseActivation(this, input, z, output, derivative, context);
  }
}

class AppliedDenseActivation implements Applied {
  constructor(
    readonly layer: DenseActivationLayer,
    readonly input: Matrix,
    readonly preactivation: Matrix,
    readonly output: Matrix,
    readonly derivative: Matrix | null,
    readonly context: Context,
  ) {}

  outputs(): LayerOutput[] {
    const { dense, activation } = this.layer;
    return [
      { name: dense.name, kind: dense.kind, output: this.preactivation },
      { name: activation.name, kind: activation.kind, output: this.output },
    ];
  }

  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null {
    const { layer, context } = this;
    const deltas = timesDerivative(
      cotangents,
      this.derivative as Matrix,
      request.cotangents,
      context.workspace,
    );
    request.visit?.(denseSite(layer.dense, this.input, deltas));
    return request.input ? throughWeight(layer.dense, deltas, context) : null;
  }

  jvp(inputTangent: Matrix | null, paramTangent: Params | null): AppliedTangent {
    const { layer, input, context } = this;
    const { dense, activation } = layer;
    const zTangent = denseTangent(dense, input, inputTangent, paramTangent, context);
    const through = activationTangent(
      activation.sigma,
      this.preactivation,
      this.derivative as Matrix,
      zTangent,
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
        return denseBackwardTangent(
          dense,
          input,
          inputTangent,
          paramTangent,
          deltas.value,
          deltas.tangent,
          request,
          context,
        );
      },
    };
  }
}

function denseSite(layer: DenseLayer, inputs: Matrix, deltas: Matrix): LinearSite {
  const { name, weight, bias, weightScale, biasScale } = layer;
  return { kind: 'linear', layer: name, weight, bias, inputs, deltas, positions: 1, weightScale, biasScale };
}

/** w · ȳ Wᵀ. */
function throughWeight(layer: DenseLayer, cotangents: Matrix, context: Context): Matrix {
  const out = context.workspace.matrix(cotangents.rows, layer.inputShape[0]);
  const W = context.params.get(layer.weight);
  return productTransposeB(cotangents, W, layer.weightScale, 0, out);
}

/** w (ẋ W + x Ẇ) + β ḃ. */
function denseTangent(
  layer: DenseLayer,
  input: Matrix,
  inputTangent: Matrix | null,
  paramTangent: Params | null,
  context: Context,
): Matrix {
  const out = context.workspace.matrix(input.rows, layer.outputShape[0]);
  const alpha = layer.weightScale;
  if (inputTangent) product(inputTangent, context.params.get(layer.weight), alpha, 0, out);
  else out.data.fill(0);
  if (!paramTangent) return out;
  product(input, paramTangent.get(layer.weight), alpha, 1, out);
  if (layer.bias !== null)
    activate({
      kind: 'identity',
      rows: out.rows,
      cols: out.cols,
      input: out.data,
      bias: paramTangent.get(layer.bias).data,
      biasScale: layer.biasScale,
      output: out.data,
    });
  return out;
}

function denseBackwardTangent(
  layer: DenseLayer,
  input: Matrix,
  inputTangent: Matrix | null,
  paramTangent: Params | null,
  deltas: Matrix,
  deltaTangents: Matrix,
  request: TangentBackwardRequest,
  context: Context,
): DualMatrix | null {
  request.visit?.(denseSite(layer, input, deltas), { inputs: inputTangent, deltas: deltaTangents });
  if (!request.input) return null;
  const tangent = throughWeight(layer, deltaTangents, context);
  if (paramTangent) {
    const W = paramTangent.get(layer.weight);
    productTransposeB(deltas, W, layer.weightScale, 1, tangent);
  }
  return { value: throughWeight(layer, deltas, context), tangent };
}
