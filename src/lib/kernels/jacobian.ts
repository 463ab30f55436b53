/**
 * Explicit Jacobian rows ∂f_c(x_i)/∂θ: what tangent kernels are Grams of. Each row is one backward pass of one example
 * by itself, with none of the structure that the kernels use, so this is their oracle in tests; and for networks and
 * sets small enough it is the feature matrix itself (its singular vectors, regressions on it).
 */

import { type DType, Matrix } from '../linalg/matrix';
import type { Network } from '../nets/network';
import { castSnapshot, type Snapshot } from '../nets/params';
import { oneFunction, traceCotangents } from './tangent';

export interface JacobianOptions {
  /**
   * 'all' (default): a row for each output. A number: of that output alone. A list of as many numbers a_c as outputs: of
   * the function Σ_c a_c f_c.
   */
  outputs?: 'all' | number | readonly number[];
  /** Default: the snapshot's. */
  dtype?: DType;
}

/**
 * J (n·C × P): row i·C + c is ∂f_c(x_i)/∂θ (with one output or a combination chosen, row i), in the order of
 * `snapshot.params.data`. X: n × d_in. Throws as `net.forward`, and as `tangentKernel` for outputs that do not fit.
 */
export function jacobian(net: Network, snapshot: Snapshot, X: Matrix, options: JacobianOptions = {}): Matrix {
  const { outputs = 'all', dtype = snapshot.params.dtype } = options;
  const { count, rows } = outputs === 'all' ? traceCotangents(net) : oneFunction(net, outputs);
  const cast = castSnapshot(snapshot, dtype);
  const J = Matrix.zeros(X.rows * count, net.parameterCount, dtype);
  for (let i = 0; i < X.rows; i++) {
    const pass = net.forward(cast, X.slice(i, i + 1));
    for (let c = 0; c < count; c++) {
      const { gradient } = pass.backward(rows.slice(c, c + 1), { gradient: true, input: false });
      J.row(i * count + c).set(gradient.data);
    }
  }
  return J;
}
