/** Steps of the optimisers: each reads and writes every array once. */

import { lanes, shift } from './lanes';

export function descent<T>(p: usize, g: usize, rate: f64, decay: f64, n: i32): void {
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  const rv = v128.splat<T>(<T>rate);
  const dv = v128.splat<T>(<T>decay);
  let i: usize = 0;
  for (; i < body; i += 16) {
    const x = v128.load(p + i);
    const y = v128.add<T>(v128.load(g + i), v128.mul<T>(dv, x));
    v128.store(p + i, v128.sub<T>(x, v128.mul<T>(rv, y)));
  }
  for (; i < end; i += sizeof<T>()) {
    const x = load<T>(p + i);
    store<T>(p + i, x - <T>rate * (load<T>(g + i) + <T>decay * x));
  }
}

export function momentum<T>(
  p: usize,
  g: usize,
  v: usize,
  rate: f64,
  mu: f64,
  nesterov: i32,
  decay: f64,
  n: i32,
): void {
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  const rv = v128.splat<T>(<T>rate);
  const dv = v128.splat<T>(<T>decay);
  const mv = v128.splat<T>(<T>mu);
  // The direction is ahead·g + follow·v: v alone, or Nesterov's g + μ v.
  const ahead = v128.splat<T>(<T>(nesterov ? 1 : 0));
  const follow = v128.splat<T>(<T>(nesterov ? mu : 1));
  let i: usize = 0;
  for (; i < body; i += 16) {
    const x = v128.load(p + i);
    const y = v128.add<T>(v128.load(g + i), v128.mul<T>(dv, x));
    const w = v128.add<T>(v128.mul<T>(mv, v128.load(v + i)), y);
    v128.store(v + i, w);
    const d = v128.add<T>(v128.mul<T>(ahead, y), v128.mul<T>(follow, w));
    v128.store(p + i, v128.sub<T>(x, v128.mul<T>(rv, d)));
  }
  for (; i < end; i += sizeof<T>()) {
    const x = load<T>(p + i);
    const y = load<T>(g + i) + <T>decay * x;
    const w = <T>mu * load<T>(v + i) + y;
    store<T>(v + i, w);
    store<T>(p + i, x - <T>rate * (nesterov ? y + <T>mu * w : w));
  }
}

/** `size` is rate / (1 − β₁ᵗ), `root` is √(1 − β₂ᵗ). */
export function adam<T>(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  size: f64,
  root: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  n: i32,
): void {
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  const b1 = v128.splat<T>(<T>beta1);
  const c1 = v128.splat<T>(<T>(1 - beta1));
  const b2 = v128.splat<T>(<T>beta2);
  const c2 = v128.splat<T>(<T>(1 - beta2));
  // One division: m size / (√v / root + ε) = m (size root) / (√v + ε root).
  const sv = v128.splat<T>(<T>(size * root));
  const ev = v128.splat<T>(<T>(epsilon * root));
  let i: usize = 0;
  for (; i < body; i += 16) {
    const y = v128.load(g + i);
    const mm = v128.add<T>(v128.mul<T>(b1, v128.load(m + i)), v128.mul<T>(c1, y));
    const vv = v128.add<T>(v128.mul<T>(b2, v128.load(v + i)), v128.mul<T>(v128.mul<T>(c2, y), y));
    v128.store(m + i, mm);
    v128.store(v + i, vv);
    const d = v128.div<T>(v128.mul<T>(sv, mm), v128.add<T>(v128.sqrt<T>(vv), ev));
    v128.store(p + i, v128.sub<T>(v128.load(p + i), d));
  }
  for (; i < end; i += sizeof<T>()) {
    const y = load<T>(g + i);
    const mm = <T>beta1 * load<T>(m + i) + <T>(1 - beta1) * y;
    const vv = <T>beta2 * load<T>(v + i) + <T>(1 - beta2) * y * y;
    store<T>(m + i, mm);
    store<T>(v + i, vv);
    store<T>(p + i, load<T>(p + i) - (<T>(size * root) * mm) / (sqrt<T>(vv) + <T>(epsilon * root)));
  }
}

export function adagrad<T>(p: usize, g: usize, G: usize, rate: f64, epsilon: f64, n: i32): void {
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  const rv = v128.splat<T>(<T>rate);
  const ev = v128.splat<T>(<T>epsilon);
  let i: usize = 0;
  for (; i < body; i += 16) {
    const y = v128.load(g + i);
    const s = v128.add<T>(v128.load(G + i), v128.mul<T>(y, y));
    v128.store(G + i, s);
    const d = v128.div<T>(v128.mul<T>(rv, y), v128.add<T>(v128.sqrt<T>(s), ev));
    v128.store(p + i, v128.sub<T>(v128.load(p + i), d));
  }
  for (; i < end; i += sizeof<T>()) {
    const y = load<T>(g + i);
    const s = load<T>(G + i) + y * y;
    store<T>(G + i, s);
    store<T>(p + i, load<T>(p + i) - (<T>rate * y) / (sqrt<T>(s) + <T>epsilon));
  }
}
