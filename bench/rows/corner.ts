/** What is compared of a large matrix: some entries, spread over it (`corner` of bench/peers/protocol.py). */

import type { Matrix } from '../../src/lib/linalg';

export function corner(matrix: Matrix): number[] {
  const { rows, cols, data } = matrix;
  return Array.from({ length: 64 }, (_, i) => data[((i * 37) % rows) * cols + ((i * 101 + 7) % cols)]);
}
