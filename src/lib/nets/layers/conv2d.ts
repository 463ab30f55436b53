/**
 * A convolution of images (height × width × channels): at each position p of its windows the patch under the window, with
 * its k·k·c_in numbers as one row h_p, goes through one weight,
 *
 *     y_p = w · h_p W + β b,    W: k·k·c_in × filters,  rows (y, x, channel): Keras' kernel [k, k, c_in, filters], reshaped.
 *
 * So it is the affine layer (affine.ts) of its patches: a product for all positions of all examples (Chellapilla, Puri &
 * Simard, "High performance convolutional neural networks for document processing", 2006). The patches are k² times the
 * image: they are never written out for a whole batch, but for a few examples at a time that stay in cache, in the forward
 * pass and again where a gradient is wanted. (As a cross-correlation: the kernel is not flipped, as everywhere in the field.)
 */

import { ValueError } from '../../errors';
import { fold, unfold, type Windows } from '../../linalg/elementwise';
import type { DType, Matrix } from '../../linalg/matrix';
import type { LayerSpec, Shape } from '../layer';
import { productTransposeB } from '../product';
import type { Patches } from '../site';
import type { Workspace } from '../workspace';
import { AffineLayer, type AffineOptions, affineOptions } from './affine';
import { type Extent, type Padding, type WindowOptions, windowOptions, windowsOn } from './windows';

export interface Conv2dOptions extends AffineOptions {
  /** Pixels from one window to the next; 1 by default. */
  stride?: Extent;
  /** 'valid' (default): windows inside the image. 'same': padded with zeros, so that stride 1 keeps height and width. */
  padding?: Padding;
}

/**
 * Convolution of images [height, width, channels] with `filters` kernels of `kernelSize` pixels (a number, or [height,
 * width]): → [rows, cols, filters], with as many windows as windows.ts says. weightScale 'ntk' is 1/√(k·k·channels).
 * Throws a ValueError for options out of range; building it throws a ShapeError for inputs that are no images, or smaller
 * than a window.
 */
export function conv2d(filters: number, kernelSize: Extent, options: Conv2dOptions = {}): LayerSpec {
  const { stride = 1, padding = 'valid' } = options;
  if (!Number.isInteger(filters) || filters < 1)
    throw new ValueError({
      what: 'conv2d(filters)',
      expected: 'a whole number, 1 or more',
      got: `${filters}`,
      todo: 'Give the number of channels of the output.',
    });
  const affine = affineOptions('conv2d', options);
  const windows = windowOptions('conv2d', { what: 'kernelSize', kernel: kernelSize, stride, padding });
  return {
    kind: 'conv2d',
    build: (shape, name) => new Conv2dLayer(filters, windows, affine, shape, name),
  };
}

/** Bytes of patches that are written out at a time: they, and the outputs made of them, stay in a second-level cache. */
const BLOCK_BYTES = 1 << 19;

export class Conv2dLayer extends AffineLayer {
  readonly kind = 'conv2d';
  readonly padding: Padding;
  readonly windows: Windows;

  constructor(
    filters: number,
    options: WindowOptions,
    affine: Required<AffineOptions>,
    inputShape: Shape,
    name: string,
  ) {
    const windows = windowsOn(inputShape, options, name);
    const area = windows.kernelY * windows.kernelX;
    const sizes = {
      inputShape,
      outputShape: [windows.rows, windows.cols, filters],
      fanIn: area * windows.channels,
      fanOut: area * filters,
    };
    super(name, sizes, affine);
    this.windows = windows;
    this.padding = options.padding;
  }

  unfold(input: Matrix, workspace: Workspace): Matrix | Patches {
    if (this.pointwise) return input.reshape(input.rows * this.positions, this.windows.channels);
    return new ImagePatches(this.windows, input, this.buffer(input.rows, workspace));
  }

  through(deltas: Matrix, W: Matrix, beta: number, out: Matrix, workspace: Workspace): void {
    const { windows, positions, weightScale } = this;
    if (this.pointwise) {
      productTransposeB(deltas, W, weightScale, beta, out.reshape(deltas.rows, W.rows));
      return;
    }
    if (beta === 0) out.data.fill(0);
    const buffer = this.buffer(out.rows, workspace);
    const each = buffer.rows / positions;
    for (let i = 0; i < out.rows; i += each) {
      const count = Math.min(each, out.rows - i);
      const patches = buffer.slice(0, count * positions);
      productTransposeB(deltas.slice(i * positions, (i + count) * positions), W, weightScale, 0, patches);
      fold(windows, patches.data, count, out.slice(i, i + count).data);
    }
  }

  /** Whether every patch is a pixel of its own: the input is H as it stands. */
  private get pointwise(): boolean {
    const { kernelY, kernelX, strideY, strideX } = this.windows;
    return kernelY === 1 && kernelX === 1 && strideY === 1 && strideX === 1;
  }

  /** Room for the patches of a block of at most n examples. */
  private buffer(n: number, workspace: Workspace): Matrix {
    const cols = this.parameters[0].rows;
    const bytes = this.positions * cols * (workspace.dtype === 'float32' ? 4 : 8);
    const each = Math.max(1, Math.min(n, Math.floor(BLOCK_BYTES / bytes)));
    return workspace.matrix(each * this.positions, cols);
  }
}

/** The patches of n images. The block that was written out last is kept until another is asked for. */
class ImagePatches implements Patches {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  readonly blockRows: number;
  private readonly positions: number;
  private start = -1;
  private current: Matrix;

  constructor(
    readonly windows: Windows,
    readonly images: Matrix,
    readonly buffer: Matrix,
  ) {
    this.positions = windows.rows * windows.cols;
    this.rows = images.rows * this.positions;
    this.cols = buffer.cols;
    this.dtype = buffer.dtype;
    this.blockRows = buffer.rows;
    this.current = buffer;
  }

  block(start: number, end: number): Matrix {
    const { windows, images, buffer, positions } = this;
    if (start === this.start && end - start === this.current.rows) return this.current;
    const [first, last] = [start / positions, end / positions];
    this.start = start;
    this.current = end - start === buffer.rows ? buffer : buffer.slice(0, end - start);
    unfold(windows, images.slice(first, last).data, last - first, this.current.data);
    return this.current;
  }
}
