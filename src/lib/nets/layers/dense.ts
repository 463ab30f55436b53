/**
 * A dense layer, y = w·x W + β·1b, with W (d_in × d_out) and b (1 × d_out), and the constants w (weightScale) and β
 * (biasScale) of the NTK parametrisation (Jacot, Gabriel & Hongler, arXiv 1806.07572, section 2; w = 1/√d_in). Its verbs
 * are those of every affine layer (affine.ts), with the input itself as H.
 */

import { ShapeError, shapeText, ValueError } from '../../errors';
import type { Matrix } from '../../linalg/matrix';
import type { LayerSpec, Shape } from '../layer';
import { productTransposeB } from '../product';
import { AffineLayer, type AffineOptions, affineOptions } from './affine';

/** y = weightScale · x W + biasScale · b with `units` outputs. Inputs are vectors: put flatten() before it. */
export function dense(units: number, options: AffineOptions = {}): LayerSpec {
  if (!Number.isInteger(units) || units < 1)
    throw new ValueError({
      what: 'dense(units)',
      expected: 'a whole number, 1 or more',
      got: `${units}`,
      todo: 'Give the number of outputs of the layer.',
    });
  const its = affineOptions('dense', options);
  return {
    kind: 'dense',
    options: { units, ...its },
    build: (shape, name) => new DenseLayer(units, its, shape, name),
  };
}

export class DenseLayer extends AffineLayer {
  readonly kind = 'dense';

  constructor(units: number, options: Required<AffineOptions>, inputShape: Shape, name: string) {
    if (inputShape.length !== 1)
      throw new ShapeError({
        what: `Layer '${name}'`,
        expected: 'vectors',
        got: `examples of shape ${shapeText(inputShape)}`,
        todo: 'Put flatten() before it.',
      });
    super(name, { inputShape, outputShape: [units], fanIn: inputShape[0], fanOut: units }, options);
  }

  unfold(input: Matrix): Matrix {
    return input;
  }

  through(deltas: Matrix, W: Matrix, beta: number, out: Matrix): void {
    productTransposeB(deltas, W, this.weightScale, beta, out);
  }
}
