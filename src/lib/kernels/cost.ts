/**
 * What a Gram or cross-Gram of a network costs, before it is made: multiply-adds of matrix products, and bytes. With n
 * examples, C outputs, P parameters, and layers with a inputs and d outputs at T positions,
 *
 *     exact        n passes, and for each pair Σ (a + C·d) (T = 1), T² of them or C·a·d (T > 1), by what is less
 *     pseudo       the same with C = 1
 *     projected    n passes, n K T Σ (a + C·d) for the features, C·K a pair; of the outputs' sum, C = 1
 *     conjugate, embedding   n forward passes, and for each pair as many as there are features
 *     jacobian     a backward pass for each example and output, and C·P a pair: what is saved by not doing so
 *
 * (Compare arXiv 2305.14585, table 4, and arXiv 2206.08720, table 1.) What an example takes is counted, by the counter of
 * linalg, on one example that goes through the same code; what a pair takes follows from the factors that the code
 * chooses for so many examples. The sum is what `multiplyAddsOf(() => kernel.gram(X))` counts, to the last digit.
 * Element-wise work (activations, pooling, the pass over the entries) is not in it.
 */

import { ValueError } from '../errors';
import { multiplyAddsNow, multiplyAddsOf } from '../linalg/counted';
import { type DType, Matrix } from '../linalg/matrix';
import type { Network } from '../nets/network';
import type { Snapshot } from '../nets/params';
import { random } from '../random';
import { conjugateKernel, embeddingKernel } from './conjugate';
import { type Extent, type Factor, factorBytes, tangentFactors } from './factors';
import { jacobian } from './jacobian';
import type { Kernel } from './kernel';
import { type Panel, rowPanels } from './panels';
import { prepared } from './prepared';
import { type ProjectionKind, projectedTangentKernel } from './projected';
import { sitesOf, sumCotangent, traceCotangents } from './tangent';
import { TILE } from './terms';

export interface CostOptions {
  /**
   * 'exact': tangentKernel. 'pseudo': pseudoTangentKernel. 'projected': projectedTangentKernel. 'conjugate' and
   * 'embedding': those. 'jacobian': the Gram of the rows of `jacobian`.
   */
  kind: 'exact' | 'pseudo' | 'projected' | 'conjugate' | 'embedding' | 'jacobian';
  /** n: rows of X. */
  examples: number;
  /** m: rows of X2, for a cross-Gram; without it, a Gram. */
  against?: number;
  /** K, for 'projected'. */
  dimension?: number;
  /** For 'projected'; 'khatri-rao' unless given. */
  projection?: ProjectionKind;
  /** For 'projected': 'trace' (proj-trNTK) unless given, or 'sum' (proj-pNTK). */
  outputs?: 'trace' | 'sum';
  /** Default: true. */
  bias?: boolean;
  /** Default: 'float32'. */
  dtype?: DType;
}

export interface KernelCost {
  /** Multiply-adds in all: the sum of the parts. */
  readonly operations: number;
  readonly parts: {
    /** Through the network, there and back. */
    readonly passes: number;
    /** Gradients of examples by themselves, where they are made. */
    readonly gradients: number;
    /** Random projections of gradients. */
    readonly projections: number;
    /** Products of pairs of examples. */
    readonly products: number;
  };
  /**
   * Bytes of the large arrays: the result, and what is held of the examples beside it (factors, features, Jacobian rows).
   * A pass takes some tens of MiB more.
   */
  readonly bytes: number;
}

/** What the kernel of `net` costs. Throws a ValueError for sizes that are no counts, and as the kernels do. */
export async function tangentKernelCost(net: Network, options: CostOptions): Promise<KernelCost> {
  const { kind, examples, against, dtype = 'float32' } = options;
  checkCount('examples', examples);
  if (against !== undefined) checkCount('against', against);
  const sizes: Sizes = { n: examples, m: against ?? null, itemSize: dtype === 'float32' ? 4 : 8 };
  const snapshot = net.init(random('cost'), { dtype });
  const one: OneExample = { net, snapshot, X: Matrix.zeros(1, net.inputs, dtype) };
  switch (kind) {
    case 'exact':
    case 'pseudo':
      return costByFactors(tangentExample(one, options, extentOf(sizes)), sizes);
    case 'conjugate':
      return costByFactors(await hiddenExample(one, conjugateKernel(net, snapshot)), sizes);
    case 'embedding':
      return costByFactors(await hiddenExample(one, embeddingKernel(net, snapshot)), sizes);
    case 'projected':
      return costByProjections(one, options, sizes);
    case 'jacobian':
      return costByJacobian(one, sizes);
    default:
      throw new ValueError({
        what: 'tangentKernelCost, kind',
        expected: "'exact', 'pseudo', 'projected', 'conjugate', 'embedding' or 'jacobian'",
        got: `'${kind}'`,
        todo: "Give one of them: { kind: 'exact', examples: 10_000 }.",
      });
  }
}

interface Sizes {
  readonly n: number;
  /** null: a Gram. */
  readonly m: number | null;
  readonly itemSize: number;
}

interface OneExample {
  readonly net: Network;
  readonly snapshot: Snapshot;
  readonly X: Matrix;
}

/** What one example takes, and leaves. */
interface ExampleFactors {
  readonly pass: number;
  readonly gradients: number;
  readonly factors: readonly Factor[];
}

const pairsOf = ({ n, m }: Sizes) => (m === null ? (n * (n + 1)) / 2 : n * m);
const extentOf = (sizes: Sizes): Extent => ({
  pairs: pairsOf(sizes),
  examples: sizes.n + (sizes.m ?? 0),
});

function tangentExample(
  { net, snapshot, X }: OneExample,
  { kind, bias = true }: CostOptions,
  extent: Extent,
): ExampleFactors {
  const cotangents = kind === 'exact' ? traceCotangents(net) : sumCotangent(net);
  const [pass, sites] = multiplyAddsNow(() => sitesOf(net, snapshot, X, cotangents));
  const [gradients, factors] = multiplyAddsNow(() => tangentFactors(sites, bias, extent));
  return { pass, gradients, factors };
}

/** Of a kernel of hidden outputs: their Gram. */
async function hiddenExample({ net, snapshot, X }: OneExample, kernel: Kernel): Promise<ExampleFactors> {
  const [pass] = multiplyAddsNow(() => net.forward(snapshot, X));
  const by = { extent: { pairs: 1, examples: 1 }, heed: () => undefined };
  const { bytes, diagonal } = await prepared(kernel, X, { start: 0, end: 1 }, by);
  const features = Matrix.zeros(1, bytes / diagonal.BYTES_PER_ELEMENT - 1, X.dtype);
  return { pass, gradients: 0, factors: [{ kind: 'product', features, scale: 1 }] };
}

/** As factored.ts and terms.ts go about it, panel by panel. */
function costByFactors({ pass, gradients, factors }: ExampleFactors, sizes: Sizes): KernelCost {
  const { n, m } = sizes;
  const kept = factorBytes(factors);
  const rows = rowPanels(n, kept);
  const columns = m === null ? rows : rowPanels(m, kept);
  // Examples of all panels that are taken, each pair's second anew; and two passes of one and two that plan for more.
  const taken = m === null ? n + sum(rows, ({ start }) => start) : n + rows.length * m;
  const planned = m === null ? 1 + Math.min(2, n) : 2 + Math.min(2, n) + Math.min(2, m);
  const parts = {
    passes: (taken + planned) * pass,
    gradients: (taken + planned) * gradients,
    projections: 0,
    products: 0,
  };
  for (const factor of factors) {
    const { perPair, perTiledPair, perSlice, perDiagonal } = costOfFactor(factor);
    parts.products += perPair * pairsOf(sizes) + perTiledPair * tiledPairs(rows, m);
    parts.gradients += perSlice * slicedExamples(rows, columns, m === null);
    if (m !== null) parts.gradients += perDiagonal * taken;
  }
  const longest = (panels: readonly Panel[]) => Math.max(...panels.map(length));
  const held = m === null && rows.length === 1 ? n : longest(rows) + longest(columns);
  return { operations: total(parts), parts, bytes: resultBytes(sizes) + held * kept };
}

/** Multiply-adds of a term: for a pair, for a pair in tiles, for an example whose gradients are made, for a κ(x, x). */
function costOfFactor(factor: Factor) {
  const none = { perPair: 0, perTiledPair: 0, perSlice: 0, perDiagonal: 0 };
  if (factor.kind === 'product') return { ...none, perPair: factor.features.cols };
  const { inputs, deltas } = factor;
  const [a, b] = [inputs.cols, deltas.cols];
  if (factor.kind === 'hadamard') return { ...none, perPair: a + b };
  const T = factor.positions;
  const [patches, gradients] = [T * T * (a + b), T * a * b];
  const perDiagonal = T * (a + b) < a * b ? patches : gradients;
  if (factor.kind === 'patches') return { ...none, perTiledPair: patches, perDiagonal };
  return { ...none, perPair: a * b + (factor.shift > 0 ? b : 0), perSlice: gradients, perDiagonal };
}

/** Pairs where a tile on the diagonal is made whole. */
function tiledPairs(rows: readonly Panel[], m: number | null): number {
  const n = rows[rows.length - 1].end;
  if (m !== null) return n * m;
  return sum(rows, (panel) => {
    const size = length(panel);
    const tiles = rowTiles(size);
    return panel.start * size + sum(tiles, (tile) => length(tile) * tile.end);
  });
}

const rowTiles = (size: number): Panel[] =>
  Array.from({ length: Math.ceil(size / TILE) }, (_, k) => ({
    start: k * TILE,
    end: Math.min((k + 1) * TILE, size),
  }));

/** Examples whose gradients are made in slices: both sides of each pair of panels, one of a panel with itself. */
function slicedExamples(rows: readonly Panel[], columns: readonly Panel[], gram: boolean): number {
  if (gram)
    return sum(rows, (panel) => length(panel) + panel.start) + sum(rows, (panel, k) => k * length(panel));
  const [n, m] = [rows, columns].map((panels) => panels[panels.length - 1].end);
  return n * columns.length + m * rows.length;
}

/** As projected.ts goes about it. */
async function costByProjections(
  one: OneExample,
  { dimension = 0, projection = 'khatri-rao', outputs = 'trace', bias = true }: CostOptions,
  sizes: Sizes,
): Promise<KernelCost> {
  const { net, snapshot, X } = one;
  const options = { dimension, kind: projection, outputs, bias, rng: random('cost') };
  const kernel = projectedTangentKernel(net, snapshot, options);
  const cotangents = outputs === 'trace' ? traceCotangents(net) : sumCotangent(net);
  const [pass] = multiplyAddsNow(() => sitesOf(net, snapshot, X, cotangents));
  const planned = (rows: number) => 1 + Math.min(2, rows);
  const features = (await multiplyAddsOf(() => kernel.features(X))) - (planned(1) + 1) * pass;
  const { n, m, itemSize } = sizes;
  const all = n + (m ?? 0);
  const width = cotangents.count * dimension;
  const parts = {
    passes: (all + planned(n) + (m === null ? 0 : planned(m))) * pass,
    gradients: 0,
    projections: all * features,
    products: pairsOf(sizes) * width,
  };
  return { operations: total(parts), parts, bytes: resultBytes(sizes) + all * width * itemSize };
}

/** The rows of `jacobian`, and their Gram. */
function costByJacobian({ net, snapshot, X }: OneExample, sizes: Sizes): KernelCost {
  const [gradients, J] = multiplyAddsNow(() => jacobian(net, snapshot, X));
  const all = sizes.n + (sizes.m ?? 0);
  const parts = {
    passes: 0,
    gradients: all * gradients,
    projections: 0,
    products: pairsOf(sizes) * J.data.length,
  };
  return { operations: total(parts), parts, bytes: resultBytes(sizes) + all * J.data.byteLength };
}

const resultBytes = ({ n, m, itemSize }: Sizes) => n * (m ?? n) * itemSize;
const length = ({ start, end }: Panel) => end - start;
const total = (parts: Readonly<Record<string, number>>) => sum(Object.values(parts), (part) => part);

function sum<T>(values: readonly T[], of: (value: T, k: number) => number): number {
  return values.reduce((so, value, k) => so + of(value, k), 0);
}

function checkCount(option: string, count: number): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new ValueError({
    what: `tangentKernelCost, ${option}`,
    expected: 'a whole number, 1 or more',
    got: String(count),
    todo: 'Give how many rows X has.',
  });
}
