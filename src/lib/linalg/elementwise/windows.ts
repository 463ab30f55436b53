/**
 * Windows on images: what convolutions and pooling do that is no matrix product. An image is height × width × channels
 * numbers, channels last; a window is a rectangle of pixels, and windows stand on a grid of rows × cols. Each function
 * but maxPool is linear, and stands beside its adjoint: unfold and fold, averagePool and averagePoolAdjoint, pick and
 * pickAdjoint.
 */

import type { Vector } from '../matrix';
import type { WindowLoop, WindowLoopName } from './module';
import { checkLength, checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

/** A grid of windows. Every window must hold at least one pixel of the image; what lies outside is padding. */
export interface Windows {
  /** Of an image. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Of a window, in pixels. */
  readonly kernelY: number;
  readonly kernelX: number;
  /** From one window to the next. */
  readonly strideY: number;
  readonly strideX: number;
  /** Lines of padding above the image, and columns to its left. */
  readonly top: number;
  readonly left: number;
  /** Of the grid. */
  readonly rows: number;
  readonly cols: number;
}

/**
 * The pixels of every window, line by line: n images → n · rows · cols × kernelY · kernelX · channels, 0 where the window
 * lies outside the image.
 */
export function unfold(windows: Windows, images: Vector, n: number, patches: Vector): void {
  run('unfold', windows, n, 1, images, patches);
}

/** The adjoint of unfold, added to `images`: each number of a patch goes to the pixel that it comes from. */
export function fold(windows: Windows, patches: Vector, n: number, images: Vector): void {
  run('fold', windows, n, 1, patches, images);
}

/** The mean over each window of its pixels in the image (padding does not count): n images → n grids of pixels. */
export function averagePool(windows: Windows, images: Vector, n: number, out: Vector): void {
  run('averagePool', windows, n, 1, images, out);
}

/** The adjoint of averagePool: n grids of pixels → n images. */
export function averagePoolAdjoint(windows: Windows, cotangents: Vector, n: number, out: Vector): void {
  run('averagePoolAdjoint', windows, n, 1, cotangents, out);
}

/**
 * The largest pixel of each window, channel by channel, and which it is: `winners` receives its number in the window, line
 * by line. Of equal ones the first wins, a NaN always.
 */
export function maxPool(windows: Windows, images: Vector, n: number, out: Vector, winners: Vector): void {
  run('maxPool', windows, n, 1, images, out, winners);
}

/** What stands in n images where the windows have their `winners`: the derivative of maxPool along `images`. */
export function pick(windows: Windows, images: Vector, winners: Vector, n: number, out: Vector): void {
  run('pick', windows, n, 1, images, winners, out);
}

/**
 * The adjoint of pick for C cotangents an image: row i·C + c of `cotangents` (a grid) and of `out` (an image) belongs to
 * image i, whose winners are row i of `winners`.
 */
export function pickAdjoint(
  windows: Windows,
  cotangents: Vector,
  winners: Vector,
  n: number,
  C: number,
  out: Vector,
): void {
  run('pickAdjoint', windows, n, C, cotangents, winners, out);
}

/** What an array holds for each image (`each`: for each of its cotangents). */
interface Argument {
  what: string;
  use: Operand['use'];
  holds: 'image' | 'grid' | 'patches';
  each?: boolean;
}

const argument = (what: string, use: Argument['use'], holds: Argument['holds'], each = false): Argument => ({
  what,
  use,
  holds,
  each,
});

const ARGUMENTS: Record<WindowLoopName, readonly Argument[]> = {
  unfold: [argument('unfold, images', 'in', 'image'), argument('unfold, patches', 'out', 'patches')],
  fold: [argument('fold, patches', 'in', 'patches'), argument('fold, images', 'both', 'image')],
  averagePool: [argument('averagePool, images', 'in', 'image'), argument('averagePool, out', 'out', 'grid')],
  averagePoolAdjoint: [
    argument('averagePoolAdjoint, cotangents', 'in', 'grid'),
    argument('averagePoolAdjoint, out', 'out', 'image'),
  ],
  maxPool: [
    argument('maxPool, images', 'in', 'image'),
    argument('maxPool, out', 'out', 'grid'),
    argument('maxPool, winners', 'out', 'grid'),
  ],
  pick: [
    argument('pick, images', 'in', 'image'),
    argument('pick, winners', 'in', 'grid'),
    argument('pick, out', 'out', 'grid'),
  ],
  pickAdjoint: [
    argument('pickAdjoint, cotangents', 'in', 'grid', true),
    argument('pickAdjoint, winners', 'in', 'grid'),
    argument('pickAdjoint, out', 'out', 'image', true),
  ],
};

/** Numbers that an array holds for one image. */
function sizeOf({ holds, each }: Argument, windows: Windows, C: number): number {
  const { height, width, channels, kernelY, kernelX, rows, cols } = windows;
  const pixels =
    holds === 'image' ? height * width : rows * cols * (holds === 'patches' ? kernelY * kernelX : 1);
  return pixels * channels * (each ? C : 1);
}

function run(
  name: WindowLoopName,
  windows: Windows,
  n: number,
  C: number,
  x: Vector,
  y: Vector,
  z?: Vector,
): void {
  const [first, second, third] = ARGUMENTS[name];
  checkLength(first.what, x, n * sizeOf(first, windows, C));
  checkSame(second.what, y, n * sizeOf(second, windows, C), x);
  if (z) checkSame(third.what, z, n * sizeOf(third, windows, C), x);
  const loops = shared(x, y, z);
  if (loops) {
    call(loops[name], at(x), at(y), at(z), C, n, windows);
    return;
  }
  const vectors = [x, y, z];
  const operands = ARGUMENTS[name].map((its, k): Operand => {
    return { vector: vectors[k], use: its.use, per: sizeOf(its, windows, C) };
  });
  stage(n, 1, operands, true, ({ loops, addresses: [a, b, c], rows }) =>
    call(loops[name], a, b, c ?? 0, C, rows, windows),
  );
}

function call(loop: WindowLoop, x: number, y: number, z: number, each: number, n: number, w: Windows): void {
  loop(
    x,
    y,
    z,
    each,
    n,
    w.height,
    w.width,
    w.channels,
    w.kernelY,
    w.kernelX,
    w.strideY,
    w.strideX,
    w.top,
    w.left,
    w.rows,
    w.cols,
  );
}
