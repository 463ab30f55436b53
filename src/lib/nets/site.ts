/**
 * Sites: what a backward pass leaves at each trainable parameter. The gradient of every layer of this library is
 * a sum of outer products of what entered the layer and what came back to it, so the two factors, H and Δ, say
 * all there is to know about tangents: the gradient, per-example gradients, tangent kernels and their random
 * projections are products of H and Δ, written once, here and in `kernels/`, for every kind of layer.
 *
 * (Goodfellow, "Efficient per-example gradient computations", arXiv 1510.01799, for dense layers; Rochette et
 * al., arXiv 1912.06015, for convolutions as sums over positions; Novak, Sohl-Dickstein & Schoenholz, "Fast
 * finite width neural tangent kernel", arXiv 2206.08720, sections 3.2–3.3, for their use in kernels.)
 */

import { columnDots, columnSums } from '../linalg/elementwise';
import { type DType, Matrix } from '../linalg/matrix';
import type { Params } from './params';
import { productTransposeA } from './product';
import type { Workspace } from './workspace';

/**
 * A matrix of weights W (d_in × d_out), and its bias b, applied at T positions of each example:
 * y_ip = weightScale · h_ip W + biasScale · b. For example i and cotangent c,
 *
 *     ∂W = weightScale Σ_p h_ipᵀ δ_icp,     ∂b = biasScale Σ_p δ_icp.
 */
export interface LinearSite {
  readonly kind: 'linear';
  /** Full name of the layer. */
  readonly layer: string;
  /** Full names of its parameters; `bias` is null where there is none. */
  readonly weight: string;
  readonly bias: string | null;
  /** H: n·T × d_in, row i·T + p. */
  readonly inputs: Matrix | Patches;
  /** Δ: n·C·T × d_out, row (i·C + c)·T + p, the cotangent of y. */
  readonly deltas: Matrix;
  /** T. */
  readonly positions: number;
  readonly weightScale: number;
  /** 0 where there is no bias. */
  readonly biasScale: number;
}

/**
 * H where it is many times what it is made of, as the patches of a convolution: not a matrix, but what is needed of one.
 */
export interface Patches {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  /** out = alpha H W + beta out. */
  times(W: Matrix, alpha: number, beta: number, out: Matrix): void;
  /** out = alpha H′ᵀ D + beta out, with H′ as many rows of H as D has, those of whole examples from row `start` on. */
  transposeTimes(start: number, D: Matrix, alpha: number, beta: number, out: Matrix): void;
  /** H, in a matrix of the workspace. */
  writtenOut(workspace: Workspace): Matrix;
}

/** H as a matrix: itself, or its patches written out. */
export const writtenOut = (inputs: Matrix | Patches, workspace: Workspace): Matrix =>
  inputs instanceof Matrix ? inputs : inputs.writtenOut(workspace);

/**
 * A vector g (1 × d) that multiplies elementwise, or adds: y_ip = scale · h_ip ∘ g, with h = 1 for a shift.
 * For example i and cotangent c, ∂g = scale Σ_p h_ip ∘ δ_icp.
 */
export interface DiagonalSite {
  readonly kind: 'diagonal';
  readonly layer: string;
  /** Full name of the parameter. */
  readonly parameter: string;
  /** n·T × d, row i·T + p; null stands for ones (a shift). */
  readonly inputs: Matrix | null;
  /** n·C·T × d, row (i·C + c)·T + p. */
  readonly deltas: Matrix;
  readonly positions: number;
  readonly scale: number;
}

export type Site = LinearSite | DiagonalSite;

/** Every site of one backward pass, first layer first. */
export interface Sites {
  /** n. */
  readonly examples: number;
  /** C. */
  readonly cotangents: number;
  readonly sites: readonly Site[];
}

/**
 * The derivative of a site along a direction: Ḣ (null: zero) and Δ̇, of the shapes of H and Δ. Then
 * d(∂W) = weightScale Σ (ḣᵀ δ + hᵀ δ̇).
 */
export interface SiteTangent {
  readonly inputs: Matrix | Patches | null;
  readonly deltas: Matrix;
}

/**
 * Adds a site's gradient, summed over examples and cotangents, to `gradient` (first = true: writes it there
 * instead, so that a buffer need not be zeroed before each step).
 */
export function addGradient(
  site: Site,
  cotangents: number,
  gradient: Params,
  first: boolean,
  workspace: Workspace,
): void {
  addProduct(site, site.inputs, sumCotangents(site.deltas, cotangents, site.positions, workspace), {
    gradient,
    first,
    bias: true,
  });
}

/** Adds the derivative of a site's gradient (d∂W = weightScale (Ḣᵀ Δ + Hᵀ Δ̇), d∂b = biasScale Σ δ̇) likewise. */
export function addGradientTangent(
  site: Site,
  tangent: SiteTangent,
  cotangents: number,
  gradient: Params,
  first: boolean,
  workspace: Workspace,
): void {
  const sum = (deltas: Matrix) => sumCotangents(deltas, cotangents, site.positions, workspace);
  addProduct(site, site.inputs, sum(tangent.deltas), { gradient, first, bias: true });
  if (tangent.inputs)
    addProduct(site, tangent.inputs, sum(site.deltas), { gradient, first: false, bias: false });
}

/** ∂W += weightScale Hᵀ Δ and ∂b += biasScale 1ᵀΔ, or their diagonal counterparts. */
function addProduct(
  site: Site,
  inputs: Matrix | Patches | null,
  deltas: Matrix,
  options: { gradient: Params; first: boolean; bias: boolean },
): void {
  const { gradient, first, bias } = options;
  if (site.kind === 'linear') {
    const weight = gradient.get(site.weight);
    const beta = first ? 0 : 1;
    if (inputs instanceof Matrix) productTransposeA(inputs, deltas, site.weightScale, beta, weight);
    else inputs?.transposeTimes(0, deltas, site.weightScale, beta, weight);
    if (site.bias !== null && bias) addColumnSums(deltas, site.biasScale, gradient.get(site.bias), first);
    return;
  }
  const out = gradient.get(site.parameter);
  if (inputs instanceof Matrix)
    columnDots(inputs.data, deltas.data, deltas.rows, deltas.cols, out.data, site.scale, first ? 0 : 1);
  else addColumnSums(deltas, site.scale, out, first);
}

function addColumnSums(A: Matrix, scale: number, out: Matrix, first: boolean): void {
  columnSums(A.data, A.rows, A.cols, out.data, scale, first ? 0 : 1);
}

/** Σ_c of rows (i·C + c)·T + p: n·T × d. Itself when C = 1. */
function sumCotangents(deltas: Matrix, cotangents: number, positions: number, workspace: Workspace): Matrix {
  if (cotangents === 1) return deltas;
  const block = positions * deltas.cols;
  const out = workspace.matrix(deltas.rows / cotangents, deltas.cols);
  for (let i = 0; i < out.data.length; i += block) {
    out.data.set(deltas.data.subarray(i * cotangents, i * cotangents + block), i);
    for (let c = 1; c < cotangents; c++) {
      const from = i * cotangents + c * block;
      for (let k = 0; k < block; k++) out.data[i + k] += deltas.data[from + k];
    }
  }
  return out;
}
