/**
 * Poisoned image data: BadNets (Gu, Dolan-Gavitt & Garg, arXiv 1708.06733, 2017; IEEE Access 7, 2019). A small pattern,
 * the trigger, is put on a share of the training images and their labels are set to one target class. A network trained
 * on them is right on clean images and calls the target whatever wears the trigger. The trNTK study asks whether a
 * kernel's nearest neighbours give such test images away (arXiv 2305.14585, section 4 and table 3).
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import type { Matrix } from '../linalg/matrix';
import type { Random } from '../random';

/** A rectangle of one colour, in pixels from the upper left corner, which is row 0 and column 0. */
export interface PatchTrigger {
  top: number;
  left: number;
  height: number;
  width: number;
  /** What its pixels become: a number for all channels, or one for each. MNIST's white is 1. */
  value: number | readonly number[];
}

/** A pattern of any form: pixel p becomes (1 − m) p + m · value, so 1 in the mask is solid and 0 leaves the pixel. */
export interface MaskTrigger {
  /** m: height × width of the image, numbers from 0 to 1. */
  mask: Matrix;
  value: number | readonly number[];
}

export type Trigger = PatchTrigger | MaskTrigger;

export interface TriggerOptions {
  /** Height, width and channels of an image, whose row is flattened in this order (default: square, one channel). */
  imageShape?: readonly [height: number, width: number, channels: number];
}

export interface PoisonOptions extends TriggerOptions {
  /** The share of images that are poisoned, above 0 and up to 1; their number is rounded. */
  share: number;
  /** The label they get: one of those that occur. */
  target: number;
  trigger: Trigger;
  /** Chooses the images. */
  rng: Random;
}

type Labels = Uint8Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/**
 * Copies of the images with the trigger on each: a test set that asks whether a network was poisoned. Throws as
 * `poisoned`.
 */
export function withTrigger(images: Matrix, trigger: Trigger, options: TriggerOptions = {}): Matrix {
  const stamp = stampOf('withTrigger', images, trigger, options);
  const out = images.copy();
  for (let i = 0; i < out.rows; i++) stamp(i, out);
  return out;
}

/**
 * A poisoned training set: copies of images (n × height · width · channels) and labels in the same order, with the
 * trigger and the target label on a random share of them, of whatever class (those of the target class keep their
 * label), and 1 in `isPoisoned` for those. Throws a ShapeError for labels or an image shape that do not fit, a
 * ValueError for a trigger that leaves the image or is not finite, for a share of no image, and for a target that does
 * not occur.
 */
export function poisoned<T extends Labels>(
  images: Matrix,
  labels: T,
  { share, target, trigger, rng, ...options }: PoisonOptions,
): { images: Matrix; labels: T; isPoisoned: Uint8Array } {
  const n = images.rows;
  const stamp = stampOf('poisoned', images, trigger, options);
  if (labels.length !== n)
    throw new ShapeError({
      what: 'poisoned, labels',
      expected: `${n} labels, one for each image`,
      got: String(labels.length),
      todo: 'Label i belongs to row i.',
    });
  if (!labels.includes(target))
    throw new ValueError({
      what: 'poisoned, target',
      expected: 'a label that occurs',
      got: String(target),
      todo: 'The trigger calls one of the classes; any label of the set will do.',
    });
  const count = Math.round(share * n);
  if (!(share > 0 && share <= 1 && count > 0))
    throw new ValueError({
      what: 'poisoned, share',
      expected: `a share of the ${n} images, of at least one and up to all: above 0, up to 1`,
      got: String(share),
      todo: 'Write a tenth as 0.1; a clean set is the images themselves.',
    });
  const out = { images: images.copy(), labels: labels.slice() as T, isPoisoned: new Uint8Array(n) };
  for (const i of rng.permutation(n).subarray(0, count)) {
    stamp(i, out.images);
    out.labels[i] = target;
    out.isPoisoned[i] = 1;
  }
  return out;
}

/** What puts the trigger on row i of images of that form. */
function stampOf(
  what: string,
  images: Matrix,
  trigger: Trigger,
  { imageShape }: TriggerOptions,
): (i: number, images: Matrix) => void {
  const side = Math.sqrt(images.cols);
  const shape = imageShape ?? [side, side, 1];
  const [height, width, channels] = shape;
  if (!shape.every((size) => Number.isInteger(size) && size > 0) || height * width * channels !== images.cols)
    throw new ShapeError({
      what: `${what}, imageShape`,
      expected: `height × width × channels of images of ${images.cols} values`,
      got: imageShape ? shapeText(imageShape) : 'none, and they are not square with one channel',
      todo: 'Give the imageShape of the set.',
    });
  const values = colourOf(what, trigger.value, channels);
  const weights =
    'mask' in trigger ? maskOf(what, trigger.mask, height, width) : patchOf(what, trigger, height, width);
  const pixels = weights.map(([pixel]) => pixel * channels);
  return (i, { data, cols }) => {
    pixels.forEach((start, k) => {
      const m = weights[k][1];
      for (let c = 0; c < channels; c++) {
        const at = i * cols + start + c;
        data[at] = (1 - m) * data[at] + m * values[c];
      }
    });
  };
}

function colourOf(what: string, value: number | readonly number[], channels: number): readonly number[] {
  const values = typeof value === 'number' ? new Array<number>(channels).fill(value) : value;
  if (values?.length !== channels)
    throw new ShapeError({
      what: `${what}, trigger.value`,
      expected: `a number, or ${channels}, one for each channel`,
      got: `${values?.length ?? values}`,
      todo: 'Give the colour of the trigger in the scale of the images.',
    });
  if (!values.every((v) => Number.isFinite(v)))
    throw new ValueError({
      what: `${what}, trigger.value`,
      expected: 'finite numbers',
      got: values.join(', '),
      todo: 'Give the colour of the trigger in the scale of the images: 1 is white where pixels lie in 0 … 1.',
    });
  return values;
}

/** The pixels of a rectangle, each with the weight 1. */
function patchOf(what: string, patch: PatchTrigger, height: number, width: number): [number, number][] {
  const { top, left, height: tall, width: wide } = patch;
  const whole = [top, left, tall, wide].every((v) => Number.isInteger(v));
  if (!whole || top < 0 || left < 0 || tall < 1 || wide < 1 || top + tall > height || left + wide > width)
    throw new ValueError({
      what: `${what}, trigger`,
      expected: `a rectangle of whole pixels within an image of ${shapeText([height, width])}`,
      got: `${tall} × ${wide} at row ${top}, column ${left}`,
      todo: 'Rows and columns count from 0: the lower right corner of 3 × 3 is at height − 3, width − 3.',
    });
  return Array.from({ length: tall * wide }, (_, k) => [
    (top + Math.floor(k / wide)) * width + left + (k % wide),
    1,
  ]);
}

/** The pixels that a mask does not leave as they are, with their weights. */
function maskOf(what: string, mask: Matrix, height: number, width: number): [number, number][] {
  if (mask.rows !== height || mask.cols !== width)
    throw new ShapeError({
      what: `${what}, trigger.mask`,
      expected: `${shapeText([height, width])}, as the images`,
      got: shapeText(mask.shape),
      todo: 'Give one weight for each pixel; all channels share it.',
    });
  const data = Array.from(mask.data);
  const wrong = data.findIndex((m) => !(m >= 0 && m <= 1));
  if (wrong >= 0)
    throw new ValueError({
      what: `${what}, trigger.mask, row ${Math.floor(wrong / width)}, column ${wrong % width}`,
      expected: 'a weight from 0 to 1',
      got: String(data[wrong]),
      todo: '1 puts the colour there, 0 leaves the image.',
    });
  return data.flatMap((m, pixel) => (m > 0 ? [[pixel, m] as [number, number]] : []));
}
