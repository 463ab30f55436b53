/**
 * A residual block, y = S(x) + F(x): a body F of layers, and a shortcut S past it, which is x itself unless layers are
 * given (He et al., "Deep residual learning for image recognition", arXiv 1512.03385, equations 1 and 2). Where the
 * body changes the shape, the shortcut must too: a dense layer, or a convolution with 1 × 1 kernels and the body's
 * strides (a projection).
 *
 *     backward   x̄ = ∂S/∂xᵀ ȳ + ∂F/∂xᵀ ȳ,  and the sites of both
 *     jvp        ẏ = Ṡ + Ḟ, and of backward the sum of both
 *
 * The sum is all the block does itself; what comes after it in a network (the relu of a ResNet) is a layer of its own.
 */

import { ShapeError, shapeText, ValueError } from '../../errors';
import { add } from '../../linalg/elementwise';
import type { Matrix } from '../../linalg/matrix';
import type {
  Applied,
  AppliedTangent,
  BackwardRequest,
  Context,
  DualMatrix,
  Layer,
  LayerSpec,
  PlacedOutput,
  Shape,
  TangentBackwardRequest,
} from '../layer';
import type { ParameterSpec, Params, StateSpec } from '../params';
import type { Workspace } from '../workspace';
import { type AppliedSequence, Sequence } from './sequence';

export interface ResidualOptions {
  /** S; x itself unless given. */
  shortcut?: readonly LayerSpec[];
}

/**
 * y = x + F(x), or S(x) + F(x) with { shortcut: [...] }. Any layers can stand in both. Those of the body are called
 * 'residual1/dense1', those of the shortcut 'residual1/shortcut/dense1'. Throws a ValueError for a body without layers;
 * building it throws a ShapeError when body and shortcut give different shapes.
 */
export function residual(body: readonly LayerSpec[], options: ResidualOptions = {}): LayerSpec {
  const { shortcut = [] } = options;
  if (body.length === 0)
    throw new ValueError({
      what: 'residual(body)',
      expected: 'at least one layer',
      got: 'none',
      todo: 'Give a list such as [dense(100), relu(), dense(100)].',
    });
  return {
    kind: 'residual',
    options: { body, shortcut },
    build: (shape, name) => new ResidualLayer(body, shortcut, shape, name),
  };
}

export class ResidualLayer implements Layer {
  readonly kind = 'residual';
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  readonly stochastic: boolean;
  /** Those of the shortcut, then those of the body: it is the body that ends the block. */
  readonly layers: readonly Layer[];
  /** S; without layers it is x itself. */
  readonly shortcut: Sequence;
  /** F. */
  readonly body: Sequence;

  constructor(body: readonly LayerSpec[], shortcut: readonly LayerSpec[], inputShape: Shape, name: string) {
    this.shortcut = new Sequence(shortcut, inputShape, `${name}/shortcut`, true);
    this.body = new Sequence(body, inputShape, name, true);
    const [given, wanted] = [this.body, this.shortcut].map(({ outputShape }) => shapeText(outputShape));
    if (given !== wanted)
      throw new ShapeError({
        what: `Layer '${name}'`,
        expected: `a body that gives what its shortcut gives, ${wanted}`,
        got: `${given} from inputs of shape ${shapeText(inputShape)}`,
        todo:
          shortcut.length === 0
            ? 'Let the body keep the shape, or give a shortcut that changes it alike: { shortcut: [dense(units)] }.'
            : 'Let both end in the same shape.',
      });
    this.name = name;
    this.inputShape = inputShape;
    this.outputShape = this.body.outputShape;
    this.layers = [...this.shortcut.layers, ...this.body.layers];
    this.parameters = this.layers.flatMap((layer) => layer.parameters);
    this.state = this.layers.flatMap((layer) => layer.state);
    this.stochastic = this.layers.some((layer) => layer.stochastic);
  }

  forward(input: Matrix, context: Context): Applied {
    const shortcut = this.shortcut.forward(input, context);
    const body = this.body.forward(input, context);
    const output = sum(shortcut.output, body.output, context.workspace);
    return new AppliedResidual(this, input, output, shortcut, body, context.workspace);
  }
}

class AppliedResidual implements Applied {
  constructor(
    readonly layer: ResidualLayer,
    readonly input: Matrix,
    readonly output: Matrix,
    readonly shortcut: AppliedSequence,
    readonly body: AppliedSequence,
    readonly workspace: Workspace,
  ) {}

  outputs(): PlacedOutput[] {
    const { input, output } = this;
    const { name, kind } = this.layer;
    return [...this.shortcut.outputs(), ...this.body.outputs(), { name, kind, input, output }];
  }

  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null {
    // Sites come last layer first, so the body goes before the shortcut.
    const body = this.body.backward(cotangents, request);
    const shortcut = this.shortcut.backward(cotangents, request);
    return body && shortcut && sum(shortcut, body, this.workspace);
  }

  jvp(inputTangent: Matrix | null, paramTangent: Params | null): AppliedTangent {
    const { workspace } = this;
    const shortcut = this.shortcut.jvp(inputTangent, paramTangent);
    const body = this.body.jvp(inputTangent, paramTangent);
    return {
      output: sum(shortcut.output, body.output, workspace),
      backward(value: Matrix, tangent: Matrix, request: TangentBackwardRequest): DualMatrix | null {
        const b = body.backward(value, tangent, request);
        const s = shortcut.backward(value, tangent, request);
        return (
          b &&
          s && {
            value: sum(s.value, b.value, workspace),
            tangent: sum(s.tangent, b.tangent, workspace),
          }
        );
      },
    };
  }
}

function sum(a: Matrix, b: Matrix, workspace: Workspace): Matrix {
  const out = workspace.matrix(a.rows, a.cols);
  add(a.data, b.data, out.data);
  return out;
}
