import { describe, expect, it } from 'vitest';
import { NumericalError, ValueError } from '../../src/lib/errors';
import {
  center,
  conjugateKernel,
  cosine,
  embeddingKernel,
  type Kernel,
  linearKernel,
  projectedTangentKernel,
  pseudoTangentKernel,
  scaled,
  tangentKernel,
} from '../../src/lib/kernels';
import { prepared } from '../../src/lib/kernels/prepared';
import { type DType, Matrix } from '../../src/lib/linalg';
import { averagePool, conv2d, dense, flatten, network, relu, tanh } from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { cases, normal, relativeDistance, snapshotOf } from './networks';

const image = network(
  [6, 6, 2],
  [conv2d(3, 3), tanh(), averagePool(2), conv2d(4, 2), relu({ scale: 0.5 }), flatten(), dense(2)],
);
const nets = [...cases, { name: 'images', net: image }];

/** The same κ by a kernel that knows no other way than to be asked. */
const plain = ({ name, gram, cross, diagonal }: Kernel): Kernel => ({ name, gram, cross, diagonal });

function kernelsOf(net: (typeof nets)[number]['net'], dtype: DType): [string, Kernel][] {
  const snapshot = snapshotOf(net, 1, dtype);
  const trace = tangentKernel(net, snapshot);
  const deep = net.layers.length > 1;
  const projected = (kind: 'khatri-rao' | 'rademacher') =>
    projectedTangentKernel(net, snapshot, { dimension: 20, kind, rng: random('P') });
  return [
    ['trace', trace],
    ['one output', tangentKernel(net, snapshot, { outputs: 0 })],
    ['pseudo', pseudoTangentKernel(net, snapshot, { bias: false })],
    ['conjugate', conjugateKernel(net, snapshot, { bias: true })],
    ...(deep ? [['embedding', embeddingKernel(net, snapshot)] as [string, Kernel]] : []),
    ['khatri-rao', projected('khatri-rao')],
    ['rademacher', projected('rademacher')],
    ['linear', linearKernel({ dtype })],
    ['cosine', cosine(trace)],
    ['scaled', scaled(trace, 3)],
    ['cosine of scaled', cosine(scaled(trace, 3))],
    ['centred', center(trace, normal(5, net.inputs, 'reference', dtype))],
    ['cosine of centred', cosine(center(trace, normal(5, net.inputs, 'reference', dtype)))],
    ['asked for blocks', plain(trace)],
    ['cosine, asked for blocks', cosine(plain(trace))],
  ];
}

const precisions: [DType, number][] = [
  ['float64', 1e-11],
  ['float32', 1e-4],
];

describe.each(precisions)('prepared examples, in %s', (dtype, tolerance) => {
  it.each(nets.map((c) => [c.name, c.net] as const))(
    'give every block of the Gram and of the cross-Gram, and the diagonal: %s',
    async (_, net) => {
      const X = normal(11, net.inputs, 2, dtype);
      const panels = [
        { start: 0, end: 4 },
        { start: 4, end: 5 },
        { start: 5, end: 11 },
      ];
      for (const [name, kernel] of kernelsOf(net, dtype)) {
        const K = await kernel.gram(X);
        const by = { extent: { pairs: 66, examples: 11 }, heed: () => undefined };
        const ready = await Promise.all(panels.map((panel) => prepared(kernel, X, panel, by)));
        for (const [a, left] of panels.entries())
          for (const [b, right] of panels.entries()) {
            const out = Matrix.zeros(left.end - left.start, right.end - right.start, dtype);
            await ready[a].cross(ready[b], out);
            const expected = out.copy();
            for (let i = 0; i < out.rows; i++)
              expected.row(i).set(K.row(left.start + i).subarray(right.start, right.end));
            expect(relativeDistance(out, expected), name).toBeLessThan(tolerance);
            if (a !== b) continue;
            for (let i = 0; i < out.rows; i++)
              for (let j = 0; j < i; j++) expect(out.get(i, j)).toBe(out.get(j, i));
            expect(ready[a].diagonal, name).toBeAllclose(expected.diagonal(), { rtol: tolerance });
          }
      }
    },
  );
});

describe('prepared examples', () => {
  const { net } = cases[3];
  const kernel = tangentKernel(net, snapshotOf(net, 1));
  const X = normal(6, net.inputs, 2);
  const by = { extent: { pairs: 21, examples: 6 }, heed: () => undefined };

  it('do not depend on the passes that come after: their numbers are their own', async () => {
    const [first, whole] = [
      { start: 0, end: 2 },
      { start: 0, end: 6 },
    ];
    const ready = await prepared(kernel, X, first, by);
    const before = Matrix.zeros(2, 2);
    await ready.cross(ready, before);
    await prepared(kernel, normal(6, net.inputs, 3), whole, by);
    const after = Matrix.zeros(2, 2);
    await ready.cross(ready, after);
    expect(after.data).toEqual(before.data);
  });

  it('say how many bytes they hold: the factors of a dense network are its inputs and deltas', async () => {
    const mlp = network(6, [dense(5), relu(), dense(3)]);
    const trace = tangentKernel(mlp, snapshotOf(mlp, 1));
    const { bytes } = await prepared(
      trace,
      X.slice(0, 0).rows ? X : normal(4, 6, 1),
      { start: 0, end: 4 },
      by,
    );
    expect(bytes).toBe(4 * 8 * (6 + 3 * 5 + (5 + 3 * 3)) + 4 * 8);
  });

  it('are refused where a block depends on more than its own examples', async () => {
    const panel = { start: 0, end: 2 };
    for (const whole of [center(kernel), cosine(center(kernel)), scaled(center(kernel), 2)])
      await expect(prepared(whole, X, panel, by)).rejects.toThrow(ValueError);
  });

  it('name the example that has no direction, or no finite gradient, by its number in X', async () => {
    const flat = network(2, [dense(2, { bias: false }), relu(), dense(1, { bias: false })]);
    const zero = cosine(tangentKernel(flat, snapshotOf(flat, 1)));
    const points = normal(5, 2, 1);
    points.row(3).fill(0);
    await expect(prepared(zero, points, { start: 2, end: 5 }, by)).rejects.toThrow(/example 3/);
    const large = snapshotOf(flat, 1, 'float32');
    large.params.data.fill(3e25);
    const huge = points.as('float32');
    huge.data.fill(0);
    huge.set(4, 0, 1);
    await expect(prepared(tangentKernel(flat, large), huge, { start: 2, end: 5 }, by)).rejects.toThrow(
      NumericalError,
    );
  });

  it('stop when they are told to', async () => {
    const heed = () => {
      throw new Error('stop');
    };
    const panel = { start: 0, end: 3 };
    await expect(prepared(kernel, X, panel, { ...by, heed })).rejects.toThrow('stop');
    const ready = await prepared(kernel, X, panel, by);
    await expect(ready.cross(ready, Matrix.zeros(3, 3), heed)).rejects.toThrow('stop');
  });
});
