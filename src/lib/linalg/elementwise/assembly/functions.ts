/** Functions of every entry. Each is a type, so that each has a loop of its own (see activation.ts). */

import { sigmoid, softplus, tanh } from './activation';
import { exp, expm1, log, log1p } from './exponential';
import { copy, lanes, shift, slot } from './lanes';

export class Exp {}
export class Expm1 {}
export class Log {}
export class Log1p {}
export class Tanh {}
export class Sigmoid {}
export class Softplus {}

// @ts-ignore: decorator
@inline
function at<T, F>(v: v128): v128 {
  if (idof<F>() == idof<Exp>()) return exp<T>(v);
  if (idof<F>() == idof<Expm1>()) return expm1<T>(v);
  if (idof<F>() == idof<Log>()) return log<T>(v);
  if (idof<F>() == idof<Log1p>()) return log1p<T>(v);
  if (idof<F>() == idof<Tanh>()) return tanh<T>(v);
  if (idof<F>() == idof<Sigmoid>()) return sigmoid<T>(v);
  return softplus<T>(v);
}

/** `count` entries, a multiple of the lanes. */
function loop<T, F>(x: usize, out: usize, count: i32): void {
  const end = (<usize>count) << shift<T>();
  for (let i: usize = 0; i < end; i += 16) v128.store(out + i, at<T, F>(v128.load(x + i)));
}

export function map<T, F>(x: usize, out: usize, n: i32): void {
  const count = n & ~(lanes<T>() - 1);
  if (count) loop<T, F>(x, out, count);
  if (n > count) {
    const end = (<usize>count) << shift<T>();
    v128.store(slot(0), v128.splat<T>(1));
    copy<T>(x + end, slot(0), n - count);
    loop<T, F>(slot(0), slot(1), lanes<T>());
    copy<T>(slot(1), out + end, n - count);
  }
}
