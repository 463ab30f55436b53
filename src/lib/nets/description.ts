/**
 * Networks, losses and optimisers as JSON, and back: so that a training can be sent to a thread, and what was trained be
 * named in a file or a cache key. A description is the call that made a thing, its kind and every option by name,
 *
 *     { kind: 'network', inputShape: [1], layers: [{ kind: 'dense', units: 128, bias: true, … }, …], fuse: true },
 *
 * so whoever reads it calls the same factory, which checks it as it checks any call.
 */

import { KernelbookError, ValueError } from '../errors';
import type { Json } from '../run';
import type { LayerSpec, Shape } from './layer';
import { elu, identity, relu, sigmoid, softplus, tanh } from './layers/activation';
import type { AffineOptions } from './layers/affine';
import { batchNorm } from './layers/batch-norm';
import { type Conv2dOptions, conv2d } from './layers/conv2d';
import { dense } from './layers/dense';
import { dropout } from './layers/dropout';
import { flatten } from './layers/flatten';
import { averagePool, globalAveragePool, maxPool, type PoolingOptions } from './layers/pooling';
import { residual } from './layers/residual';
import type { Extent } from './layers/windows';
import {
  type Loss,
  logisticLoss,
  meanSquaredError,
  sigmoidMeanSquaredError,
  softmaxCrossEntropy,
} from './losses';
import { type Network, network } from './network';
import { adagrad, adam, gradientDescent, type Optimizer, sgd } from './optimizers';
import { weightedSquaredError } from './weighted-loss';

/** A layer, a network or an optimiser: its kind, and every option by its name. */
export type Description = { readonly kind: string; readonly [option: string]: Json };

/**
 * The network as JSON. Throws a ValueError when one of its layers does not say what it was made of: one that is not of
 * this library.
 */
export function describeNetwork(net: Network): Description {
  return describeLayer(net);
}

/**
 * The network that was described: of the same layout and names, with the same outputs. Throws a ValueError for a layer or
 * an option that this library does not have, and what the layers' factories throw.
 */
export function networkFrom(description: Description): Network {
  return made('Description of a network', { network: layerKinds.network }, description) as Network;
}

export function describeOptimizer({ name, options }: Optimizer): Description {
  return { kind: name, ...options };
}

export function optimizerFrom(description: Description): Optimizer {
  return made('Description of an optimiser', optimizerKinds, description);
}

/** The loss of this library that has that name, if there is one. */
export const lossNamed = (name: string): Loss | undefined =>
  Object.hasOwn(losses, name) ? losses[name] : undefined;

type Kinds<T> = Readonly<Record<string, (options: never) => T>>;
type Descriptions = readonly Description[];

/** How a layer of each kind is made of its options. */
const layerKinds = {
  dense: ({ units, ...options }: AffineOptions & { units: number }) => dense(units, options),
  conv2d: ({ filters, kernelSize, ...options }: Conv2dOptions & { filters: number; kernelSize: Extent }) =>
    conv2d(filters, kernelSize, options),
  relu,
  tanh,
  sigmoid,
  softplus,
  elu,
  identity,
  averagePool: ({ size, ...options }: PoolingOptions & { size: Extent }) => averagePool(size, options),
  maxPool: ({ size, ...options }: PoolingOptions & { size: Extent }) => maxPool(size, options),
  globalAveragePool: () => globalAveragePool(),
  flatten: () => flatten(),
  batchNorm,
  dropout: ({ rate }: { rate: number }) => dropout(rate),
  residual: ({ body, shortcut }: { body: Descriptions; shortcut: Descriptions }) =>
    residual(body.map(layerFrom), { shortcut: shortcut.map(layerFrom) }),
  network: ({ inputShape, layers, fuse }: { inputShape: Shape; layers: Descriptions; fuse: boolean }) =>
    network(inputShape, layers.map(layerFrom), { fuse }),
} satisfies Kinds<LayerSpec>;

const optimizerKinds = { gradientDescent, sgd, adam, adagrad } satisfies Kinds<Optimizer>;

const losses: Readonly<Record<string, Loss>> = {
  meanSquaredError,
  weightedSquaredError,
  logisticLoss,
  sigmoidMeanSquaredError,
  softmaxCrossEntropy,
};

function describeLayer({ kind, options }: LayerSpec): Description {
  if (options === undefined)
    throw new ValueError({
      what: 'Description of a network',
      expected: 'layers that say what they were made of, as those of this library do',
      got: `one of the kind ${kind}, which has no options`,
      todo: 'Give its LayerSpec the field `options`, or leave the network where it is: train and predict take any layer.',
    });
  const entries = Object.entries(options).map(([option, value]) => [
    option,
    areLayers(value) ? value.map(describeLayer) : value,
  ]);
  return { kind, ...Object.fromEntries(entries) };
}

const areLayers = (value: Json | readonly LayerSpec[]): value is readonly LayerSpec[] =>
  Array.isArray(value) && value.some((item) => typeof item === 'object');

const layerFrom = (description: Description): LayerSpec =>
  made('Description of a layer', layerKinds, description);

function made<T extends { readonly options?: object }>(
  what: string,
  kinds: Kinds<T>,
  description: Description,
): T {
  const { kind, ...options } = description ?? {};
  const refused = (expected: string, got: string, cause?: unknown) =>
    new ValueError({ what, expected, got, todo: 'Give what describeNetwork gave, whole.' }, { cause });
  if (!Object.hasOwn(kinds, kind)) throw refused(`the kind ${Object.keys(kinds).join(', ')}`, `${kind}`);
  let thing: T;
  try {
    thing = kinds[kind](options as never);
  } catch (error) {
    if (error instanceof KernelbookError) throw error;
    throw refused(`every option of ${kind}`, Object.keys(options).join(', ') || 'none', error);
  }
  const known = Object.keys(thing.options ?? {});
  const foreign = Object.keys(options).find((option) => !known.includes(option));
  if (foreign !== undefined) throw refused(`the options of ${kind}: ${known.join(', ') || 'none'}`, foreign);
  return thing;
}
