/**
 * Loops over windows on images of height × width × channels, channels last: the runs of a window's lines are whole
 * pixels, so everything inside a pixel is one vector after the other. Window (r, c) covers the lines
 * r·strideY − top … + kernelY − 1 and the columns c·strideX − left … + kernelX − 1; what lies outside the image is padding,
 * and every window holds at least one pixel.
 */

import { lanes, shift } from './lanes';

// @ts-expect-error: decorator
@inline
function copyRun<T>(from: usize, to: usize, bytes: usize): void {
  const body = bytes & ~15;
  let i: usize = 0;
  for (; i < body; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < bytes; i += sizeof<T>()) store<T>(to + i, load<T>(from + i));
}

// @ts-expect-error: decorator
@inline
function addRun<T>(from: usize, to: usize, bytes: usize): void {
  const body = bytes & ~15;
  let i: usize = 0;
  for (; i < body; i += 16) v128.store(to + i, v128.add<T>(v128.load(to + i), v128.load(from + i)));
  for (; i < bytes; i += sizeof<T>()) store<T>(to + i, load<T>(to + i) + load<T>(from + i));
}

// @ts-expect-error: decorator
@inline
function clearRun<T>(to: usize, bytes: usize): void {
  const body = bytes & ~15;
  let i: usize = 0;
  for (; i < body; i += 16) v128.store(to + i, v128.splat<T>(<T>0));
  for (; i < bytes; i += sizeof<T>()) store<T>(to + i, <T>0);
}

/** Every window of n images written out, line by line: n · rows · cols × kernelY · kernelX · channels; padding is 0. */
export function unfold<T>(
  images: usize, patches: usize, n: i32,
  height: i32, width: i32, channels: i32, kernelY: i32, kernelX: i32, strideY: i32, strideX: i32,
  top: i32, left: i32, rows: i32, cols: i32,
): void {
  const pixel = (<usize>channels) << shift<T>();
  const line = pixel * width;
  const run = pixel * kernelX;
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++) {
        const x = c * strideX - left;
        const first = max(0, -x);
        const before = pixel * first;
        const inside = pixel * (min(kernelX, width - x) - first);
        for (let k = 0; k < kernelY; k++) {
          const y = r * strideY - top + k;
          if (y < 0 || y >= height) clearRun<T>(patches, run);
          else {
            clearRun<T>(patches, before);
            copyRun<T>(images + line * y + pixel * (x + first), patches + before, inside);
            clearRun<T>(patches + before + inside, run - before - inside);
          }
          patches += run;
        }
      }
    images += line * height;
  }
}

/** The adjoint of unfold: each window's numbers added to the pixels that they come from. */
export function fold<T>(
  patches: usize, images: usize, n: i32,
  height: i32, width: i32, channels: i32, kernelY: i32, kernelX: i32, strideY: i32, strideX: i32,
  top: i32, left: i32, rows: i32, cols: i32,
): void {
  const pixel = (<usize>channels) << shift<T>();
  const line = pixel * width;
  const run = pixel * kernelX;
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++) {
        const x = c * strideX - left;
        const first = max(0, -x);
        const before = pixel * first;
        const inside = pixel * (min(kernelX, width - x) - first);
        for (let k = 0; k < kernelY; k++) {
          const y = r * strideY - top + k;
          if (y >= 0 && y < height)
            addRun<T>(patches + before, images + line * y + pixel * (x + first), inside);
          patches += run;
        }
      }
    images += line * height;
  }
}

/** The mean of the pixels of each window that lie in the image. */
export function averagePool<T>(
  images: usize, out: usize, n: i32,
  height: i32, width: i32, channels: i32, kernelY: i32, kernelX: i32, strideY: i32, strideX: i32,
  top: i32, left: i32, rows: i32, cols: i32,
): void {
  const pixel = (<usize>channels) << shift<T>();
  const body = (<usize>(channels & ~(lanes<T>() - 1))) << shift<T>();
  const line = pixel * width;
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < rows; r++) {
      const y0 = max(0, r * strideY - top);
      const y1 = min(height, r * strideY - top + kernelY);
      for (let c = 0; c < cols; c++) {
        const x0 = max(0, c * strideX - left);
        const x1 = min(width, c * strideX - left + kernelX);
        const start = images + line * y0 + pixel * x0;
        const end = images + line * y1;
        const run = pixel * (x1 - x0);
        const share = <T>(1 / <f64>((y1 - y0) * (x1 - x0)));
        const shares = v128.splat<T>(share);
        let p: usize = 0;
        for (; p < body; p += 16) {
          let sum = v128.splat<T>(<T>0);
          for (let at = start; at < end; at += line)
            for (let q: usize = 0; q < run; q += pixel) sum = v128.add<T>(sum, v128.load(at + q + p));
          v128.store(out + p, v128.mul<T>(sum, shares));
        }
        for (; p < pixel; p += sizeof<T>()) {
          let sum = <T>0;
          for (let at = start; at < end; at += line)
            for (let q: usize = 0; q < run; q += pixel) sum += load<T>(at + q + p);
          store<T>(out + p, sum * share);
        }
        out += pixel;
      }
    }
    images += line * height;
  }
}

/** The adjoint of averagePool. Every pixel gathers from the windows that hold it. */
export function averagePoolAdjoint<T>(
  cotangents: usize, out: usize, n: i32,
  height: i32, width: i32, channels: i32, kernelY: i32, kernelX: i32, strideY: i32, strideX: i32,
  top: i32, left: i32, rows: i32, cols: i32,
): void {
  const pixel = (<usize>channels) << shift<T>();
  const body = (<usize>(channels & ~(lanes<T>() - 1))) << shift<T>();
  for (let i = 0; i < n; i++) {
    for (let y = 0; y < height; y++) {
      const r0 = firstWindow(y + top, kernelY, strideY);
      const r1 = min(rows, (y + top) / strideY + 1);
      for (let x = 0; x < width; x++) {
        const c0 = firstWindow(x + left, kernelX, strideX);
        const c1 = min(cols, (x + left) / strideX + 1);
        if (r0 >= r1 || c0 >= c1) clearRun<T>(out, pixel);
        for (let r = r0; r < r1; r++) {
          const high = min(height, r * strideY - top + kernelY) - max(0, r * strideY - top);
          for (let c = c0; c < c1; c++) {
            const wide = min(width, c * strideX - left + kernelX) - max(0, c * strideX - left);
            const share = <T>(1 / <f64>(high * wide));
            const shares = v128.splat<T>(share);
            const at = cotangents + pixel * (r * cols + c);
            const more = r > r0 || c > c0;
            let p: usize = 0;
            for (; p < body; p += 16) {
              const part = v128.mul<T>(v128.load(at + p), shares);
              v128.store(out + p, more ? v128.add<T>(v128.load(out + p), part) : part);
            }
            for (; p < pixel; p += sizeof<T>()) {
              const part = load<T>(at + p) * share;
              store<T>(out + p, more ? load<T>(out + p) + part : part);
            }
          }
        }
        out += pixel;
      }
    }
    cotangents += pixel * (rows * cols);
  }
}

/** The first window that holds place `at` (counted from the first padding) of a line, or one beyond the last that could. */
// @ts-expect-error: decorator
@inline
function firstWindow(at: i32, kernel: i32, stride: i32): i32 {
  return at < kernel ? 0 : (at - kernel) / stride + 1;
}

/**
 * The largest pixel of each window, and which it is: its number in the window, line by line, as a T (the first of equals;
 * a NaN wins).
 */
export function maxPool<T>(
  images: usize, out: usize, winners: usize, n: i32,
  height: i32, width: i32, channels: i32, kernelY: i32, kernelX: i32, strideY: i32, strideX: i32,
  top: i32, left: i32, rows: i32, cols: i32,
): void {
  const pixel = (<usize>channels) << shift<T>();
  const body = (<usize>(channels & ~(lanes<T>() - 1))) << shift<T>();
  const line = pixel * width;
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < rows; r++) {
      const y = r * strideY - top;
      const k0 = max(0, -y);
      const k1 = min(kernelY, height - y);
      for (let c = 0; c < cols; c++) {
        const x = c * strideX - left;
        const j0 = max(0, -x);
        const j1 = min(kernelX, width - x);
        let p: usize = 0;
        for (; p < body; p += 16) {
          let best = v128.splat<T>(<T>-Infinity);
          let which = v128.splat<T>(<T>(k0 * kernelX + j0));
          for (let k = k0; k < k1; k++)
            for (let j = j0; j < j1; j++) {
              const v = v128.load(images + line * (y + k) + pixel * (x + j) + p);
              const wins = v128.or(v128.gt<T>(v, best), v128.ne<T>(v, v));
              best = v128.bitselect(v, best, wins);
              which = v128.bitselect(v128.splat<T>(<T>(k * kernelX + j)), which, wins);
            }
          v128.store(out + p, best);
          v128.store(winners + p, which);
        }
        for (; p < pixel; p += sizeof<T>()) {
          let best = <T>-Infinity;
          let which = <T>(k0 * kernelX + j0);
          for (let k = k0; k < k1; k++)
            for (let j = j0; j < j1; j++) {
              const v = load<T>(images + line * (y + k) + pixel * (x + j) + p);
              if (v > best || v != v) {
                best = v;
                which = <T>(k * kernelX + j);
              }
            }
          store<T>(out + p, best);
          store<T>(winners + p, which);
        }
        out += pixel;
        winners += pixel;
      }
    }
    images += line * height;
  }
}

/** What stands at the winner of each window. */
export function pick<T>(
  images: usize, winners: usize, out: usize, n: i32,
  height: i32, width: i32, channels: i32, kernelY: i32, kernelX: i32, strideY: i32, strideX: i32,
  top: i32, left: i32, rows: i32, cols: i32,
): void {
  const pixel = (<usize>channels) << shift<T>();
  const line = pixel * width;
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++) {
        const window = images + line * (r * strideY - top) + pixel * (c * strideX - left);
        for (let p: usize = 0; p < pixel; p += sizeof<T>()) {
          const which = <i32>load<T>(winners + p);
          store<T>(out + p, load<T>(window + line * (which / kernelX) + pixel * (which % kernelX) + p));
        }
        out += pixel;
        winners += pixel;
      }
    images += line * height;
  }
}

/** The adjoint of pick, for `each` cotangents an image. Every pixel gathers from the windows that it has won. */
export function pickAdjoint<T>(
  cotangents: usize, winners: usize, out: usize, each: i32, n: i32,
  height: i32, width: i32, channels: i32, kernelY: i32, kernelX: i32, strideY: i32, strideX: i32,
  top: i32, left: i32, rows: i32, cols: i32,
): void {
  const pixel = (<usize>channels) << shift<T>();
  const body = (<usize>(channels & ~(lanes<T>() - 1))) << shift<T>();
  for (let i = 0; i < n * each; i++) {
    for (let y = 0; y < height; y++) {
      const r0 = firstWindow(y + top, kernelY, strideY);
      const r1 = min(rows, (y + top) / strideY + 1);
      for (let x = 0; x < width; x++) {
        const c0 = firstWindow(x + left, kernelX, strideX);
        const c1 = min(cols, (x + left) / strideX + 1);
        if (r0 >= r1 || c0 >= c1) clearRun<T>(out, pixel);
        for (let r = r0; r < r1; r++)
          for (let c = c0; c < c1; c++) {
            const number = <T>((y + top - r * strideY) * kernelX + x + left - c * strideX);
            const numbers = v128.splat<T>(number);
            const place = pixel * (r * cols + c);
            const more = r > r0 || c > c0;
            let p: usize = 0;
            for (; p < body; p += 16) {
              const won = v128.eq<T>(v128.load(winners + place + p), numbers);
              const part = v128.and(v128.load(cotangents + place + p), won);
              v128.store(out + p, more ? v128.add<T>(v128.load(out + p), part) : part);
            }
            for (; p < pixel; p += sizeof<T>()) {
              const part = load<T>(winners + place + p) == number ? load<T>(cotangents + place + p) : <T>0;
              store<T>(out + p, more ? load<T>(out + p) + part : part);
            }
          }
        out += pixel;
      }
    }
    cotangents += pixel * (rows * cols);
    if ((i + 1) % each == 0) winners += pixel * (rows * cols);
  }
}
