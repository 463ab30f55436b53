import { describe, expect, it } from 'vitest';
import { conjugateKernel, embeddingKernel, jacobian, tangentKernel } from '../../src/lib/kernels';
import { gemm, Matrix, syrk } from '../../src/lib/linalg';
import {
  dense,
  dropout,
  flatten,
  identity,
  type LayerSpec,
  network,
  relu,
  residual,
  softplus,
  tanh,
} from '../../src/lib/nets';
import { normal, relativeDistance, snapshotOf } from '../kernels/networks';
import { layerProperties, networkProperties } from './layer-properties';
import { tokens } from './layers-to-come';

layerProperties('a residual block', [3], () => residual([dense(4), tanh(), dense(3)]));
layerProperties('a residual block of one activation', [4], () => residual([softplus()]));
layerProperties('a residual block with a projection', [3], () =>
  residual([dense(4), tanh(), dense(2)], { shortcut: [dense(2, { bias: false, weightScale: 'ntk' })] }),
);
layerProperties('a residual block whose body has no parameters', [3], () =>
  residual([tanh()], { shortcut: [dense(3)] }),
);
layerProperties('a residual block that only reshapes', [2, 2, 1], () =>
  residual([flatten()], { shortcut: [flatten()] }),
);
layerProperties(
  'a residual block over several positions',
  [3, 2],
  () => residual([tokens(3), relu(), tokens(2)]),
  { foreign: true },
);
layerProperties('a residual block in a residual block', [3], () =>
  residual([residual([dense(3), tanh()]), dense(2)], { shortcut: [residual([dense(3)]), dense(2)] }),
);
layerProperties('a residual block with dropout', [3], () => residual([dense(3), tanh(), dropout(0.5)]), {
  mode: 'train',
});
networkProperties('a residual network', () =>
  network(
    [2, 2],
    [flatten(), dense(3), residual([relu(), dense(3)]), tanh(), residual([dense(3)]), dense(2)],
  ),
);

describe('a residual block', () => {
  it('is x + F(x), and S(x) + F(x) with a shortcut', () => {
    const X = normal(6, 3, 1);
    const of = (layers: LayerSpec[], seed: string) => {
      const net = network(3, layers);
      const snapshot = snapshotOf(net, seed);
      return { net, snapshot, output: net.predict(snapshot, X) };
    };
    const body = () => [dense(5), tanh(), dense(3)];
    const [F, S] = [of(body(), 'body'), of([dense(3)], 'shortcut')];
    const block = of([residual(body())], 'body');
    expect(block.snapshot.params.data).toEqual(F.snapshot.params.data);
    for (let k = 0; k < 18; k++) expect(block.output.data[k]).toBe(X.data[k] + F.output.data[k]);

    const projected = of([residual(body(), { shortcut: [dense(3)] })], 'both');
    projected.snapshot.params.data.set([...S.snapshot.params.data, ...F.snapshot.params.data]);
    const sums = projected.net.predict(projected.snapshot, X);
    for (let k = 0; k < 18; k++) expect(sums.data[k]).toBe(S.output.data[k] + F.output.data[k]);
  });

  it('with a shortcut that does nothing is the block without', () => {
    const X = normal(5, 4, 2);
    const plain = network(4, [residual([dense(4), tanh()]), dense(1)]);
    const passed = network(4, [residual([dense(4), tanh()], { shortcut: [identity()] }), dense(1)]);
    const snapshot = snapshotOf(plain, 3);
    const results = [plain, passed].map((net) => {
      const pass = net.forward(snapshot, X);
      const { input, gradient } = pass.backward(normal(5, 1, 4), { gradient: true });
      return [pass.output.data, input.data, gradient.data];
    });
    expect(results[1]).toEqual(results[0]);
  });

  it('names its layers by their path, the shortcut first, and shows all their outputs and its own', () => {
    const block = residual([dense(2), relu(), dense(3)], { shortcut: [dense(3)] });
    const net = network([2, 2], [flatten(), block, block, relu()]);
    expect([...net.layout.places.keys()]).toEqual(
      [1, 2].flatMap((k) =>
        ['shortcut/dense1', 'dense1', 'dense2'].flatMap((layer) =>
          ['weight', 'bias'].map((parameter) => `residual${k}/${layer}/${parameter}`),
        ),
      ),
    );
    const pass = net.forward(snapshotOf(net, 1), normal(4, 4, 2));
    const inside = ['shortcut/dense1', 'dense1', 'relu1', 'dense2'];
    expect(pass.outputs.map(({ name }) => name)).toEqual([
      'flatten1',
      ...[1, 2].flatMap((k) => [...inside.map((layer) => `residual${k}/${layer}`), `residual${k}`]),
      'relu1',
    ]);
    const at = (name: string) => pass.outputs.find((its) => its.name === name);
    for (const [layer, before] of [
      ['residual1', 'flatten1'],
      ['residual1/shortcut/dense1', 'flatten1'],
      ['residual1/dense1', 'flatten1'],
      ['residual1/relu1', 'residual1/dense1'],
      ['residual1/dense2', 'residual1/relu1'],
      ['residual2/shortcut/dense1', 'residual1'],
      ['residual2/dense1', 'residual1'],
      ['relu1', 'residual2'],
    ])
      expect(at(layer)?.input, layer).toBe(at(before)?.output);
    const sites = pass.backward(normal(4, 3, 3), { sites: true }).sites.sites;
    expect(sites.map(({ layer }) => `${layer}/weight`)).toEqual(
      [...net.layout.places.keys()].filter((name) => name.endsWith('/weight')),
    );
  });

  it('is predicted in batches that its widest inner layer fits', () => {
    const rows: number[] = [];
    const probe: LayerSpec = {
      kind: 'probe',
      build: (shape, name) => {
        const layer = flatten().build(shape, name);
        return {
          ...layer,
          forward: (input, context) => {
            rows.push(input.rows);
            return layer.forward(input, context);
          },
        };
      },
    };
    const net = network(1, [residual([network(1, [dense(4096), probe, dense(1)])])]);
    const snapshot = snapshotOf(net, 1, 'float32');
    const X = normal(300, 1, 2, 'float32');
    expect(net.predict(snapshot, X)).toBeAllclose(net.forward(snapshot, X).output, {
      rtol: 1e-5,
      atol: 1e-4,
    });
    expect(rows).toEqual([128, 128, 44, 300]);
  });

  it('refuses shapes that do not agree, and says both; and a body of no layers', () => {
    expect(() => network(3, [residual([dense(4), tanh()])])).toThrow(
      /Layer 'residual1': expected .*its shortcut gives, 3, got 4 from inputs of shape 3.*shortcut/,
    );
    expect(() => network(3, [residual([dense(4)], { shortcut: [dense(5)] })])).toThrow(
      /shortcut gives, 5, got 4 from/,
    );
    expect(() => network([2, 2], [residual([flatten()])])).toThrow(/shortcut gives, 2 × 2, got 4 from/);
    expect(() => residual([])).toThrow(/residual\(body\): expected at least one layer/);
    expect(() => network(3, [residual([residual([dense(2)])])])).toThrow(/Layer 'residual1\/residual1'/);
  });
});

describe('kernels of a residual network', () => {
  const net = network(5, [
    dense(6),
    residual([tanh(), dense(4), relu({ scale: 0.5 }), dense(6)]),
    residual([dense(3), softplus()], { shortcut: [dense(3, { weightScale: 'ntk', biasScale: 0.3 })] }),
    tanh(),
    dense(2),
  ]);
  const snapshot = snapshotOf(net, 'kernels');
  const X = normal(9, 5, 7);

  it('the tangent kernel is the Gram of the Jacobian, and the cross-Gram its products', async () => {
    for (const [dtype, tolerance] of [
      ['float64', 1e-12],
      ['float32', 2e-5],
    ] as const) {
      const J = jacobian(net, snapshot, X, { dtype });
      const F = J.reshape(9, 2 * J.cols);
      const kernel = tangentKernel(net, snapshot, { dtype });
      expect(relativeDistance(await kernel.gram(X), syrk(F))).toBeLessThan(tolerance);
      expect(
        relativeDistance(await kernel.cross(X, X.slice(2, 6)), gemm(F, F.slice(2, 6), { transposeB: true })),
      ).toBeLessThan(tolerance);
      const inner = await tangentKernel(net, snapshot, { dtype, layers: ['residual1/dense2'] }).gram(X);
      const { offset, rows } = net.layout.places.get('residual1/dense2/weight') as {
        offset: number;
        rows: number;
      };
      const block = Matrix.zeros(18, (rows + 1) * 6, dtype);
      for (let i = 0; i < 18; i++) block.row(i).set(J.row(i).subarray(offset, offset + block.cols));
      expect(relativeDistance(inner, syrk(block.reshape(9, 2 * block.cols)))).toBeLessThan(tolerance);
    }
  });

  it('the conjugate kernel is of what enters the last layer with parameters, wherever that stands', async () => {
    const of = async (layers: LayerSpec[], name: string) => {
      const its = network(5, layers);
      const numbers = snapshotOf(its, 8);
      const hidden = its.forward(numbers, X).outputs.find((output) => output.name === name);
      const K = await conjugateKernel(its, numbers).gram(X);
      expect(relativeDistance(K, syrk(hidden?.output as Matrix))).toBeLessThan(1e-14);
    };
    await of([dense(4), residual([tanh(), dense(4)]), relu(), dense(2)], 'relu1');
    await of([dense(4), residual([tanh(), dense(4)]), dense(2)], 'residual1');
    await of([dense(4), residual([tanh(), dense(4)]), tanh()], 'residual1/tanh1');
    await of([dense(4), tanh(), residual([dense(4), tanh()])], 'tanh1');
    await of([dense(4), tanh(), residual([dense(3)], { shortcut: [dense(2), dense(3)] })], 'tanh1');
    await of([dense(4), tanh(), network(4, [residual([dense(4)]), dense(1)])], 'network1/residual1');
  });

  it('the embedding kernel counts the activations inside and outside of the blocks', async () => {
    const { outputs } = net.forward(snapshot, X);
    const names = ['residual1/tanh1', 'residual1/relu1', 'residual2/softplus1', 'tanh1'];
    const sum = Matrix.zeros(9, 9);
    for (const name of names)
      syrk(outputs.find((its) => its.name === name)?.output as Matrix, { beta: 1, out: sum });
    const kernel = embeddingKernel(net, snapshot);
    expect(relativeDistance(await kernel.gram(X), sum)).toBeLessThan(1e-14);
    const blocks = await embeddingKernel(net, snapshot, { layers: ['residual1', 'residual2'] }).gram(X);
    const outputsOf = (name: string) => outputs.find((its) => its.name === name)?.output as Matrix;
    const expected = syrk(outputsOf('residual1'));
    syrk(outputsOf('residual2'), { beta: 1, out: expected });
    expect(relativeDistance(blocks, expected)).toBeLessThan(1e-14);
  });
});
