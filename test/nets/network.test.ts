import { describe, expect, it } from 'vitest';
import { ModeError, NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import {
  castSnapshot,
  dense,
  elu,
  flatten,
  logisticLoss,
  meanSquaredError,
  network,
  Params,
  relu,
  type Snapshot,
  sigmoid,
  sigmoidMeanSquaredError,
  softmaxCrossEntropy,
  softplus,
  tanh,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { expectNear, gaussian, inner } from './layer-properties';

const dtypes = ['float32', 'float64'] as const;
const net = network(3, [dense(4), tanh(), dense(3, { weightScale: 'ntk' }), softplus(), dense(2)]);
const snapshot = net.init(random('network'), { dtype: 'float64' });
const X = gaussian(5, 3, random('inputs'));

describe('a network', () => {
  it('names its layers by kind and number, and its parameters by layer', () => {
    expect(net.layers.map((layer) => layer.name)).toEqual([
      'dense1',
      'tanh1',
      'dense2',
      'softplus1',
      'dense3',
    ]);
    expect(snapshot.params.names).toEqual(
      ['dense1', 'dense2', 'dense3'].flatMap((layer) => [`${layer}/weight`, `${layer}/bias`]),
    );
    expect(snapshot.params.get('dense2/weight').shape).toEqual([4, 3]);
    expect(snapshot.params.get('dense2/bias').shape).toEqual([1, 3]);
    expect(net.parameterCount).toBe(3 * 4 + 4 + 4 * 3 + 3 + 3 * 2 + 2);
  });

  it('names the layers of an inner network by path', () => {
    const outer = network(2, [dense(3), network(3, [dense(3), relu()]), dense(1)]);
    const pass = outer.forward(outer.init(random(0)), gaussian(2, 2, random(1)));
    expect(pass.outputs.map((layer) => layer.name)).toEqual([
      'dense1',
      'network1/dense1',
      'network1/relu1',
      'dense2',
    ]);
    const { sites } = pass.backward(gaussian(2, 1, random(2)), { sites: true });
    expect(sites.sites.map((site) => site.layer)).toEqual(['dense1', 'network1/dense1', 'dense2']);
  });

  it('gives a two-layer case as by hand', () => {
    // f = 0.5·tanh(2·(x·W + b))·V with x = (1, 2), W = (0.1, −0.2)ᵀ, b = 0.3: z = 0, a = 0, σ′ = 2.
    const small = network(2, [dense(1), tanh({ scale: 2 }), dense(1, { bias: false, weightScale: 0.5 })]);
    const numbers = Params.zeros(small.layout, 'float64');
    numbers.data.set([0.1, -0.2, 0.3, 3]);
    const at: Snapshot = { params: numbers, state: Params.zeros(small.stateLayout, 'float64') };
    const pass = small.forward(at, Matrix.from([[1, 2]]));
    expect(pass.outputs.map((layer) => layer.output.get(0, 0))).toBeAllclose([0, 0, 0], { atol: 1e-15 });
    const { input, gradient, sites } = pass.backward(Matrix.from([[1]]), { sites: true, gradient: true });
    // δ = 1 · 0.5·3 · 2 = 3; ∂W = x δ, ∂b = δ, ∂V = 0.5 a, x̄ = δ W.
    expect(gradient.data).toBeAllclose([3, 6, 3, 0], { atol: 1e-15 });
    expect(input).toBeAllclose([[0.3, -0.6]]);
    expect(sites.sites).toMatchObject([
      { kind: 'linear', layer: 'dense1', positions: 1, weightScale: 1, biasScale: 1 },
      { kind: 'linear', layer: 'dense2', positions: 1, weightScale: 0.5, biasScale: 0 },
    ]);
    expect(sites.sites.map((site) => site.deltas.get(0, 0))).toBeAllclose([3, 1]);
    // Along V̇ = 1: ḟ = 0.5·tanh(0) = 0; d∂W = x·0.5·2 = (1, 2), so ∂²f/∂W∂V = (1, 2).
    const direction = numbers.zerosLike();
    direction.get('dense2/weight').set(0, 0, 1);
    const twice = pass.jvp({ params: direction }).backward(Matrix.from([[1]]), Matrix.from([[0]]), {
      gradient: true,
    });
    expect(twice.gradientTangent.data).toBeAllclose([1, 2, 1, 0], { atol: 1e-15 });
  });

  for (const dtype of dtypes)
    it(`fused layers do what the single ones do: outputs of every layer, gradients, tangents, ${dtype}`, () => {
      for (const sigma of [relu, tanh, softplus, sigmoid, elu]) {
        const layers = [dense(5), sigma({ scale: 0.7 }), dense(4, { bias: false }), sigma(), dense(2)];
        const [one, two] = [true, false].map((fuse) => {
          const its = network(3, layers, { fuse });
          expect(its.body.stages.length).toBe(fuse ? 3 : 5);
          const at = its.init(random('fused'), { dtype });
          const rng = random('directions');
          const pass = its.forward(at, X);
          const C = { cotangents: 2, gradient: true, sites: true } as const;
          const u = gaussian(10, 2, rng);
          const back = pass.backward(u, C);
          const direction = at.params.zerosLike();
          rng.fill(direction.data, 'normal');
          const along = pass.jvp({ params: direction, input: X });
          const twice = along.backward(u, u, { cotangents: 2, gradient: true });
          return [
            ...pass.outputs.map((layer) => layer.output.data),
            ...back.sites.sites.map((site) => site.deltas.data),
            back.input.data,
            back.gradient.data,
            along.output.data,
            twice.gradientTangent.data,
            its.predict(at, X).data,
          ];
        });
        one.forEach((values, k) => {
          expectNear(values, two[k], dtype === 'float32' ? 2e-6 : 1e-14);
        });
      }
    });

  for (const dtype of dtypes)
    it(`predicts in batches what it gives as a whole, ${dtype}`, () => {
      // 2^19 entries of the widest layer a batch: 1024 rows, so 2500 rows are three batches.
      const wide = network(2, [dense(512), relu(), dense(1)]);
      const at = wide.init(random(3), { dtype });
      const many = gaussian(2500, 2, random(4));
      expectNear(wide.predict(at, many), wide.forward(at, many).output, dtype === 'float32' ? 1e-6 : 1e-14);
    });

  it('computes in the precision of the snapshot', () => {
    const single = castSnapshot(snapshot, 'float32');
    expect(net.predict(single, X).dtype).toBe('float32');
    expect(net.forward(snapshot, X.as('float32')).output.dtype).toBe('float64');
    expect(castSnapshot(single, 'float32')).toBe(single);
  });

  it('shows what it is', () => {
    expect(net.toString()).toMatchInlineSnapshot(`
      "Network of 39 parameters
        input      3
        dense1     4  dense1/weight 3 × 4, dense1/bias 1 × 4
        tanh1      4
        dense2     3  dense2/weight 4 × 3, dense2/bias 1 × 3
        softplus1  3
        dense3     2  dense3/weight 3 × 2, dense3/bias 1 × 2"
    `);
  });
});

describe('Hessian-vector products', () => {
  const cases = [
    ['meanSquaredError', meanSquaredError, gaussian(5, 2, random('targets'))],
    [
      'logisticLoss',
      logisticLoss,
      Matrix.from([
        [0, 1],
        [1, 1],
        [0, 0],
        [1, 0],
        [0, 1],
      ]),
    ],
    [
      'sigmoidMeanSquaredError',
      sigmoidMeanSquaredError,
      Matrix.from([
        [0, 1],
        [1, 1],
        [0, 0],
        [1, 0],
        [0, 1],
      ]),
    ],
    ['softmaxCrossEntropy', softmaxCrossEntropy, [0, 1, 1, 0, 1]],
  ] as const;
  /** Column j of the Hessian, by central differences of gradients in float64. */
  const explicit = (objective: Parameters<typeof net.hvp>[2]) => {
    const size = snapshot.params.size;
    const H = Matrix.zeros(size, size);
    const h = 1e-5;
    for (let j = 0; j < size; j++) {
      const at = (t: number) => {
        const params = snapshot.params.copy();
        params.data[j] += t;
        return net.gradient({ params, state: snapshot.state }, X, objective).gradient.data;
      };
      const [up, down] = [at(h), at(-h)];
      for (let i = 0; i < size; i++) H.set(i, j, (up[i] - down[i]) / (2 * h));
    }
    return H;
  };

  for (const [name, loss, targets] of cases)
    it(`are the explicit Hessian's, for ${name}, in both precisions`, () => {
      const objective = { loss, targets };
      const H = explicit(objective);
      expectNear(H, H.transpose(), 1e-8, 1e-9);
      const v = snapshot.params.zerosLike();
      random(name).fill(v.data, 'normal');
      const expected = H.toArray().map((row) => inner(Float64Array.from(row), v.data));
      for (const dtype of dtypes) {
        const at = castSnapshot(snapshot, dtype);
        const { value, gradient, product } = net.hvp(at, X, objective, v);
        expectNear(product.data, Float64Array.from(expected), dtype === 'float32' ? 2e-5 : 1e-8);
        const plain = net.gradient(at, X, objective);
        expect(value).toBeAllclose(plain.value, { rtol: 1e-6 });
        expectNear(gradient.data, plain.gradient.data, dtype === 'float32' ? 1e-6 : 1e-14);
      }
    });
});

describe('bad input to a network', () => {
  const u = Matrix.zeros(5, 2);

  it('is told at construction', () => {
    expect(() => network(0, [dense(1)])).toThrow(ShapeError);
    expect(() => network([], [dense(1)])).toThrow(ShapeError);
    expect(() => network(3, [])).toThrow(/at least one layer/);
    expect(() => network([4, 4, 1], [dense(2)])).toThrow(/'dense1'.*4 × 4 × 1.*flatten\(\)/s);
    expect(network([4, 4, 1], [flatten(), dense(2)]).outputs).toBe(2);
    expect(() => network(3, [dense(4), network(3, [dense(1)])])).toThrow(/'network1'.*shape 3, got 4/);
  });

  it('is told by shape', () => {
    expect(() => net.predict(snapshot, Matrix.zeros(2, 4))).toThrow(/n × 3.*got 2 × 4/);
    const other = network(3, [dense(4), tanh(), dense(2)]);
    expect(() => other.predict(snapshot, X)).toThrow(/dense2\/weight 4 × 2.*dense2\/weight 4 × 3/);
    const pass = net.forward(snapshot, X);
    expect(() => pass.backward(Matrix.zeros(4, 2))).toThrow(/5 × 2.*got 4 × 2/);
    expect(() => pass.backward(u, { cotangents: 2 })).toThrow(/10 × 2.*got 5 × 2/);
    expect(() => pass.backward(u, { cotangents: 0 })).toThrow(ValueError);
    expect(() => pass.jvp({ input: Matrix.zeros(4, 3) })).toThrow(/5 × 3.*got 4 × 3/);
    expect(() => pass.jvp({ params: Params.zeros(other.layout, 'float64') })).toThrow(ShapeError);
    expect(() => snapshot.params.get('dense9/weight')).toThrow(/dense9\/weight.*dense1\/weight/);
    expect(() => new Params(net.layout, new Float64Array(3))).toThrow(/39 numbers.*got 3/);
  });

  it('is told by the number that is not finite, and where it came from', () => {
    const bad = X.copy();
    bad.set(2, 1, Number.NaN);
    expect(() => net.predict(snapshot, bad)).toThrow(/Inputs of the network.*NaN at place 7/);
    expect(() => net.forward(snapshot, bad)).toThrow(ValueError);
    const params = snapshot.params.copy();
    params.get('dense2/bias').set(0, 1, Number.POSITIVE_INFINITY);
    expect(() => net.predict({ ...snapshot, params }, X)).toThrow(/'dense2\/bias'.*Infinity at place 1/);
    const line = network(1, [dense(1), dense(1)]);
    const large = line.init(random(1), { initializer: (_, out) => void out.data.fill(3e38) });
    expect(() => line.predict(large, Matrix.from([[1]]))).toThrow(NumericalError);
    const cotangents = u.copy();
    cotangents.set(0, 0, Number.NaN);
    expect(() => net.forward(snapshot, X).backward(cotangents)).toThrow(/Cotangents.*NaN/);
  });

  it.each([
    ['tanh', tanh],
    ['relu', relu],
  ] as const)('a NaN or an infinity does not hide behind a %s', (_, sigma) => {
    const hidden = network(2, [dense(3, { bias: false }), sigma(), dense(1)]);
    const at = hidden.init(random(1), { initializer: (_, out) => void out.data.fill(1) });
    for (const wrong of [Number.NaN, Infinity, -Infinity]) {
      const inputs = Matrix.from([[wrong, 1]]);
      expect(() => hidden.predict(at, inputs)).toThrow(/Inputs of the network.*at place 0/);
      expect(() => hidden.forward(at, inputs)).toThrow(/Inputs of the network.*at place 0/);
    }
    // Too large for the snapshot's float32.
    expect(() => hidden.predict(at, Matrix.from([[1e300, 1]]))).toThrow(/Infinity at place 0/);
  });

  it('sites are refused in mode train, and it says why', () => {
    const pass = net.forward(snapshot, X, { mode: 'train' });
    expect(pass.backward(u).input.shape).toEqual([5, 3]);
    expect(() => pass.backward(u, { sites: true })).toThrow(ModeError);
    expect(() => pass.backward(u, { sites: true })).toThrow(/other examples of the batch/);
  });

  it('what was not asked of backward is not there', () => {
    const pass = net.forward(snapshot, X);
    const back = pass.backward(gaussian(5, 2, random(9)), { input: false, gradient: true });
    expect(back.input).toBeUndefined();
    expect(back.sites).toBeUndefined();
    expectNear(
      back.gradient.data,
      pass.backward(gaussian(5, 2, random(9)), { gradient: true }).gradient.data,
      1e-15,
    );
  });
});
