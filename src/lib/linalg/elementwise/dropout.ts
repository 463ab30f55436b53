/**
 * The mask of a dropout layer: 0 with the probability ρ, 1/(1 − ρ) else. The entries come from a generator that a call
 * keys (assembly/dropout.ts), so that a mask is made at SIMD's speed: one is as long as a layer's output, and each
 * step of a training needs a new one.
 */

import { ShapeError, ValueError } from '../../errors';
import type { Vector } from '../matrix';
import { at, shared, stage } from './stage';

/** Values of the 16 bits that decide on an entry. */
const VALUES = 2 ** 16;

/**
 * Fills `out` with independent entries: 0 with probability `rate` (0 ≤ rate < 1), else 1/(1 − rate). They are a function
 * of the rate and the five random 32-bit `words`, and in both precisions zero at the same places.
 *
 * An entry is decided by 16 bits, and the fifth word rounds 2¹⁶ rate up or down with the probabilities that make its
 * mean exact: entries are zero with the probability `rate`, not with its nearest multiple of 2⁻¹⁶.
 */
export function dropoutMask(out: Vector, rate: number, words: Uint32Array): void {
  if (!(rate >= 0 && rate < 1))
    throw new ValueError({
      what: 'dropoutMask, rate',
      expected: '0 ≤ rate < 1',
      got: `${rate}`,
      todo: 'Give the probability of a zero.',
    });
  if (words.length !== 5)
    throw new ShapeError({
      what: 'dropoutMask, words',
      expected: '5 random words',
      got: `${words.length}`,
      todo: 'Four are the key of the generator, the fifth rounds the rate.',
    });
  const zeros = Math.floor(rate * VALUES + words[4] / 2 ** 32);
  if (zeros === VALUES) {
    out.fill(0);
    return;
  }
  const kept = 1 / (1 - rate);
  const limit = zeros - VALUES / 2;
  const loops = shared(out);
  if (loops) {
    loops.dropoutMask(at(out), kept, limit, words[0], words[1], words[2], words[3], 0, out.length);
    return;
  }
  // A counter serves eight entries, and a tile begins at a multiple of 32.
  stage(1, out.length, [{ vector: out, use: 'out' }], false, ({ loops, addresses: [o], col, cols }) =>
    loops.dropoutMask(o, kept, limit, words[0], words[1], words[2], words[3], col / 8, cols),
  );
}
