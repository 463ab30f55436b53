/**
 * Layers one after the other, as one layer: the body of every network and of every composite. It names its layers
 * ('dense1', 'relu1', 'dense2'; inside a composite 'block1/dense1'), fuses neighbours that can be done as one, and
 * chains the three verbs. Where the input's cotangents are not wanted, backward ends at the first layer that has
 * parameters.
 */

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

export class Sequence implements Layer {
  readonly kind = 'sequence';
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  readonly stochastic: boolean;
  /** The layers, as they were given. */
  readonly layers: readonly Layer[];
  /** What is applied: the layers, or fused neighbours. */
  readonly stages: readonly Layer[];
  /** The first stage with parameters. */
  private readonly firstTrainable: number;

  /** @param name the path of the sequence; '' for the outermost, whose layers carry no prefix. */
  constructor(specs: readonly LayerSpec[], inputShape: Shape, name: string, fuse: boolean) {
    const counts = new Map<string, number>();
    const layers: Layer[] = [];
    let shape = inputShape;
    for (const spec of specs) {
      const count = (counts.get(spec.kind) ?? 0) + 1;
      counts.set(spec.kind, count);
      const layer = spec.build(shape, `${name === '' ? '' : `${name}/`}${spec.kind}${count}`);
      layers.push(layer);
      shape = layer.outputShape;
    }
    this.name = name;
    this.inputShape = inputShape;
    this.outputShape = shape;
    this.layers = layers;
    this.stages = fuse ? fused(layers) : layers;
    this.parameters = layers.flatMap((layer) => layer.parameters);
    this.state = layers.flatMap((layer) => layer.state);
    this.stochastic = layers.some((layer) => layer.stochastic);
    this.firstTrainable = this.stages.findIndex((stage) => stage.parameters.length > 0);
  }

  forward(input: Matrix, context: Context): AppliedSequence {
    const steps: Applied[] = [];
    let x = input;
    for (const stage of this.stages) {
      const step = stage.forward(x, context);
      steps.push(step);
      x = step.output;
    }
    return new AppliedSequence(this, steps, input, x, context);
  }

  /** The first stage that backward must reach. */
  end(inputWanted: boolean): number {
    if (inputWanted) return 0;
    return this.firstTrainable < 0 ? this.stages.length : this.firstTrainable;
  }
}

function fused(layers: readonly Layer[]): Layer[] {
  const stages: Layer[] = [];
  for (const layer of layers) {
    const both = stages.at(-1)?.fuse?.(layer);
    if (both) stages[stages.length - 1] = both;
    else stages.push(layer);
  }
  return stages;
}

export class AppliedSequence implements Applied {
  constructor(
    readonly sequence: Sequence,
    readonly steps: readonly Applied[],
    readonly input: Matrix,
    readonly output: Matrix,
    readonly context: Context,
  ) {}

  outputs(): PlacedOutput[] {
    const placed: PlacedOutput[] = [];
    let input = this.input;
    for (const step of this.steps) {
      for (const its of step.outputs()) {
        placed.push('input' in its ? its : { ...its, input });
        input = its.output;
      }
      input = step.output;
    }
    return placed;
  }

  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null {
    const inner: BackwardRequest = { cotangents: request.cotangents, input: true, visit: request.visit };
    const end = this.sequence.end(request.input);
    let delta = cotangents;
    for (let k = this.steps.length - 1; k >= end; k--)
      delta = this.steps[k].backward(delta, k === end ? request : inner) as Matrix;
    return request.input ? delta : null;
  }

  jvp(inputTangent: Matrix | null, paramTangent: Params | null): AppliedTangent {
    const { sequence, context } = this;
    const tangents: AppliedTangent[] = [];
    let tangent = inputTangent;
    this.steps.forEach((step, k) => {
      if (tangent === null && sequence.stages[k].parameters.length === 0)
        tangent = zero(k === 0 ? null : this.steps[k - 1].output, sequence, this.output.rows, context);
      const its = step.jvp(tangent, paramTangent);
      tangents.push(its);
      tangent = its.output;
    });
    return {
      output: tangent ?? zero(null, sequence, this.output.rows, context),
      backward(value: Matrix, derivative: Matrix, request: TangentBackwardRequest): DualMatrix | null {
        const { cotangents, visit } = request;
        const inner: TangentBackwardRequest = { cotangents, input: true, visit };
        const end = sequence.end(request.input);
        let delta: DualMatrix = { value, tangent: derivative };
        for (let k = tangents.length - 1; k >= end; k--)
          delta = tangents[k].backward(delta.value, delta.tangent, k === end ? request : inner) as DualMatrix;
        return request.input ? delta : null;
      },
    };
  }
}

/** A zero tangent of the shape of a stage's input. */
function zero(input: Matrix | null, sequence: Sequence, rows: number, context: Context): Matrix {
  const cols = input ? input.cols : sequence.inputShape.reduce((a, b) => a * b, 1);
  const out = context.workspace.matrix(rows, cols);
  out.data.fill(0);
  return out;
}
