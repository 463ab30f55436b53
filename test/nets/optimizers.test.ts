import { describe, expect, it } from 'vitest';
import { Arena } from '../../src/lib/linalg/elementwise';
import { type DType, type Vector, zeros } from '../../src/lib/linalg/matrix';
import { adagrad, adam, gradientDescent, type Optimizer, sgd } from '../../src/lib/nets/optimizers';
import fixture from '../fixtures/nets-optimizers.json';

const dtypes: DType[] = ['float32', 'float64'];
const factories: Record<string, (options: never) => Optimizer> = { gradientDescent, sgd, adam, adagrad };
const cases = Object.keys(fixture.optimizers) as (keyof typeof fixture.optimizers)[];
const LENGTH = fixture.start.length;

const make = (name: keyof typeof fixture.optimizers): Optimizer =>
  factories[name.split(',')[0]](fixture.optimizers[name].options as never);

function vector(values: readonly number[], dtype: DType, arena?: Arena): Vector {
  const v = arena ? arena.vector(values.length, dtype) : zeros(values.length, dtype);
  v.set(values);
  return v;
}

describe.each(dtypes)('twenty steps in %s', (dtype) => {
  describe.each(cases)('of %s', (name) => {
    it.each(['an arena', 'ordinary arrays'])('give the parameters of PyTorch, in %s', (place) => {
      const arena = place === 'an arena' ? new Arena(1 << 16) : undefined;
      const state = make(name).start(LENGTH, dtype, arena);
      const params = vector(fixture.start, dtype, arena);
      const gradient = vector(fixture.start, dtype, arena);
      const expected = fixture.optimizers[name][dtype];
      const tolerance = dtype === 'float32' ? { rtol: 1e-6, atol: 1e-6 } : { rtol: 1e-12, atol: 1e-12 };
      fixture.gradients.forEach((values, k) => {
        gradient.set(values);
        state.step(params, gradient);
        const recorded = fixture.steps.indexOf(k + 1);
        if (recorded >= 0) expect(params).toBeAllclose(expected[recorded], tolerance);
      });
      expect(state.steps).toBe(20);
      expect(Array.from(gradient)).toEqual(Array.from(vector(fixture.gradients[19], dtype)));
    });

    it('go on after save and restore to the same digits', () => {
      const through = make(name).start(LENGTH, dtype);
      const first = make(name).start(LENGTH, dtype);
      const a = vector(fixture.start, dtype);
      const b = vector(fixture.start, dtype);
      fixture.gradients.forEach((g) => {
        through.step(a, vector(g, dtype));
      });
      fixture.gradients.slice(0, 7).forEach((g) => {
        first.step(b, vector(g, dtype));
      });
      const saved = first.save();
      first.step(vector(fixture.start, dtype), vector(fixture.gradients[0], dtype)); // must not reach what was saved
      const second = make(name).start(LENGTH, dtype, new Arena(1 << 14));
      second.restore(saved);
      expect(second.steps).toBe(7);
      fixture.gradients.slice(7).forEach((g) => {
        second.step(b, vector(g, dtype));
      });
      expect(b).toEqual(a);
    });
  });

  it('the rate can be changed between steps, and is saved', () => {
    const state = gradientDescent({ rate: 1 }).start(2, dtype);
    const params = vector([1, 1], dtype);
    state.step(params, vector([1, 2], dtype));
    state.rate = 0.5;
    state.step(params, vector([1, 2], dtype));
    expect(Array.from(params)).toEqual([-0.5, -2]);
    expect(state.save().rate).toBe(0.5);
  });
});

describe('an optimiser says what is wrong', () => {
  it('with a constant out of range', () => {
    expect(() => gradientDescent({ rate: Number.NaN })).toThrow(/gradientDescent rate: .*got NaN/);
    expect(() => sgd({ rate: -1 })).toThrow(/sgd rate/);
    expect(() => sgd({ rate: 1, momentum: 1 })).toThrow(/sgd momentum: expected 0 ≤ value < 1, got 1/);
    expect(() => sgd({ rate: 1, nesterov: true })).toThrow(/sgd nesterov: expected a momentum above 0/);
    expect(() => adam({ beta2: 1 })).toThrow(/adam beta2/);
    expect(() => adagrad({ initialAccumulator: -0.1 })).toThrow(/adagrad initialAccumulator/);
  });

  it('with arrays of another length or precision', () => {
    const state = adam().start(3, 'float64');
    expect(() => state.step(new Float64Array(4), new Float64Array(4))).toThrow(/adam step: expected 3/);
    expect(() => state.step(new Float32Array(3), new Float32Array(3))).toThrow(/float32/);
    expect(state.steps).toBe(0);
  });

  it('with a state of another optimiser or network', () => {
    const saved = adam().start(3, 'float64').save();
    expect(() => adam().start(4, 'float64').restore(saved)).toThrow(
      /for 4 parameters.*first of 3, second of 3/,
    );
    expect(() => sgd({ rate: 1, momentum: 0.5 }).start(3, 'float64').restore(saved)).toThrow(/sgd restore/);
  });
});

it('describes itself with every option', () => {
  expect(adam({ rate: 0.1 }).options).toEqual({ rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
  expect(sgd({ rate: 0.1 }).options).toEqual({ rate: 0.1, momentum: 0, nesterov: false, weightDecay: 0 });
});
