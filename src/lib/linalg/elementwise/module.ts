/**
 * The SIMD module (sources in assembly/): compiled once, instantiated for each arena. Its functions take addresses
 * in the arena's memory (0: no such array), counts, and numbers as float64.
 */

import type { Vector } from '../matrix';
import type { ActivationKind } from './activation';
import { simd } from './simd.generated';

/** The part of WebAssembly's interface that is used here (it is in no library of types that we load). */
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: object };
};

type Address = number;
type Map1 = (x: Address, out: Address, n: number) => void;
type Map2 = (x: Address, y: Address, out: Address, n: number) => void;
type ErrorLoop = (f: Address, y: Address, gradient: Address, scale: number, n: number) => number;
type ColumnLoop = (
  A: Address,
  B: Address,
  rows: number,
  cols: number,
  out: Address,
  alpha: number,
  beta: number,
) => void;
type SlopeLoop = (
  upstream: Address,
  output: Address,
  rows: number,
  cols: number,
  cotangents: number,
  scale: number,
  out: Address,
) => void;
type ActivationLoop = (
  z: Address,
  bias: Address,
  biasScale: number,
  scale: number,
  alpha: number,
  rows: number,
  cols: number,
  preactivation: Address,
  output: Address,
  derivative: Address,
  second: Address,
) => void;

/** Over windows on n images (windows.ts); `each` counts the cotangents of an image, and not every loop has a z. */
export type WindowLoop = (
  x: Address,
  y: Address,
  z: Address,
  each: number,
  n: number,
  height: number,
  width: number,
  channels: number,
  kernelY: number,
  kernelX: number,
  strideY: number,
  strideX: number,
  top: number,
  left: number,
  rows: number,
  cols: number,
) => void;

export type WindowLoopName =
  | 'unfold'
  | 'fold'
  | 'averagePool'
  | 'averagePoolAdjoint'
  | 'maxPool'
  | 'pick'
  | 'pickAdjoint';

/** The loops of one precision. */
export interface Loops extends Record<WindowLoopName, WindowLoop> {
  activate: Record<ActivationKind, ActivationLoop>;
  applyDerivative(
    upstream: Address,
    derivative: Address,
    rows: number,
    cols: number,
    cotangents: number,
    out: Address,
  ): void;
  applyGate: SlopeLoop;
  applyTanhSlope: SlopeLoop;
  columnSums(A: Address, rows: number, cols: number, out: Address, alpha: number, beta: number): void;
  columnTotals(A: Address, rows: number, cols: number, out: Address, alpha: number, beta: number): void;
  columnSquares: ColumnLoop;
  columnDots: ColumnLoop;
  normaliseColumns(
    x: Address,
    m: Address,
    r: Address,
    g: Address,
    b: Address,
    rows: number,
    cols: number,
    n: Address,
    y: Address,
  ): void;
  combineColumns(
    A: Address,
    a: Address,
    B: Address,
    b: Address,
    c: Address,
    rows: number,
    cols: number,
    out: Address,
    more: number,
  ): void;
  dropoutMask(
    out: Address,
    kept: number,
    limit: number,
    k0: number,
    k1: number,
    c2: number,
    c3: number,
    first: number,
    n: number,
  ): void;
  exp: Map1;
  expm1: Map1;
  log: Map1;
  log1p: Map1;
  tanh: Map1;
  sigmoid: Map1;
  softplus: Map1;
  add: Map2;
  sub: Map2;
  mul: Map2;
  scale(alpha: number, x: Address, out: Address, offset: number, n: number): void;
  multiplyAdd(x: Address, y: Address, z: Address, out: Address, n: number): void;
  axpy(alpha: number, x: Address, y: Address, n: number): void;
  dot(x: Address, y: Address, n: number): number;
  sum(x: Address, n: number): number;
  max(x: Address, n: number): number;
  hadamard(
    A: Address,
    B: Address,
    out: Address,
    alpha: number,
    c1: number,
    c2: number,
    accumulate: number,
    n: number,
  ): void;
  cosineRow(row: Address, b: Address, a: number, factor: number, n: number): void;
  rowDots(
    A: Address,
    B: Address,
    rows: number,
    cols: number,
    out: Address,
    alpha: number,
    beta: number,
  ): void;
  squaredError: ErrorLoop;
  logisticError: ErrorLoop;
  sigmoidSquaredError: ErrorLoop;
  softmax(f: Address, rows: number, cols: number, out: Address, logSumExp: Address, scale: number): void;
  softmaxError(
    f: Address,
    y: Address,
    labels: number,
    rows: number,
    cols: number,
    gradient: Address,
    scale: number,
  ): number;
  descent(p: Address, g: Address, rate: number, decay: number, n: number): void;
  momentum(
    p: Address,
    g: Address,
    v: Address,
    rate: number,
    mu: number,
    nesterov: number,
    decay: number,
    n: number,
  ): void;
  adam(
    p: Address,
    g: Address,
    m: Address,
    v: Address,
    size: number,
    root: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    n: number,
  ): void;
  adagrad(p: Address, g: Address, G: Address, rate: number, epsilon: number, n: number): void;
  pairStep(r: Address, up: Address, low: Address, x: Address, y: Address, t: number, n: number): number;
  pairPartner(
    r: Address,
    low: Address,
    x: Address,
    d: Address,
    top: number,
    own: number,
    curvature: number,
    n: number,
  ): number;
  pairExtreme(which: 0 | 1): number;
  thresholdedStep(
    v: Address,
    w: Address,
    x: Address,
    next: Address,
    c: number,
    factor: number,
    threshold: number,
    n: number,
  ): number;
  stepSum(which: 0 | 1): number;
  monomials(
    X: Address,
    rows: number,
    features: number,
    plan: Address,
    segments: number,
    constant: number,
    terms: number,
    out: Address,
  ): void;
}

/** A memory of a fixed number of 64 KiB pages and the module's functions over it. */
export interface Instance {
  readonly buffer: ArrayBuffer;
  readonly float32: Loops;
  readonly float64: Loops;
}

let compiled: object | undefined;

/** A new memory with an instance of the module. */
export function instantiate(pages: number): Instance {
  compiled ??= new WebAssembly.Module(Buffer.from(simd, 'base64'));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return { buffer: memory.buffer, float32: loops(exports, '_f32'), float64: loops(exports, '_f64') };
}

/** The exports of one precision, under their names in `Loops`. */
function loops(exports: object, suffix: string): Loops {
  const chosen: Record<string, unknown> = {};
  const activate: Record<string, unknown> = {};
  for (const [name, loop] of Object.entries(exports)) {
    if (!name.endsWith(suffix)) continue;
    const plain = name.slice(0, -suffix.length);
    if (plain.startsWith('activate_')) activate[plain.slice('activate_'.length)] = loop;
    else chosen[plain] = loop;
  }
  return { ...chosen, activate } as unknown as Loops;
}

/** The instance's loops in the precision of a vector. */
export const loopsFor = (instance: Instance, like: Vector): Loops =>
  like.BYTES_PER_ELEMENT === 4 ? instance.float32 : instance.float64;
