/**
 * To and from TensorFlow.js, for dense models: a user's trained `tf.LayersModel` becomes a network and a snapshot,
 * on which every kernel works, and a network becomes a model that tfjs can train, save and serve. Nothing of
 * TensorFlow.js is imported, not even types (tfjs-module.ts): `loadTfjs` loads it when it is asked.
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
import { ActivationLayer, elu, relu, sigmoid, softplus, tanh } from './layers/activation';
import { DenseLayer, dense } from './layers/dense';
import { flatten } from './layers/flatten';
import { Sequence } from './layers/sequence';
import { type Network, network } from './network';
import { type Layout, Params, type Snapshot } from './params';
import type {
  TfjsActivation,
  TfjsLayer,
  TfjsModel,
  TfjsModule,
  TfjsSequential,
  TfjsSymbolicTensor,
  TfjsTensor,
} from './tfjs-module';

const SUPPORTED =
  'Dense, Activation, ReLU, ELU, Flatten and InputLayer in one line, with the activations linear, relu, tanh, sigmoid, softplus and elu';

/** tfjs' names of activations; linear is none. */
const activations: Record<string, (() => LayerSpec) | null> = {
  linear: null,
  relu,
  tanh,
  sigmoid,
  softplus,
  elu,
};

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
 * The network that a tfjs model is, and its numbers: sequential models and functional ones that are a single line, of
 * dense layers and activations (in the dense layer or as a layer of their own). `dtype`: the snapshot's precision
 * ('float32', which is what tfjs computes in, unless given). Throws a ValueError that names the first layer that is
 * not supported.
 */
export function fromTfjs(
  model: TfjsModel,
  { dtype = 'float32' }: { dtype?: DType } = {},
): { network: Network; snapshot: Snapshot } {
  const converted: Converted = { specs: [], params: [], state: [] };
  for (const layer of line(model)) convert(layer, converted);
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

/** The layers of a model in order, from the input on. Throws a ValueError where the graph branches. */
function line(model: TfjsModel): readonly TfjsLayer[] {
  if (!model.inputs?.length || !model.outputs?.length)
    throw new ValueError({
      what: `tfjs model '${model.name}'`,
      expected: 'a model that is built',
      got: 'one that does not know its input shape',
      todo: 'Give inputShape to its first layer, or call model.build.',
    });
  const branching = (name: string, what: string) =>
    new ValueError({
      what: `tfjs model '${model.name}', layer '${name}'`,
      expected: 'one input and one output, in a single line',
      got: what,
      todo: 'Only sequential models, and functional ones without branches or shared layers, can be taken over.',
    });
  if (model.inputs.length !== 1 || model.outputs.length !== 1)
    throw branching(model.name, `${model.inputs.length} inputs and ${model.outputs.length} outputs`);
  if (model.getClassName() === 'Sequential') return model.layers;

  // Backwards from the output, by the nodes of this model: a layer may have others, in other models.
  const own = new Set(model.layers);
  const layers: TfjsLayer[] = [];
  let tensor: TfjsSymbolicTensor | undefined = model.outputs[0];
  while (tensor) {
    const layer: TfjsLayer = tensor.sourceLayer;
    if (layers.includes(layer)) throw branching(layer.name, 'a layer that is used more than once');
    layers.unshift(layer);
    own.delete(layer);
    const { inputTensors }: TfjsLayer['inboundNodes'][number] = layer.inboundNodes[tensor.nodeIndex];
    if (inputTensors.length > 1) throw branching(layer.name, `${inputTensors.length} inputs`);
    // An input layer is its own input.
    tensor = layer.getClassName() === 'InputLayer' ? undefined : inputTensors[0];
  }
  for (const { name } of own) throw branching(name, 'a layer beside the line');
  return layers;
}

function convert(layer: TfjsLayer, into: Converted): void {
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
  switch (kind) {
    case 'InputLayer':
      return;
    case 'Sequential':
    case 'Functional':
    case 'Model':
      for (const inner of line(layer as TfjsModel)) convert(inner, into);
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
    default:
      throw unsupported(`a layer of the class ${kind}`);
  }
}

/**
 * A `tf.Sequential` model of the same function: one Dense layer for each dense layer and the activation after it. Give
 * the tfjs that is to run it (`await loadTfjs()`, or your own import). Throws a ValueError that names the layer for which
 * tfjs has no counterpart.
 */
export function toTfjs<S extends TfjsSequential>(net: Network, snapshot: Snapshot, tf: TfjsModule<S>): S {
  net.check(snapshot, Matrix.zeros(0, net.inputs));
  const { params } = snapshot;
  const layers = leaves(net.layers);
  const model = tf.sequential();
  const weights: TfjsTensor[][] = [];
  let inputShape: number[] | undefined = [...net.inputShape];
  const append = (layer: TfjsLayer, values: TfjsTensor[] = []) => {
    model.add(layer);
    inputShape = undefined;
    weights.push(values);
  };
  const scaled = (data: Vector, factor: number, shape: [number, number] | [number]) =>
    tf.tensor(
      Float32Array.from(data, (value) => factor * value),
      shape,
      'float32',
    );

  for (let k = 0; k < layers.length; k++) {
    const layer = layers[k];
    if (layer instanceof DenseLayer) {
      const after = layers[k + 1];
      const next = after instanceof ActivationLayer ? after : null;
      const s = next ? next.sigma.scale : 1;
      const W = params.get(layer.weight);
      const values: TfjsTensor[] = [scaled(W.data, s * layer.weightScale, [W.rows, W.cols])];
      if (layer.bias !== null)
        values.push(scaled(params.get(layer.bias).data, s * layer.biasScale, [W.cols]));
      append(
        tf.layers.dense({
          units: W.cols,
          useBias: layer.bias !== null,
          activation: next ? nameOf(next) : 'linear',
          inputShape,
        }),
        values,
      );
      if (next) k++;
    } else if (layer instanceof ActivationLayer) {
      const { scale } = layer.sigma;
      if (scale !== 1)
        throw noCounterpart(layer, `the scale ${scale} of an activation that follows no dense layer`);
      append(tf.layers.activation({ activation: nameOf(layer), inputShape }));
    } else if (layer.kind === 'flatten') append(tf.layers.flatten({ inputShape }));
    else throw noCounterpart(layer, `a layer of the kind ${layer.kind}`);
  }
  model.layers.forEach((layer, k) => {
    if (weights[k].length > 0) layer.setWeights(weights[k]);
  });
  for (const tensor of weights.flat()) tensor.dispose();
  return model;
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
    expected: 'dense layers, activations and flatten',
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
