/**
 * Empirical tangent kernels of a network at a snapshot, over all trainable parameters θ:
 *
 *     trace    κ(x, x′) = Σ_c ⟨∂f_c(x)/∂θ, ∂f_c(x′)/∂θ⟩       (trNTK before normalisation: trNTK⁰; arXiv 2305.14585, eq. 4)
 *     output   κ(x, x′) = ⟨∂f_c(x)/∂θ, ∂f_c(x′)/∂θ⟩           (the NTK of one output: a diagonal block of the whole)
 *     pseudo   κ(x, x′) = 1/C ⟨∂ Σ_c f_c(x)/∂θ, ∂ Σ_c f_c(x′)/∂θ⟩   (pNTK; Mohamadi & Sutherland, arXiv 2206.12543)
 *
 * In place of an output there may be any combination Σ_c a_c f_c of them: f_0 − f_1, the logit of two classes under a
 * softmax (arXiv 2310.18612, remark 3.1).
 *
 * None makes a gradient: a backward pass leaves H and Δ at each layer, and the layer's share is
 * (w² HHᵀ + β²) ∘ (ΔΔᵀ), with the outputs side by side in Δ (factors.ts).
 *
 * The normalised trNTK is cosine(tangentKernel(…)): K_ij / √(K_ii K_jj), as in the authors' program. Their eq. 4 prints
 * another denominator, Σ_c ‖g_c(x)‖ · Σ_c ‖g_c(x′)‖, which is the same for one output only, and for more does not give 1
 * on the diagonal that the text promises.
 */

import { ShapeError, ValueError } from '../errors';
import { checkFinite } from '../linalg/check';
import { type DType, Matrix } from '../linalg/matrix';
import type { Network } from '../nets/network';
import { castSnapshot, type Snapshot } from '../nets/params';
import type { Sites } from '../nets/site';
import { FreshWorkspace, type Workspace } from '../nets/workspace';
import { factoredKernel } from './factored';
import { type Factor, tangentFactors } from './factors';
import type { Kernel } from './kernel';

export interface ParameterOptions {
  /** Whether biases (and shifts) count as parameters (default true). */
  bias?: boolean;
  /** Only the parameters of these layers, by full name (default: all). */
  layers?: readonly string[];
  /** Precision of the passes, the products and the result (default: the snapshot's). */
  dtype?: DType;
}

export interface TangentOptions extends ParameterOptions {
  /**
   * 'trace' (default): summed over outputs. A number: of that output alone. A list of as many numbers a_c as outputs: of
   * the function Σ_c a_c f_c.
   */
  outputs?: 'trace' | number | readonly number[];
}

/**
 * The tangent kernel of `net` at `snapshot`. Its methods run the network in mode 'evaluate', and throw as
 * `net.forward` does. Throws a ValueError for an output or a layer that the network does not have, a ShapeError for
 * another number of coefficients than outputs.
 */
export function tangentKernel(net: Network, snapshot: Snapshot, options: TangentOptions = {}): Kernel {
  const { outputs = 'trace' } = options;
  const cotangents = outputs === 'trace' ? traceCotangents(net) : oneFunction(net, outputs);
  const what =
    typeof outputs === 'object'
      ? `outputs times ${outputs.join(', ')}`
      : outputs === 'trace'
        ? 'trace'
        : `output ${outputs}`;
  return kernelOf(net, snapshot, `tangent kernel (${what})`, cotangents, options);
}

/** The kernel of the gradient of the sum of the outputs, divided by their number C. One output: the tangent kernel. */
export function pseudoTangentKernel(
  net: Network,
  snapshot: Snapshot,
  options: ParameterOptions = {},
): Kernel {
  return kernelOf(net, snapshot, 'pseudo tangent kernel', sumCotangent(net), options);
}

function kernelOf(
  net: Network,
  snapshot: Snapshot,
  name: string,
  cotangents: Cotangents,
  options: ParameterOptions,
): Kernel {
  const { bias = true, dtype = snapshot.params.dtype } = options;
  checkLayers(net, options.layers);
  const cast = castSnapshot(snapshot, dtype);
  return factoredKernel({
    name,
    dtype,
    inputs: net.inputs,
    factors: (X, extent, workspace): Factor[] =>
      tangentFactors(sitesOf(net, cast, X, cotangents, options.layers, workspace), bias, extent, workspace),
  });
}

/** The cotangents that each example gets: C rows of d_out numbers. */
export interface Cotangents {
  readonly count: number;
  readonly rows: Matrix;
}

/** Each output by itself: C = d_out rows of the identity. */
export function traceCotangents(net: Network): Cotangents {
  return { count: net.outputs, rows: Matrix.identity(net.outputs) };
}

/** One output, or one combination of them all. */
export function oneFunction(net: Network, outputs: number | readonly number[]): Cotangents {
  return {
    count: 1,
    rows: typeof outputs === 'object' ? combination(net, outputs) : oneOutput(net, outputs),
  };
}

function oneOutput(net: Network, output: number): Matrix {
  if (!(Number.isInteger(output) && output >= 0 && output < net.outputs))
    throw new ValueError({
      what: 'Tangent kernel, outputs',
      expected: `'trace' or an output of 0 … ${net.outputs - 1}`,
      got: `${output}`,
      todo: `The network has ${net.outputs} output(s); they count from 0.`,
    });
  const row = Matrix.zeros(1, net.outputs);
  row.data[output] = 1;
  return row;
}

function combination(net: Network, coefficients: readonly number[]): Matrix {
  const what = 'Tangent kernel, outputs';
  if (coefficients.length !== net.outputs)
    throw new ShapeError({
      what,
      expected: `${net.outputs} coefficients, one for each output`,
      got: `${coefficients.length}`,
      todo: 'Give 0 to an output that is not to count; the number of an output alone stands for that output.',
    });
  const row = Matrix.from([coefficients]);
  checkFinite(what, 'the coefficients', row.data);
  return row;
}

/** Σ_c f_c / √C. */
export function sumCotangent(net: Network): Cotangents {
  const rows = Matrix.zeros(1, net.outputs);
  rows.data.fill(1 / Math.sqrt(net.outputs));
  return { count: 1, rows };
}

/** The sites of one pass over X, each example with the same cotangents; of the named layers only. */
export function sitesOf(
  net: Network,
  snapshot: Snapshot,
  X: Matrix,
  cotangents: Cotangents,
  layers?: readonly string[],
  workspace: Workspace = new FreshWorkspace(snapshot.params.dtype),
): Sites {
  const pass = net.forward(snapshot, X, { workspace, keep: 'backward' });
  const { count, rows } = cotangents;
  const every = workspace.matrix(X.rows * count, net.outputs);
  for (let i = 0; i < X.rows; i++) every.data.set(rows.data, i * rows.data.length);
  const { sites } = pass.backward(every, { cotangents: count, sites: true, input: false });
  if (!layers) return sites;
  return { ...sites, sites: sites.sites.filter((site) => layers.includes(site.layer)) };
}

/** Full names of the layers that have trainable parameters. */
export function layersWithParameters(net: Network): Set<string> {
  return new Set([...net.layout.places.keys()].map((name) => name.slice(0, name.lastIndexOf('/'))));
}

/** Throws unless every name is that of a layer with trainable parameters. */
export function checkLayers(net: Network, layers: readonly string[] | undefined): void {
  if (!layers) return;
  const known = layersWithParameters(net);
  const unknown = layers.filter((name) => !known.has(name));
  if (layers.length > 0 && unknown.length === 0) return;
  throw new ValueError({
    what: 'Tangent kernel, layers',
    expected: `names of layers with parameters: ${[...known].join(', ')}`,
    got: layers.length === 0 ? 'none' : unknown.join(', '),
    todo: 'Leave the option out for all layers.',
  });
}
