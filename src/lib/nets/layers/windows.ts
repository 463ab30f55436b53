/**
 * Where the windows of a convolution or a pooling stand, as Keras and tfjs have it. Along one axis of `size` pixels, with
 * windows of k pixels at a stride s,
 *
 *     valid   ⌈(size − k + 1) / s⌉ windows, all of them inside the image
 *     same    ⌈size / s⌉ windows; what is missing, max((windows − 1) s + k − size, 0) pixels, is padding, half of it before
 *             the image (rounded down) and the rest behind
 *
 * (TensorFlow's notes on padding, tf.nn.convolution. PyTorch's numeric padding puts as much before as behind: for s > 1
 * that is another grid.)
 */

import { ShapeError, shapeText, ValueError } from '../../errors';
import type { Windows } from '../../linalg/elementwise';
import type { Shape } from '../layer';

/** Pixels along both axes: a number for a square, or [height, width]. */
export type Extent = number | readonly [number, number];

export type Padding = 'valid' | 'same';

/** What a layer was asked for. */
export interface WindowOptions {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: Padding;
}

/** The options, checked. Throws a ValueError that names the factory and the option. */
export function windowOptions(
  factory: string,
  given: { what: string; kernel: Extent; stride: Extent; padding: Padding },
): WindowOptions {
  const { what, kernel, stride, padding } = given;
  if (padding !== 'valid' && padding !== 'same')
    throw new ValueError({
      what: `${factory}({ padding })`,
      expected: "'valid' or 'same'",
      got: String(padding),
      todo: "'same' pads with zeros so that stride 1 keeps height and width; 'valid' does not pad.",
    });
  return {
    kernel: pair(`${factory}(${what})`, kernel),
    stride: pair(`${factory}({ stride })`, stride),
    padding,
  };
}

function pair(what: string, extent: Extent): readonly [number, number] {
  const both = typeof extent === 'number' ? [extent, extent] : extent;
  if (both.length === 2 && both.every((n) => Number.isInteger(n) && n >= 1)) return [both[0], both[1]];
  throw new ValueError({
    what,
    expected: 'a whole number of pixels, 1 or more, or two: [height, width]',
    got: `${both.length === 2 ? both.join(', ') : extent}`,
    todo: 'Give 3 for 3 × 3 pixels, or [1, 3].',
  });
}

/** The windows of layer `name` on images of that shape. Throws a ShapeError for other inputs, and where none fits. */
export function windowsOn(shape: Shape, options: WindowOptions, name: string): Windows {
  if (shape.length !== 3)
    throw new ShapeError({
      what: `Layer '${name}'`,
      expected: 'images, height × width × channels',
      got: `examples of shape ${shapeText(shape)}`,
      todo: 'Give the network the shape of an image, such as network([28, 28, 1], …).',
    });
  const [height, width, channels] = shape;
  const [[kernelY, kernelX], [strideY, strideX]] = [options.kernel, options.stride];
  const vertical = axis(height, kernelY, strideY, options.padding);
  const horizontal = axis(width, kernelX, strideX, options.padding);
  if (vertical.count < 1 || horizontal.count < 1)
    throw new ShapeError({
      what: `Layer '${name}'`,
      expected: `images of at least ${shapeText(options.kernel)} pixels, the size of its windows`,
      got: shapeText([height, width]),
      todo: "Make the windows smaller, pool less before, or take { padding: 'same' }.",
    });
  return {
    ...{ height, width, channels, kernelY, kernelX, strideY, strideX },
    ...{ top: vertical.before, left: horizontal.before, rows: vertical.count, cols: horizontal.count },
  };
}

function axis(size: number, kernel: number, stride: number, padding: Padding) {
  if (padding === 'valid') return { count: Math.ceil((size - kernel + 1) / stride), before: 0 };
  const count = Math.ceil(size / stride);
  return { count, before: Math.floor(Math.max((count - 1) * stride + kernel - size, 0) / 2) };
}
