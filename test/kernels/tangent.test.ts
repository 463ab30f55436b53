import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { conjugateKernel, jacobian, pseudoTangentKernel, tangentKernel } from '../../src/lib/kernels';
import { axpy, type DType, eigvalsh, gemm, Matrix, syrk } from '../../src/lib/linalg';
import { dense, network, relu, tanh } from '../../src/lib/nets';
import { cases, normal, relativeDistance, snapshotOf } from './networks';

const precisions: [DType, number][] = [
  ['float64', 1e-12],
  ['float32', 2e-5],
];

describe.each(precisions)('tangent kernels in %s', (dtype, tolerance) => {
  it.each(cases.map((c) => [c.name, c.net] as const))(
    'the structured Gram equals the Gram of explicit Jacobian rows: %s',
    async (_, net) => {
      const snapshot = snapshotOf(net, 1, dtype);
      const X = normal(9, net.inputs, 2, dtype);
      const J = jacobian(net, snapshot, X);
      const K = await tangentKernel(net, snapshot).gram(X);
      expect(K.dtype).toBe(dtype);
      expect(relativeDistance(K, syrk(J.reshape(9, net.outputs * J.cols)))).toBeLessThan(tolerance);
      for (let c = 0; c < net.outputs; c++) {
        const one = await tangentKernel(net, snapshot, { outputs: c }).gram(X);
        expect(relativeDistance(one, syrk(jacobian(net, snapshot, X, { outputs: c })))).toBeLessThan(
          tolerance,
        );
      }
    },
  );

  it.each(cases.map((c) => [c.name, c.net] as const))(
    'the trace is the sum over outputs; the pseudo kernel is the Gram of the summed Jacobian over C: %s',
    async (_, net) => {
      const snapshot = snapshotOf(net, 3, dtype);
      const X = normal(8, net.inputs, 4, dtype);
      const trace = await tangentKernel(net, snapshot).gram(X);
      const sum = Matrix.zeros(8, 8, dtype);
      for (let c = 0; c < net.outputs; c++) {
        const one = await tangentKernel(net, snapshot, { outputs: c }).gram(X);
        for (let k = 0; k < sum.data.length; k++) sum.data[k] += one.data[k];
      }
      expect(relativeDistance(trace, sum)).toBeLessThan(tolerance);
      const pseudo = await pseudoTangentKernel(net, snapshot).gram(X);
      const J = jacobian(net, snapshot, X);
      const total = Matrix.zeros(8, J.cols, dtype);
      for (let i = 0; i < 8; i++)
        for (let c = 0; c < net.outputs; c++)
          for (let p = 0; p < J.cols; p++) total.data[i * J.cols + p] += J.get(i * net.outputs + c, p);
      expect(relativeDistance(pseudo, syrk(total, { alpha: 1 / net.outputs }))).toBeLessThan(tolerance);
      if (net.outputs === 1) expect(relativeDistance(pseudo, trace)).toBeLessThan(tolerance);
    },
  );

  it.each(cases.map((c) => [c.name, c.net] as const))(
    'of a combination of outputs is the Gram of the combined rows of the Jacobian: %s',
    async (_, net) => {
      const snapshot = snapshotOf(net, 3, dtype);
      const X = normal(8, net.inputs, 4, dtype);
      const { outputs } = net;
      const weights = Array.from({ length: outputs }, (_, c) => 1.5 - 2 * c);
      const J = jacobian(net, snapshot, X);
      const combined = Matrix.zeros(8, J.cols, dtype);
      for (let i = 0; i < 8; i++)
        for (let c = 0; c < outputs; c++) axpy(weights[c], J.row(i * outputs + c), combined.row(i));
      const rows = jacobian(net, snapshot, X, { outputs: weights });
      expect(rows.shape).toEqual([8, J.cols]);
      expect(relativeDistance(rows, combined)).toBeLessThan(tolerance);
      const kernel = tangentKernel(net, snapshot, { outputs: weights });
      expect(relativeDistance(await kernel.gram(X), syrk(combined))).toBeLessThan(tolerance);
      expect(
        relativeDistance(
          await kernel.cross(X.slice(0, 3), X),
          gemm(combined.slice(0, 3), combined, { transposeB: true }),
        ),
      ).toBeLessThan(tolerance);
      // Two kernels are combinations: that of one output, and the pseudo kernel.
      const of = (coefficients: readonly number[]) =>
        tangentKernel(net, snapshot, { outputs: coefficients }).gram(X);
      const last = Array.from({ length: outputs }, (_, c) => Number(c === outputs - 1));
      expect(await of(last)).toEqual(await tangentKernel(net, snapshot, { outputs: outputs - 1 }).gram(X));
      const same = new Array(outputs).fill(1 / Math.sqrt(outputs));
      expect(await of(same)).toEqual(await pseudoTangentKernel(net, snapshot).gram(X));
    },
  );

  it('of the difference of two outputs and the last layer alone is twice the conjugate kernel with its bias', async () => {
    const net = network(2, [dense(9), tanh(), dense(7), tanh(), dense(2)]);
    const snapshot = snapshotOf(net, 5, dtype);
    const X = normal(8, 2, 6, dtype);
    const difference = tangentKernel(net, snapshot, { outputs: [1, -1], layers: ['dense3'] });
    const twice = await conjugateKernel(net, snapshot, { bias: true }).gram(X);
    for (let k = 0; k < twice.data.length; k++) twice.data[k] *= 2; // both rows of the last weight move f_0 − f_1
    expect(relativeDistance(await difference.gram(X), twice)).toBeLessThan(tolerance);
    // What the other layers add to it is a kernel too (arXiv 2310.18612, eq. 30).
    const rest = await tangentKernel(net, snapshot, { outputs: [1, -1] }).gram(X);
    for (let k = 0; k < rest.data.length; k++) rest.data[k] -= twice.data[k];
    const values = eigvalsh(rest.as('float64'));
    expect(values[0]).toBeGreaterThan(-tolerance * values[7]);
    expect(values[7]).toBeGreaterThan(1);
  });

  it.each(cases.map((c) => [c.name, c.net] as const))(
    'cross(X, X) is the Gram, cross of parts its parts, and the diagonal its diagonal: %s',
    async (_, net) => {
      const snapshot = snapshotOf(net, 5, dtype);
      const X = normal(10, net.inputs, 6, dtype);
      for (const kernel of [tangentKernel(net, snapshot), pseudoTangentKernel(net, snapshot)]) {
        const K = await kernel.gram(X);
        expect(relativeDistance(await kernel.cross(X, X), K)).toBeLessThan(tolerance);
        const part = await kernel.cross(X.slice(0, 4), X.slice(4));
        expect(part.shape).toEqual([4, 6]);
        for (let i = 0; i < 4; i++)
          expect(part.row(i)).toBeAllclose(K.row(i).subarray(4), {
            rtol: tolerance,
            atol: tolerance * K.get(i, i),
          });
        expect(await kernel.diagonal(X)).toBeAllclose(K.diagonal(), { rtol: tolerance });
        const all = await kernel.crossWithDiagonals?.(X.slice(0, 3), X);
        expect(all?.diagonal).toBeAllclose(K.diagonal().subarray(0, 3), { rtol: tolerance });
        expect(all?.diagonal2).toBeAllclose(K.diagonal(), { rtol: tolerance });
      }
    },
  );

  it.each(cases.map((c) => [c.name, c.net] as const))(
    'without biases is the Gram of the weights’ columns of the Jacobian; of chosen layers, of theirs: %s',
    async (_, net) => {
      const snapshot = snapshotOf(net, 7, dtype);
      const X = normal(6, net.inputs, 8, dtype);
      const J = jacobian(net, snapshot, X);
      const only = (keep: (name: string) => boolean) => {
        const masked = J.copy();
        for (const [name, { offset, rows, cols }] of net.layout.places)
          if (!keep(name))
            for (let r = 0; r < J.rows; r++) masked.row(r).fill(0, offset, offset + rows * cols);
        return syrk(masked.reshape(6, net.outputs * J.cols));
      };
      const weights = await tangentKernel(net, snapshot, { bias: false }).gram(X);
      expect(
        relativeDistance(
          weights,
          only((name) => name.endsWith('/weight')),
        ),
      ).toBeLessThan(tolerance);
      const first = await tangentKernel(net, snapshot, { layers: ['dense1'] }).gram(X);
      expect(
        relativeDistance(
          first,
          only((name) => name.startsWith('dense1/')),
        ),
      ).toBeLessThan(tolerance);
    },
  );

  it('is exactly symmetric, and positive semidefinite to rounding, across tiles', async () => {
    const net = network(12, [dense(10), relu({ scale: 0.3 }), dense(2)]);
    const K = await tangentKernel(net, snapshotOf(net, 9, dtype)).gram(normal(530, 12, 10, dtype));
    let asymmetric = 0;
    for (let i = 0; i < 530; i++) for (let j = 0; j < i; j++) if (K.get(i, j) !== K.get(j, i)) asymmetric++;
    expect(asymmetric).toBe(0);
    const values = eigvalsh(K.as('float64'));
    expect(values[0]).toBeGreaterThan(-tolerance * values[529]);
  });

  it('equals the Jacobian’s Gram when the examples are more than one tile, and the cross-Gram too', async () => {
    const net = network(3, [dense(4), relu(), dense(2)]);
    const snapshot = snapshotOf(net, 11, dtype);
    const X = normal(1100, 3, 12, dtype);
    const X2 = normal(700, 3, 13, dtype);
    const kernel = tangentKernel(net, snapshot);
    const features = (points: Matrix) => {
      const J = jacobian(net, snapshot, points);
      return J.reshape(points.rows, 2 * J.cols);
    };
    const [F, F2] = [features(X), features(X2)];
    expect(relativeDistance(await kernel.gram(X), syrk(F))).toBeLessThan(tolerance);
    expect(relativeDistance(await kernel.cross(X, X2), gemm(F, F2, { transposeB: true }))).toBeLessThan(
      tolerance,
    );
  });
});

describe('the tangent kernel', () => {
  it('equals the Gram of finite differences of the outputs in every parameter', async () => {
    for (const { net } of cases.filter(({ name }) => !name.includes('MLP'))) {
      const snapshot = snapshotOf(net, 14);
      const X = normal(5, net.inputs, 15);
      const step = 1e-6;
      const J = Matrix.zeros(5, net.outputs * net.parameterCount);
      for (let p = 0; p < net.parameterCount; p++) {
        const at = (shift: number) => {
          const params = snapshot.params.copy();
          params.data[p] += shift;
          return net.predict({ ...snapshot, params }, X);
        };
        const [up, down] = [at(step), at(-step)];
        for (let i = 0; i < 5; i++)
          for (let c = 0; c < net.outputs; c++)
            J.set(i, c * net.parameterCount + p, (up.get(i, c) - down.get(i, c)) / (2 * step));
      }
      const K = await tangentKernel(net, snapshot).gram(X);
      expect(relativeDistance(K, syrk(J))).toBeLessThan(1e-7);
    }
  });

  it('of a two-layer network is the formula derived by hand', async () => {
    // f(x) = Σ_k v_k σ((w_k·x + b_k)/2) + c with σ = relu: for pre-activations z, z′ and h = σ(z/2),
    // κ = Σ_k h_k h′_k + 1 + (x·x′ + 1) Σ_k v_k² ¼ [z_k > 0][z′_k > 0].
    const net = network(2, [dense(3), relu({ scale: 0.5 }), dense(1)]);
    const snapshot = snapshotOf(net, 0);
    snapshot.params.get('dense1/weight').data.set([1, -2, 0.5, 3, 1, -1]);
    snapshot.params.get('dense1/bias').data.set([0.5, 0, -1]);
    snapshot.params.get('dense2/weight').data.set([2, -1, 4]);
    snapshot.params.get('dense2/bias').data.set([0.7]);
    const [x, y] = [
      [1, 2], // z = 7.5, 0, −2.5: the second sits on the kink, where relu′ is 0
      [-1, 1], // z = 2.5, 3, −2.5
    ];
    const K = await tangentKernel(net, snapshot).gram(Matrix.from([x, y]));
    expect(K).toBeAllclose(
      [
        [3.75 * 3.75 + 1 + 6 * (4 / 4), 3.75 * 1.25 + 1 + 2 * (4 / 4)],
        [3.75 * 1.25 + 1 + 2 * (4 / 4), 1.25 * 1.25 + 1.5 * 1.5 + 1 + 3 * (4 / 4 + 1 / 4)],
      ],
      { rtol: 1e-14 },
    );
  });

  it('of a float32 snapshot can be made in float64', async () => {
    const { net } = cases[2];
    const snapshot = snapshotOf(net, 16, 'float32');
    const X = normal(7, net.inputs, 17, 'float32');
    const wide = await tangentKernel(net, snapshot, { dtype: 'float64' }).gram(X);
    expect(wide.dtype).toBe('float64');
    const J = jacobian(net, snapshot, X, { dtype: 'float64' });
    expect(relativeDistance(wide, syrk(J))).toBeLessThan(1e-12);
  });

  it('of no examples is empty', async () => {
    const { net } = cases[1];
    const kernel = tangentKernel(net, snapshotOf(net, 1));
    const none = Matrix.zeros(0, net.inputs);
    expect((await kernel.gram(none)).shape).toEqual([0, 0]);
    expect((await kernel.cross(none, normal(3, net.inputs, 1))).shape).toEqual([0, 3]);
    expect((await kernel.diagonal(none)).length).toBe(0);
  });

  it('lets the event loop run while it is made', async () => {
    const net = network(64, [dense(64), relu(), dense(4)]);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await tangentKernel(net, snapshotOf(net, 2)).gram(normal(1200, 64, 3));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});

describe('the tangent kernel refuses', () => {
  const { net } = cases[3];
  const snapshot = snapshotOf(net, 1);

  it('outputs and layers that the network does not have, and names those it has', () => {
    for (const outputs of [3, -1, 0.5])
      expect(() => tangentKernel(net, snapshot, { outputs })).toThrow(ValueError);
    const X = normal(2, net.inputs, 1);
    for (const make of [
      (outputs: readonly number[]) => tangentKernel(net, snapshot, { outputs }),
      (outputs: readonly number[]) => jacobian(net, snapshot, X, { outputs }),
    ]) {
      expect(() => make([1, -1])).toThrow(ShapeError);
      expect(() => make([1, -1])).toThrow(/3 coefficients.*got 2/);
      expect(() => make([1, Number.NaN, 0])).toThrow(/NaN at position 1/);
    }
    expect(() => tangentKernel(net, snapshot, { layers: ['conv1'] })).toThrow(/dense1, dense2, dense3/);
    expect(() => tangentKernel(net, snapshot, { layers: [] })).toThrow(ValueError);
  });

  it('inputs of another width, and numbers that are not finite', async () => {
    const kernel = tangentKernel(net, snapshot);
    await expect(kernel.gram(normal(3, 4, 1))).rejects.toThrow(ShapeError);
    await expect(kernel.cross(normal(3, 5, 1), normal(3, 4, 1))).rejects.toThrow(ShapeError);
    const torn = normal(3, 5, 1);
    torn.set(1, 2, Number.NaN);
    await expect(kernel.gram(torn)).rejects.toThrow(ValueError);
  });

  it('gradients that overflow', async () => {
    const wide = network(2, [dense(2), relu(), dense(1)]);
    const params = snapshotOf(wide, 1, 'float32');
    params.params.get('dense2/weight').data.fill(3e25);
    await expect(
      tangentKernel(wide, params).gram(
        Matrix.from(
          [
            [1, 2],
            [3, -1],
            [-2, 5],
            [-4, -4],
          ],
          'float32',
        ),
      ),
    ).rejects.toThrow(NumericalError);
  });
});

describe('recorded from PyTorch (torch.func, per-example Jacobians)', () => {
  const recorded = JSON.parse(
    readFileSync(new URL('../fixtures/kernels-torch.json', import.meta.url), 'utf8'),
  ) as Record<'inputs' | 'outputs' | 'jacobian' | 'trace' | 'output1' | 'pseudo', number[][]> & {
    weights: number[][][];
    biases: number[][];
  };
  const net = network(5, [dense(4), relu({ scale: 0.1 }), dense(3), relu({ scale: 0.1 }), dense(2)]);
  const snapshot = snapshotOf(net, 0);
  recorded.weights.forEach((weight, k) => {
    snapshot.params.get(`dense${k + 1}/weight`).data.set(weight.flat());
    snapshot.params.get(`dense${k + 1}/bias`).data.set(recorded.biases[k]);
  });
  const X = Matrix.from(recorded.inputs);

  it('the Jacobian is its Jacobian', () => {
    expect(net.predict(snapshot, X)).toBeAllclose(recorded.outputs, { rtol: 1e-12 });
    expect(jacobian(net, snapshot, X)).toBeAllclose(recorded.jacobian, { rtol: 1e-11, atol: 1e-14 });
  });

  it('the kernels are the Grams of it', async () => {
    const close = { rtol: 1e-11, atol: 1e-12 };
    expect(await tangentKernel(net, snapshot).gram(X)).toBeAllclose(recorded.trace, close);
    expect(await tangentKernel(net, snapshot, { outputs: 1 }).gram(X)).toBeAllclose(recorded.output1, close);
    expect(await pseudoTangentKernel(net, snapshot).gram(X)).toBeAllclose(recorded.pseudo, close);
  });
});
