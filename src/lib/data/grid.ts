/**
 * Uniform grids, and the weights of the trapezoidal rule on them: the training and test nodes of a regression on an
 * interval or a rectangle (arXiv 2310.18612, equation (31) and section 5.1). N counts intervals, so a grid has N + 1
 * nodes. A node depends on a, b and the fraction i/N alone, so the grid of N is part of that of τN bit for bit: a
 * test on the finer grid meets the training nodes themselves, not numbers that are near them.
 */

import { ValueError } from '../errors';
import { Matrix } from '../linalg/matrix';

/** N + 1 nodes at equal distances, both ends of the interval among them. */
export interface UniformGrid {
  /** x_i, rising; the first is a, the last is b. */
  nodes: Float64Array;
  /** (b − a)/N. */
  step: number;
  /** Of the trapezoidal rule: the step, half of it at both ends. */
  weights: Float64Array;
  /** The nodes as examples: (N + 1) × 1, float64. */
  inputs: Matrix;
}

/** Every pair of a node of one grid with a node of another, the second running fastest. */
export interface ProductGrid {
  axes: readonly [UniformGrid, UniformGrid];
  /** Nodes on each axis. */
  shape: readonly [number, number];
  /** The product of the axes' weights, for each node. */
  weights: Float64Array;
  /** The nodes as examples: shape[0] · shape[1] × 2, float64. */
  inputs: Matrix;
  /** The row of node (i, j) in `inputs`. Throws a ValueError for a node that the grid does not have. */
  index(i: number, j: number): number;
}

/** The grid of N intervals on [a, b]. Throws a ValueError unless a < b, both finite, and N is a whole number from 1. */
export function uniformGrid(a: number, b: number, N: number): UniformGrid {
  if (!(a < b && Number.isFinite(b - a)))
    throw new ValueError({
      what: 'uniformGrid(a, b, N), ends',
      expected: 'two finite numbers, a < b',
      got: `${a} and ${b}`,
      todo: 'Give the ends of the interval.',
    });
  if (!(Number.isInteger(N) && N >= 1))
    throw new ValueError({
      what: 'uniformGrid(a, b, N), N',
      expected: 'a whole number of intervals, 1 or more',
      got: String(N),
      todo: 'N intervals have N + 1 nodes.',
    });
  const step = (b - a) / N;
  // i/N is rounded once, so (τi)/(τN) is the same number; and 0 and 1 give a and b themselves.
  const nodes = Float64Array.from({ length: N + 1 }, (_, i) => a * (1 - i / N) + b * (i / N));
  const weights = new Float64Array(N + 1).fill(step);
  weights[0] = weights[N] = step / 2;
  return { nodes, step, weights, inputs: new Matrix(N + 1, 1, nodes) };
}

/** The grid of a rectangle: `productGrid(uniformGrid(-1, 1, 11), uniformGrid(-1, 1, 7))` has 12 × 8 nodes. */
export function productGrid(first: UniformGrid, second: UniformGrid): ProductGrid {
  const [rows, cols] = [first.nodes.length, second.nodes.length];
  const inputs = Matrix.zeros(rows * cols, 2);
  const weights = new Float64Array(rows * cols);
  for (let i = 0, k = 0; i < rows; i++)
    for (let j = 0; j < cols; j++, k++) {
      inputs.data.set([first.nodes[i], second.nodes[j]], 2 * k);
      weights[k] = first.weights[i] * second.weights[j];
    }
  const has = (i: number, n: number) => Number.isInteger(i) && i >= 0 && i < n;
  return {
    axes: [first, second],
    shape: [rows, cols],
    weights,
    inputs,
    index(i, j) {
      if (has(i, rows) && has(j, cols)) return i * cols + j;
      throw new ValueError({
        what: 'index(i, j) of a product grid',
        expected: `i of 0 … ${rows - 1} and j of 0 … ${cols - 1}`,
        got: `(${i}, ${j})`,
        todo: 'Nodes count from 0.',
      });
    },
  };
}
