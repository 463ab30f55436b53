/**
 * Kernels of what a network has computed, without its gradients:
 *
 *     conjugate   κ(x, x′) = ⟨h(x), h(x′)⟩, h the last hidden layer's output      (CK; Fan & Wang, arXiv 2005.11879)
 *     embedding   κ(x, x′) = Σ_l ⟨h_l(x), h_l(x′)⟩ over several layers            (Em; arXiv 2305.14585, section 3)
 *
 * Neither is normalised: the trNTK paper's are cosine(conjugateKernel(…)) and cosine(embeddingKernel(…)), the cosine
 * of the sum and not the sum of cosines.
 */

import { ValueError } from '../errors';
import { type DType, Matrix } from '../linalg/matrix';
import type { LayerOutput } from '../nets/layer';
import type { Network } from '../nets/network';
import { castSnapshot, type Snapshot } from '../nets/params';
import type { Workspace } from '../nets/workspace';
import { factoredKernel } from './factored';
import type { Factor } from './factors';
import type { Kernel } from './kernel';
import { layersWithParameters } from './tangent';

export interface ConjugateOptions {
  /** Adds 1 to every entry: the last layer's bias as one more feature, so that the CK is its exact NTK (default false). */
  bias?: boolean;
  /** Precision of the pass, the product and the result (default: the snapshot's). */
  dtype?: DType;
}

/** The Gram of the last hidden layer's output: of what enters the last layer that has parameters. */
export function conjugateKernel(net: Network, snapshot: Snapshot, options: ConjugateOptions = {}): Kernel {
  const { bias = false, dtype = snapshot.params.dtype } = options;
  const cast = castSnapshot(snapshot, dtype);
  const owners = layersWithParameters(net);
  return factoredKernel({
    name: 'conjugate kernel',
    dtype,
    inputs: net.inputs,
    factors(X, _, workspace) {
      const features = lastInput(net, cast, X, owners, workspace);
      const factors: Factor[] = [{ kind: 'product', features, scale: 1 }];
      if (bias) factors.push({ kind: 'product', features: ones(X.rows, dtype), scale: 1 });
      return factors;
    },
  });
}

/**
 * The features of the conjugate kernel, Φ (n × p) with κ(x, x′) = Φ(x)·Φ(x′): what enters the last layer that has
 * parameters, one row for each example of X, and with `bias` a last column of ones. Regressions on Φ keep the singular
 * values that the kernel squares; a linear probe is a model on Φ. Throws as `net.forward` does.
 */
export function conjugateFeatures(
  net: Network,
  snapshot: Snapshot,
  X: Matrix,
  options: ConjugateOptions = {},
): Matrix {
  const { bias = false, dtype = snapshot.params.dtype } = options;
  const hidden = lastInput(net, castSnapshot(snapshot, dtype), X, layersWithParameters(net));
  if (!bias) return hidden.copy();
  const features = Matrix.zeros(hidden.rows, hidden.cols + 1, dtype);
  for (let i = 0; i < hidden.rows; i++) {
    const row = features.row(i);
    row.set(hidden.row(i));
    row[hidden.cols] = 1;
  }
  return features;
}

/** What enters the last layer that has parameters; the input itself where none has. */
function lastInput(
  net: Network,
  snapshot: Snapshot,
  X: Matrix,
  owners: ReadonlySet<string>,
  workspace?: Workspace,
): Matrix {
  const outputs = net.forward(snapshot, X, { workspace }).outputs;
  const last = lastOwner(outputs, owners);
  return last < 0 ? X.as(snapshot.params.dtype) : outputs[last].input;
}

export interface EmbeddingOptions {
  /** Full names of the layers whose outputs count (default: every activation before the last layer with parameters). */
  layers?: readonly string[];
  /** Precision of the pass, the products and the result (default: the snapshot's). */
  dtype?: DType;
}

/** The sum of the Grams of layers' outputs. Throws a ValueError when a named layer is not there, or none is left. */
export function embeddingKernel(net: Network, snapshot: Snapshot, options: EmbeddingOptions = {}): Kernel {
  const { layers, dtype = snapshot.params.dtype } = options;
  const cast = castSnapshot(snapshot, dtype);
  const owners = layersWithParameters(net);
  // One example of zeros shows which outputs there are: a wrong name is an error here, not later.
  const shown = net.forward(cast, Matrix.zeros(1, net.inputs, dtype)).outputs;
  const chosen = layers ? named(shown, layers) : hiddenActivations(shown, owners);
  return factoredKernel({
    name: `embedding kernel (${chosen.join(', ')})`,
    dtype,
    inputs: net.inputs,
    factors: (X, _, workspace) =>
      net
        .forward(cast, X, { workspace })
        .outputs.filter(({ name }) => chosen.includes(name))
        .map(({ output }): Factor => ({ kind: 'product', features: output, scale: 1 })),
  });
}

const ACTIVATIONS = new Set(['relu', 'tanh', 'sigmoid', 'softplus', 'elu', 'identity']);

function hiddenActivations(outputs: readonly LayerOutput[], owners: ReadonlySet<string>): string[] {
  const last = lastOwner(outputs, owners);
  const names = outputs
    .slice(0, Math.max(0, last))
    .filter(({ kind }) => ACTIVATIONS.has(kind))
    .map(({ name }) => name);
  return names.length > 0 ? names : missing(outputs, 'no activation before the last layer with parameters');
}

function named(outputs: readonly LayerOutput[], layers: readonly string[]): string[] {
  const known = outputs.map(({ name }) => name);
  const unknown = layers.filter((name) => !known.includes(name));
  if (unknown.length > 0 || layers.length === 0)
    missing(outputs, unknown.length > 0 ? unknown.join(', ') : 'none');
  return [...new Set(layers)];
}

function missing(outputs: readonly LayerOutput[], got: string): never {
  throw new ValueError({
    what: 'embeddingKernel, layers',
    expected: `names of layers: ${outputs.map(({ name }) => name).join(', ')}`,
    got,
    todo: 'Name the layers whose outputs are to count: { layers: [...] }.',
  });
}

/** The place of the last layer that has parameters; −1 when none has. */
function lastOwner(outputs: readonly LayerOutput[], owners: ReadonlySet<string>): number {
  let last = -1;
  outputs.forEach(({ name }, k) => {
    if (owners.has(name)) last = k;
  });
  return last;
}

function ones(rows: number, dtype: DType): Matrix {
  const column = Matrix.zeros(rows, 1, dtype);
  column.data.fill(1);
  return column;
}
