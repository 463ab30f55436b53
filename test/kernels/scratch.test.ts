import { describe, expect, it } from 'vitest';
import { tangentKernel } from '../../src/lib/kernels';
import { type DType, Matrix } from '../../src/lib/linalg';
import { dense, network, relu, tanh } from '../../src/lib/nets';
import { random } from '../../src/lib/random';

describe.each<DType>(['float32', 'float64'])('the memory that Grams share, %s', (dtype) => {
  const net = network(7, [dense(20), relu(), dense(13), tanh(), dense(3)]);
  const kernel = (seed: number) => tangentKernel(net, net.init(random(seed), { dtype }));
  const inputs = (rows: number, seed: number) => {
    const X = Matrix.zeros(rows, 7, dtype);
    random(`inputs ${seed}`).fill(X.data, 'normal');
    return X;
  };

  it('does not show in the digits: Grams of other sizes before, after and at once change nothing', async () => {
    const [a, b] = [kernel(1), kernel(2)];
    const [X, Y] = [inputs(40, 1), inputs(300, 2)];
    const alone = await a.gram(X);
    const kept = alone.copy();
    await b.gram(Y);
    const [again, , cross, diagonal] = await Promise.all([
      a.gram(X),
      b.gram(Y),
      a.cross(X, Y),
      a.diagonal(X),
    ]);
    expect(alone.data).toEqual(kept.data);
    expect(again.data).toEqual(kept.data);
    expect(cross.data).toEqual((await a.cross(X, Y)).data);
    expect(diagonal).toBeAllclose(kept.diagonal(), { rtol: dtype === 'float32' ? 1e-5 : 1e-13 });
  });

  it('is left whole by a Gram that fails', async () => {
    const [a, X] = [kernel(1), inputs(40, 1)];
    const before = await a.gram(X);
    const wrong = inputs(40, 3);
    wrong.set(2, 2, Number.NaN);
    await expect(a.gram(wrong)).rejects.toThrow(/NaN/);
    expect((await a.gram(X)).data).toEqual(before.data);
  });
});
