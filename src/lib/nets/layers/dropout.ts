/**
 * Dropout, in the inverted form: while a network is trained, each entry is 0 with probability ρ and divided by 1 − ρ
 * else, so that its mean is what it was, and nothing is left to do in mode 'evaluate'.
 *
 *     y = m ∘ x,   P(m_k = 0) = ρ,   m_k = 1/(1 − ρ) else
 *
 * For one draw of the mask m the layer is linear: every verb is a product with m.
 *
 * N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a simple way to prevent neural
 * networks from overfitting", JMLR 15, 2014; the inverted form is their section 10.
 */

import { ValueError } from '../../errors';
import { dropoutMask, mul } from '../../linalg/elementwise';
import type { Matrix } from '../../linalg/matrix';
import type { Random } from '../../random';
import type { Applied, AppliedTangent, BackwardRequest, Context, Layer, LayerSpec, Shape } from '../layer';
import type { Workspace } from '../workspace';
import { timesDerivative } from './activation';

/**
 * In training each entry is 0 with probability `rate` (0 ≤ rate < 1) and multiplied by 1/(1 − rate) else; in mode
 * 'evaluate', and for the rate 0, the identity, at no cost. Throws a ValueError for any other rate.
 */
export function dropout(rate: number): LayerSpec {
  if (!(rate >= 0 && rate < 1))
    throw new ValueError({
      what: 'dropout(rate)',
      expected: '0 ≤ rate < 1',
      got: `${rate}`,
      todo: 'Give the probability with which an entry is dropped, such as 0.1.',
    });
  return {
    kind: 'dropout',
    options: { rate },
    build: (shape, name) => new DropoutLayer(rate, shape, name),
  };
}

export class DropoutLayer implements Layer {
  readonly kind = 'dropout';
  readonly rate: number;
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters = [];
  readonly state = [];
  readonly stochastic: boolean;

  constructor(rate: number, shape: Shape, name: string) {
    this.rate = rate;
    this.name = name;
    this.inputShape = shape;
    this.outputShape = shape;
    this.stochastic = rate > 0;
  }

  forward(input: Matrix, { mode, rng, keep, workspace }: Context): Applied {
    if (mode === 'evaluate' || !this.stochastic) return new AppliedDropout(this, input, null, workspace);
    const output = workspace.matrix(input.rows, input.cols);
    const mask = keep === 'nothing' ? output : workspace.matrix(input.rows, input.cols);
    dropoutMask(mask.data, this.rate, drawn(rng as Random));
    mul(input.data, mask.data, output.data);
    return new AppliedDropout(this, output, mask, workspace);
  }
}

/** What a mask is made from. One array for all: it is read at once. */
const words = new Uint32Array(5);

function drawn(rng: Random): Uint32Array {
  for (let k = 0; k < words.length; k++) words[k] = rng.integer(2 ** 32);
  return words;
}

class AppliedDropout implements Applied {
  constructor(
    readonly layer: DropoutLayer,
    readonly output: Matrix,
    /** Null stands for ones. */
    readonly mask: Matrix | null,
    readonly workspace: Workspace,
  ) {}

  outputs() {
    return [{ name: this.layer.name, kind: this.layer.kind, output: this.output }];
  }

  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null {
    return request.input ? this.masked(cotangents, request.cotangents) : null;
  }

  jvp(inputTangent: Matrix | null): AppliedTangent {
    return {
      output: this.masked(inputTangent as Matrix, 1),
      backward: (value, tangent, { cotangents, input }) =>
        input ? { value: this.masked(value, cotangents), tangent: this.masked(tangent, cotangents) } : null,
    };
  }

  private masked(matrix: Matrix, perExample: number): Matrix {
    return this.mask ? timesDerivative(matrix, this.mask, perExample, this.workspace) : matrix;
  }
}
