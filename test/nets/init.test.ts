import { describe, expect, it } from 'vitest';
import { dense, type InitializerName, network, tanh } from '../../src/lib/nets';
import { random } from '../../src/lib/random';

const plain = network(200, [dense(300), tanh(), dense(50)]);
const parametrised = network(200, [
  dense(300, { weightScale: 'ntk' }),
  tanh(),
  dense(50, { weightScale: 'ntk' }),
]);

const moments = (values: ArrayLike<number>) => {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return {
    mean,
    deviation: Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length),
    largest: Math.max(...list.map(Math.abs)),
  };
};

describe('initialisers', () => {
  // name, standard deviation of a weight of 200 → 300, its limit, and that of a bias
  const rules: [InitializerName, number, number, number][] = [
    ['standardNormal', 1, 7, 1],
    ['ntk', 1, 7, 1],
    ['fanInUniform', 1 / Math.sqrt(3 * 200), 1 / Math.sqrt(200), 1 / Math.sqrt(3 * 200)],
    ['glorotUniform', Math.sqrt(2 / 500), Math.sqrt(6 / 500), 0],
    ['glorotNormal', Math.sqrt(2 / 500), 7 * Math.sqrt(2 / 500), 0],
    ['heUniform', Math.sqrt(2 / 200), Math.sqrt(6 / 200), 0],
    ['heNormal', Math.sqrt(2 / 200), 7 * Math.sqrt(2 / 200), 0],
  ];
  for (const [name, deviation, limit, biasDeviation] of rules)
    it(`${name} has the spread its formula says, in both precisions`, () => {
      for (const dtype of ['float32', 'float64'] as const) {
        const net = name === 'ntk' ? parametrised : plain;
        const { params } = net.init(random(`init ${name}`), { initializer: name, dtype });
        expect(params.dtype).toBe(dtype);
        const weight = moments(params.get('dense1/weight').data);
        // 60 000 draws: the standard error of a deviation is σ/√120 000, 0.3 %.
        expect(weight.deviation).toBeAllclose(deviation, { rtol: 0.015 });
        expect(Math.abs(weight.mean)).toBeLessThan((5 * deviation) / Math.sqrt(60_000));
        expect(weight.largest).toBeLessThanOrEqual(limit * (1 + 1e-7));
        if (name.endsWith('Uniform')) expect(weight.largest).toBeGreaterThan(0.999 * limit);
        const bias = moments(params.get('dense1/bias').data);
        if (biasDeviation === 0) expect(bias.largest).toBe(0);
        else expect(bias.deviation).toBeAllclose(biasDeviation, { rtol: 0.2 });
      }
    });

  it('draw on from the generator, and repeat with the seed', () => {
    const rng = random(5);
    const [first, second] = [plain.init(rng), plain.init(rng)];
    expect(first.params.data).not.toEqual(second.params.data);
    expect(plain.init(random(5)).params.data).toEqual(first.params.data);
  });

  it('ntk is refused by a layer whose weights carry no 1/√d_in', () => {
    expect(() => plain.init(random(1), { initializer: 'ntk' })).toThrow(
      /'dense1\/weight'.*1\/√200.*weightScale 1\..*weightScale: 'ntk'/s,
    );
  });

  it('an unknown name is answered by the names there are', () => {
    expect(() => plain.init(random(1), { initializer: 'xavier' as InitializerName })).toThrow(
      /glorotUniform.*'xavier'/,
    );
  });
});
