/**
 * To and from TensorFlow.js: a user's trained `tf.LayersModel` becomes a network and a snapshot, on which every kernel
 * works, and a network becomes a model that tfjs can train, save and serve. Nothing of TensorFlow.js is imported, not
 * even types (tfjs-module.ts): `loadTfjs` loads it when it is asked.
 *
 * tfjs has no constants in its layers, so `toTfjs` multiplies weightScale, biasScale and an activation's scale s into
 * weights and biases: σ(s (w·x W + β·b)) = σ(x (s w W) + s β b). The function is the same, its tangent kernel is not.
 */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ShapeError, shapeText, ValueError } from '../errors';
import { type DType, Matrix, type Vector } from '../linalg/matrix';
import { projectRoot } from '../run';
import type { Layer, LayerSpec } from './layer';
import { ActivationLayer, elu, identity, relu, sigmoid, softplus, tanh } from './layers/activation';
import { BatchNormLayer, type BatchNormOptions, batchNorm } from './layers/batch-norm';
import { Conv2dLayer, conv2d } from './layers/conv2d';
import { DenseLayer, dense } from './layers/dense';
import { DropoutLayer, dropout } from './layers/dropout';
import { flatten } from './layers/flatten';
import { averagePool, globalAveragePool, maxPool, PoolingLayer } from './layers/pooling';
import { ResidualLayer, residual } from './layers/residual';
import { Sequence } from './layers/sequence';
import { type Network, network } from './network';
import { type Layout, Params, type Snapshot } from './params';
import type {
  TfjsActivation,
  TfjsLayer,
  TfjsModel,
  TfjsModule,
  TfjsShape,
  TfjsSymbolicTensor,
  TfjsTensor,
} from './tfjs-module';

const SUPPORTED =
  'Dense, Conv2D, MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D, Activation, ReLU, ELU, Flatten, Dropout, InputLayer and Add of two branches, with the activations linear, relu, tanh, sigmoid, softplus and elu';

/** tfjs' names of activations; linear is none. */
const activations: Record<string, (() => LayerSpec) | null> = {
  linear: null,
  relu,
  tanh,
  sigmoid,
  softplus,
  elu,
};

/** A layer of the class Add and its two branches, from where they part. */
class Sum {
  constructor(
    readonly body: readonly Step[],
    readonly shortcut: readonly Step[],
  ) {}
}

/** What a model does next to what came out before. */
type Step = TfjsLayer | Sum;

/** A tensor of a tfjs layer that becomes a parameter, or an entry of the state. */
interface Weight {
  layer: string;
  tensor: TfjsTensor;
}

interface Converted {
  specs: LayerSpec[];
  /** One for each parameter of the network, in the order in which the specs declare them. */
  params: Weight[];
  /** The same for the state. */
  state: Weight[];
}

/**
 * The network that a tfjs model is, and its numbers: sequential models, and functional ones that are a line with residual
 * blocks in it (two branches that meet in an Add), of dense layers, convolutions, pooling and activations (in the layer
 * before or as a layer of their own). Of the branches of an Add, the one with more layers becomes the block's body. `dtype`: the snapshot's precision
 * ('float32', which is what tfjs computes in, unless given). Throws a ValueError that names the first layer that is
 * not supported.
 */
export function fromTfjs(
  model: TfjsModel,
  { dtype = 'float32' }: { dtype?: DType } = {},
): { network: Network; snapshot: Snapshot } {
  const converted: Converted = { specs: [], params: [], state: [] };
  for (const step of stepsOf(model)) convert(step, converted);
  const inputShape = model.inputs[0].shape.slice(1);
  if (inputShape.some((size) => size === null))
    throw new ShapeError({
      what: `tfjs model '${model.name}'`,
      expected: 'inputs of a fixed shape',
      got: `[${model.inputs[0].shape.map((size) => size ?? 'null').join(', ')}]`,
      todo: 'Build the model with every size of its input but the batch given.',
    });
  const net = network(inputShape as number[], converted.specs);
  const params = filled(net.layout, converted.params, dtype);
  const state = filled(net.stateLayout, converted.state, dtype);
  return { network: net, snapshot: { params, state } };
}

/** The numbers of tfjs' tensors, which come in the order of the layout. */
function filled(layout: Layout, weights: readonly Weight[], dtype: DType): Params {
  const params = Params.zeros(layout, dtype);
  params.names.forEach((name, k) => {
    const { layer, tensor } = weights[k];
    const values = tensor.dataSync();
    if (!values.every((value) => Number.isFinite(value)))
      throw new ValueError({
        what: `tfjs layer '${layer}'`,
        expected: 'finite weights',
        got: 'NaN or an infinity among them',
        todo: 'The training of this model diverged: train it again with a smaller learning rate.',
      });
    params.get(name).data.set(values);
  });
  return params;
}

/** What a model does, from the input on. Throws a ValueError where the graph branches in another way than for a sum. */
function stepsOf(model: TfjsModel): readonly Step[] {
  if (!model.inputs?.length || !model.outputs?.length)
    throw new ValueError({
      what: `tfjs model '${model.name}'`,
      expected: 'a model that is built',
      got: 'one that does not know its input shape',
      todo: 'Give inputShape to its first layer, or call model.build.',
    });
  if (model.inputs.length !== 1 || model.outputs.length !== 1)
    throw branching(model, model.name, `${model.inputs.length} inputs and ${model.outputs.length} outputs`);
  if (model.getClassName() === 'Sequential') return model.layers;
  return new Graph(model).steps(model.outputs[0], null);
}

function branching(model: TfjsModel, layer: string, got: string): ValueError {
  return new ValueError({
    what: `tfjs model '${model.name}', layer '${layer}'`,
    expected: 'one input and one output, in a line, or two branches from one tensor that an Add joins',
    got,
    todo: 'Only sequential models, and functional ones whose branches are residual blocks, can be taken over.',
  });
}

/**
 * The graph of a functional model, read backwards from its output, by the nodes of this model (a layer may have others,
 * in other models). What comes before a sum is the tensor at which its branches part: the last that both have passed.
 */
class Graph {
  private readonly known = new Map<TfjsSymbolicTensor, TfjsSymbolicTensor | null>();
  private readonly used = new Set<TfjsLayer>();

  constructor(private readonly model: TfjsModel) {}

  /** What leads from `start` (null: from the input) to `end`. */
  steps(end: TfjsSymbolicTensor, start: TfjsSymbolicTensor | null): Step[] {
    const steps: Step[] = [];
    let tensor: TfjsSymbolicTensor | null = end;
    while (tensor !== start && tensor !== null) {
      const layer: TfjsLayer = tensor.sourceLayer;
      if (this.used.has(layer)) throw this.branching(layer, 'a layer that is used more than once');
      this.used.add(layer);
      const before: TfjsSymbolicTensor | null = this.before(tensor);
      const inputs = inputsOf(tensor);
      if (inputs.length === 2) {
        const branches = inputs.map((input) => this.steps(input, before));
        const [first, second] = branches;
        steps.unshift(second.length > first.length ? new Sum(second, first) : new Sum(first, second));
      } else steps.unshift(layer);
      tensor = before;
    }
    return steps;
  }

  /** The last tensor that all has passed on the way to this one; null for the input. */
  private before(tensor: TfjsSymbolicTensor): TfjsSymbolicTensor | null {
    let before = this.known.get(tensor);
    if (before === undefined) {
      before = this.find(tensor);
      this.known.set(tensor, before);
    }
    return before;
  }

  private find(tensor: TfjsSymbolicTensor): TfjsSymbolicTensor | null {
    const layer = tensor.sourceLayer;
    const kind = layer.getClassName();
    // An input layer is its own input.
    if (kind === 'InputLayer') return null;
    const inputs = inputsOf(tensor);
    if (inputs.length === 1) return inputs[0];
    if (kind !== 'Add' || inputs.length !== 2)
      throw this.branching(layer, `a layer of the class ${kind} with ${inputs.length} inputs`);
    const passed = new Set(this.way(inputs[0]));
    return this.way(inputs[1]).find((its) => passed.has(its)) ?? null;
  }

  /** This tensor and all that everything has passed before it, back to the input. */
  private way(tensor: TfjsSymbolicTensor): TfjsSymbolicTensor[] {
    const way: TfjsSymbolicTensor[] = [];
    for (let its: TfjsSymbolicTensor | null = tensor; its !== null; its = this.before(its)) way.push(its);
    return way;
  }

  private branching(layer: TfjsLayer, got: string): ValueError {
    return branching(this.model, layer.name, got);
  }
}

function inputsOf(tensor: TfjsSymbolicTensor): readonly TfjsSymbolicTensor[] {
  return tensor.sourceLayer.inboundNodes[tensor.nodeIndex].inputTensors;
}

function convert(step: Step, into: Converted): void {
  if (step instanceof Sum) {
    const branch = (steps: readonly Step[]) => {
      const its: Converted = { ...into, specs: [] };
      for (const inner of steps) convert(inner, its);
      return its.specs;
    };
    // The shortcut's parameters come first. A branch may turn out to do nothing.
    const shortcut = branch(step.shortcut);
    const body = branch(step.body);
    into.specs.push(residual(body.length > 0 ? body : [identity()], { shortcut }));
  } else convertLayer(step, into);
}

function convertLayer(layer: TfjsLayer, into: Converted): void {
  const config = layer.getConfig();
  const kind = layer.getClassName();
  const unsupported = (got: string) =>
    new ValueError({
      what: `tfjs layer '${layer.name}'`,
      expected: SUPPORTED,
      got,
      todo: 'Take these layers out, or build the network of this library by hand and set its parameters.',
    });
  const activation = (name: unknown) => {
    const factory =
      typeof name === 'string' && Object.hasOwn(activations, name) ? activations[name] : undefined;
    if (factory === undefined) throw unsupported(`the activation ${JSON.stringify(name)}`);
    if (factory) into.specs.push(factory());
  };
  const checkChannels = () => {
    if (config.dataFormat !== 'channelsLast') throw unsupported(`a ${kind} of ${config.dataFormat} images`);
  };
  const windows = () => {
    checkChannels();
    const { padding } = config;
    if (padding !== 'valid' && padding !== 'same')
      throw unsupported(`the padding ${JSON.stringify(padding)}`);
    return { stride: config.strides as [number, number], padding } as const;
  };
  switch (kind) {
    case 'InputLayer':
      return;
    case 'Sequential':
    case 'Functional':
    case 'Model':
      for (const inner of stepsOf(layer as TfjsModel)) convert(inner, into);
      return;
    case 'Dense': {
      const weights = layer.getWeights();
      const rank = (layer.inboundNodes[0]?.inputShapes[0] as unknown[] | undefined)?.length ?? 2;
      if (rank !== 2) throw unsupported(`a Dense layer on examples of ${rank - 1} axes`);
      into.specs.push(dense(config.units as number, { bias: config.useBias as boolean }));
      into.params.push(...weights.map((tensor) => ({ layer: layer.name, tensor })));
      activation(config.activation ?? 'linear');
      return;
    }
    case 'Conv2D': {
      if ((config.dilationRate as number[]).some((rate) => rate !== 1))
        throw unsupported(`a Conv2D with the dilation ${JSON.stringify(config.dilationRate)}`);
      const { stride, padding } = windows();
      const kernelSize = config.kernelSize as [number, number];
      const bias = config.useBias as boolean;
      into.specs.push(conv2d(config.filters as number, kernelSize, { stride, padding, bias }));
      into.params.push(...layer.getWeights().map((tensor) => ({ layer: layer.name, tensor })));
      activation(config.activation ?? 'linear');
      return;
    }
    case 'MaxPooling2D':
      into.specs.push(maxPool(config.poolSize as [number, number], windows()));
      return;
    case 'AveragePooling2D':
      into.specs.push(averagePool(config.poolSize as [number, number], windows()));
      return;
    case 'GlobalAveragePooling2D':
      checkChannels();
      into.specs.push(globalAveragePool());
      return;
    case 'Activation':
      activation(config.activation);
      return;
    case 'ReLU':
      if (config.maxValue !== null && config.maxValue !== undefined)
        throw unsupported(`a ReLU with the maximum ${config.maxValue}`);
      into.specs.push(relu());
      return;
    case 'ELU':
      into.specs.push(elu({ alpha: config.alpha as number }));
      return;
    case 'Flatten':
      into.specs.push(flatten());
      return;
    case 'BatchNormalization': {
      const { momentum, epsilon, center, scale } = config as Required<BatchNormOptions>;
      // Models that Keras saved have the axis in a list.
      const axis = Number(config.axis);
      const rank = (layer.inboundNodes[0].inputShapes[0] as unknown[]).length;
      if (axis !== -1 && axis !== rank - 1)
        throw unsupported(`a BatchNormalization over the axis ${axis} of ${rank}`);
      into.specs.push(batchNorm({ momentum, epsilon, center, scale }));
      const weights = layer.getWeights().map((tensor) => ({ layer: layer.name, tensor }));
      into.params.push(...weights.slice(0, -2));
      into.state.push(...weights.slice(-2));
      return;
    }
    case 'Dropout':
      if (config.noiseShape !== null && config.noiseShape !== undefined)
        throw unsupported(`a Dropout whose noise has the shape ${JSON.stringify(config.noiseShape)}`);
      if (config.rate === 1) throw unsupported('a Dropout of the rate 1');
      into.specs.push(dropout(config.rate as number));
      return;
    default:
      throw unsupported(`a layer of the class ${kind}`);
  }
}

/**
 * A `tf.LayersModel` of the same function: one Dense or Conv2D for each dense layer or convolution and the activation after
 * it, an Add for each residual block. Give the tfjs that is to run it (`await loadTfjs()`, or your own import). Throws a ValueError that
 * names the layer for which tfjs has no counterpart.
 */
export function toTfjs<M extends TfjsModel>(net: Network, snapshot: Snapshot, tf: TfjsModule<M>): M {
  net.check(snapshot, Matrix.zeros(0, net.inputs));
  const inputs = tf.input({ shape: [...net.inputShape] });
  const weights: LayerWeights[] = [];
  const outputs = append(net.layers, inputs, snapshot, tf, weights);
  const model = tf.model({ inputs, outputs });
  for (const { layer, values } of weights) {
    layer.setWeights(values);
    for (const tensor of values) tensor.dispose();
  }
  return model;
}

/** What a layer's weights are to be once the model is made. */
interface LayerWeights {
  layer: TfjsLayer;
  values: TfjsTensor[];
}

/** The layers applied to `input`, a tensor of the graph, one after the other; their weights are added to the list. */
function append(
  list: readonly Layer[],
  input: TfjsSymbolicTensor,
  snapshot: Snapshot,
  tf: TfjsModule,
  weights: LayerWeights[],
): TfjsSymbolicTensor {
  const { params, state } = snapshot;
  const layers = leaves(list);
  let output = input;
  const add = (layer: TfjsLayer, values: TfjsTensor[] = []) => {
    output = layer.apply(output) as TfjsSymbolicTensor;
    if (values.length > 0) weights.push({ layer, values });
  };
  const scaled = (data: Vector, factor: number, shape: TfjsShape) =>
    tf.tensor(
      Float32Array.from(data, (value) => factor * value),
      shape,
      'float32',
    );

  for (let k = 0; k < layers.length; k++) {
    const layer = layers[k];
    if (layer instanceof DenseLayer || layer instanceof Conv2dLayer) {
      const after = layers[k + 1];
      const next = after instanceof ActivationLayer ? after : null;
      const s = next ? next.sigma.scale : 1;
      const W = params.get(layer.weight);
      const values = [scaled(W.data, s * layer.weightScale, kernelShape(layer, W))];
      if (layer.bias !== null)
        values.push(scaled(params.get(layer.bias).data, s * layer.biasScale, [W.cols]));
      const options = { useBias: layer.bias !== null, activation: next ? nameOf(next) : 'linear' } as const;
      add(
        layer instanceof DenseLayer
          ? tf.layers.dense({ units: W.cols, ...options })
          : tf.layers.conv2d({ filters: W.cols, ...kernelOptions(layer), ...options }),
        values,
      );
      if (next) k++;
    } else if (layer instanceof ActivationLayer) {
      const { scale } = layer.sigma;
      if (scale !== 1)
        throw noCounterpart(
          layer,
          `the scale ${scale} of an activation that follows no dense layer and no convolution`,
        );
      add(tf.layers.activation({ activation: nameOf(layer) }));
    } else if (layer instanceof BatchNormLayer) {
      const { momentum, epsilon, scale, shift, mean, variance } = layer;
      const numbers = [scale, shift].flatMap((name) => (name === null ? [] : [params.get(name).data]));
      numbers.push(state.get(mean).data, state.get(variance).data);
      add(
        tf.layers.batchNormalization({ momentum, epsilon, center: shift !== null, scale: scale !== null }),
        numbers.map((data) => scaled(data, 1, [data.length])),
      );
    } else if (layer instanceof PoolingLayer) add(pooling(layer, tf));
    else if (layer.kind === 'flatten') add(tf.layers.flatten());
    else if (layer instanceof DropoutLayer) add(tf.layers.dropout({ rate: layer.rate }));
    else if (layer instanceof ResidualLayer) {
      const shortcut = append(layer.shortcut.layers, output, snapshot, tf, weights);
      const body = append(layer.body.layers, output, snapshot, tf, weights);
      output = tf.layers.add().apply([body, shortcut]) as TfjsSymbolicTensor;
    } else throw noCounterpart(layer, `a layer of the kind ${layer.kind}`);
  }
  return output;
}

/** Keras' kernels are [height, width, channels, filters]: our W's rows are the first three. */
function kernelShape(layer: DenseLayer | Conv2dLayer, W: Matrix): TfjsShape {
  if (layer instanceof DenseLayer) return [W.rows, W.cols];
  const { kernelY, kernelX, channels } = layer.windows;
  return [kernelY, kernelX, channels, W.cols];
}

function kernelOptions({ windows, padding }: Conv2dLayer) {
  const { kernelY, kernelX, strideY, strideX } = windows;
  return {
    kernelSize: [kernelY, kernelX] as [number, number],
    strides: [strideY, strideX] as [number, number],
    padding,
  };
}

function pooling({ kind, windows, padding }: PoolingLayer, tf: TfjsModule): TfjsLayer {
  const { kernelY, kernelX, strideY, strideX } = windows;
  if (kind === 'globalAveragePool') return tf.layers.globalAveragePooling2d({});
  const options = {
    poolSize: [kernelY, kernelX] as [number, number],
    strides: [strideY, strideX] as [number, number],
    padding,
  };
  return kind === 'maxPool' ? tf.layers.maxPooling2d(options) : tf.layers.averagePooling2d(options);
}

/** tfjs' name of an activation. */
function nameOf(layer: ActivationLayer): TfjsActivation {
  const { kind, alpha } = layer.sigma;
  // tfjs' own ELU layer throws for any other α.
  if (kind === 'elu' && alpha !== 1)
    throw noCounterpart(layer, `an elu with the α ${alpha} (tfjs has α = 1)`);
  return kind === 'identity' ? 'linear' : kind;
}

/** Composites replaced by their layers. */
function leaves(layers: readonly Layer[]): Layer[] {
  return layers.flatMap((layer) => (layer instanceof Sequence ? leaves(layer.layers) : [layer]));
}

function noCounterpart(layer: Layer, got: string): ValueError {
  return new ValueError({
    what: `Layer '${layer.name}' (${shapeText(layer.outputShape)})`,
    expected:
      'dense layers, convolutions, pooling, activations, flatten, dropout and residual blocks of them',
    got,
    todo: 'tfjs has no layer that does this.',
  });
}

/**
 * TensorFlow.js, ready for use: with its native backend where one is installed (the optional package tfjs-native, or
 * what `npm run tfjs:native` built), else in plain JavaScript, and without the banner that plain tfjs prints in Node.
 * `tf.getBackend()` says which it is. T is the type of the module, for whoever uses more of it than `toTfjs` does:
 * `loadTfjs<typeof import('@tensorflow/tfjs')>()`.
 */
export async function loadTfjs<T extends TfjsModule = TfjsModule>(): Promise<T> {
  const require = createRequire(join(projectRoot(), 'package.json'));
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3'; // TensorFlow's own lines on stderr
  let tf: T | undefined;
  for (const id of ['tfjs-native', './.native/node_modules/@tensorflow/tfjs-node']) {
    try {
      tf = require(id) as T;
      break;
    } catch {
      // Not installed, or not for this machine: the next one, in the end plain tfjs, which always is there.
    }
  }
  tf ??= require('@tensorflow/tfjs') as T;
  await tf.ready();
  // The CPU backend greets at its first use; that is all this flag is for.
  const backend = tf.findBackend('cpu') as { firstUse?: boolean } | null;
  if (backend?.firstUse) backend.firstUse = false;
  return tf;
}
