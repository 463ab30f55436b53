/**
 * Initial parameters. An initialiser fills one parameter, knowing what it is to its layer; those of the field:
 *
 *     standardNormal   every weight and bias from N(0, 1)                       (arXiv 2305.14585, the MLPs)
 *     ntk              the same, for layers that scale their weights by 1/√d_in  (arXiv 1806.07572)
 *     fanInUniform     weights and biases from U(−1/√d_in, 1/√d_in)              (PyTorch's default)
 *     glorotUniform    weights from U(±√(6/(d_in + d_out))), biases 0            (Glorot & Bengio 2010; Keras)
 *     glorotNormal     weights from N(0, 2/(d_in + d_out)), biases 0
 *     heUniform        weights from U(±√(6/d_in)), biases 0                      (arXiv 1502.01852)
 *     heNormal         weights from N(0, 2/d_in), biases 0
 *
 * The scale and shift of a normalisation start at 1 and 0 whatever the initialiser. Parameters are drawn in the
 * order in which they lie in Params, each entry after the other, from the generator given: a second call with the
 * same generator goes on, and gives another network.
 */

import { ValueError } from '../errors';
import type { Matrix } from '../linalg/matrix';
import type { Random } from '../random';
import type { ParameterSpec } from './params';

/** Fills `out` (rows × cols of the spec) with the initial values of a weight or a bias. */
export type Initializer = (parameter: ParameterSpec, out: Matrix, rng: Random) => void;

export type InitializerName = keyof typeof initializers;

const normal = (sd: number, out: Matrix, rng: Random) => void rng.fill(out.data, 'normal', 0, sd);
const uniform = (limit: number, out: Matrix, rng: Random) =>
  void rng.fill(out.data, 'uniform', -limit, limit);

/** Weights by the rule, biases 0. */
const zeroBias =
  (weights: Initializer): Initializer =>
  (parameter, out, rng) => {
    if (parameter.role === 'bias') out.data.fill(0);
    else weights(parameter, out, rng);
  };

export const initializers = {
  standardNormal: (_, out, rng) => normal(1, out, rng),
  ntk: (parameter, out, rng) => {
    checkNtk(parameter);
    normal(1, out, rng);
  },
  fanInUniform: ({ fanIn }, out, rng) => uniform(1 / Math.sqrt(fanIn), out, rng),
  glorotUniform: zeroBias(({ fanIn, fanOut }, out, rng) =>
    uniform(Math.sqrt(6 / (fanIn + fanOut)), out, rng),
  ),
  glorotNormal: zeroBias(({ fanIn, fanOut }, out, rng) => normal(Math.sqrt(2 / (fanIn + fanOut)), out, rng)),
  heUniform: zeroBias(({ fanIn }, out, rng) => uniform(Math.sqrt(6 / fanIn), out, rng)),
  heNormal: zeroBias(({ fanIn }, out, rng) => normal(Math.sqrt(2 / fanIn), out, rng)),
} satisfies Record<string, Initializer>;

/** N(0, 1) is the NTK parametrisation only where the layer divides by √d_in. */
function checkNtk({ name, role, multiplier, fanIn }: ParameterSpec): void {
  const factor = 1 / Math.sqrt(fanIn);
  if (role !== 'weight' || Math.abs(multiplier - factor) <= 1e-12 * factor) return;
  throw new ValueError({
    what: `Initializer 'ntk', parameter '${name}'`,
    expected: `a layer with weightScale 1/√${fanIn} = ${factor}`,
    got: `weightScale ${multiplier}`,
    todo: "Make the layer with { weightScale: 'ntk' }, or initialise by 'standardNormal'.",
  });
}

/** The initialiser of that name, or itself. Throws a ValueError for an unknown name. */
export function initializer(choice: InitializerName | Initializer): Initializer {
  if (typeof choice === 'function') return choice;
  if (Object.hasOwn(initializers, choice)) return initializers[choice];
  throw new ValueError({
    what: 'Initializer',
    expected: `one of ${Object.keys(initializers).join(', ')}`,
    got: `'${choice}'`,
    todo: 'Use one of these names, or give a function (parameter, out, rng).',
  });
}
