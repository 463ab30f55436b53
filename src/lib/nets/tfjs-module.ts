/**
 * What this library uses of TensorFlow.js, as interfaces of its own. Structural, because a notebook that imports one
 * thing of `#lib` has all types of `#lib` read: tfjs' own declarations are 600 files, and would cost every notebook's
 * first cell a second. tfjs' classes fit these interfaces; a test holds that.
 */

import type { ActivationKind } from '../linalg/elementwise';

export interface TfjsTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array | Int32Array | Uint8Array;
  dispose(): void;
}

/** A tensor of a model's graph, before there are numbers. */
export interface TfjsSymbolicTensor {
  /** The batch is null, as every size that is not fixed. */
  readonly shape: readonly (number | null)[];
  readonly sourceLayer: TfjsLayer;
  readonly nodeIndex: number;
}

export interface TfjsLayer {
  readonly name: string;
  /** One for each use of the layer. */
  readonly inboundNodes: readonly {
    readonly inputTensors: readonly TfjsSymbolicTensor[];
    readonly inputShapes: readonly unknown[];
  }[];
  /** A tensor of a graph, for one tensor of it or several. */
  apply(inputs: unknown): unknown;
  getClassName(): string;
  getConfig(): { readonly [option: string]: unknown };
  getWeights(): TfjsTensor[];
  setWeights(weights: TfjsTensor[]): void;
}

/** A `tf.LayersModel`: a model is a layer too. */
export interface TfjsModel extends TfjsLayer {
  readonly inputs: readonly TfjsSymbolicTensor[];
  readonly outputs: readonly TfjsSymbolicTensor[];
  readonly layers: readonly TfjsLayer[];
}

/** tfjs' names of the activations that both have. */
export type TfjsActivation = Exclude<ActivationKind, 'identity'> | 'linear';

/** Of a bias, of a dense layer's kernel, of a convolution's. */
export type TfjsShape = [number] | [number, number] | [number, number, number, number];

/** Options that say where the windows of an image stand. */
interface WindowOptions {
  strides: [number, number];
  padding: 'valid' | 'same';
}

/** The module: `import * as tf from '@tensorflow/tfjs'`, or tfjs-node. M is its `tf.LayersModel`. */
export interface TfjsModule<M extends TfjsModel = TfjsModel> {
  input(options: { shape: number[] }): TfjsSymbolicTensor;
  /** Inputs and outputs are tensors of a graph. */
  model(options: { inputs: unknown; outputs: unknown }): M;
  tensor(values: Float32Array, shape: TfjsShape, dtype: 'float32'): TfjsTensor;
  ready(): Promise<void>;
  findBackend(name: string): unknown;
  readonly layers: {
    dense(options: { units: number; useBias: boolean; activation: TfjsActivation }): TfjsLayer;
    conv2d(
      options: WindowOptions & {
        filters: number;
        kernelSize: [number, number];
        useBias: boolean;
        activation: TfjsActivation;
      },
    ): TfjsLayer;
    maxPooling2d(options: WindowOptions & { poolSize: [number, number] }): TfjsLayer;
    averagePooling2d(options: WindowOptions & { poolSize: [number, number] }): TfjsLayer;
    globalAveragePooling2d(options: object): TfjsLayer;
    activation(options: { activation: TfjsActivation }): TfjsLayer;
    flatten(): TfjsLayer;
    dropout(options: { rate: number }): TfjsLayer;
    add(): TfjsLayer;
    batchNormalization(options: {
      momentum: number;
      epsilon: number;
      center: boolean;
      scale: boolean;
    }): TfjsLayer;
  };
}
