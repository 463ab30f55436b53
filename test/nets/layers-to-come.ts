/**
 * Small layers of the kinds that the library's own do not cover yet: a weight at the tokens of a sequence, a diagonal
 * parameter with a constant. They hold the interfaces open, and the parts that serve them (sites with
 * positions, a site's scale) tested.
 */

import { Matrix } from '../../src/lib/linalg';
import { type Applied, type Layer, type LayerSpec, type Shape, shapeSize } from '../../src/lib/nets';

const map = (like: Matrix, f: (k: number, row: number, col: number) => number): Matrix => {
  const out = Matrix.zeros(like.rows, like.cols, like.dtype);
  for (let k = 0; k < out.data.length; k++) out.data[k] = f(k, Math.floor(k / like.cols), k % like.cols);
  return out;
};
const sum = (a: Matrix, b: Matrix) => map(a, (k) => a.data[k] + b.data[k]);
const times = (A: Matrix, B: Matrix, transposeB = false): Matrix => {
  const cols = transposeB ? B.rows : B.cols;
  return map(Matrix.zeros(A.rows, cols, A.dtype), (_, i, j) => {
    let total = 0;
    for (let k = 0; k < A.cols; k++)
      total += A.data[i * A.cols + k] * (transposeB ? B.data[j * B.cols + k] : B.data[k * B.cols + j]);
    return total;
  });
};
const leaf = (name: string, kind: string, output: Matrix) => () => [{ name, kind, output }];

/** y_p = ½ h_p W for each of T positions: [T, d] → [T, units]. */
export const tokens = (units: number): LayerSpec => ({
  kind: 'tokens',
  build: ([T, d]: Shape, name: string): Layer => {
    const weight = `${name}/weight`;
    const flat = (M: Matrix) => M.reshape(M.rows * T, M.cols / T);
    const whole = (M: Matrix) => M.reshape(M.rows / T, M.cols * T);
    const half = (M: Matrix) => map(M, (k) => M.data[k] / 2);
    return {
      kind: 'tokens',
      name,
      inputShape: [T, d],
      outputShape: [T, units],
      parameters: [
        { name: weight, rows: d, cols: units, role: 'weight', fanIn: d, fanOut: units, multiplier: 0.5 },
      ],
      state: [],
      stochastic: false,
      forward(input, { params }): Applied {
        const W = params.get(weight);
        const output = whole(half(times(flat(input), W)));
        const site = (deltas: Matrix) =>
          ({
            kind: 'linear',
            layer: name,
            weight,
            bias: null,
            inputs: flat(input),
            deltas: flat(deltas),
            positions: T,
            weightScale: 0.5,
            biasScale: 0,
          }) as const;
        const through = (deltas: Matrix, V: Matrix) => whole(half(times(flat(deltas), V, true)));
        return {
          output,
          outputs: leaf(name, 'tokens', output),
          backward(cotangents, request) {
            request.visit?.(site(cotangents));
            return request.input ? through(cotangents, W) : null;
          },
          jvp(inputTangent, paramTangent) {
            const V = paramTangent?.get(weight);
            let tangent = map(output, () => 0);
            if (inputTangent) tangent = sum(tangent, whole(half(times(flat(inputTangent), W))));
            if (V) tangent = sum(tangent, whole(half(times(flat(input), V))));
            return {
              output: tangent,
              backward(value, derivative, request) {
                request.visit?.(site(value), {
                  inputs: inputTangent && flat(inputTangent),
                  deltas: flat(derivative),
                });
                if (!request.input) return null;
                const straight = through(derivative, W);
                return { value: through(value, W), tangent: V ? sum(straight, through(value, V)) : straight };
              },
            };
          },
        };
      },
    };
  },
});

/** y = g ∘ h + 3 s. */
export const affine = (): LayerSpec => ({
  kind: 'affine',
  build: (shape: Shape, name: string): Layer => {
    const d = shapeSize(shape);
    const [scale, shift] = [`${name}/scale`, `${name}/shift`];
    const vector = { rows: 1, cols: d, fanIn: 1, fanOut: 1 } as const;
    return {
      kind: 'affine',
      name,
      inputShape: shape,
      outputShape: shape,
      parameters: [
        { name: scale, role: 'scale', multiplier: 1, ...vector },
        { name: shift, role: 'shift', multiplier: 3, ...vector },
      ],
      state: [],
      stochastic: false,
      forward(h, { params }): Applied {
        const [g, s] = [params.get(scale).data, params.get(shift).data];
        const output = map(h, (k, _, j) => g[j] * h.data[k] + 3 * s[j]);
        const sites = (deltas: Matrix) => {
          const site = { kind: 'diagonal', layer: name, deltas, positions: 1 } as const;
          return [
            { ...site, parameter: scale, inputs: h, scale: 1 },
            { ...site, parameter: shift, inputs: null, scale: 3 },
          ];
        };
        const by = (M: Matrix, v: ArrayLike<number>) => map(M, (k, _, j) => M.data[k] * v[j]);
        return {
          output,
          outputs: leaf(name, 'affine', output),
          backward(cotangents, request) {
            if (request.visit) sites(cotangents).forEach(request.visit);
            return request.input ? by(cotangents, g) : null;
          },
          jvp(inputTangent, paramTangent) {
            const [gt, st] = [paramTangent?.get(scale).data, paramTangent?.get(shift).data];
            return {
              output: map(
                h,
                (k, _, j) =>
                  (inputTangent ? g[j] * inputTangent.data[k] : 0) +
                  (gt ? gt[j] * h.data[k] : 0) +
                  (st ? 3 * st[j] : 0),
              ),
              backward(value, derivative, request) {
                const [one, two] = sites(value);
                request.visit?.(one, { inputs: inputTangent, deltas: derivative });
                request.visit?.(two, { inputs: null, deltas: derivative });
                if (!request.input) return null;
                const straight = by(derivative, g);
                return { value: by(value, g), tangent: gt ? sum(straight, by(value, gt)) : straight };
              },
            };
          },
        };
      },
    };
  },
});
