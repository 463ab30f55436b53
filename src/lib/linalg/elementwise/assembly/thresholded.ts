/** The step of a descent under an l1 penalty, with the next logit and the norms, in one pass (see ../thresholded.ts). */

import { products } from './arithmetic';
import { accumulate, lanes, shift, slot } from './lanes';

/** Soft threshold: how much of v the band [−u, u] takes. `pmax` and `pmin` keep a NaN that stands first. */
// @ts-expect-error: decorator
@inline
function taken<T>(v: v128, low: v128, high: v128): v128 {
  return v128.pmin<T>(v128.pmax<T>(v, low), high);
}

// @ts-expect-error: decorator
@inline
function stepLoop<T>(
  shrinks: bool, v: usize, w: usize, x: usize, next: usize, c: f64, factor: f64, threshold: f64, n: i32,
): f64 {
  const body = (<usize>(n & ~(2 * lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  const cv = v128.splat<T>(<T>c);
  const fv = v128.splat<T>(<T>factor);
  const high = v128.splat<T>(<T>threshold);
  const low = v128.splat<T>(<T>-threshold);
  let dot0 = f64x2.splat(0);
  let dot1 = dot0;
  let absolutes0 = dot0;
  let absolutes1 = dot0;
  let squares0 = dot0;
  let squares1 = dot0;
  let i: usize = 0;
  for (; i < body; i += 32) {
    const w0 = v128.load(w + i);
    const w1 = v128.load(w + i, 16);
    const p0 = v128.mul<T>(cv, v128.load(x + i));
    const p1 = v128.mul<T>(cv, v128.load(x + i, 16));
    const z0 = v128.add<T>(shrinks ? v128.mul<T>(fv, w0) : w0, p0);
    const z1 = v128.add<T>(shrinks ? v128.mul<T>(fv, w1) : w1, p1);
    absolutes0 = accumulate<T>(absolutes0, v128.abs<T>(z0));
    absolutes1 = accumulate<T>(absolutes1, v128.abs<T>(z1));
    if (shrinks) {
      squares0 = f64x2.add(squares0, products<T>(z0, z0));
      squares1 = f64x2.add(squares1, products<T>(z1, z1));
    }
    const v0 = v128.add<T>(v128.load(v + i), shrinks ? v128.sub<T>(z0, w0) : p0);
    const v1 = v128.add<T>(v128.load(v + i, 16), shrinks ? v128.sub<T>(z1, w1) : p1);
    v128.store(v + i, v0);
    v128.store(v + i, v1, 16);
    const s0 = v128.sub<T>(v0, taken<T>(v0, low, high));
    const s1 = v128.sub<T>(v1, taken<T>(v1, low, high));
    v128.store(w + i, s0);
    v128.store(w + i, s1, 16);
    dot0 = f64x2.add(dot0, products<T>(s0, v128.load(next + i)));
    dot1 = f64x2.add(dot1, products<T>(s1, v128.load(next + i, 16)));
  }
  dot0 = f64x2.add(dot0, dot1);
  absolutes0 = f64x2.add(absolutes0, absolutes1);
  squares0 = f64x2.add(squares0, squares1);
  let dot = f64x2.extract_lane(dot0, 0) + f64x2.extract_lane(dot0, 1);
  let absolutes = f64x2.extract_lane(absolutes0, 0) + f64x2.extract_lane(absolutes0, 1);
  let squares = f64x2.extract_lane(squares0, 0) + f64x2.extract_lane(squares0, 1);
  for (; i < end; i += sizeof<T>()) {
    const w0 = load<T>(w + i);
    const p0 = <T>c * load<T>(x + i);
    const z0 = (shrinks ? <T>factor * w0 : w0) + p0;
    absolutes += <f64>abs<T>(z0);
    if (shrinks) squares += <f64>z0 * <f64>z0;
    const v0 = load<T>(v + i) + (shrinks ? z0 - w0 : p0);
    store<T>(v + i, v0);
    const u = <T>threshold;
    const s0 = v0 - (v0 > u ? u : v0 < -u ? -u : v0);
    store<T>(w + i, s0);
    dot += <f64>s0 * <f64>load<T>(next + i);
  }
  store<f64>(slot(0), absolutes);
  store<f64>(slot(0), squares, 8);
  return dot;
}

/** Returns w·next after the step; `stepSum` then tells the norms before the threshold. */
export function thresholdedStep<T>(
  v: usize, w: usize, x: usize, next: usize, c: f64, factor: f64, threshold: f64, n: i32,
): f64 {
  return factor == 1
    ? stepLoop<T>(false, v, w, x, next, c, factor, threshold, n)
    : stepLoop<T>(true, v, w, x, next, c, factor, threshold, n);
}

/** Of the last step: Σ |z_j| (0), Σ z_j² (1; counted when the step shrank). */
export function stepSum(which: i32): f64 {
  return load<f64>(slot(0) + ((<usize>which) << 3));
}
