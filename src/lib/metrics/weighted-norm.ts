/**
 * The size of a function that is known at nodes, (Σ w_i |g(x_i)|²)^½: with the weights of a quadrature rule it stands
 * for the L² norm, and with those of training or test nodes it is the error of a regression there (arXiv 2310.18612,
 * equation (9), where ‖·‖₀ is over the training nodes and ‖·‖₁ over the test nodes).
 */

import { NumericalError, ShapeError, ValueError } from '../errors';
import { Matrix } from '../linalg/matrix';
import { checkFinite } from './checks';

/** A function's values at n nodes: a vector, or a Matrix n × r whose row i is the value at node i. */
export type NodeValues = ArrayLike<number> | Matrix;

/**
 * (Σ w_i |g_i|²)^½ over nodes i, with |g_i|² the sum over the columns of a Matrix. Summed in float64, and scaled, so
 * that neither 1e-200 nor 1e200 is lost in its square. Throws a ShapeError unless there is one weight for each node, a
 * ValueError for NaN, infinity and negative weights.
 */
export function weightedNorm(g: NodeValues, weights: ArrayLike<number>): number {
  const values = asColumns(g);
  checkFinite('weightedNorm(g, weights), g', values.data, 1);
  checkWeights('weightedNorm(g, weights), weights', weights, values.rows);
  return norm(values, weights);
}

/**
 * ‖f − y‖ / ‖y‖ in the norm of the weights: the error of the values f beside the size of the true values y. Both of one
 * shape. Throws as `weightedNorm`, and a NumericalError where ‖y‖ is 0.
 */
export function relativeError(f: NodeValues, y: NodeValues, weights: ArrayLike<number>): number {
  const [predicted, actual] = [asColumns(f), asColumns(y)];
  if (predicted.rows !== actual.rows || predicted.cols !== actual.cols)
    throw new ShapeError({
      what: 'relativeError(f, y, weights)',
      expected: 'two of one shape',
      got: `${predicted.rows} × ${predicted.cols} and ${actual.rows} × ${actual.cols}`,
      todo: 'Row i of both must belong to the same node.',
    });
  checkFinite('relativeError(f, y, weights), f', predicted.data, 1);
  checkFinite('relativeError(f, y, weights), y', actual.data, 1);
  checkWeights('relativeError(f, y, weights), weights', weights, actual.rows);
  const size = norm(actual, weights);
  if (size === 0)
    throw new NumericalError({
      what: 'relativeError(f, y, weights), y',
      expected: 'values of a norm above 0',
      got: '0',
      todo: 'Take weightedNorm of the difference: nothing is relative to 0.',
    });
  const difference = Float64Array.from(predicted.data, (v, k) => v - actual.data[k]);
  return norm({ ...actual, data: difference }, weights) / size;
}

interface Columns {
  rows: number;
  cols: number;
  data: ArrayLike<number>;
}

/** A vector is one column. */
function asColumns(g: NodeValues): Columns {
  const { rows, cols, data } = g instanceof Matrix ? g : { rows: g.length, cols: 1, data: g };
  return { rows, cols, data };
}

function norm({ rows, cols, data }: Columns, weights: ArrayLike<number>): number {
  let scale = 0;
  for (let k = 0; k < data.length; k++) scale = Math.max(scale, Math.abs(data[k]));
  if (scale === 0) return 0;
  let sum = 0;
  for (let i = 0, k = 0; i < rows; i++)
    for (let j = 0; j < cols; j++, k++) sum += weights[i] * (data[k] / scale) ** 2;
  return scale * Math.sqrt(sum);
}

function checkWeights(what: string, weights: ArrayLike<number>, nodes: number): void {
  if (weights.length !== nodes)
    throw new ShapeError({
      what,
      expected: `${nodes}, one for each node`,
      got: String(weights.length),
      todo: 'Give the weights of the grid on which the values were taken.',
    });
  checkFinite(what, weights, 1);
  for (let i = 0; i < weights.length; i++)
    if (weights[i] < 0)
      throw new ValueError({
        what: `${what}, weight ${i}`,
        expected: '0 or more',
        got: String(weights[i]),
        todo: 'A norm has no negative weights.',
      });
}
