/** The loops of the losses: the sum of the loss, and scale times its derivative in the outputs, in one pass. */

import { max } from './arithmetic';
import { K, ONE } from './constants';
import { exp, log, log1pUnit } from './exponential';
import { accumulate, copy, from, lanes, loadPart, mask, shift, slot, storePart } from './lanes';

export class Squared {}
export class Logistic {}
export class SigmoidSquared {}

/** `count` entries, a multiple of the lanes: the sums of their losses in two lanes. */
function losses<T, Kind>(f: usize, y: usize, gradient: usize, scale: f64, count: i32): v128 {
  const end = (<usize>count) << shift<T>();
  const sv = v128.splat<T>(<T>scale);
  const one = K<T>(ONE);
  const gradientMask = mask(gradient);
  gradient = from(gradient, 7);
  let s = f64x2.splat(0);
  for (let i: usize = 0; i < end; i += 16) {
    const fi = v128.load(f + i);
    const yi = v128.load(y + i);
    let g: v128;
    let l: v128;
    if (idof<Kind>() == idof<Squared>()) {
      const r = v128.sub<T>(fi, yi);
      g = v128.add<T>(r, r);
      l = v128.mul<T>(r, r);
    } else {
      const left = v128.lt<T>(fi, v128.splat<T>(0));
      const E = exp<T>(v128.neg<T>(v128.abs<T>(fi)));
      const E1 = v128.add<T>(E, one);
      const p = v128.div<T>(v128.bitselect(E, one, left), E1);
      const q = v128.div<T>(v128.bitselect(one, E, left), E1);
      // σ − y, on the right as (1 − y) − σ(−f): where y is 1 nothing cancels.
      const r = v128.bitselect(v128.sub<T>(p, yi), v128.sub<T>(v128.sub<T>(one, yi), q), left);
      if (idof<Kind>() == idof<Logistic>()) {
        g = r;
        // ln(1 + eᶠ) − y f = ln(1 + e^{−|f|}) + (max(f, 0) − y f), the second exact for y = 0 and 1.
        const z = v128.sub<T>(v128.andnot(one, left), yi);
        l = v128.add<T>(log1pUnit<T>(E), v128.mul<T>(z, fi));
      } else {
        g = v128.mul<T>(v128.add<T>(r, r), v128.mul<T>(p, q));
        l = v128.mul<T>(r, r);
      }
    }
    v128.store(gradient + (i & gradientMask), v128.mul<T>(sv, g));
    s = accumulate<T>(s, l);
  }
  return s;
}

export function error<T, Kind>(f: usize, y: usize, gradient: usize, scale: f64, n: i32): f64 {
  const count = n & ~(lanes<T>() - 1);
  let s = losses<T, Kind>(f, y, gradient, scale, count);
  // What fills no vector, an entry at a time: the other lanes would add the loss at 0.
  for (let i: usize = (<usize>count) << shift<T>(); i < (<usize>n) << shift<T>(); i += sizeof<T>()) {
    v128.store(slot(0), v128.splat<T>(load<T>(f + i)));
    v128.store(slot(1), v128.splat<T>(load<T>(y + i)));
    const l = losses<T, Kind>(slot(0), slot(1), gradient ? slot(2) : 0, scale, lanes<T>());
    s = f64x2.add(s, f64x2.mul(l, f64x2.splat(1.0 / <f64>lanes<T>())));
    if (gradient) copy<T>(slot(2), gradient + i, 1);
  }
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** Σ_j e^{f_j − m} of a row; the terms are stored at `out` if it is given. */
function shiftedSum<T>(f: usize, n: i32, m: f64, out: usize): f64 {
  const count = n & ~(lanes<T>() - 1);
  const body = (<usize>count) << shift<T>();
  const mv = v128.splat<T>(<T>m);
  const outMask = mask(out);
  const first = from(out, 7);
  let s = f64x2.splat(0);
  for (let i: usize = 0; i < body; i += 16) {
    const e = exp<T>(v128.sub<T>(v128.load(f + i), mv));
    v128.store(first + (i & outMask), e);
    s = accumulate<T>(s, e);
  }
  if (n > count) {
    const e = exp<T>(v128.sub<T>(loadPart<T>(f + body, n - count, v128.splat<T>(<T>-Infinity)), mv));
    storePart<T>(first + (body & outMask), n - count, e);
    s = accumulate<T>(s, e);
  }
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

// @ts-expect-error: decorator
@inline
function logOf(x: f64): f64 {
  return f64x2.extract_lane(log<f64>(f64x2.splat(x)), 0);
}

function multiply<T>(x: usize, n: i32, factor: f64): void {
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  const fv = v128.splat<T>(<T>factor);
  let i: usize = 0;
  for (; i < body; i += 16) v128.store(x + i, v128.mul<T>(fv, v128.load(x + i)));
  for (; i < end; i += sizeof<T>()) store<T>(x + i, <T>factor * load<T>(x + i));
}

/** out = scale · softmax of each row, L its log-sum-exp; either may be absent. */
export function softmax<T>(f: usize, rows: i32, cols: i32, out: usize, L: usize, scale: f64): void {
  const width = (<usize>cols) << shift<T>();
  for (let i = 0; i < rows; i++) {
    const m = max<T>(f, cols);
    const s = shiftedSum<T>(f, cols, m, out);
    if (L) {
      store<T>(L, <T>(m + logOf(s)));
      L += sizeof<T>();
    }
    if (out) {
      multiply<T>(out, cols, scale / s);
      out += width;
    }
    f += width;
  }
}

/** `labels`: y holds one class a row; otherwise one probability an entry. */
export function softmaxError<T>(
  f: usize, y: usize, labels: i32, rows: i32, cols: i32, gradient: usize, scale: f64,
): f64 {
  const width = (<usize>cols) << shift<T>();
  let total: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const m = max<T>(f, cols);
    const s = shiftedSum<T>(f, cols, m, gradient);
    // m − f_j first: for a sure, right answer ln s alone remains.
    const rest = logOf(s);
    if (gradient) multiply<T>(gradient, cols, scale / s);
    if (labels) {
      const at = (<usize>load<T>(y)) << shift<T>();
      total += rest + (m - <f64>load<T>(f + at));
      if (gradient) store<T>(gradient + at, load<T>(gradient + at) - <T>scale);
      y += sizeof<T>();
    } else {
      for (let j: usize = 0; j < width; j += sizeof<T>()) {
        const target = load<T>(y + j);
        if (target != 0) total += <f64>target * (rest + (m - <f64>load<T>(f + j)));
        if (gradient) store<T>(gradient + j, load<T>(gradient + j) - <T>scale * target);
      }
      y += width;
    }
    f += width;
    if (gradient) gradient += width;
  }
  return total;
}
