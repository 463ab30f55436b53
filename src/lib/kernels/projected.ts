/**
 * Tangent kernels of randomly projected gradients (proj-trNTK and proj-pNTK; arXiv 2305.14585, eqs. 5 and 6, after
 * TRAK, arXiv 2303.14186): an example's gradients are reduced to K numbers each, φ_c(x) = P ∂f_c(x)/∂θ / √K, so that
 * the kernel of n examples costs n·K to keep and a product to make, and
 *
 *     E ⟨φ(x), φ(x′)⟩ = ⟨∂f(x), ∂f(x′)⟩,   with an error of about √(k_xx k_x′x′ + k_xx′²) / √K  (after the cosine: (1 − k²)/√K).
 *
 * Three kinds of P, each made from the generator's streams in blocks, never as a whole (K × parameters):
 *
 *     khatri-rao   row j of a layer is r_j s_jᵀ with independent signs: feature Σ_p (r_j·h_p)(s_j·δ_p). It needs no gradient
 *                  and costs n K T (d_in + d_out), or n K d_in d_out as r_jᵀ G s_j where that is less (convolutions);
 *                  unbiased, since E (r·h)(r·h′) = h·h′ and likewise for s. (Rows that are Kronecker products of signs:
 *                  Sun et al., "Tensor random projection", arXiv 2105.00105.)
 *     rademacher, gaussian   independent entries ±1 or N(0, 1), as in the paper: n K d_in d_out.
 */

import { ValueError } from '../errors';
import { backend, gemmAsync, syrkAsync } from '../linalg';
import { rowDots } from '../linalg/elementwise';
import { type DType, Matrix, type Vector, zeros } from '../linalg/matrix';
import { later } from '../linalg/steps';
import type { Network } from '../nets/network';
import { castSnapshot, type Snapshot } from '../nets/params';
import { type LinearSite, type Site, type Sites, writtenOut } from '../nets/site';
import { ArenaWorkspace, FreshWorkspace, type Workspace } from '../nets/workspace';
import type { Random } from '../random';
import { heedInterruption } from '../run';
import { besideEachOther, diagonalGradients, type PositionsFactor, positionGradients } from './factors';
import type { CrossWithDiagonals, Kernel, Prepared } from './kernel';
import { rowPanels } from './panels';
import { passCost } from './passes';
import { withArena } from './scratch';
import { checkLayers, type ParameterOptions, sitesOf, sumCotangent, traceCotangents } from './tangent';
import { gradientSlice } from './terms';

export type ProjectionKind = 'khatri-rao' | 'rademacher' | 'gaussian';

export interface ProjectedOptions extends ParameterOptions {
  /** K: numbers kept of each gradient (the paper: 10240; 1024 leaves τ within .02 on MNIST). */
  dimension: number;
  /** Default 'khatri-rao'. */
  kind?: ProjectionKind;
  /**
   * Where P comes from: streams below this generator, named by the parameters. The generator itself does not move, so
   * one kernel gives train and test sets the same P; for another draw pass another one, such as rng.stream(draw).
   */
  rng: Random;
  /** 'trace' (default): each output's gradient by itself (proj-trNTK). 'sum': of the outputs' sum over √C (proj-pNTK). */
  outputs?: 'trace' | 'sum';
}

export interface ProjectedKernel extends Kernel {
  readonly dimension: number;
  /** Φ: n × K, or n × C·K for the trace of C outputs (the K numbers of one output beside each other). K = ΦΦᵀ. */
  features(X: Matrix): Promise<Matrix>;
}

/**
 * The kernel of projected gradients of `net` at `snapshot`; unnormalised (the paper's is its cosine). Throws a
 * ValueError for a dimension or kind that does not exist, and as `tangentKernel`.
 */
export function projectedTangentKernel(
  net: Network,
  snapshot: Snapshot,
  options: ProjectedOptions,
): ProjectedKernel {
  const { dimension, kind = 'khatri-rao', rng, outputs = 'trace', bias = true, layers } = options;
  const { dtype = snapshot.params.dtype } = options;
  checkOptions(dimension, kind, outputs);
  checkLayers(net, layers);
  const cast = castSnapshot(snapshot, dtype);
  const cotangents = outputs === 'trace' ? traceCotangents(net) : sumCotangent(net);
  const C = cotangents.count;
  const projection = new Projection({ dimension, kind, rng, bias, dtype });

  const features = async (X: Matrix): Promise<Matrix> => {
    const out = Matrix.zeros(X.rows * C, dimension, dtype);
    if (X.rows === 0) return out.reshape(0, C * dimension);
    const heed = heedInterruption('projectedTangentKernel');
    const pass = (rows: Matrix, workspace: Workspace) =>
      sitesOf(net, cast, rows, cotangents, layers, workspace);
    const cost = passCost(X, dtype, pass);
    // Dense P are made anew for each panel; Khatri–Rao signs are kept, and a pass need be no longer than stays in cache.
    const panels =
      kind === 'khatri-rao'
        ? rowPanels(X.rows, cost.each, PASS_BYTES, 1)
        : rowPanels(X.rows, siteBytes(cost.made));
    const largest = Math.max(...panels.map(({ start, end }) => end - start));
    const bytes = cost.bytes(largest) + projection.bytes(cost.made, largest);
    await withArena(bytes, async (arena) => {
      const workspace = new ArenaWorkspace(dtype, arena);
      for (const { start, end } of panels) {
        heed();
        arena.reset();
        const sites = pass(X.slice(start, end), workspace);
        await projection.add(sites, out.slice(start * C, end * C), workspace, heed);
      }
    });
    const scale = 1 / Math.sqrt(dimension);
    for (let i = 0; i < out.data.length; i++) out.data[i] *= scale;
    return out.reshape(X.rows, C * dimension);
  };

  const cross = async (X: Matrix, X2: Matrix): Promise<CrossWithDiagonals> => {
    const left = await features(X);
    const right = await features(X2);
    return {
      cross: await gemmAsync(left, right, { transposeB: true }),
      diagonal: squaredNorms(left),
      diagonal2: squaredNorms(right),
    };
  };

  return {
    name: `${kind} projection (K = ${dimension}) of the tangent kernel (${outputs})`,
    dimension,
    features,
    gram: async (X) => syrkAsync(await features(X)),
    cross: async (X, X2) => (await cross(X, X2)).cross,
    diagonal: async (X) => squaredNorms(await features(X)),
    crossWithDiagonals: cross,
    prepare: async (X, { start, end }, { heed }) => {
      heed();
      return new PreparedFeatures(await features(X.slice(start, end)));
    },
  };
}

class PreparedFeatures implements Prepared {
  readonly diagonal: Vector;
  readonly bytes: number;

  constructor(private readonly features: Matrix) {
    this.diagonal = squaredNorms(features);
    this.bytes = features.data.byteLength + this.diagonal.byteLength;
  }

  async cross(other: Prepared, out: Matrix): Promise<void> {
    if (other === this) await syrkAsync(this.features, { out });
    else await gemmAsync(this.features, (other as this).features, { transposeB: true, out });
  }
}

/** Bytes of a pass whose sites are projected before the next. */
const PASS_BYTES = 1 << 24;
/** Rows of examples whose products stay in cache while they are multiplied. */
const TILE_BYTES = 1 << 20;
/** Entries of a dense P that are made at a time. */
const BLOCK_ENTRIES = 1 << 22;
/** Bytes of per-example gradients, or of their products with P, at a time. */
const SLICE_BYTES = 1 << 26;

interface ProjectionOptions {
  readonly dimension: number;
  readonly kind: ProjectionKind;
  readonly rng: Random;
  readonly bias: boolean;
  readonly dtype: DType;
}

/** P, applied to the sites of a pass. */
class Projection {
  /** The Khatri–Rao signs, d × K for each parameter: small, so they are kept from one call to the next. */
  private readonly signs = new Map<string, Matrix>();

  constructor(private readonly options: ProjectionOptions) {}

  /** What `add` takes of its workspace for n examples, by the sites of one. */
  bytes({ sites, cotangents: C }: Sites, n: number): number {
    const { dimension: K, dtype } = this.options;
    let entries = 0;
    for (const site of sites) {
      if (site.kind !== 'linear' || !this.byGradients(site, C)) continue;
      const [a, d] = [site.inputs.cols + 1, site.deltas.cols];
      entries += (a + 2 * d + 1) * K + n * C * a * d + 5 * 16;
    }
    return entries * (dtype === 'float32' ? 4 : 8);
  }

  /** Whether Khatri–Rao features cost less by way of the gradients. */
  private byGradients({ inputs, deltas, positions: T }: LinearSite, C: number): boolean {
    const { dimension: K, kind } = this.options;
    const [a, b] = [inputs.cols, C * deltas.cols];
    return kind === 'khatri-rao' && a * b * (T + K) < T * K * (a + b);
  }

  /** Adds √K φ_c(x_i) to row i·C + c of `out`, for every example and cotangent. `heed` stops it by throwing. */
  async add(sites: Sites, out: Matrix, workspace: Workspace, heed: () => void): Promise<void> {
    const { kind, bias } = this.options;
    const { examples: n, cotangents: C } = sites;
    for (const site of sites.sites) {
      heed();
      if (site.kind === 'diagonal') {
        if (site.inputs === null && !bias) continue;
        const gradients = diagonalGradients(site.inputs, site.deltas, n, C, site.positions);
        await this.addDense(gradients.reshape(n * C, site.deltas.cols), site.parameter, site.scale, out);
      } else {
        const biasScale = bias ? site.biasScale : 0;
        if (kind === 'khatri-rao') {
          if (this.byGradients(site, C)) this.addKhatriRaoOfGradients(site, n, C, biasScale, out, workspace);
          else await this.addKhatriRao(site, n, C, biasScale, out, heed);
          continue;
        }
        if (site.positions <= C) await this.addByPositions(site, n, C, out, heed);
        else await this.addByGradients(site, n, C, out, heed);
        if (biasScale === 0) continue;
        const gradients = diagonalGradients(null, site.deltas, n, C, site.positions);
        await this.addDense(gradients.reshape(n * C, site.deltas.cols), site.bias as string, biasScale, out);
      }
    }
  }

  /**
   * Σ_p (w r·h_p + β ρ)(s·δ_p): the bias is one more input, of value β, with a sign ρ of its own. In tiles of rows, with
   * the products of the next tile under way while one is multiplied out.
   */
  private async addKhatriRao(
    site: LinearSite,
    n: number,
    C: number,
    biasScale: number,
    out: Matrix,
    heed: () => void,
  ): Promise<void> {
    const { dimension: K, dtype } = this.options;
    const { deltas, positions: T } = site;
    const inputs = writtenOut(site.inputs, new FreshWorkspace(dtype));
    const R = this.signsOf(`${site.weight} inputs`, inputs.cols);
    const S = this.signsOf(`${site.weight} deltas`, deltas.cols);
    const shift = zeros(K, dtype);
    if (biasScale !== 0) shift.set(this.signsOf(site.bias as string, 1).data);
    for (let k = 0; k < K; k++) shift[k] *= biasScale;
    const each = K * T * (1 + C) * out.data.BYTES_PER_ELEMENT;
    const rows = Math.min(n, Math.max(1, Math.ceil(TILE_BYTES / each)));
    const buffers = [0, 1].map(() => ({
      left: zeros(rows * T * K, dtype),
      right: zeros(rows * C * T * K, dtype),
    }));
    const start = (first: number, { left, right }: (typeof buffers)[number]) => {
      const m = Math.min(rows, n - first);
      const H = inputs.slice(first * T, (first + m) * T);
      const D = deltas.slice(first * C * T, (first + m) * C * T);
      const U = new Matrix(m * T, K, left.subarray(0, m * T * K));
      const V = new Matrix(m * C * T, K, right.subarray(0, m * C * T * K));
      return Promise.all([gemmAsync(H, R, { alpha: site.weightScale, out: U }), gemmAsync(D, S, { out: V })]);
    };
    let next = start(0, buffers[0]);
    for (let first = 0, k = 1; first < n; first += rows, k++) {
      const [U, V] = await next;
      heed();
      if (first + rows < n) next = start(first + rows, buffers[k % 2]);
      addProducts(U, V, C, T, shift, out.slice(first * C, first * C + V.rows / T));
    }
  }

  /** The same numbers as r′_jᵀ G s_j, by way of the gradients G = (∂W; ∂b) with r′ = (r, ρ): cheaper when there are many positions. */
  private addKhatriRaoOfGradients(
    site: LinearSite,
    n: number,
    C: number,
    biasScale: number,
    out: Matrix,
    workspace: Workspace,
  ): void {
    const { dimension: K } = this.options;
    const a = site.inputs.cols + (biasScale === 0 ? 0 : 1);
    const d = site.deltas.cols;
    const R = workspace.matrix(a, K);
    R.data.set(this.signsOf(`${site.weight} inputs`, site.inputs.cols).data);
    if (biasScale !== 0) R.row(a - 1).set(this.signsOf(site.bias as string, 1).data);
    const S = workspace.matrix(K, d);
    S.data.set(this.transposedSignsOf(`${site.weight} deltas`, d).data);
    const G = positionGradients(site, n, C, biasScale, workspace).reshape(n * C, a * d);
    const RG = workspace.matrix(K, d);
    const feature = workspace.matrix(1, K).data;
    const blas = backend();
    for (let k = 0; k < n * C; k++) {
      blas.gemm(true, false, K, d, a, 1, R.data, K, G.row(k), d, 0, RG.data, d);
      rowDots(RG, S, feature);
      const row = out.row(k);
      for (let j = 0; j < K; j++) row[j] += feature[j];
    }
  }

  /** Dense P of a weight: (H P_j) for all features j of a block at once, then the row of δ. */
  private async addByPositions(
    site: LinearSite,
    n: number,
    C: number,
    out: Matrix,
    heed: () => void,
  ): Promise<void> {
    const { dimension: K, dtype } = this.options;
    const { deltas, positions: T } = site;
    const inputs = writtenOut(site.inputs, new FreshWorkspace(dtype));
    const a = inputs.cols;
    const d = deltas.cols;
    const width = Math.min(K, Math.max(1, Math.floor(BLOCK_ENTRIES / (a * d))));
    const rows = Math.min(
      n,
      Math.max(1, Math.floor(SLICE_BYTES / (T * width * d * out.data.BYTES_PER_ELEMENT))),
    );
    const P = zeros(a * width * d, dtype);
    const M = zeros(rows * T * width * d, dtype);
    const blas = backend();
    for (let k = 0, block = 0; k < K; k += width, block++) {
      heed();
      const w = Math.min(width, K - k);
      this.fill(P.subarray(0, a * w * d), site.weight, block);
      for (let first = 0; first < n; first += rows) {
        const m = Math.min(rows, n - first);
        const H = inputs.data.subarray(first * T * a, (first + m) * T * a);
        await later(
          blas.gemmSteps(false, false, m * T, w * d, a, site.weightScale, H, a, P, w * d, 0, M, w * d),
        );
        for (let i = 0; i < m; i++)
          for (let c = 0; c < C; c++)
            for (let p = 0; p < T; p++) {
              const delta = deltas.row(((first + i) * C + c) * T + p);
              const row = ((first + i) * C + c) * K + k;
              const Mi = M.subarray((i * T + p) * w * d, (i * T + p + 1) * w * d);
              blas.gemv(false, w, d, 1, Mi, d, delta, 1, out.data.subarray(row, row + w));
            }
      }
    }
  }

  /** The same by way of the gradients Σ_p h_p δ_pᵀ, a slice at a time: cheaper when there are many positions. */
  private async addByGradients(
    site: LinearSite,
    n: number,
    C: number,
    out: Matrix,
    heed: () => void,
  ): Promise<void> {
    const { dimension: K, dtype } = this.options;
    const { positions: T } = site;
    const a = site.inputs.cols;
    const d = site.deltas.cols;
    const width = Math.min(K, Math.max(1, Math.floor(BLOCK_ENTRIES / (a * d))));
    const room = Math.max(1, Math.floor(SLICE_BYTES / (n * d * out.data.BYTES_PER_ELEMENT)));
    const factor: PositionsFactor = {
      kind: 'gradients',
      positions: T,
      inputs: writtenOut(site.inputs, new FreshWorkspace(dtype)),
      deltas: besideEachOther(site.deltas, n, C, T),
      cotangents: C,
      scale: 1,
      shift: 0,
    };
    const P = zeros(width * a * d, dtype);
    for (let from = 0; from < a; from += room) {
      const to = Math.min(from + room, a);
      const slices = Array.from({ length: C }, (_, c) => gradientSlice(factor, c, from, to));
      for (let k = 0, block = 0; k < K; k += width, block++) {
        heed();
        const w = Math.min(width, K - k);
        this.fill(P.subarray(0, w * a * d), site.weight, block);
        for (let c = 0; c < C; c++)
          await later(
            backend().gemmSteps(
              ...([false, true, n, w, (to - from) * d, site.weightScale] as const),
              ...([slices[c].data, (to - from) * d, P.subarray(from * d), a * d] as const),
              ...([1, out.data.subarray(c * K + k), C * K] as const),
            ),
          );
      }
    }
  }

  /** Gradients that are there (n·C × d): their product with a dense P. Khatri–Rao rows of a vector are signs. */
  private async addDense(gradients: Matrix, parameter: string, scale: number, out: Matrix): Promise<void> {
    const { dimension: K, dtype } = this.options;
    const P = Matrix.zeros(gradients.cols, K, dtype);
    this.fill(P.data, parameter, 0);
    await gemmAsync(gradients, P, { alpha: scale, beta: 1, out });
  }

  private fill(P: Vector, parameter: string, block: number): void {
    const { kind, rng } = this.options;
    rng.stream(`${parameter} ${block}`).fill(P, kind === 'gaussian' ? 'normal' : 'rademacher');
  }

  private transposedSignsOf(name: string, rows: number): Matrix {
    const key = `${name} transposed`;
    const made = this.signs.get(key) ?? this.signsOf(name, rows).transpose();
    this.signs.set(key, made);
    return made;
  }

  private signsOf(name: string, rows: number): Matrix {
    const known = this.signs.get(name);
    if (known) return known;
    const { dimension, dtype, rng } = this.options;
    const made = Matrix.zeros(rows, dimension, dtype);
    rng.stream(name).fill(made.data, 'rademacher');
    this.signs.set(name, made);
    return made;
  }
}

/** out_(i·C + c) += Σ_p (U_(i·T + p) + shift) ∘ V_((i·C + c)·T + p). */
function addProducts(U: Matrix, V: Matrix, C: number, T: number, shift: Vector, out: Matrix): void {
  const K = out.cols;
  for (let r = 0; r < out.rows; r++) {
    const row = out.row(r);
    for (let p = 0; p < T; p++) {
      const u = U.row(Math.floor(r / C) * T + p);
      const v = V.row(r * T + p);
      for (let k = 0; k < K; k++) row[k] += (u[k] + shift[k]) * v[k];
    }
  }
}

function squaredNorms(features: Matrix): Vector {
  const out = zeros(features.rows, features.dtype);
  rowDots(features, features, out);
  return out;
}

function siteBytes(sites: Sites): number {
  const of = ({ inputs, deltas }: Site) => {
    const { data } = deltas;
    return (inputs ? inputs.rows * inputs.cols * data.BYTES_PER_ELEMENT : 0) + data.byteLength;
  };
  return sites.sites.reduce((sum, site) => sum + of(site), 0);
}

function checkOptions(dimension: number, kind: ProjectionKind, outputs: string): void {
  const bad = (option: string, expected: string, got: unknown, todo: string): never => {
    throw new ValueError({ what: `projectedTangentKernel, ${option}`, expected, got: String(got), todo });
  };
  if (!(Number.isInteger(dimension) && dimension >= 1))
    bad('dimension', 'a whole number, 1 or more', dimension, '1024 is a good size; the paper takes 10240.');
  if (!['khatri-rao', 'rademacher', 'gaussian'].includes(kind))
    bad('kind', "'khatri-rao', 'rademacher' or 'gaussian'", kind, "Leave it out for 'khatri-rao'.");
  if (outputs !== 'trace' && outputs !== 'sum')
    bad('outputs', "'trace' or 'sum'", outputs, "'trace' is proj-trNTK, 'sum' proj-pNTK.");
}
