/**
 * A convolution of images (height × width × channels): at each position p of its windows the patch under the window, with
 * its k·k·c_in numbers as one row h_p, goes through one weight,
 *
 *     y_p = w · h_p W + β b,    W: k·k·c_in × filters,  rows (y, x, channel): Keras' kernel [k, k, c_in, filters], reshaped.
 *
 * So it is the affine layer (affine.ts) of its patches: a product for all positions of all examples (Chellapilla, Puri &
 * Simard, "High performance convolutional neural networks for document processing", 2006); how the patches are kept small is
 * in patches.ts. (As a cross-correlation: the kernel is not flipped, as everywhere in the field.)
 */

import { ValueError } from '../../errors';
import type { Windows } from '../../linalg/elementwise';
import type { Matrix } from '../../linalg/matrix';
import type { LayerSpec, Shape } from '../layer';
import { productTransposeB } from '../product';
import type { Patches } from '../site';
import type { Workspace } from '../workspace';
import { AffineLayer, type AffineOptions, affineOptions } from './affine';
import { ImagePatches, PatchLayout } from './patches';
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
    options: { filters, kernelSize: windows.kernel, stride: windows.stride, padding, ...affine },
    build: (shape, name) => new Conv2dLayer(filters, windows, affine, shape, name),
  };
}

export class Conv2dLayer extends AffineLayer {
  readonly kind = 'conv2d';
  readonly padding: Padding;
  readonly windows: Windows;
  /** Null where every patch is a pixel of its own: then the input is H as it stands. */
  private readonly patches: PatchLayout | null;

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
    const { kernelY, kernelX, strideY, strideX } = windows;
    const pointwise = kernelY === 1 && kernelX === 1 && strideY === 1 && strideX === 1;
    this.patches = pointwise ? null : new PatchLayout(windows);
  }

  unfold(input: Matrix, workspace: Workspace): Matrix | Patches {
    if (this.patches) return new ImagePatches(this.patches, input, workspace);
    return input.reshape(input.rows * this.positions, this.windows.channels);
  }

  through(deltas: Matrix, W: Matrix, beta: number, out: Matrix, workspace: Workspace): void {
    const { patches, weightScale } = this;
    if (patches === null) {
      productTransposeB(deltas, W, weightScale, beta, out.reshape(deltas.rows, W.rows));
      return;
    }
    if (beta === 0) out.data.fill(0);
    patches.addTransposed(deltas, W, weightScale, out, workspace);
  }
}
