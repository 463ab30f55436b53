import { describe, expect, it } from 'vitest';
import { Matrix, type Vector } from '../../src/lib/linalg';
import {
  averagePool,
  castSnapshot,
  conv2d,
  dense,
  FreshWorkspace,
  flatten,
  globalAveragePool,
  gradientDescent,
  type LayerSpec,
  maxPool,
  meanSquaredError,
  network,
  Params,
  relu,
  type Shape,
  tanh,
  train,
} from '../../src/lib/nets';
import type { Conv2dLayer } from '../../src/lib/nets/layers/conv2d';
import { PatchLayout } from '../../src/lib/nets/layers/patches';
import { random } from '../../src/lib/random';
import { expectNear, gaussian, layerProperties, networkProperties } from './layer-properties';
import { randomImageNetwork } from './random-networks';

layerProperties('conv2d', [4, 3, 2], () => conv2d(3, [2, 3]));
layerProperties('conv2d, padded', [3, 4, 1], () => conv2d(2, 3, { padding: 'same' }));
layerProperties('conv2d with strides, padded unevenly', [5, 4, 2], () =>
  conv2d(2, [2, 4], { stride: [2, 3], padding: 'same', bias: false }),
);
layerProperties('conv2d in the NTK parametrisation', [3, 3, 2], () =>
  conv2d(2, 2, { weightScale: 'ntk', biasScale: 0.1 }),
);
layerProperties('conv2d of single pixels', [2, 3, 3], () => conv2d(2, 1));
layerProperties('conv2d of single pixels with a stride', [4, 3, 2], () => conv2d(2, 1, { stride: 2 }));
layerProperties('conv2d of whole images', [3, 2, 2], () => conv2d(3, [3, 2]));

layerProperties('averagePool', [5, 4, 2], () => averagePool(2));
layerProperties('averagePool with overlap, padded', [4, 5, 1], () =>
  averagePool(3, { stride: [1, 2], padding: 'same' }),
);
layerProperties('averagePool with gaps', [5, 5, 5], () => averagePool([1, 2], { stride: 3 }));
layerProperties('maxPool', [5, 4, 2], () => maxPool(2));
layerProperties('maxPool with overlap, padded', [4, 5, 1], () =>
  maxPool([3, 2], { stride: 1, padding: 'same' }),
);
layerProperties('maxPool with gaps', [5, 5, 5], () => maxPool(1, { stride: [2, 3] }));
layerProperties('globalAveragePool', [2, 3, 4], () => network([2, 3, 4], [globalAveragePool(), dense(2)]));

/** A fixed sample in `npm test`; KERNELBOOK_LONG=1 draws many more. */
const architectures = process.env.KERNELBOOK_LONG === '1' ? 240 : 20;
for (let k = 0; k < architectures; k++)
  networkProperties(
    `random network of images ${k}`,
    () => randomImageNetwork(random(`images ${k}`), { fuse: k % 3 > 0 }),
    { draws: 1 },
  );

describe('a convolution', () => {
  /** y_p = w h_p W + β b by the definition, with plain loops; `before` counts the padding above and to the left. */
  function naive(
    X: Matrix,
    shape: Shape,
    W: Matrix,
    b: Vector | null,
    its: { kernel: number[]; stride: number[]; before: number[]; out: Shape },
  ): Matrix {
    const [height, width, channels] = shape;
    const [rows, cols, filters] = its.out;
    const Y = Matrix.zeros(X.rows, rows * cols * filters);
    for (let i = 0; i < X.rows; i++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < cols; c++)
          for (let f = 0; f < filters; f++) {
            let sum = b ? b[f] : 0;
            for (let ky = 0; ky < its.kernel[0]; ky++)
              for (let kx = 0; kx < its.kernel[1]; kx++) {
                const y = r * its.stride[0] - its.before[0] + ky;
                const x = c * its.stride[1] - its.before[1] + kx;
                if (y < 0 || y >= height || x < 0 || x >= width) continue;
                for (let k = 0; k < channels; k++)
                  sum +=
                    X.get(i, (y * width + x) * channels + k) *
                    W.get((ky * its.kernel[1] + kx) * channels + k, f);
              }
            Y.set(i, (r * cols + c) * filters + f, sum);
          }
    return Y;
  }

  it.each([
    { options: {}, kernel: [3, 2], stride: [1, 1], before: [0, 0], out: [4, 4, 3] },
    { options: { stride: 2 }, kernel: [3, 2], stride: [2, 2], before: [0, 0], out: [2, 2, 3] },
    { options: { padding: 'same' }, kernel: [3, 2], stride: [1, 1], before: [1, 0], out: [6, 5, 3] },
    {
      options: { padding: 'same', stride: [2, 3] },
      kernel: [3, 5],
      stride: [2, 3],
      before: [0, 1],
      out: [3, 2, 3],
    },
  ] as const)('is the sum over the pixels under each window: %j', ({ options, ...its }) => {
    for (const channels of [2, 20]) {
      const shape = [6, 5, channels];
      const net = network(shape, [conv2d(3, its.kernel, options)]);
      expect(net.outputShape).toEqual(its.out);
      const snapshot = net.init(random('naive'), { dtype: 'float64' });
      const X = gaussian(3, net.inputs, random('images'));
      const expected = naive(
        X,
        shape,
        snapshot.params.get('conv2d1/weight'),
        snapshot.params.get('conv2d1/bias').data,
        { kernel: [...its.kernel], stride: [...its.stride], before: [...its.before], out: its.out },
      );
      expectNear(net.predict(snapshot, X), expected, 1e-14);
    }
  });

  // Patches by lines, by lines in two groups, and whole.
  it.each(
    (
      [
        [[24, 24, 24], { padding: 'same' }],
        [[34, 34, 24], { stride: [2, 1] }],
        [[40, 40, 3], {}],
      ] as const
    ).flatMap(([shape, options]) => [
      ['float32', 2e-5, shape, options] as const,
      ['float64', 1e-12, shape, options] as const,
    ]),
  )(
    'of more examples than a block holds is that of each example: %s %d %j %j',
    (dtype, rtol, shape, options) => {
      const net = network(shape, [conv2d(4, 3, options), tanh(), conv2d(3, 3, { stride: 2 })]);
      const rng = random('blocks');
      const snapshot = castSnapshot(net.init(rng, { dtype: 'float64' }), dtype);
      const n = 11;
      const X = gaussian(n, net.inputs, rng);
      const U = gaussian(n, net.outputs, rng);
      const direction = snapshot.params.zerosLike();
      rng.fill(direction.data, 'normal');
      const of = (rows: Matrix, cotangents: Matrix) => {
        const pass = net.forward(snapshot, rows);
        const { input, gradient } = pass.backward(cotangents, { gradient: true });
        const along = pass.jvp({ params: direction, input: rows });
        const twice = along.backward(cotangents, cotangents, { gradient: true });
        return {
          each: [pass.output, input, along.output, twice.inputTangent],
          sums: [gradient.data, twice.gradientTangent.data],
        };
      };
      const all = of(X, U);
      const sums = all.sums.map((sum) => new Float64Array(sum.length));
      for (let i = 0; i < n; i++) {
        const one = of(X.slice(i, i + 1), U.slice(i, i + 1));
        one.each.forEach((row, k) => {
          expectNear(all.each[k].slice(i, i + 1), row, rtol);
        });
        one.sums.forEach((part, k) => {
          for (let p = 0; p < part.length; p++) sums[k][p] += part[p];
        });
      }
      all.sums.forEach((sum, k) => {
        expectNear(sum, sums[k], rtol);
      });
      // More than one block, or this tested nothing.
      const { windows } = net.layers[0] as Conv2dLayer;
      expect(new PatchLayout(windows).pieces.length).toBe(shape[2] === 24 ? 3 : 1);
      expect(new PatchLayout(windows).buffer(n, new FreshWorkspace(dtype)).rows).toBeLessThan(n);
    },
  );

  it('has fans that count the pixels of its kernel', () => {
    const net = network([6, 6, 3], [conv2d(5, [3, 2])]);
    const [weight, bias] = net.body.parameters;
    expect(weight).toMatchObject({ rows: 18, cols: 5, fanIn: 18, fanOut: 30 });
    expect(bias).toMatchObject({ rows: 1, cols: 5, fanIn: 18, fanOut: 30 });
    expect(net.toString()).toContain('conv2d1  4 × 5 × 5  conv2d1/weight 18 × 5, conv2d1/bias 1 × 5');
  });

  it('with one kernel of the whole image is a dense layer', () => {
    const conv = network([3, 4, 2], [conv2d(5, [3, 4]), flatten()]);
    const plain = network([3, 4, 2], [flatten(), dense(5)]);
    const snapshot = conv.init(random(1), { dtype: 'float64' });
    const same = { ...snapshot, params: new Params(plain.layout, snapshot.params.data) };
    const X = gaussian(4, 24, random(2));
    expectNear(conv.predict(snapshot, X), plain.predict(same, X), 1e-14);
  });
});

describe('pooling', () => {
  const pool = (layer: LayerSpec, shape: Shape, values: number[]) => {
    const net = network(shape, [layer]);
    const snapshot = net.init(random(0), { dtype: 'float64' });
    return { net, snapshot, output: net.predict(snapshot, Matrix.from([values])) };
  };

  it('leaves padding out of a mean', () => {
    const { net, output } = pool(
      averagePool(2, { padding: 'same' }),
      [3, 3, 1],
      [1, 2, 3, 4, 5, 6, 7, 8, 10],
    );
    expect(net.outputShape).toEqual([2, 2, 1]);
    expect(output).toBeAllclose([[3, 4.5, 7.5, 10]]);
  });

  it('never takes padding for the largest', () => {
    const { output } = pool(maxPool(2, { padding: 'same' }), [3, 1, 1], [-4, -2, -3]);
    expect(output).toBeAllclose([[-2, -3]]);
  });

  it('gives the cotangent of equal pixels to the first', () => {
    const { net, snapshot } = pool(maxPool(2), [2, 4, 1], [1, 3, 0, 0, 3, 3, 0, 0]);
    const pass = net.forward(snapshot, Matrix.from([[1, 3, 0, 0, 3, 3, 0, 0]]));
    expect(pass.backward(Matrix.from([[5, 7]])).input).toBeAllclose([[0, 5, 7, 0, 0, 0, 0, 0]]);
  });

  it('of all pixels is their mean', () => {
    const { net, output } = pool(globalAveragePool(), [2, 2, 2], [1, 10, 2, 20, 3, 30, 6, 60]);
    expect(net.outputShape).toEqual([2]);
    expect(output).toBeAllclose([[3, 30]]);
  });
});

describe('training a network of images', () => {
  it.each([
    ['float32', 1e-4],
    ['float64', 1e-11],
  ] as const)('in parts that stay in cache takes the step of the whole batch, %s', async (dtype, rtol) => {
    const layers = [conv2d(24, 3, { padding: 'same' }), relu(), maxPool(2), conv2d(4, 3), averagePool(4)];
    const net = network([20, 20, 1], [...layers, flatten(), dense(2)]);
    const rng = random('parts');
    const snapshot = castSnapshot(net.init(rng, { dtype: 'float64' }), dtype);
    const n = 61;
    const inputs = gaussian(n, net.inputs, rng);
    const targets = gaussian(n, 2, rng);
    const { value, gradient } = net.gradient(snapshot, inputs, { loss: meanSquaredError, targets });
    const { snapshot: after, history } = await train(
      net,
      snapshot,
      { inputs, targets },
      { loss: meanSquaredError, optimizer: gradientDescent({ rate: 1 }), epochs: 1 },
    );
    expect(history[0].loss).toBeAllclose(value, { rtol });
    const step = snapshot.params.data.map((p, k) => p - after.params.data[k]);
    expectNear(step, gradient.data, rtol);
  });
});

describe('layers of images throw', () => {
  it('for options that make no sense', () => {
    expect(() => conv2d(0, 3)).toThrow(/conv2d\(filters\).*whole number/);
    expect(() => conv2d(2, 0)).toThrow(/conv2d\(kernelSize\).*whole number of pixels.*got 0, 0/);
    expect(() => conv2d(2, [3, 1.5])).toThrow(/kernelSize.*got 3, 1.5/);
    expect(() => conv2d(2, 3, { stride: 0 })).toThrow(/conv2d\({ stride }\)/);
    expect(() => conv2d(2, 3, { padding: 'full' as 'same' })).toThrow(/conv2d\({ padding }\).*got full/);
    expect(() => conv2d(2, 3, { weightScale: 0 })).toThrow(/conv2d\({ weightScale }\).*other than 0/);
    expect(() => averagePool(-1)).toThrow(/averagePool\(size\)/);
    expect(() => maxPool(2, { stride: [1, 0] })).toThrow(/maxPool\({ stride }\)/);
  });

  it('for inputs that are no images, or smaller than a window', () => {
    for (const layer of [conv2d(2, 3), averagePool(2), maxPool(2), globalAveragePool()])
      expect(() => network(784, [layer])).toThrow(/expected images, height × width × channels, got .* 784/);
    expect(() => network([4, 2, 1], [conv2d(2, 3)])).toThrow(
      /'conv2d1'.*at least 3 × 3 pixels.*got 4 × 2.*padding: 'same'/,
    );
    expect(() => network([4, 4, 1], [maxPool(2), maxPool(3)])).toThrow(
      /'maxPool2'.*at least 3 × 3.*got 2 × 2/,
    );
  });
});
