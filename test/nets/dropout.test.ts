import { describe, expect, it } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { conjugateKernel, embeddingKernel, tangentKernel } from '../../src/lib/kernels';
import { Matrix } from '../../src/lib/linalg';
import { sum } from '../../src/lib/linalg/elementwise';
import { CountingWorkspace, dense, dropout, type Mode, network, tanh } from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { gaussian } from './layer-properties';

const ones = (rows: number, cols: number) => new Matrix(rows, cols, new Float64Array(rows * cols).fill(1));
const empty = (cols: number, rate: number) => {
  const net = network(cols, [dropout(rate)]);
  return { net, snapshot: net.init(random(0), { dtype: 'float64' }) };
};

describe('dropout in training', () => {
  it.each([0.1, 0.5, 0.8])(
    'drops entries with the rate %f and keeps mean and variance as it should',
    (rate) => {
      const n = 400_000;
      const { net, snapshot } = empty(1000, rate);
      const mask = net.forward(snapshot, ones(n / 1000, 1000), { mode: 'train', rng: random('mask') }).output
        .data;
      expect(new Set(mask)).toEqual(new Set([0, 1 / (1 - rate)]));
      const mean = sum(mask) / n;
      // m is 1/(1 − ρ) times a Bernoulli variable: mean 1, variance ρ/(1 − ρ) = v, and E(m − 1)⁴ by its two values.
      const v = rate / (1 - rate);
      const fourth = rate + (1 - rate) * v ** 4;
      expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(v / n));
      const variance = sum(Float64Array.from(mask, (m) => (m - 1) ** 2)) / n;
      expect(Math.abs(variance - v)).toBeLessThan(5 * Math.sqrt((fourth - v * v) / n) + 1e-12);
    },
  );

  it('is right on average over its masks, entry by entry', () => {
    const { net, snapshot } = empty(5, 0.3);
    const X = gaussian(4, 5, random('X'));
    const rng = random('masks');
    const draws = 20_000;
    const mean = new Float64Array(20);
    for (let k = 0; k < draws; k++)
      net.forward(snapshot, X, { mode: 'train', rng }).output.data.forEach((y, i) => {
        mean[i] += y / draws;
      });
    // The standard error of entry i is |x_i| √(0.3/0.7/draws).
    X.data.forEach((x, i) => {
      expect(Math.abs(mean[i] - x)).toBeLessThan(5 * Math.abs(x) * Math.sqrt(3 / 7 / draws));
    });
  });

  it('draws another mask in each layer and each pass, and the same one for the same generator', () => {
    const net = network(64, [dropout(0.5), tanh(), dropout(0.5)]);
    const snapshot = net.init(random(0), { dtype: 'float64' });
    const rng = random('passes');
    const zeros = () => {
      const { outputs } = net.forward(snapshot, ones(32, 64), { mode: 'train', rng });
      return outputs.map(({ output }) => Array.from(output.data, (y) => y === 0));
    };
    const [first, second] = [zeros(), zeros()];
    // Where the first layer drops, the second has nothing to drop: half of the others are left.
    const left = first[2].filter((dropped) => !dropped).length;
    expect(Math.abs(left - 512)).toBeLessThan(5 * Math.sqrt((2048 * 3) / 16));
    expect(second[0]).not.toEqual(first[0]);
    const again = random('passes');
    const repeated = net.forward(snapshot, ones(32, 64), { mode: 'train', rng: again }).outputs;
    expect(Array.from(repeated[2].output.data, (y) => y === 0)).toEqual(first[2]);
  });

  it('drops the same entries in both precisions, and whatever is kept of the pass', () => {
    const net = network(40, [dense(30), tanh(), dropout(0.2)]);
    const snapshot = net.init(random(0), { dtype: 'float64' });
    const single = net.init(random(0), { dtype: 'float32' });
    const X = gaussian(7, 40, random('X'));
    const dropped = (its: Matrix) => Array.from(its.data, (y) => y === 0);
    const whole = net.forward(snapshot, X, { mode: 'train', rng: random(1) }).output;
    expect(dropped(net.forward(single, X, { mode: 'train', rng: random(1) }).output)).toEqual(dropped(whole));
    for (const keep of ['nothing', 'backward'] as const) {
      const workspace = new CountingWorkspace('float64');
      const { output } = net.body.forward(X.as('float64'), {
        ...snapshot,
        mode: 'train',
        rng: random(1),
        workspace,
        keep,
      });
      expect(output.data).toEqual(whole.data);
    }
  });
});

it('kernels do not see dropout: they are of the function that is evaluated', async () => {
  const dropped = network(3, [dropout(0.2), dense(4), tanh(), dropout(0.5), dense(2)]);
  const plain = network(3, [dense(4), tanh(), dense(2)]);
  const X = gaussian(5, 3, random('X'));
  for (const kernel of [tangentKernel, conjugateKernel, embeddingKernel]) {
    const [its, expected] = await Promise.all(
      [dropped, plain].map((net) => kernel(net, net.init(random(0))).gram(X)),
    );
    expect(its.data).toEqual(expected.data);
    expect(its.get(0, 0)).toBeGreaterThan(0);
  }
});

describe('dropout that drops nothing', () => {
  it.each<[Mode, number]>([
    ['evaluate', 0.5],
    ['evaluate', 0],
    ['train', 0],
  ])('is the identity and costs nothing: mode %s, rate %f', (mode, rate) => {
    const { net, snapshot } = empty(3, rate);
    const X = gaussian(5, 3, random('X')).as('float64');
    const workspace = new CountingWorkspace('float64');
    const applied = net.body.forward(X, { ...snapshot, mode, workspace, keep: 'everything' });
    const request = { cotangents: 1, input: true, visit: null };
    const along = applied.jvp(X, null);
    expect(applied.output).toBe(X);
    expect(applied.backward(X, request)).toBe(X);
    expect(along.output).toBe(X);
    expect(along.backward(X, X, request)).toEqual({ value: X, tangent: X });
    expect(workspace.matrices).toBe(0);
  });

  it('needs no generator, while another rate does', () => {
    const X = ones(2, 3);
    const none = empty(3, 0);
    expect(none.net.forward(none.snapshot, X, { mode: 'train' }).output.data).toEqual(X.data);
    const some = empty(3, 0.1);
    expect(() => some.net.forward(some.snapshot, X, { mode: 'train' })).toThrow(/rng/);
  });
});

it('a rate that is no probability below 1 is refused', () => {
  for (const rate of [1, 1.5, -0.1, Number.NaN]) {
    expect(() => dropout(rate)).toThrow(ValueError);
    expect(() => dropout(rate)).toThrow(/dropout\(rate\): expected 0 ≤ rate < 1, got/);
  }
});
