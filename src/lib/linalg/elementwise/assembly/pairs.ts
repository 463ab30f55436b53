/** The two passes of sequential minimal optimisation (see ../pairs.ts). Places are counted in lanes of T, exact up to 2²⁴. */

import { lanes, shift, slot } from './lanes';

/** 0, 1, … in the lanes, from `first` on. */
// @ts-expect-error: decorator
@inline
function places<T>(first: i32): v128 {
  for (let k = 0; k < lanes<T>(); k++) store<T>(slot(1) + ((<usize>k) << shift<T>()), <T>(first + k));
  return v128.load(slot(1));
}

/** The place of the largest of two vectors of values, of equals the first. */
// @ts-expect-error: decorator
@inline
function firstLargest<T>(value0: v128, place0: v128, value1: v128, place1: v128): i32 {
  v128.store(slot(1), value0);
  v128.store(slot(1), value1, 16);
  v128.store(slot(3), place0);
  v128.store(slot(3), place1, 16);
  let best = load<T>(slot(1));
  let place = load<T>(slot(3));
  for (let k: usize = sizeof<T>(); k < 32; k += sizeof<T>()) {
    const value = load<T>(slot(1) + k);
    const at = load<T>(slot(3) + k);
    if (value > best || (value == best && at < place)) {
      best = value;
      place = at;
    }
  }
  return <i32>place;
}

/** The least of the lanes of two vectors. */
// @ts-expect-error: decorator
@inline
function least<T>(a: v128, b: v128): T {
  v128.store(slot(1), v128.pmin<T>(a, b));
  let low = load<T>(slot(1));
  for (let k: usize = sizeof<T>(); k < 16; k += sizeof<T>()) low = min<T>(low, load<T>(slot(1) + k));
  return low;
}

/** r ← r − t (x − y); the place of the largest r + up, −1 for −∞ only. `pairExtreme` then tells both ends. */
export function pairStep<T>(r: usize, up: usize, low: usize, x: usize, y: usize, t: f64, n: i32): i32 {
  const together = 2 * lanes<T>();
  const count = n & ~(together - 1);
  const body = (<usize>count) << shift<T>();
  const end = (<usize>n) << shift<T>();
  const tv = v128.splat<T>(<T>t);
  const stride = v128.splat<T>(<T>together);
  let high0 = v128.splat<T>(<T>-Infinity);
  let high1 = high0;
  let low0 = v128.splat<T>(<T>Infinity);
  let low1 = low0;
  let index0 = places<T>(0);
  let index1 = places<T>(lanes<T>());
  let place0 = v128.splat<T>(-1);
  let place1 = place0;
  let i: usize = 0;
  for (; i < body; i += 32) {
    const r0 = v128.sub<T>(v128.load(r + i), v128.mul<T>(tv, v128.sub<T>(v128.load(x + i), v128.load(y + i))));
    const r1 = v128.sub<T>(
      v128.load(r + i, 16), v128.mul<T>(tv, v128.sub<T>(v128.load(x + i, 16), v128.load(y + i, 16))),
    );
    v128.store(r + i, r0);
    v128.store(r + i, r1, 16);
    const u0 = v128.add<T>(r0, v128.load(up + i));
    const u1 = v128.add<T>(r1, v128.load(up + i, 16));
    place0 = v128.bitselect(index0, place0, v128.gt<T>(u0, high0));
    place1 = v128.bitselect(index1, place1, v128.gt<T>(u1, high1));
    high0 = v128.pmax<T>(high0, u0);
    high1 = v128.pmax<T>(high1, u1);
    low0 = v128.pmin<T>(low0, v128.add<T>(r0, v128.load(low + i)));
    low1 = v128.pmin<T>(low1, v128.add<T>(r1, v128.load(low + i, 16)));
    index0 = v128.add<T>(index0, stride);
    index1 = v128.add<T>(index1, stride);
  }
  let place = firstLargest<T>(high0, place0, high1, place1);
  let highest: T = place < 0 ? <T>-Infinity : load<T>(r + ((<usize>place) << shift<T>()));
  let lowest = least<T>(low0, low1);
  for (; i < end; i += sizeof<T>()) {
    const now = load<T>(r + i) - <T>t * (load<T>(x + i) - load<T>(y + i));
    store<T>(r + i, now);
    if (now + load<T>(up + i) > highest) {
      highest = now;
      place = <i32>(i >> shift<T>());
    }
    lowest = min<T>(lowest, now + load<T>(low + i));
  }
  store<f64>(slot(0), <f64>highest);
  store<f64>(slot(0), <f64>lowest, 8);
  return place;
}

/** The place of the largest max(0, top − r − low)² / max(curvature, own + d − 2x), −1 where all are 0. */
export function pairPartner<T>(
  r: usize, low: usize, x: usize, d: usize, top: f64, own: f64, curvature: f64, n: i32,
): i32 {
  const together = 2 * lanes<T>();
  const count = n & ~(together - 1);
  const body = (<usize>count) << shift<T>();
  const end = (<usize>n) << shift<T>();
  const zero = v128.splat<T>(0);
  const two = v128.splat<T>(2);
  const tv = v128.splat<T>(<T>top);
  const ov = v128.splat<T>(<T>own);
  const cv = v128.splat<T>(<T>curvature);
  const stride = v128.splat<T>(<T>together);
  let gain0 = zero;
  let gain1 = zero;
  let index0 = places<T>(0);
  let index1 = places<T>(lanes<T>());
  let place0 = v128.splat<T>(-1);
  let place1 = place0;
  let i: usize = 0;
  for (; i < body; i += 32) {
    const a0 = v128.pmax<T>(zero, v128.sub<T>(tv, v128.add<T>(v128.load(r + i), v128.load(low + i))));
    const a1 = v128.pmax<T>(zero, v128.sub<T>(tv, v128.add<T>(v128.load(r + i, 16), v128.load(low + i, 16))));
    const e0 = v128.sub<T>(v128.add<T>(ov, v128.load(d + i)), v128.mul<T>(two, v128.load(x + i)));
    const e1 = v128.sub<T>(v128.add<T>(ov, v128.load(d + i, 16)), v128.mul<T>(two, v128.load(x + i, 16)));
    const g0 = v128.div<T>(v128.mul<T>(a0, a0), v128.pmax<T>(cv, e0));
    const g1 = v128.div<T>(v128.mul<T>(a1, a1), v128.pmax<T>(cv, e1));
    place0 = v128.bitselect(index0, place0, v128.gt<T>(g0, gain0));
    place1 = v128.bitselect(index1, place1, v128.gt<T>(g1, gain1));
    gain0 = v128.pmax<T>(gain0, g0);
    gain1 = v128.pmax<T>(gain1, g1);
    index0 = v128.add<T>(index0, stride);
    index1 = v128.add<T>(index1, stride);
  }
  let place = firstLargest<T>(gain0, place0, gain1, place1);
  v128.store(slot(1), v128.pmax<T>(gain0, gain1));
  let best = load<T>(slot(1));
  for (let k: usize = sizeof<T>(); k < 16; k += sizeof<T>()) best = max<T>(best, load<T>(slot(1) + k));
  for (; i < end; i += sizeof<T>()) {
    const a = max<T>(0, <T>top - (load<T>(r + i) + load<T>(low + i)));
    const gain = (a * a) / max<T>(<T>curvature, <T>own + load<T>(d + i) - 2 * load<T>(x + i));
    if (gain > best) {
      best = gain;
      place = <i32>(i >> shift<T>());
    }
  }
  store<f64>(slot(0), <f64>best);
  return place;
}

/** Of the last pass: the largest r + up (0) and the least r + low (1), or the largest gain (0). */
export function pairExtreme(which: i32): f64 {
  return load<f64>(slot(0) + ((<usize>which) << 3));
}
