import { describe, expect, it } from 'vitest';
import { type DType, Matrix } from '../../src/lib/linalg/matrix';
import {
  type Loss,
  logisticLoss,
  meanSquaredError,
  sigmoidMeanSquaredError,
  softmaxCrossEntropy,
  type Targets,
} from '../../src/lib/nets/losses';
import { random } from '../../src/lib/random';
import fixture from '../fixtures/nets-optimizers.json';

const dtypes: DType[] = ['float32', 'float64'];
const all: Loss[] = [meanSquaredError, logisticLoss, sigmoidMeanSquaredError, softmaxCrossEntropy];
const byName = Object.fromEntries(all.map((loss) => [loss.name, loss]));
const cases = Object.keys(fixture.losses) as (keyof typeof fixture.losses)[];

function given(name: keyof typeof fixture.losses, dtype: DType): { loss: Loss; targets: Targets } {
  const { targets } = fixture.losses[name];
  return {
    loss: byName[name.split(',')[0]],
    targets:
      typeof targets[0] === 'number' ? (targets as number[]) : Matrix.from(targets as number[][], dtype),
  };
}

/** Targets that suit the loss, for n × 3 outputs. */
function randomTargets(loss: Loss, n: number, dtype: DType): Matrix {
  const rng = random(loss.name);
  const Y = Matrix.zeros(n, loss === softmaxCrossEntropy ? 1 : 3, dtype);
  Y.data.forEach((_, k) => {
    if (loss === meanSquaredError) Y.data[k] = rng.normal();
    else Y.data[k] = loss === softmaxCrossEntropy ? rng.integer(3) : rng.integer(2);
  });
  return Y;
}

describe.each(dtypes)('in %s', (dtype) => {
  const rounding = dtype === 'float32' ? 3e-7 : 1e-15;
  const outputs = Matrix.from(fixture.outputs, dtype);

  it.each(cases)('%s: value, gradient and Hessian action are PyTorch’s', (name) => {
    const { loss, targets } = given(name, dtype);
    const expected = fixture.losses[name];
    expect(loss.value(outputs, targets)).toBeAllclose(expected.value, { rtol: 4 * rounding });
    const gradient = Matrix.zeros(11, 4, dtype);
    expect(loss.gradient(outputs, targets, gradient)).toBeAllclose(expected.value, { rtol: 4 * rounding });
    expect(gradient).toBeAllclose(expected.gradient, { rtol: 1e-6, atol: rounding });
    const product = Matrix.zeros(11, 4, dtype);
    loss.hessianVector(outputs, targets, Matrix.from(fixture.vector, dtype), product);
    expect(product).toBeAllclose(expected.hessianVector, { rtol: 1e-6, atol: rounding });
  });

  it.each(all)('$name: `targets` changes nothing, and is itself for targets in that form', (loss) => {
    const Y = randomTargets(loss, 11, dtype);
    const f = Matrix.from(
      fixture.outputs.map((row) => row.slice(0, 3)),
      dtype,
    );
    const prepared = loss.targets(Y, 3, dtype);
    expect(prepared.dtype).toBe(dtype);
    expect(loss.targets(prepared, 3, dtype)).toBe(prepared);
    expect(loss.value(f, prepared)).toBe(loss.value(f, Y));
    const other = loss.targets(Y.as(dtype === 'float32' ? 'float64' : 'float32'), 3, dtype);
    expect(loss.value(f, other)).toBeAllclose(loss.value(f, Y), { rtol: 1e-6 });
  });

  it('one-hot rows and labels are the same to the softmax', () => {
    const labels = fixture.losses.softmaxCrossEntropy.targets as number[];
    const rows = Matrix.from(
      labels.map((label) => [0, 1, 2, 3].map((c) => (c === label ? 1 : 0))),
      dtype,
    );
    const a = Matrix.zeros(11, 4, dtype);
    const b = Matrix.zeros(11, 4, dtype);
    const value = softmaxCrossEntropy.gradient(outputs, rows, a);
    expect(value).toBeAllclose(softmaxCrossEntropy.gradient(outputs, labels, b), { rtol: rounding });
    expect(a.data).toEqual(b.data);
  });

  it('the logistic loss is the softmax of two classes with logits 0 and f', () => {
    const f = Matrix.from([[-3], [0.2], [5], [-40]], dtype);
    const two = Matrix.from(
      Array.from(f.data, (v) => [0, v]),
      dtype,
    );
    const labels = [1, 0, 1, 0];
    expect(logisticLoss.value(f, labels)).toBeAllclose(softmaxCrossEntropy.value(two, labels), {
      rtol: 4 * rounding,
    });
  });

  it('logits of any size give finite losses and gradients, exact in the tails', () => {
    const big = dtype === 'float32' ? 1e30 : 1e300;
    const f = Matrix.from([[big], [-big], [big], [-big], [30], [-30]], dtype);
    const right = [1, 0, 1, 0, 1, 0];
    const wrong = [0, 1, 0, 1, 0, 1];
    const gradient = Matrix.zeros(6, 1, dtype);
    const tail = Math.exp(-30);
    expect(logisticLoss.gradient(f, right, gradient)).toBeAllclose((2 * Math.log1p(tail)) / 6, {
      rtol: 4 * rounding,
    });
    const small = tail / (1 + tail) / 6;
    expect(gradient.data).toBeAllclose([0, 0, 0, 0, -small, small], { rtol: 4 * rounding });
    expect(logisticLoss.gradient(f, wrong, gradient)).toBeAllclose((4 * big + 60) / 6, {
      rtol: 4 * rounding,
    });
    expect(gradient.data).toBeAllclose(
      [1, -1, 1, -1, 1, -1].map((v) => v / 6),
      { rtol: 4 * rounding + tail },
    );
    expect(sigmoidMeanSquaredError.gradient(f, wrong, gradient)).toBeAllclose(1, {
      rtol: 4 * rounding + tail,
    });
    expect(Array.from(gradient.data).every(Number.isFinite)).toBe(true);

    const logits = Matrix.from(
      [
        [big, 0, -big],
        [-big, -big, 0],
      ],
      dtype,
    );
    const out = Matrix.zeros(2, 3, dtype);
    expect(softmaxCrossEntropy.gradient(logits, [0, 2], out)).toBe(0);
    expect(Array.from(out.data, Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(softmaxCrossEntropy.gradient(logits, [1, 1], out)).toBeAllclose(big, { rtol: 4 * rounding });
    expect(Array.from(out.data)).toEqual([0.5, -0.5, 0, 0, -0.5, 0.5]);
  });
});

it.each(all)(
  '$name: gradient and Hessian action are the finite differences of value and gradient',
  (loss) => {
    const rng = random(5);
    const f = Matrix.zeros(6, 3);
    const v = Matrix.zeros(6, 3);
    rng.fill(f.data, 'normal', 0, 2);
    rng.fill(v.data, 'normal', 0, 1);
    const Y = randomTargets(loss, 6, 'float64');
    const h = 1e-6;
    const at = (t: number) =>
      new Matrix(6, 3, f.data.map((value, k) => value + t * v.data[k]) as Float64Array);
    const gradient = (t: number) => {
      const out = Matrix.zeros(6, 3);
      loss.gradient(at(t), Y, out);
      return out.data;
    };
    const slope = (loss.value(at(h), Y) - loss.value(at(-h), Y)) / (2 * h);
    const g = gradient(0);
    expect(Array.from(g).reduce((s, value, k) => s + value * v.data[k], 0)).toBeAllclose(slope, {
      rtol: 1e-8,
      atol: 1e-9,
    });
    const [up, down] = [gradient(h), gradient(-h)];
    const product = Matrix.zeros(6, 3);
    loss.hessianVector(f, Y, v, product);
    expect(product.data).toBeAllclose(
      Array.from(up, (value, k) => (value - down[k]) / (2 * h)),
      { rtol: 1e-7, atol: 1e-9 },
    );
    // In place.
    loss.hessianVector(f, Y, v, v);
    expect(v.data).toEqual(product.data);
  },
);

describe('targets that do not fit are named', () => {
  const one = Matrix.zeros(3, 1);
  const four = Matrix.zeros(3, 4);

  it('out of range, or not a number', () => {
    expect(() => meanSquaredError.value(one, [0, Number.NaN, 1])).toThrow(
      /meanSquaredError targets: .*NaN in example 1/,
    );
    expect(() => meanSquaredError.value(one, [0, 1, Infinity])).toThrow(/Infinity in example 2/);
    expect(() => logisticLoss.value(one, [1, -1, 1])).toThrow(
      /got -1 in example 1. Map the two classes to 0 and 1/,
    );
    const Y = Matrix.zeros(3, 4);
    Y.set(2, 1, 2);
    expect(() => sigmoidMeanSquaredError.value(four, Y)).toThrow(/got 2 in example 2, column 1/);
    expect(() => softmaxCrossEntropy.value(four, [0, 4, 1])).toThrow(
      /labels 0 … 3, for 4 outputs, got 4 in example 1/,
    );
    expect(() => softmaxCrossEntropy.value(four, [0, 1.5, 1])).toThrow(/got 1.5/);
    expect(() => softmaxCrossEntropy.value(four, [0, 1, Number.NaN])).toThrow(/got NaN/);
    expect(() => softmaxCrossEntropy.value(four, Y)).toThrow(/probabilit.*got 2|got 2/);
    expect(() => softmaxCrossEntropy.value(four, Matrix.zeros(3, 4))).toThrow(
      /rows that sum to 1.*got 0 in example 0/,
    );
  });

  it('of another shape', () => {
    expect(() => meanSquaredError.value(one, [0, 1])).toThrow(/expected 3 examples.*got 2/);
    expect(() => meanSquaredError.value(four, [0, 1, 2])).toThrow(/a Matrix of 4 columns/);
    expect(() => logisticLoss.value(four, Matrix.zeros(3, 2))).toThrow(/4 columns.*got 3 × 2/);
    expect(() => softmaxCrossEntropy.value(one, [0, 0, 0])).toThrow(/two outputs or more.*logisticLoss/);
    expect(() => softmaxCrossEntropy.value(four, Matrix.zeros(3, 3))).toThrow(/4 columns/);
    expect(() => meanSquaredError.value(Matrix.zeros(0, 1), [])).toThrow(/at least one example/);
    expect(() => meanSquaredError.gradient(one, [0, 1, 2], four)).toThrow(/gradient, out: expected 3 × 1/);
  });
});
