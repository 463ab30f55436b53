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
 * "Fast finite width neural tangent kernel", arXiv 2206.08720, sections 3.2–3.4 and table 1). This file holds the
 * factors and the way from a network's sites to them; terms.ts computes with them.
 */

import type { Matrix } from '../linalg/matrix';
import { Matrix as Dense } from '../linalg/matrix';
import type { LinearSite, Sites } from '../nets/site';

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
  const bytes = (m: Matrix) => m.data.byteLength;
  return factors.reduce(
    (sum, f) => sum + (f.kind === 'product' ? bytes(f.features) : bytes(f.inputs) + bytes(f.deltas)),
    0,
  );
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
export function tangentFactors(sites: Sites, bias: boolean, extent: Extent): Factor[] {
  const { examples: n, cotangents: C } = sites;
  return sites.sites.flatMap((site): Factor[] => {
    if (site.kind === 'linear') return linearFactors(site, n, C, bias ? site.biasScale : 0, extent);
    if (site.inputs === null && !bias) return [];
    const features = diagonalGradients(site.inputs, site.deltas, n, C, site.positions);
    return [{ kind: 'product', features, scale: site.scale ** 2 }];
  });
}

function linearFactors(site: LinearSite, n: number, C: number, biasScale: number, extent: Extent): Factor[] {
  const { inputs, positions: T } = site;
  const scale = site.weightScale ** 2;
  const shift = biasScale ** 2;
  if (T > 1) {
    const a = inputs.cols;
    const b = C * site.deltas.cols;
    const patches = extent.pairs * T * T * (a + b);
    const gradients = (extent.examples * T + extent.pairs) * a * b;
    const deltas = besideEachOther(site.deltas, n, C, T);
    const kind = patches <= gradients ? 'patches' : 'gradients';
    return [{ kind, positions: T, inputs, deltas, cotangents: C, scale, shift }];
  }
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
