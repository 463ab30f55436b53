/**
 * Gram matrices of factors: the engine under every kernel. For two sets of examples, left and right, it adds the
 * terms of factors.ts into one array, with half the work when both are one set.
 *
 * A hadamard term is made in tiles that stay in cache: two products into two tiles, one pass that multiplies them
 * into a third; so n × n numbers are written once, whatever the number of layers. While one pass runs, the products
 * of the next are already under way on the library's threads. Nothing of size n × n is held but the result.
 */

import { backend } from '../linalg';
import { type Arena, hadamard, rowDots } from '../linalg/elementwise';
import { type DType, Matrix, type Vector, zeros } from '../linalg/matrix';
import { later } from '../linalg/steps';
import type { Factor, HadamardFactor, PositionsFactor } from './factors';
import { withArena } from './scratch';

/** Rows and columns of a tile: the five in use, in float32, fill a second-level cache of 1.3 MB. */
export const TILE = 256;
/** Bytes of per-example gradients made at a time, for each side. */
const SLICE_BYTES = 1 << 26;

/** Where a block of the result lies: entry (i, j) at data[offset + i·stride + j]. */
export interface Block {
  readonly data: Vector;
  readonly offset: number;
  readonly stride: number;
  readonly rows: number;
  readonly cols: number;
}

/**
 * Writes Σ_terms ⟨left_i, right_j⟩ to `out`. `right` null stands for `left` itself; then only the lower triangle is
 * meant, and the upper holds anything. Both sides must come from one kernel: term k of one fits term k of the other.
 * `heed` is called between the pieces, and stops the work by throwing.
 */
export async function writeTerms(
  left: readonly Factor[],
  right: readonly Factor[] | null,
  out: Block,
  heed: () => void = () => undefined,
): Promise<void> {
  const tiled: TiledPair[] = [];
  const whole: [Factor, Factor][] = [];
  left.forEach((factor, k) => {
    const other = right ? right[k] : factor;
    if (factor.kind === 'hadamard' || factor.kind === 'patches') tiled.push([factor, other] as TiledPair);
    else whole.push([factor, other]);
  });
  if (tiled.length > 0)
    await withArena(arenaBytes(out), (arena) => writeTiles(tiled, right === null, out, arena, heed));
  else for (let i = 0; i < out.rows; i++) fillRow(out, i);
  for (const [factor, other] of whole) {
    heed();
    if (factor.kind === 'product')
      await addProduct(factor.features, right ? featuresOf(other) : null, factor.scale, out);
    else await addGradients(factor as PositionsFactor, right ? (other as PositionsFactor) : null, out, heed);
  }
}

type TiledPair = [HadamardFactor, HadamardFactor] | [PositionsFactor, PositionsFactor];

interface Tile {
  readonly i: number;
  readonly j: number;
  readonly rows: number;
  readonly cols: number;
  /** On the diagonal of one set with itself: symmetric. */
  readonly diagonal: boolean;
}

/** One term of one tile: its products, and the pass over them. */
interface Task {
  readonly tile: Tile;
  readonly pair: TiledPair;
  readonly first: boolean;
  readonly last: boolean;
}

const ALIGNMENT = 64;
const tileSize = (out: Block) => Math.min(TILE, out.rows) * Math.min(TILE, out.cols);
const arenaBytes = (out: Block) => 5 * (tileSize(out) * out.data.BYTES_PER_ELEMENT + ALIGNMENT);

async function writeTiles(
  pairs: readonly TiledPair[],
  symmetric: boolean,
  out: Block,
  arena: Arena,
  heed: () => void,
): Promise<void> {
  const dtype: DType = out.data instanceof Float32Array ? 'float32' : 'float64';
  const rows = Math.min(TILE, out.rows);
  const cols = Math.min(TILE, out.cols);
  const take = () => arena.vector(tileSize(out), dtype);
  const sum = take();
  const buffers = [0, 1].map(() => ({ inputs: take(), deltas: take() }));
  const tasks: Task[] = [];
  for (let i = 0; i < out.rows; i += rows)
    for (let j = 0; j < (symmetric ? i + 1 : out.cols); j += cols) {
      const tile = {
        i,
        j,
        rows: Math.min(rows, out.rows - i),
        cols: Math.min(cols, out.cols - j),
        diagonal: symmetric && i === j,
      };
      pairs.forEach((pair, k) => {
        tasks.push({ tile, pair, first: k === 0, last: k === pairs.length - 1 });
      });
    }
  let next = startProducts(tasks[0], buffers[0]);
  try {
    for (let k = 0; k < tasks.length; k++) {
      const products = next;
      if (k + 1 < tasks.length) next = startProducts(tasks[k + 1], buffers[(k + 1) % 2]);
      await products;
      heed();
      const { tile, pair, first, last } = tasks[k];
      const count = tile.rows * tile.cols;
      const total = sum.subarray(0, count);
      if (pair[0].kind === 'hadamard') {
        const { inputs, deltas } = buffers[k % 2];
        hadamard(inputs.subarray(0, count), deltas.subarray(0, count), total, {
          shiftA: pair[0].shift,
          accumulate: !first,
        });
      } else addPatches(pair as [PositionsFactor, PositionsFactor], tile, total, first);
      if (last)
        for (let r = 0; r < tile.rows; r++)
          out.data.set(
            total.subarray(r * tile.cols, (r + 1) * tile.cols),
            out.offset + (tile.i + r) * out.stride + tile.j,
          );
    }
  } finally {
    await Promise.allSettled([next]); // it writes to the arena
  }
}

/** s H Hᵀ and Δ Δᵀ of a tile, off the main thread. */
function startProducts(task: Task, buffers: { inputs: Vector; deltas: Vector }): Promise<unknown> {
  const [a, b] = task.pair;
  // The products of patches are made in the pass, on the main thread: the event loop has its turn before each.
  if (a.kind !== 'hadamard' || b.kind !== 'hadamard') return new Promise((resolve) => setImmediate(resolve));
  const { tile } = task;
  return Promise.all([
    startProduct(a.inputs, b.inputs, a.scale, tile, buffers.inputs),
    startProduct(a.deltas, b.deltas, 1, tile, buffers.deltas),
  ]);
}

function startProduct(A: Matrix, B: Matrix, scale: number, tile: Tile, out: Vector): Promise<void> {
  const k = A.cols;
  const rows = A.data.subarray(tile.i * k, (tile.i + tile.rows) * k);
  if (tile.diagonal)
    return later(backend().syrkSteps(false, tile.rows, k, scale, rows, k, 0, out, tile.cols));
  const cols = B.data.subarray(tile.j * k, (tile.j + tile.cols) * k);
  return later(
    backend().gemmSteps(false, true, tile.rows, tile.cols, k, scale, rows, k, cols, k, 0, out, tile.cols),
  );
}

/** Σ_pq (s h_ip·h_jq + c)(δ_ip·δ_jq) for a tile, in sub-tiles of whole examples. */
function addPatches(
  [a, b]: [PositionsFactor, PositionsFactor],
  tile: Tile,
  total: Vector,
  first: boolean,
): void {
  const T = a.positions;
  const group = Math.max(1, Math.floor(TILE / T));
  const dtype = a.inputs.dtype;
  const inputs = zeros(group * T * group * T, dtype);
  const deltas = zeros(inputs.length, dtype);
  if (first) total.fill(0);
  for (let i0 = 0; i0 < tile.rows; i0 += group)
    for (let j0 = 0; j0 < tile.cols; j0 += group) {
      const m = Math.min(group, tile.rows - i0);
      const n = Math.min(group, tile.cols - j0);
      patchProduct(a.inputs, b.inputs, a.scale, (tile.i + i0) * T, (tile.j + j0) * T, m * T, n * T, inputs);
      patchProduct(a.deltas, b.deltas, 1, (tile.i + i0) * T, (tile.j + j0) * T, m * T, n * T, deltas);
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++)
          total[(i0 + i) * tile.cols + j0 + j] += blockDot(inputs, deltas, a.shift, i * T, j * T, T, n * T);
    }
}

function patchProduct(
  A: Matrix,
  B: Matrix,
  scale: number,
  fromA: number,
  fromB: number,
  m: number,
  n: number,
  out: Vector,
): void {
  const k = A.cols;
  const rows = A.data.subarray(fromA * k, (fromA + m) * k);
  const cols = B.data.subarray(fromB * k, (fromB + n) * k);
  backend().gemm(false, true, m, n, k, scale, rows, k, cols, k, 0, out, n);
}

/** Σ_pq (A_pq + c) B_pq over a T × T block at (i, j). */
function blockDot(A: Vector, B: Vector, c: number, i: number, j: number, T: number, stride: number): number {
  let sum = 0;
  for (let p = 0; p < T; p++) {
    const row = (i + p) * stride + j;
    for (let q = row; q < row + T; q++) sum += (A[q] + c) * B[q];
  }
  return sum;
}

const featuresOf = (factor: Factor): Matrix => (factor as { features: Matrix }).features;

function fillRow(out: Block, i: number): void {
  const start = out.offset + i * out.stride;
  out.data.fill(0, start, start + out.cols);
}

/** out += s F F′ᵀ; F′ null stands for F (lower triangle). */
async function addProduct(F: Matrix, F2: Matrix | null, scale: number, out: Block): Promise<void> {
  const k = F.cols;
  const data = out.data.subarray(out.offset);
  if (F2 === null) await later(backend().syrkSteps(false, F.rows, k, scale, F.data, k, 1, data, out.stride));
  else
    await later(
      backend().gemmSteps(
        ...([false, true, F.rows, F2.rows, k, scale, F.data, k, F2.data, k] as const),
        ...([1, data, out.stride] as const),
      ),
    );
}

/** out += Σ_c ⟨G_ic, G′_jc⟩ by making the gradients, some columns of G at a time, and one product for each such slice. */
async function addGradients(
  a: PositionsFactor,
  b: PositionsFactor | null,
  out: Block,
  heed: () => void,
): Promise<void> {
  const widest = Math.max(out.rows, out.cols);
  const d = a.deltas.cols / a.cotangents;
  const room = Math.max(1, Math.floor(SLICE_BYTES / (widest * d * out.data.BYTES_PER_ELEMENT)));
  for (let c = 0; c < a.cotangents; c++) {
    for (let from = 0; from < a.inputs.cols; from += room) {
      heed();
      const to = Math.min(from + room, a.inputs.cols);
      await addProduct(gradientSlice(a, c, from, to), b && gradientSlice(b, c, from, to), a.scale, out);
    }
    if (a.shift > 0) await addProduct(sumPositions(a, c), b && sumPositions(b, c), a.shift, out);
  }
}

/** Rows `from` … `to`−1 of the gradients Σ_p h_ip δ_icpᵀ (a × d) of every example, flattened: n × (to − from)·d. */
export function gradientSlice(factor: PositionsFactor, c: number, from: number, to: number): Matrix {
  const { inputs, deltas, positions: T, cotangents: C } = factor;
  const n = inputs.rows / T;
  const a = inputs.cols;
  const b = deltas.cols;
  const d = b / C;
  const out = Matrix.zeros(n, (to - from) * d, inputs.dtype);
  const blas = backend();
  for (let i = 0; i < n; i++)
    blas.gemm(
      ...([true, false, to - from, d, T, 1] as const),
      ...([inputs.data.subarray(i * T * a + from, (i + 1) * T * a), a] as const),
      ...([deltas.data.subarray(i * T * b + c * d, (i + 1) * T * b), b] as const),
      ...([0, out.row(i), d] as const),
    );
  return out;
}

/** Σ_p δ_icp: n × d. */
function sumPositions({ deltas, positions: T, cotangents: C }: PositionsFactor, c: number): Matrix {
  const n = deltas.rows / T;
  const d = deltas.cols / C;
  const out = Matrix.zeros(n, d, deltas.dtype);
  for (let i = 0; i < n; i++)
    for (let p = 0; p < T; p++) {
      const from = (i * T + p) * deltas.cols + c * d;
      for (let k = 0; k < d; k++) out.data[i * d + k] += deltas.data[from + k];
    }
  return out;
}

/** Σ_terms ⟨left_i, left_i⟩ for each example, without a Gram. */
export function termsDiagonal(factors: readonly Factor[], examples: number, dtype: DType): Vector {
  const out = zeros(examples, dtype);
  for (const factor of factors)
    switch (factor.kind) {
      case 'product':
        rowDots(factor.features, factor.features, out, factor.scale, 1);
        break;
      case 'hadamard': {
        const h = zeros(examples, dtype);
        const d = zeros(examples, dtype);
        rowDots(factor.inputs, factor.inputs, h, factor.scale);
        rowDots(factor.deltas, factor.deltas, d);
        hadamard(h, d, out, { shiftA: factor.shift, accumulate: true });
        break;
      }
      default:
        addPositionsDiagonal(factor, out);
    }
  return out;
}

function addPositionsDiagonal(factor: PositionsFactor, out: Vector): void {
  const { inputs, positions: T, cotangents: C, scale, shift } = factor;
  const ones = zeros(out.length, inputs.dtype);
  const add = (G: Matrix, weight: number) => {
    rowDots(G, G, ones, weight);
    for (let i = 0; i < out.length; i++) out[i] += ones[i];
  };
  const d = factor.deltas.cols / C;
  const room = Math.max(1, Math.floor(SLICE_BYTES / (out.length * d * inputs.data.BYTES_PER_ELEMENT)));
  if (T * (inputs.cols + C * d) < inputs.cols * C * d) {
    const A = zeros(T * T, inputs.dtype);
    const B = zeros(T * T, inputs.dtype);
    for (let i = 0; i < out.length; i++) {
      patchProduct(inputs, inputs, scale, i * T, i * T, T, T, A);
      patchProduct(factor.deltas, factor.deltas, 1, i * T, i * T, T, T, B);
      out[i] += blockDot(A, B, shift, 0, 0, T, T);
    }
    return;
  }
  for (let c = 0; c < C; c++) {
    for (let from = 0; from < inputs.cols; from += room)
      add(gradientSlice(factor, c, from, Math.min(from + room, inputs.cols)), scale);
    if (shift > 0) add(sumPositions(factor, c), shift);
  }
}
