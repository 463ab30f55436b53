import { describe, expect, it } from 'vitest';
import { NumericalError, ValueError } from '../../src/lib/errors';
import { center, cosine, scaled, tangentKernel } from '../../src/lib/kernels';
import { prepared } from '../../src/lib/kernels/prepared';
import { type DType, Matrix } from '../../src/lib/linalg';
import { dense, network, relu } from '../../src/lib/nets';
import { everyKernel, everyNetwork } from './every-kernel';
import { cases, normal, relativeDistance, snapshotOf } from './networks';

const precisions: [DType, number][] = [
  ['float64', 1e-11],
  ['float32', 1e-4],
];

describe.each(precisions)('prepared examples, in %s', (dtype, tolerance) => {
  it.each(everyNetwork.map((c) => [c.name, c] as const))(
    'give every block of the Gram and of the cross-Gram, and the diagonal: %s',
    async (_, its) => {
      const { net } = its;
      const X = normal(11, net.inputs, 2, dtype);
      const panels = [
        { start: 0, end: 4 },
        { start: 4, end: 5 },
        { start: 5, end: 11 },
      ];
      for (const [name, kernel] of Object.entries(everyKernel(its, dtype))) {
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
