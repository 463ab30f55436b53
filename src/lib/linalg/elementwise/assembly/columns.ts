/**
 * Loops of a normalisation: reductions of the columns of a matrix, and combinations of matrices whose coefficients
 * differ from column to column. Reductions run down a stripe of columns as wide as a cache line, whose sums, in f64,
 * stay in registers.
 */

import { lanes, shift } from './lanes';

const MOMENT = 0;
const SQUARE = 1;
const PRODUCT = 2;

/** The upper two of four f32 lanes in f64. */
// @ts-expect-error: decorator
@inline
function upper(v: v128): v128 {
  return f64x2.promote_low_f32x4(i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
}

/** What one entry adds: a, (a − b)² or a b. */
// @ts-expect-error: decorator
@inline
function term(op: i32, a: v128, b: v128): v128 {
  if (op == MOMENT) return a;
  if (op == PRODUCT) return f64x2.mul(a, b);
  const d = f64x2.sub(a, b);
  return f64x2.mul(d, d);
}

/** The terms of a whole vector (f64), or of its lower half (f32). */
// @ts-expect-error: decorator
@inline
function first<T>(op: i32, a: v128, b: v128): v128 {
  return sizeof<T>() == 4
    ? term(op, f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b))
    : term(op, a, b);
}

/** The sums of one vector of columns in T, from those of its first and second lanes. */
// @ts-expect-error: decorator
@inline
function store1<T>(out: usize, low: v128, high: v128, alpha: v128, beta: f64): void {
  const s = f64x2.mul(low, alpha);
  if (sizeof<T>() == 4) {
    const t = f64x2.mul(high, alpha);
    const y = i8x16.shuffle(
      f32x4.demote_f64x2_zero(s), f32x4.demote_f64x2_zero(t),
      0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23,
    );
    v128.store(out, beta == 0 ? y : f32x4.add(y, f32x4.mul(f32x4.splat(<f32>beta), v128.load(out))));
  } else v128.store(out, beta == 0 ? s : f64x2.add(s, f64x2.mul(f64x2.splat(beta), v128.load(out))));
}

/** One vector of columns. The rows of B are `step` bytes apart (0: one row for all). */
// @ts-expect-error: decorator
@inline
function narrow<T>(
  op: i32, A: usize, B: usize, rows: i32, width: usize, step: usize, out: usize, alpha: f64, beta: f64,
): void {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  for (let i = 0; i < rows; i++) {
    const a = v128.load(A);
    const b = op == MOMENT ? a : v128.load(B);
    s0 = f64x2.add(s0, first<T>(op, a, b));
    if (sizeof<T>() == 4) s1 = f64x2.add(s1, term(op, upper(a), upper(b)));
    A += width;
    B += step;
  }
  store1<T>(out, s0, s1, f64x2.splat(alpha), beta);
}

/** Four vectors of columns. */
// @ts-expect-error: decorator
@inline
function stripe<T>(
  op: i32, A: usize, B: usize, rows: i32, width: usize, step: usize, out: usize, alpha: f64, beta: f64,
): void {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let t0 = s0;
  let t1 = s0;
  let t2 = s0;
  let t3 = s0;
  for (let i = 0; i < rows; i++) {
    const a0 = v128.load(A);
    const a1 = v128.load(A, 16);
    const a2 = v128.load(A, 32);
    const a3 = v128.load(A, 48);
    const b0 = op == MOMENT ? a0 : v128.load(B);
    const b1 = op == MOMENT ? a1 : v128.load(B, 16);
    const b2 = op == MOMENT ? a2 : v128.load(B, 32);
    const b3 = op == MOMENT ? a3 : v128.load(B, 48);
    s0 = f64x2.add(s0, first<T>(op, a0, b0));
    s1 = f64x2.add(s1, first<T>(op, a1, b1));
    s2 = f64x2.add(s2, first<T>(op, a2, b2));
    s3 = f64x2.add(s3, first<T>(op, a3, b3));
    if (sizeof<T>() == 4) {
      t0 = f64x2.add(t0, term(op, upper(a0), upper(b0)));
      t1 = f64x2.add(t1, term(op, upper(a1), upper(b1)));
      t2 = f64x2.add(t2, term(op, upper(a2), upper(b2)));
      t3 = f64x2.add(t3, term(op, upper(a3), upper(b3)));
    }
    A += width;
    B += step;
  }
  const al = f64x2.splat(alpha);
  store1<T>(out, s0, t0, al, beta);
  store1<T>(out + 16, s1, t1, al, beta);
  store1<T>(out + 32, s2, t2, al, beta);
  store1<T>(out + 48, s3, t3, al, beta);
}

// @ts-expect-error: decorator
@inline
function reduce<T>(
  op: i32, A: usize, B: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64,
): void {
  const width = (<usize>cols) << shift<T>();
  const step = op == PRODUCT ? width : 0;
  const body = (<usize>(cols & ~(lanes<T>() - 1))) << shift<T>();
  let j: usize = 0;
  for (; j + 64 <= body; j += 64) stripe<T>(op, A + j, B + j, rows, width, step, out + j, alpha, beta);
  for (; j < body; j += 16) narrow<T>(op, A + j, B + j, rows, width, step, out + j, alpha, beta);
  for (; j < width; j += sizeof<T>()) {
    let sum: f64 = 0;
    for (let i: usize = 0; i < <usize>rows; i++) {
      const a = <f64>load<T>(A + i * width + j);
      if (op == MOMENT) sum += a;
      else {
        const b = <f64>load<T>(B + i * step + j);
        sum += op == PRODUCT ? a * b : (a - b) * (a - b);
      }
    }
    const y = <T>(alpha * sum);
    store<T>(out + j, beta == 0 ? y : y + <T>beta * load<T>(out + j));
  }
}

/** out_j = beta out_j + alpha Σ_i A_ij. */
export function columnTotals<T>(A: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64): void {
  reduce<T>(MOMENT, A, 0, rows, cols, out, alpha, beta);
}

/** out_j = beta out_j + alpha Σ_i (A_ij − m_j)². */
export function columnSquares<T>(
  A: usize, m: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64,
): void {
  reduce<T>(SQUARE, A, m, rows, cols, out, alpha, beta);
}

/** out_j = beta out_j + alpha Σ_i A_ij B_ij. */
export function columnDots<T>(
  A: usize, B: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64,
): void {
  reduce<T>(PRODUCT, A, B, rows, cols, out, alpha, beta);
}

// @ts-expect-error: decorator
@inline
function normaliseLoop<T>(
  keep: bool, give: bool, x: usize, m: usize, r: usize, g: usize, b: usize, rows: i32, cols: i32, n: usize, y: usize,
): void {
  const width = (<usize>cols) << shift<T>();
  const body = (<usize>(cols & ~(lanes<T>() - 1))) << shift<T>();
  for (let i = 0; i < rows; i++) {
    let j: usize = 0;
    for (; j < body; j += 16) {
      const v = v128.mul<T>(v128.sub<T>(v128.load(x + j), v128.load(m + j)), v128.load(r + j));
      if (keep) v128.store(n + j, v);
      if (give) v128.store(y + j, v128.add<T>(v128.mul<T>(v128.load(g + j), v), v128.load(b + j)));
    }
    for (; j < width; j += sizeof<T>()) {
      const v = (load<T>(x + j) - load<T>(m + j)) * load<T>(r + j);
      if (keep) store<T>(n + j, v);
      if (give) store<T>(y + j, load<T>(g + j) * v + load<T>(b + j));
    }
    x += width;
    if (keep) n += width;
    if (give) y += width;
  }
}

/** n_ij = (x_ij − m_j) r_j and y_ij = g_j n_ij + b_j; of n and y one may be absent. */
export function normaliseColumns<T>(
  x: usize, m: usize, r: usize, g: usize, b: usize, rows: i32, cols: i32, n: usize, y: usize,
): void {
  if (n && y) normaliseLoop<T>(true, true, x, m, r, g, b, rows, cols, n, y);
  else if (n) normaliseLoop<T>(true, false, x, m, r, g, b, rows, cols, n, y);
  else normaliseLoop<T>(false, true, x, m, r, g, b, rows, cols, n, y);
}

// @ts-expect-error: decorator
@inline
function combineLoop<T>(
  two: bool, more: bool, A: usize, a: usize, B: usize, b: usize, c: usize, rows: i32, cols: i32, out: usize,
): void {
  const width = (<usize>cols) << shift<T>();
  const body = (<usize>(cols & ~(lanes<T>() - 1))) << shift<T>();
  for (let i = 0; i < rows; i++) {
    let j: usize = 0;
    for (; j < body; j += 16) {
      let v = v128.mul<T>(v128.load(a + j), v128.load(A + j));
      if (two) v = v128.add<T>(v, v128.mul<T>(v128.load(b + j), v128.load(B + j)));
      v = v128.add<T>(v, v128.load(c + j));
      v128.store(out + j, more ? v128.add<T>(v128.load(out + j), v) : v);
    }
    for (; j < width; j += sizeof<T>()) {
      let v = load<T>(a + j) * load<T>(A + j);
      if (two) v += load<T>(b + j) * load<T>(B + j);
      v += load<T>(c + j);
      store<T>(out + j, more ? load<T>(out + j) + v : v);
    }
    A += width;
    if (two) B += width;
    out += width;
  }
}

/** out_ij (+)= a_j A_ij + b_j B_ij + c_j; B and b may be absent. */
export function combineColumns<T>(
  A: usize, a: usize, B: usize, b: usize, c: usize, rows: i32, cols: i32, out: usize, more: i32,
): void {
  if (B) {
    if (more) combineLoop<T>(true, true, A, a, B, b, c, rows, cols, out);
    else combineLoop<T>(true, false, A, a, B, b, c, rows, cols, out);
  } else if (more) combineLoop<T>(false, true, A, a, B, b, c, rows, cols, out);
  else combineLoop<T>(false, false, A, a, B, b, c, rows, cols, out);
}
