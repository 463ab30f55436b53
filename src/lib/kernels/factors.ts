/**
 * The form in which kernels are computed. A kernel of a network is a sum of terms, each a product of Gram matrices of
 * small factors; a factor is what one term needs to know of a set of examples:
 *
 *     product    s F Fᵀ                                       embeddings, biases, projected gradients
 *     hadamard   (s HHᵀ + c) ∘ (ΔΔᵀ)                          a layer's gradients h δᵀ, without making them
 *     patches    Σ_pq (s h_ip·h_jq + c) (δ_ip·δ_jq)           the same for a layer applied at T positions
 *     gradients  Σ_c ⟨Σ_p h_ip δ_icpᵀ, Σ_q h_jq δ_jcqᵀ⟩        the same by making the gradients, a slice at a time
 *
 * The last three are the same number; which is cheapest depends on the sizes (Novak, Sohl-Dickstein & Schoenholz,
 * "Fast finite width neural tangent kernel", arXiv 2206.08720, sections 3.2–3.4 and table 1). Where the gradients are
 * fewer numbers than the H and Δ that they are made of, as those of a convolution's small kernel over many positions, they
 * are made at once and the term is a product. This file holds the factors and the way from a network's sites to them;
 * terms.ts computes with them.
 */

import { columnSums } from '../linalg/elementwise';
import type { Matrix } from '../linalg/matrix';
import { Matrix as Dense } from '../linalg/matrix';
import { productTransposeA } from '../nets/product';
import { type LinearSite, type Sites, writtenOut } from '../nets/site';
import { FreshWorkspace, type Workspace } from '../nets/workspace';

export interface ProductFactor {
  readonly kind: 'product';
  /** F: n × f. */
  readonly features: Matrix;
  /** s. */
  readonly scale: number;
}

export interface HadamardFactor {
  readonly kind: 'hadamard';
  /** H: n × a. */
  readonly inputs: Matrix;
  /** Δ: n × b. */
  readonly deltas: Matrix;
  /** s and c. */
  readonly scale: number;
  readonly shift: number;
}

export interface PositionsFactor {
  readonly kind: 'patches' | 'gradients';
  /** T. */
  readonly positions: number;
  /** H: n·T × a, row i·T + p. */
  readonly inputs: Matrix;
  /** Δ: n·T × C·d, row i·T + p, the cotangents beside each other. */
  readonly deltas: Matrix;
  /** C. */
  readonly cotangents: number;
  readonly scale: number;
  readonly shift: number;
}

export type Factor = ProductFactor | HadamardFactor | PositionsFactor;

/** Bytes that factors hold. */
export function factorBytes(factors: readonly Factor[]): number {
  return factors.flatMap(matricesOf).reduce((sum, { data }) => sum + data.byteLength, 0);
}

const matricesOf = (factor: Factor): Matrix[] =>
  factor.kind === 'product' ? [factor.features] : [factor.inputs, factor.deltas];

/** A factor like the given one of `examples` examples, for `all` examples; its numbers are to be put there. */
export function roomFor(factor: Factor, examples: number, all: number, workspace: Workspace): Factor {
  const room = ({ rows, cols }: Matrix) => workspace.matrix((rows / examples) * all, cols);
  return factor.kind === 'product'
    ? { ...factor, features: room(factor.features) }
    : { ...factor, inputs: room(factor.inputs), deltas: room(factor.deltas) };
}

/** Puts a factor of the examples from the `start`-th of `all` on to its place in the factor of all. */
export function putFactor(part: Factor, whole: Factor, start: number, all: number): void {
  const places = matricesOf(whole);
  matricesOf(part).forEach(({ data }, k) => {
    const { data: out } = places[k];
    out.set(data, (out.length / all) * start);
  });
}

/** How many pairs of examples, and how many examples, a computation will touch: what the choice of a form rests on. */
export interface Extent {
  readonly pairs: number;
  readonly examples: number;
}

/**
 * The terms of the tangent kernel: one for each trainable parameter,
 * Σ_c ⟨∂f_c(x_i)/∂θ, ∂f_c(x_j)/∂θ⟩ summed over the C cotangents of the pass. With `bias` false, biases and shifts are
 * left out.
 */
export function tangentFactors(
  sites: Sites,
  bias: boolean,
  extent: Extent,
  workspace: Workspace = new FreshWorkspace(sites.sites[0]?.deltas.dtype ?? 'float64'),
): Factor[] {
  const { examples: n, cotangents: C } = sites;
  return sites.sites.flatMap((site): Factor[] => {
    if (site.kind === 'linear')
      return linearFactors(site, n, C, bias ? site.biasScale : 0, extent, workspace);
    if (site.inputs === null && !bias) return [];
    const features = diagonalGradients(site.inputs, site.deltas, n, C, site.positions);
    return [{ kind: 'product', features, scale: site.scale ** 2 }];
  });
}

function linearFactors(
  site: LinearSite,
  n: number,
  C: number,
  biasScale: number,
  extent: Extent,
  workspace: Workspace,
): Factor[] {
  const { positions: T } = site;
  const scale = site.weightScale ** 2;
  const shift = biasScale ** 2;
  if (T > 1) {
    const a = site.inputs.cols;
    const b = C * site.deltas.cols;
    const patches = extent.pairs * T * T * (a + b);
    const gradients = (extent.examples * T + extent.pairs) * a * b;
    if (gradients < patches && gradientsAreSmaller(site, C))
      return [{ kind: 'product', features: positionGradients(site, n, C, biasScale, workspace), scale: 1 }];
    const inputs = writtenOut(site.inputs, workspace);
    const deltas = besideEachOther(site.deltas, n, C, T);
    const kind = patches <= gradients ? 'patches' : 'gradients';
    return [{ kind, positions: T, inputs, deltas, cotangents: C, scale, shift }];
  }
  const inputs = writtenOut(site.inputs, workspace);
  const deltas = site.deltas.reshape(n, C * site.deltas.cols);
  if (deltas.cols > 1) return [{ kind: 'hadamard', inputs, deltas, scale, shift }];
  // One number comes back: the gradient δ h is as small as h, and one product does.
  const features = Dense.zeros(n, inputs.cols, inputs.dtype);
  for (let i = 0; i < n; i++) {
    const delta = deltas.data[i];
    const from = i * inputs.cols;
    for (let j = from; j < from + inputs.cols; j++) features.data[j] = delta * inputs.data[j];
  }
  const terms: Factor[] = [{ kind: 'product', features, scale }];
  if (shift > 0) terms.push({ kind: 'product', features: deltas, scale: shift });
  return terms;
}

/** Whether the C gradients of an example are no more numbers than the H and Δ that they are made of. */
export function gradientsAreSmaller({ inputs, deltas, positions: T }: LinearSite, C: number): boolean {
  return inputs.cols * C * deltas.cols <= T * (inputs.cols + C * deltas.cols);
}

/**
 * The gradients ∂W = w Σ_p h_ip δ_icpᵀ and ∂b = β Σ_p δ_icp of every example and cotangent, row after row and ∂b as the row
 * after the last: n × C·(a + 1)·d, or n × C·a·d when β is 0.
 */
export function positionGradients(
  site: LinearSite,
  n: number,
  C: number,
  biasScale: number,
  workspace: Workspace,
): Matrix {
  const { inputs, deltas, positions: T, weightScale } = site;
  const a = inputs.cols;
  const d = deltas.cols;
  const each = (biasScale === 0 ? a : a + 1) * d;
  const out = workspace.matrix(n, C * each);
  for (let k = 0; k < n * C; k++) {
    const start = Math.floor(k / C) * T;
    const D = deltas.slice(k * T, (k + 1) * T);
    const G = out.data.subarray(k * each, (k + 1) * each);
    const weights = new Dense(a, d, G.subarray(0, a * d));
    if (inputs instanceof Dense)
      productTransposeA(inputs.slice(start, start + T), D, weightScale, 0, weights);
    else inputs.transposeTimes(start, D, weightScale, 0, weights);
    if (biasScale !== 0) columnSums(D.data, T, d, G.subarray(a * d), biasScale);
  }
  return out;
}

/** Rows (i·C + c)·T + p become rows i·T + p with the C cotangents as columns: n·T × C·d. Itself when C = 1. */
export function besideEachOther(deltas: Matrix, n: number, C: number, T: number): Matrix {
  if (C === 1) return deltas;
  const d = deltas.cols;
  const out = Dense.zeros(n * T, C * d, deltas.dtype);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < C; c++)
      for (let p = 0; p < T; p++) {
        const from = ((i * C + c) * T + p) * d;
        out.data.set(deltas.data.subarray(from, from + d), ((i * T + p) * C + c) * d);
      }
  return out;
}

/** Σ_p h_ip ∘ δ_icp: n × C·d; h = 1 when inputs is null. */
export function diagonalGradients(
  inputs: Matrix | null,
  deltas: Matrix,
  n: number,
  C: number,
  T: number,
): Matrix {
  const d = deltas.cols;
  const out = Dense.zeros(n, C * d, deltas.dtype);
  for (let i = 0; i < n; i++)
    for (let c = 0; c < C; c++)
      for (let p = 0; p < T; p++) {
        const from = ((i * C + c) * T + p) * d;
        const to = (i * C + c) * d;
        const h = (i * T + p) * d;
        for (let k = 0; k < d; k++)
          out.data[to + k] += (inputs ? inputs.data[h + k] : 1) * deltas.data[from + k];
      }
  return out;
}
