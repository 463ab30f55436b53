import { expect, test } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { pearson } from '../../src/lib/metrics';
import { Random, random } from '../../src/lib/random';

const numbers = (rng: Random, n = 20_000) => rng.fill(new Float64Array(n), 'normal');

test('equal seeds give equal digits, and these digits', () => {
  expect(numbers(random(42))).toEqual(numbers(random(42)));
  const rng = random(42);
  expect([
    rng.uniform(),
    rng.normal(),
    rng.integer(1000),
    rng.laplace(),
    rng.cauchy(),
    rng.rademacher(),
  ]).toMatchInlineSnapshot(`
    [
      0.713065510154273,
      -2.5124769341775757,
      832,
      -1.9191127928224228,
      -0.3464316726717255,
      -1,
    ]
  `);
});

test('near seeds, a number and its text, and a seed and its streams give unrelated numbers', () => {
  const rngs = [
    random(1),
    random(2),
    random('1'),
    random(-1),
    random(1).stream('1'),
    random(1).stream(1),
    random(1).stream(2),
  ];
  const draws = rngs.map((rng) => numbers(rng));
  for (let i = 0; i < draws.length; i++)
    for (let j = 0; j < i; j++)
      expect(Math.abs(pearson(draws[i], draws[j]))).toBeLessThan(5 / Math.sqrt(20_000));
});

test('the correlation that holds streams apart sees streams that share a part', () => {
  const a = numbers(random('a'));
  const mixed = numbers(random('b')).map((x, i) => x + 0.06 * a[i]);
  expect(Math.abs(pearson(a, mixed))).toBeGreaterThan(5 / Math.sqrt(20_000));
});

test('a stream depends on the seed and its names alone', () => {
  const parent = random('seed');
  const before = numbers(parent.stream('init'));
  numbers(parent);
  expect(numbers(parent.stream('init'))).toEqual(before);
  expect(numbers(random('seed').stream('init'))).toEqual(before);
});

test('making a stream does not move its parent', () => {
  const parent = random(3);
  parent.stream('x');
  expect(numbers(parent)).toEqual(numbers(random(3)));
});

test('streams nest, and a path is not its names joined', () => {
  expect(numbers(random(1).stream('a').stream('b'))).not.toEqual(numbers(random(1).stream('ab')));
  expect(numbers(random(1).stream('a,b'))).not.toEqual(numbers(random(1).stream('a').stream('b')));
});

test('a generator goes on from its saved state, through JSON, in the middle of anything', () => {
  const rng = random('saved').stream('deep');
  rng.normal();
  rng.fill(new Float64Array(77), 'rademacher');
  const state = JSON.parse(JSON.stringify(rng.state()));
  const copy = Random.fromState(state);
  expect(numbers(copy)).toEqual(numbers(rng));
  expect(copy.integer(1e9)).toBe(rng.integer(1e9));
  expect(numbers(copy.stream('below'))).toEqual(numbers(rng.stream('below')));
  expect(Random.fromState(state).normal()).not.toBe(rng.normal());
});

test('a saved state does not move with its generator', () => {
  const rng = random(9);
  const state = rng.state();
  const first = rng.uniform();
  expect(Random.fromState(state).uniform()).toBe(first);
});

test('arguments out of range give a ValueError that names them', () => {
  const rng = random(0);
  const wrong: [() => unknown, RegExp][] = [
    [() => random(0.5), /random\(seed\).*whole number.*got 0\.5/],
    [() => random(Number.NaN), /random\(seed\)/],
    [() => rng.stream(1.5), /stream\(name\)/],
    [() => rng.uniform(1, 1), /uniform\(a, b\).*a = 1, b = 1/],
    [() => rng.uniform(0, Number.POSITIVE_INFINITY), /uniform/],
    [() => rng.normal(0, -1), /normal.*got 0, -1/],
    [() => rng.normal(Number.NaN), /normal/],
    [() => rng.laplace(0, Number.NaN), /laplace/],
    [() => rng.cauchy(0, Number.POSITIVE_INFINITY), /cauchy/],
    [() => rng.bernoulli(1.2), /bernoulli.*got 1\.2/],
    [() => rng.bernoulli(Number.NaN), /bernoulli/],
    [() => rng.integer(0), /integer\(n\)/],
    [() => rng.integer(2.5), /integer\(n\)/],
    [() => rng.integer(2 ** 53), /integer\(n\)/],
    [() => rng.permutation(-1), /permutation/],
    [() => rng.fill(new Float32Array(1), 'gauss' as 'normal'), /uniform, normal.*got gauss/],
    [() => rng.fill(new Float32Array(0), 'normal', 0, -1), /normal/],
    [() => rng.fill(new Float32Array(1), 'uniform', 1, 1 + 1e-9), /uniform/],
    [() => Random.fromState({} as never), /fromState/],
    [() => Random.fromState({ ...rng.state(), words: [0, 0, 0, 0] }), /fromState/],
    [() => Random.fromState({ ...rng.state(), words: [1, 2, 3, 2 ** 40] }), /fromState/],
  ];
  for (const [call, message] of wrong) {
    expect(call).toThrow(ValueError);
    expect(call).toThrow(message);
  }
});

test('scale 0 gives the location', () => {
  expect(random(1).normal(3, 0)).toBe(3);
  expect(random(1).cauchy(3, 0)).toBe(3);
});
