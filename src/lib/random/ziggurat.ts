/**
 * Standard normal deviates by the ziggurat: the density is covered by 128 layers of equal area, and a point drawn
 * in a layer is accepted at once in 98.8 % of draws, so that one deviate costs one multiplication and one
 * comparison. Exact: the wedge and the tail are treated by rejection, not approximated. The layer and the abscissa
 * come from different bits, which is the correction of Doornik to Marsaglia and Tsang's first version.
 *
 * G. Marsaglia, W. W. Tsang, "The ziggurat method for generating random variables", J. Stat. Softw. 5(8), 2000.
 * J. A. Doornik, "An improved ziggurat method to generate normal random samples", Oxford, 2005 (ZIGNOR).
 */

import type { Bits } from './bits';

const LAYERS = 128;
const STEP = 2 ** -52;
/** Where the tail begins. */
const R = 3.442619855899;
/** The area of each layer. */
const AREA = 9.91256303526217e-3;

/** The right edge of each layer, from the bottom (wider than R, since the bottom holds the tail's area) to 0. */
const EDGE = new Float64Array(LAYERS + 1);
/** EDGE[i + 1] / EDGE[i]: the share of layer i that lies wholly under the density. */
const INSIDE = new Float64Array(LAYERS);
{
  let density = Math.exp(-0.5 * R * R);
  EDGE[0] = AREA / density;
  EDGE[1] = R;
  for (let i = 2; i < LAYERS; i++) {
    EDGE[i] = Math.sqrt(-2 * Math.log(AREA / EDGE[i - 1] + density));
    density = Math.exp(-0.5 * EDGE[i] * EDGE[i]);
  }
  EDGE[LAYERS] = 0;
  for (let i = 0; i < LAYERS; i++) INSIDE[i] = EDGE[i + 1] / EDGE[i];
}

/** One standard normal deviate. */
export function standardNormal(bits: Bits): number {
  // 64 bits: 26 + 27 for the abscissa in [−1, 1), 7 others for the layer.
  const high = bits.word();
  const low = bits.word();
  const u = ((high >>> 6) * 0x8000000 + (low >>> 5)) * STEP - 1;
  const layer = ((high & 3) << 5) | (low & 31);
  return Math.abs(u) < INSIDE[layer] ? u * EDGE[layer] : atTheEdge(bits, u, layer);
}

/** `out` filled with standard normal deviates. */
export function fillStandardNormal(bits: Bits, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] = standardNormal(bits);
}

/** What becomes of a draw that is not wholly under the density: tail, wedge, or another draw. */
function atTheEdge(bits: Bits, u: number, layer: number): number {
  if (layer === 0) return tail(bits, u < 0);
  const x = u * EDGE[layer];
  const below = Math.exp(-0.5 * (EDGE[layer] * EDGE[layer] - x * x));
  const above = Math.exp(-0.5 * (EDGE[layer + 1] * EDGE[layer + 1] - x * x));
  return above + bits.unit() * (below - above) < 1 ? x : standardNormal(bits);
}

/** A deviate beyond R (Marsaglia 1964). */
function tail(bits: Bits, negative: boolean): number {
  for (;;) {
    const x = -Math.log(bits.openUnit()) / R;
    const y = -Math.log(bits.openUnit());
    if (y + y > x * x) return negative ? -(R + x) : R + x;
  }
}
