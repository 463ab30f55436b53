/**
 * Examples of any shape as vectors. Rows are flattened already (an image is a row, height × width × channel), so
 * nothing is computed: only the shape changes.
 */

import type { Matrix } from '../../linalg/matrix';
import {
  type Applied,
  type BackwardRequest,
  type Layer,
  type LayerSpec,
  type Shape,
  shapeSize,
  type TangentBackwardRequest,
} from '../layer';

/** [28, 28, 1] → [784]. */
export const flatten = (): LayerSpec => ({
  kind: 'flatten',
  options: {},
  build: (shape, name) => new FlattenLayer(shape, name),
});

class FlattenLayer implements Layer {
  readonly kind = 'flatten';
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters = [];
  readonly state = [];
  readonly stochastic = false;

  constructor(shape: Shape, name: string) {
    this.name = name;
    this.inputShape = shape;
    this.outputShape = [shapeSize(shape)];
  }

  forward(input: Matrix): Applied {
    const { name, kind } = this;
    return {
      output: input,
      outputs: () => [{ name, kind, output: input }],
      backward: (cotangents: Matrix, request: BackwardRequest) => (request.input ? cotangents : null),
      jvp: (inputTangent) => ({
        output: inputTangent as Matrix,
        backward: (value: Matrix, tangent: Matrix, request: TangentBackwardRequest) =>
          request.input ? { value, tangent } : null,
      }),
    };
  }
}
