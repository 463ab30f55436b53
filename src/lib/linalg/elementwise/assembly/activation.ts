/**
 * σ, σ′ and σ″ of all lanes at once, and the loops over the rows of a layer. Everything comes from one exponential
 * of a non-positive number, so nothing overflows and both tails keep their relative precision; for tanh of a bounded positive one.
 */

import { HIGHEST, K, LOWEST, MAGIC, MINUS_TWO, ONE, TWO } from './constants';
import { exp, exponent, log1pUnit, mantissaM1 } from './exponential';
import { copy, from, lanes, mask, powerOfTwo, shift, signBit, slot } from './lanes';

// Kinds are types, so that each has loops of its own: one function with all of them is beyond what an engine
// allocates registers for well (it then takes twice the time).
export class Identity {}
export class Relu {}
export class Tanh {}
export class Sigmoid {}
export class Softplus {}
export class Elu {}

// @ts-ignore: decorator
@inline
function is<A, B>(): bool {
  return idof<A>() == idof<B>();
}

/**
 * tanh x = t / (t + 2) with t = e^{2|x|} − 1: where tanh is near 1 the errors of t do not count. (With e^{−2|x|} they
 * count twice.)
 */
// @ts-ignore: decorator
@inline
export function tanh<T>(x: v128): v128 {
  const a = v128.abs<T>(x);
  const y = v128.pmin<T>(v128.add<T>(a, a), K<T>(HIGHEST));
  const kk = exponent<T>(y);
  const e = powerOfTwo<T>(kk);
  const t = v128.add<T>(
    v128.mul<T>(mantissaM1<T>(y, v128.sub<T>(kk, K<T>(MAGIC))), e),
    v128.sub<T>(e, K<T>(ONE)),
  );
  return v128.or(v128.div<T>(t, v128.add<T>(t, K<T>(TWO))), v128.and(x, signBit<T>()));
}

/** σ(x): the numerator is 1 on the right and e^{−|x|} on the left. */
// @ts-expect-error: decorator
@inline
export function sigmoid<T>(x: v128): v128 {
  const E = exp<T>(v128.neg<T>(v128.abs<T>(x)));
  const left = v128.lt<T>(x, v128.splat<T>(0));
  return v128.div<T>(v128.bitselect(E, K<T>(ONE), left), v128.add<T>(E, K<T>(ONE)));
}

/** max(x, 0) + ln(1 + e^{−|x|}). */
// @ts-expect-error: decorator
@inline
export function softplus<T>(x: v128): v128 {
  const E = exp<T>(v128.neg<T>(v128.abs<T>(x)));
  return v128.add<T>(v128.pmax<T>(x, v128.splat<T>(0)), log1pUnit<T>(E));
}

/** α (eˣ − 1) on the left. */
// @ts-ignore: decorator
@inline
function elu<T>(x: v128, alpha: v128): v128 {
  const y = v128.pmin<T>(x, v128.splat<T>(0));
  const kk = exponent<T>(v128.pmax<T>(y, K<T>(LOWEST)));
  const e = powerOfTwo<T>(kk);
  const p = mantissaM1<T>(v128.pmax<T>(y, K<T>(LOWEST)), v128.sub<T>(kk, K<T>(MAGIC)));
  const t = v128.or(
    v128.add<T>(v128.mul<T>(p, e), v128.sub<T>(e, K<T>(ONE))),
    v128.and(y, signBit<T>()),
  );
  return v128.bitselect(x, v128.mul<T>(alpha, t), v128.gt<T>(x, v128.splat<T>(0)));
}

/**
 * The outputs alone, of the first `count` entries (a multiple of the lanes) of each row: what a layer's training asks for,
 * and so without anything else in the loop.
 */
function outputs<T, Kind>(
  z: usize,
  bias: usize,
  biasScale: v128,
  s: v128,
  alpha: v128,
  rows: i32,
  count: i32,
  step: usize,
  out: usize,
): void {
  const end = (<usize>count) << shift<T>();
  // x + −0 is x, −0 included.
  v128.store(slot(6), signBit<T>());
  const b = bias ? biasScale : K<T>(ONE);
  const biasMask = mask(bias);
  bias = from(bias, 6);
  for (let r = 0; r < rows; r++) {
    for (let i: usize = 0; i < end; i += 16) {
      let x = v128.add<T>(v128.load(z + i), v128.mul<T>(b, v128.load(bias + (i & biasMask))));
      x = v128.mul<T>(x, s);
      let a = x;
      if (is<Kind, Relu>()) a = v128.pmax<T>(x, v128.splat<T>(0));
      else if (is<Kind, Tanh>()) a = tanh<T>(x);
      else if (is<Kind, Sigmoid>()) a = sigmoid<T>(x);
      else if (is<Kind, Softplus>()) a = softplus<T>(x);
      else if (is<Kind, Elu>()) a = elu<T>(x, alpha);
      v128.store(out + i, a);
    }
    z += step;
    out += step;
  }
}

/**
 * `count` entries (a multiple of the lanes) of one row. `bend` is known when the module is built: without it there is no
 * second derivative.
 */
// @ts-ignore: decorator
@inline
function row<T, Kind>(
  bend: bool,
  z: usize,
  bias: usize,
  biasScale: v128,
  s: v128,
  alpha: v128,
  count: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  const s2 = v128.mul<T>(s, s);
  const zero = v128.splat<T>(0);
  const one = K<T>(ONE);
  const end = (<usize>count) << shift<T>();
  // x + −0 is x, −0 included.
  v128.store(slot(6), signBit<T>());
  const b = bias ? biasScale : one;
  const biasMask = mask(bias);
  const preMask = mask(pre);
  const outMask = mask(out);
  const firstMask = mask(first);
  const secondMask = mask(second);
  bias = from(bias, 6);
  // Where there is next to nothing to compute anew, the condition is cheaper than the store.
  const light = is<Kind, Identity>() || is<Kind, Relu>();
  if (!light) {
    pre = from(pre, 7);
    out = from(out, 7);
    first = from(first, 7);
    second = from(second, 7);
  }
  for (let i: usize = 0; i < end; i += 16) {
    let x = v128.add<T>(v128.load(z + i), v128.mul<T>(b, v128.load(bias + (i & biasMask))));
    if (!light) v128.store(pre + (i & preMask), x);
    else if (pre) v128.store(pre + i, x);
    x = v128.mul<T>(x, s);
    let a = x;
    let d = s;
    let e = zero;
    if (is<Kind, Relu>()) {
      a = v128.pmax<T>(x, zero);
      // A NaN (all bits set by ne) stays.
      d = v128.or(v128.and(s, v128.gt<T>(x, zero)), v128.ne<T>(x, x));
    } else if (is<Kind, Tanh>()) {
      const m = v128.abs<T>(x);
      const y = v128.add<T>(m, m);
      const yc = v128.pmin<T>(y, K<T>(HIGHEST));
      const kk = exponent<T>(yc);
      const e2 = powerOfTwo<T>(kk);
      const p = mantissaM1<T>(yc, v128.sub<T>(kk, K<T>(MAGIC)));
      const t = v128.add<T>(v128.mul<T>(p, e2), v128.sub<T>(e2, one));
      const t2 = v128.add<T>(t, K<T>(TWO));
      a = v128.or(v128.div<T>(t, t2), v128.and(x, signBit<T>()));
      // 1 − tanh² = 4 (t + 1) / (t + 2)²: no cancellation where tanh is near 1.
      const w = v128.div<T>(K<T>(TWO), t2);
      const E = v128.mul<T>(v128.add<T>(p, one), e2);
      let slope = v128.mul<T>(v128.mul<T>(E, w), w);
      // Beyond the last exponent the slope is below any normal number.
      slope = v128.andnot(slope, v128.gt<T>(y, K<T>(HIGHEST)));
      d = v128.mul<T>(s, slope);
      e = v128.mul<T>(s2, v128.mul<T>(v128.mul<T>(K<T>(MINUS_TWO), a), slope));
    } else if (is<Kind, Sigmoid>() || is<Kind, Softplus>()) {
      const E = exp<T>(v128.neg<T>(v128.abs<T>(x)));
      const E1 = v128.add<T>(E, one);
      const left = v128.lt<T>(x, zero);
      const p = v128.div<T>(v128.bitselect(E, one, left), E1);
      const q = v128.div<T>(v128.bitselect(one, E, left), E1);
      const slope = v128.mul<T>(p, q);
      if (is<Kind, Sigmoid>()) {
        a = p;
        d = v128.mul<T>(s, slope);
        e = v128.mul<T>(s2, v128.mul<T>(slope, v128.sub<T>(q, p)));
      } else {
        a = v128.add<T>(v128.pmax<T>(x, zero), log1pUnit<T>(E));
        d = v128.mul<T>(s, p);
        e = v128.mul<T>(s2, slope);
      }
    } else if (is<Kind, Elu>()) {
      const y = v128.pmin<T>(x, zero);
      const yc = v128.pmax<T>(y, K<T>(LOWEST));
      const kk = exponent<T>(yc);
      const e2 = powerOfTwo<T>(kk);
      const p = mantissaM1<T>(yc, v128.sub<T>(kk, K<T>(MAGIC)));
      let t = v128.add<T>(v128.mul<T>(p, e2), v128.sub<T>(e2, one));
      t = v128.or(t, v128.and(y, signBit<T>()));
      const right = v128.gt<T>(x, zero);
      a = v128.bitselect(x, v128.mul<T>(alpha, t), right);
      const E = v128.and(
        v128.mul<T>(v128.add<T>(p, one), e2),
        v128.or(v128.ge<T>(y, K<T>(LOWEST)), v128.ne<T>(y, y)),
      );
      const slope = v128.mul<T>(alpha, E);
      d = v128.mul<T>(s, v128.bitselect(one, slope, right));
      e = v128.mul<T>(s2, v128.andnot(slope, right));
    }
    if (light) {
      if (out) v128.store(out + i, a);
      if (first) v128.store(first + i, d);
      if (bend && second) v128.store(second + i, e);
    } else {
      v128.store(out + (i & outMask), a);
      v128.store(first + (i & firstMask), d);
      if (bend) v128.store(second + (i & secondMask), e);
    }
  }
}

function jets<T, Kind>(
  z: usize, bias: usize, biasScale: v128, s: v128, alpha: v128, count: i32, pre: usize, out: usize,
  first: usize, second: usize,
): void {
  row<T, Kind>(true, z, bias, biasScale, s, alpha, count, pre, out, first, second);
}

function slopes<T, Kind>(
  z: usize, bias: usize, biasScale: v128, s: v128, alpha: v128, count: i32, pre: usize, out: usize,
  first: usize,
): void {
  row<T, Kind>(false, z, bias, biasScale, s, alpha, count, pre, out, first, 0);
}

/** All rows; the entries of a row that fill no vector go through the slots. */
export function activate<T, Kind>(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  const b = v128.splat<T>(<T>biasScale);
  const s = v128.splat<T>(<T>scale);
  const al = v128.splat<T>(<T>alpha);
  const body = cols & ~(lanes<T>() - 1);
  const tail = cols - body;
  const at = (<usize>body) << shift<T>();
  const step = (<usize>cols) << shift<T>();
  if (tail) {
    v128.store(slot(0), v128.splat<T>(0));
    v128.store(slot(1), v128.splat<T>(0));
    if (bias) copy<T>(bias + at, slot(1), tail);
  }
  const bias1 = bias ? slot(1) : 0;
  const pre1 = pre ? slot(2) : 0;
  const out1 = out ? slot(3) : 0;
  const first1 = first ? slot(4) : 0;
  const second1 = second ? slot(5) : 0;
  const alone = out && !(pre || first || second);
  if (alone) outputs<T, Kind>(z, bias, b, s, al, rows, body, step, out);
  for (let i = 0; i < rows; i++) {
    if (!alone) {
      if (second) jets<T, Kind>(z, bias, b, s, al, body, pre, out, first, second);
      else slopes<T, Kind>(z, bias, b, s, al, body, pre, out, first);
    }
    if (tail) {
      copy<T>(z + at, slot(0), tail);
      jets<T, Kind>(slot(0), bias1, b, s, al, lanes<T>(), pre1, out1, first1, second1);
      if (pre) copy<T>(pre1, pre + at, tail);
      if (out) copy<T>(out1, out + at, tail);
      if (first) copy<T>(first1, first + at, tail);
      if (second) copy<T>(second1, second + at, tail);
    }
    z += step;
    if (pre) pre += step;
    if (out) out += step;
    if (first) first += step;
    if (second) second += step;
  }
}

/** Row i·C + c of upstream times row i of the derivative. */
export function applyDerivative<T>(
  upstream: usize,
  derivative: usize,
  rows: i32,
  cols: i32,
  cotangents: i32,
  out: usize,
): void {
  const width = (<usize>cols) << shift<T>();
  const body = (<usize>(cols & ~(lanes<T>() - 1))) << shift<T>();
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < cotangents; c++) {
      let j: usize = 0;
      for (; j < body; j += 16)
        v128.store(out + j, v128.mul<T>(v128.load(upstream + j), v128.load(derivative + j)));
      for (; j < width; j += sizeof<T>())
        store<T>(out + j, load<T>(upstream + j) * load<T>(derivative + j));
      upstream += width;
      out += width;
    }
    derivative += width;
  }
}

/** out = s upstream where the gate is positive, 0 elsewhere: relu's derivative by its output. */
export function applyGate<T>(
  upstream: usize,
  gate: usize,
  rows: i32,
  cols: i32,
  cotangents: i32,
  s: f64,
  out: usize,
): void {
  const width = (<usize>cols) << shift<T>();
  const body = (<usize>(cols & ~(lanes<T>() - 1))) << shift<T>();
  const factor = v128.splat<T>(<T>s);
  const zero = v128.splat<T>(<T>0);
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < cotangents; c++) {
      let j: usize = 0;
      for (; j < body; j += 16) {
        const open = v128.gt<T>(v128.load(gate + j), zero);
        v128.store(out + j, v128.and(v128.mul<T>(factor, v128.load(upstream + j)), open));
      }
      for (; j < width; j += sizeof<T>())
        store<T>(out + j, load<T>(gate + j) > <T>0 ? <T>s * load<T>(upstream + j) : <T>0);
      upstream += width;
      out += width;
    }
    gate += width;
  }
}

/** out = s (1 + a)(1 − a) upstream: tanh's derivative by its output a. */
export function applyTanhSlope<T>(
  upstream: usize,
  output: usize,
  rows: i32,
  cols: i32,
  cotangents: i32,
  s: f64,
  out: usize,
): void {
  const width = (<usize>cols) << shift<T>();
  const body = (<usize>(cols & ~(lanes<T>() - 1))) << shift<T>();
  const factor = v128.splat<T>(<T>s);
  const one = K<T>(ONE);
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < cotangents; c++) {
      let j: usize = 0;
      for (; j < body; j += 16) {
        const a = v128.load(output + j);
        const slope = v128.mul<T>(v128.mul<T>(factor, v128.add<T>(one, a)), v128.sub<T>(one, a));
        v128.store(out + j, v128.mul<T>(v128.load(upstream + j), slope));
      }
      for (; j < width; j += sizeof<T>()) {
        const a = load<T>(output + j);
        store<T>(out + j, load<T>(upstream + j) * (<T>s * (1 + a) * (1 - a)));
      }
      upstream += width;
      out += width;
    }
    output += width;
  }
}

/**
 * out_j = beta out_j + alpha Σ_i A_ij. Eight rows are added as a tree before they meet the running sum: less traffic
 * on it, and an eighth of its rounding errors.
 */
export function columnSums<T>(A: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64): void {
  const width = (<usize>cols) << shift<T>();
  const body = (<usize>(cols & ~(lanes<T>() - 1))) << shift<T>();
  const al = v128.splat<T>(<T>alpha);
  const be = v128.splat<T>(<T>beta);
  let j: usize = 0;
  if (beta == 0) memory.fill(out, 0, width);
  else {
    for (; j < body; j += 16) v128.store(out + j, v128.mul<T>(be, v128.load(out + j)));
    for (; j < width; j += sizeof<T>()) store<T>(out + j, <T>beta * load<T>(out + j));
  }
  let i = 0;
  for (; i + 8 <= rows; i += 8) {
    const A4 = A + 4 * width;
    for (j = 0; j < body; j += 16) {
      const a = A + j;
      const b = A4 + j;
      const low = v128.add<T>(
        v128.add<T>(v128.load(a), v128.load(a + width)),
        v128.add<T>(v128.load(a + 2 * width), v128.load(a + 3 * width)),
      );
      const high = v128.add<T>(
        v128.add<T>(v128.load(b), v128.load(b + width)),
        v128.add<T>(v128.load(b + 2 * width), v128.load(b + 3 * width)),
      );
      v128.store(out + j, v128.add<T>(v128.load(out + j), v128.mul<T>(al, v128.add<T>(low, high))));
    }
    for (; j < width; j += sizeof<T>()) {
      let sum: T = 0;
      for (let r: usize = 0; r < 8; r++) sum += load<T>(A + r * width + j);
      store<T>(out + j, load<T>(out + j) + <T>alpha * sum);
    }
    A += 8 * width;
  }
  for (; i < rows; i++) {
    for (j = 0; j < body; j += 16)
      v128.store(out + j, v128.add<T>(v128.load(out + j), v128.mul<T>(al, v128.load(A + j))));
    for (; j < width; j += sizeof<T>()) store<T>(out + j, load<T>(out + j) + <T>alpha * load<T>(A + j));
    A += width;
  }
}
