/**
 * Pooling of images (height × width × channels): one pixel for each window, channel by channel. The mean is linear; so is
 * the largest, once it is known which pixel of a window that is, q(p) for window p (the first of equals, as in tfjs and
 * PyTorch), and its second derivative is zero:
 *
 *     average   y_p = mean of x over the window's pixels in the image;   x̄ = its adjoint
 *     max       y_p = x_q(p), ẏ_p = ẋ_q(p);   x̄_q = Σ ȳ_p over the windows p that q has won
 *
 * Padding ('same') is no pixel: it neither counts in the mean, nor is it ever the largest, as in Keras and tfjs.
 */

import {
  averagePool as averageOf,
  averagePoolAdjoint,
  maxPool as maxOf,
  pick,
  pickAdjoint,
  type Windows,
} from '../../linalg/elementwise';
import type { Matrix } from '../../linalg/matrix';
import {
  type Applied,
  type AppliedTangent,
  type BackwardRequest,
  type Context,
  type Layer,
  type LayerOutput,
  type LayerSpec,
  type Shape,
  shapeSize,
  type TangentBackwardRequest,
} from '../layer';
import type { Workspace } from '../workspace';
import { type Extent, type Padding, type WindowOptions, windowOptions, windowsOn } from './windows';

export interface PoolingOptions {
  /** Pixels from one window to the next; the window's size by default. */
  stride?: Extent;
  /** 'valid' (default): windows inside the image. 'same': as many as the stride fits in, those at the edges smaller. */
  padding?: Padding;
}

/**
 * The mean of each window of `size` pixels (a number, or [height, width]): [height, width, c] → [rows, cols, c], with as many
 * windows as windows.ts says. Throws a ValueError for options out of range; building it throws a ShapeError for inputs that
 * are no images, or smaller than a window.
 */
export const averagePool = (size: Extent, options: PoolingOptions = {}): LayerSpec =>
  pooling('averagePool', size, options);

/** The largest pixel of each window, channel by channel. Otherwise as averagePool. */
export const maxPool = (size: Extent, options: PoolingOptions = {}): LayerSpec =>
  pooling('maxPool', size, options);

/** The mean of all pixels of an image: [height, width, c] → [c]. */
export const globalAveragePool = (): LayerSpec => ({
  kind: 'globalAveragePool',
  options: {},
  build(shape, name) {
    const options = { kernel: [shape[0], shape[1]], stride: [1, 1], padding: 'valid' } as const;
    const windows = windowsOn(shape, options, name);
    return new AveragePoolLayer('globalAveragePool', windows, 'valid', [windows.channels], shape, name);
  },
});

export type PoolingKind = 'averagePool' | 'maxPool' | 'globalAveragePool';

function pooling(kind: 'averagePool' | 'maxPool', size: Extent, options: PoolingOptions): LayerSpec {
  const { stride = size, padding = 'valid' } = options;
  const its: WindowOptions = windowOptions(kind, { what: 'size', kernel: size, stride, padding });
  const PoolLayer = kind === 'maxPool' ? MaxPoolLayer : AveragePoolLayer;
  return {
    kind,
    options: { size: its.kernel, stride: its.stride, padding },
    build(shape, name) {
      const windows = windowsOn(shape, its, name);
      const outputShape = [windows.rows, windows.cols, windows.channels];
      return new PoolLayer(kind, windows, padding, outputShape, shape, name);
    },
  };
}

export abstract class PoolingLayer implements Layer {
  readonly parameters = [];
  readonly state = [];
  readonly stochastic = false;

  constructor(
    readonly kind: PoolingKind,
    readonly windows: Windows,
    readonly padding: Padding,
    readonly outputShape: Shape,
    readonly inputShape: Shape,
    readonly name: string,
  ) {}

  /** The output, and the linear map that the layer is at this input. */
  protected abstract pool(input: Matrix, output: Matrix, workspace: Workspace): LinearMap;

  forward(input: Matrix, { workspace }: Context): Applied {
    const output = workspace.matrix(input.rows, shapeSize(this.outputShape));
    return new AppliedPooling(this, output, this.pool(input, output, workspace), workspace);
  }
}

interface LinearMap {
  /** out = A ẋ, for n examples. */
  along(tangent: Matrix, out: Matrix): void;
  /** out = Aᵀ ȳ, for `each` cotangents of each of n examples. */
  adjoint(cotangents: Matrix, each: number, out: Matrix): void;
}

class AppliedPooling implements Applied {
  constructor(
    readonly layer: PoolingLayer,
    readonly output: Matrix,
    readonly map: LinearMap,
    readonly workspace: Workspace,
  ) {}

  outputs(): LayerOutput[] {
    const { name, kind } = this.layer;
    return [{ name, kind, output: this.output }];
  }

  backward(cotangents: Matrix, { cotangents: each, input }: BackwardRequest): Matrix | null {
    return input ? this.back(cotangents, each) : null;
  }

  jvp(inputTangent: Matrix | null): AppliedTangent {
    const { rows, cols } = this.output;
    const output = this.workspace.matrix(rows, cols);
    this.map.along(inputTangent as Matrix, output);
    return {
      output,
      backward: (value: Matrix, tangent: Matrix, { cotangents: each, input }: TangentBackwardRequest) =>
        input ? { value: this.back(value, each), tangent: this.back(tangent, each) } : null,
    };
  }

  private back(cotangents: Matrix, each: number): Matrix {
    const out = this.workspace.matrix(cotangents.rows, shapeSize(this.layer.inputShape));
    this.map.adjoint(cotangents, each, out);
    return out;
  }
}

class AveragePoolLayer extends PoolingLayer {
  protected pool(input: Matrix, output: Matrix): LinearMap {
    const { windows } = this;
    averageOf(windows, input.data, input.rows, output.data);
    return {
      along: (tangent, out) => averageOf(windows, tangent.data, tangent.rows, out.data),
      adjoint: (cotangents, _, out) =>
        averagePoolAdjoint(windows, cotangents.data, cotangents.rows, out.data),
    };
  }
}

class MaxPoolLayer extends PoolingLayer {
  protected pool(input: Matrix, output: Matrix, workspace: Workspace): LinearMap {
    const { windows } = this;
    const n = input.rows;
    const winners = workspace.matrix(n, output.cols);
    maxOf(windows, input.data, n, output.data, winners.data);
    return {
      along: (tangent, out) => pick(windows, tangent.data, winners.data, n, out.data),
      adjoint: (cotangents, each, out) =>
        pickAdjoint(windows, cotangents.data, winners.data, n, each, out.data),
    };
  }
}
