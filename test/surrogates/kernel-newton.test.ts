// biome-ignore-all lint/suspicious/noFocusedTests: fit is a verb of surrogates here, not a focused test
import { describe, expect, it } from 'vitest';
import { InterruptedError, NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { type DType, gemv, Matrix, pinv, syrk } from '../../src/lib/linalg';
import {
  attribute,
  type FittedKernelNewton,
  type KernelNewtonOptions,
  kernelLogisticNewton,
} from '../../src/lib/surrogates';
import recorded from '../fixtures/surrogates-kernel-newton.json';
import { normal, relativeDistance } from '../kernels/networks';

const { plain, separable, damped } = recorded;
const H = Matrix.from(plain.H);

/** A linear kernel of n random points, and labels that their first coordinate tells, but for noise. */
function problem(n: number, features: number, seed: number | string, dtype: DType = 'float64') {
  const points = normal(n, features, `points ${seed}`);
  const noise = normal(n, 1, `noise ${seed}`);
  const y = Float64Array.from({ length: n }, (_, i) => Number(points.get(i, 0) + 0.5 * noise.data[i] > 0));
  return { K: syrk(points).as(dtype), y };
}

/** Σ ln(1 + e^−sψ) by its definition, at logits that are not large. */
const lossOf = (psi: ArrayLike<number>, y: ArrayLike<number>) =>
  Array.from(psi).reduce((sum, z, i) => sum + Math.log(1 + Math.exp(y[i] ? -z : z)), 0);

const gradientOf = (K: Matrix, psi: ArrayLike<number>, y: ArrayLike<number>) =>
  gemv(
    K,
    Float64Array.from(psi, (z, i) => 1 / (1 + Math.exp(-z)) - y[i]),
  );

const end = ({ path }: FittedKernelNewton) => path[path.length - 1];

const largest = (v: ArrayLike<number>) => Array.from(v).reduce((m, x) => Math.max(m, Math.abs(x)), 0);

function expectPath(
  fit: FittedKernelNewton,
  path: readonly { loss: number; gradient: number; damping?: number; coefficients: number[] }[],
  digits: { loss: number; coefficients: number },
): void {
  path.forEach((point, k) => {
    const ours = fit.path[k + 1];
    expect(ours.step).toBe(k + 1);
    expect(ours.loss).toBeAllclose(point.loss, { rtol: digits.loss });
    expect(ours.gradient).toBeAllclose(point.gradient, { rtol: digits.coefficients, atol: 1e-6 });
    if (point.damping !== undefined) expect(ours.damping).toBe(point.damping);
    const scale = largest(point.coefficients);
    expect(ours.coefficients).toBeAllclose(point.coefficients, { atol: digits.coefficients * scale });
  });
}

describe('kernelLogisticNewton, recorded', () => {
  it('takes the steps that numpy takes with the pseudo-inverse of the Hessian', () => {
    const fit = kernelLogisticNewton({ steps: 10, rcond: plain.rcond }).fit(H, plain.labels);
    expectPath(fit, plain.path, { loss: 1e-10, coefficients: 1e-7 });
  });

  it('takes a part of a step where the whole one would raise the loss, as numpy does', () => {
    const fit = kernelLogisticNewton({ steps: 9, rcond: damped.rcond }).fit(
      Matrix.from(damped.H),
      damped.labels,
    );
    expect(fit.path.map((point) => point.damping)).toEqual([0, 1, 1, 1, 1, 1, 0.5, 1, 1, 1]);
    expectPath(fit, damped.path, { loss: 1e-9, coefficients: 1e-6 });
  });

  it('finds the minimum that scipy finds over the features, where there is one (eqs. 23, 24)', () => {
    const fit = kernelLogisticNewton({ steps: 15 }).fit(H, plain.labels);
    expect(end(fit).loss).toBeAllclose(plain.minimum.loss, { rtol: 1e-13 });
    expect(fit.decision(H)).toBeAllclose(plain.minimum.logits, { rtol: 1e-7, atol: 1e-8 });
    expect(end(fit).gradient).toBeLessThan(1e-9 * fit.path[0].gradient);
  });

  it('on a spectrum that falls fast takes the steps of 60 digits, which a Hessian that is formed does not', () => {
    const [K, y] = [Matrix.from(separable.H), separable.labels];
    const fit = kernelLogisticNewton({ steps: 6 }).fit(K, y);
    expectPath(fit, separable.path, { loss: 1e-7, coefficients: 1e-5 });
    // The first step with (H D H)⁺ in double precision, D = ¼: its small eigenvalues are rounding.
    const step = gemv(
      pinv(syrk(K, { transpose: true, alpha: 0.25 }), { hermitian: true, rcond: 1e-15 }),
      gradientOf(K, new Float64Array(K.rows), y),
    );
    const [exact] = separable.path;
    const off = (alpha: ArrayLike<number>) => largest(exact.coefficients.map((a, i) => a - alpha[i]));
    expect(off(fit.path[1].coefficients)).toBeLessThan(1e-5 * off(step.map((v: number) => -v)));
  });
});

describe('kernelLogisticNewton', () => {
  it('starts at zero, and states loss and gradient of each point of its path, by their definitions', () => {
    for (const dtype of ['float64', 'float32'] as const) {
      const { K, y } = problem(40, 4, 'path', dtype);
      const fit = kernelLogisticNewton({ steps: 5 }).fit(K, y);
      expect(fit.path.map((point) => point.step)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(fit.path[0]).toMatchObject({ damping: 0, coefficients: new Float64Array(40) });
      expect(fit.path[0].loss).toBeAllclose(40 * Math.LN2, { rtol: 1e-14 });
      const wide = K.as('float64');
      for (const { loss, gradient, coefficients } of fit.path) {
        const psi = gemv(wide, coefficients);
        expect(loss).toBeAllclose(lossOf(psi, y), { rtol: 1e-12 });
        expect(gradient).toBeAllclose(largest(gradientOf(wide, psi, y)), { rtol: 1e-9, atol: 1e-9 });
      }
    }
  });

  it('the first step from zero is least squares to four times the labels less a half', () => {
    const { K, y } = problem(12, 30, 'first');
    const [, { coefficients }] = kernelLogisticNewton({ steps: 1 }).fit(K, y).path;
    expect(gemv(K, coefficients)).toBeAllclose(
      y.map((v) => 4 * (v - 0.5)),
      { rtol: 1e-8 },
    );
  });

  it('lowers the loss with each step, whether there is a minimiser or not', () => {
    for (let draw = 0; draw < 12; draw++) {
      const { K, y } = problem(30, draw % 2 ? 60 : 3, draw);
      const { path } = kernelLogisticNewton({ steps: 25 }).fit(K, y);
      expect(path.length).toBeGreaterThan(3);
      for (let k = 1; k < path.length; k++)
        expect(path[k].loss).toBeLessThanOrEqual(path[k - 1].loss * (1 + 1e-14));
    }
  });

  it('where the kernel separates the classes divides the loss by e in each step, as long as it is a number', () => {
    const { K, y } = problem(20, 40, 'separable');
    const fit = kernelLogisticNewton({ steps: 1000 }).fit(K, y);
    expect(fit.score(K, y)).toBe(1);
    for (let k = 10; k < 700; k++) {
      expect(fit.path[k].loss / fit.path[k + 1].loss).toBeAllclose(Math.E, { rtol: 1e-2 });
      expect(fit.path[k].damping).toBe(1);
    }
    expect(fit.path[700].loss).toBeLessThan(1e-300);
    expect(fit.path[700].gradient).toBeGreaterThan(0);
    expect(end(fit)).toMatchObject({ loss: 0, gradient: 0 });
    expect(fit.path.length).toBeLessThan(800);
  });

  it('ends at a minimiser, of which the loss itself tells only half of the digits', () => {
    for (const draw of [0, 2, 4]) {
      const { K, y } = problem(30, 3, draw);
      const fit = kernelLogisticNewton({ steps: 1000 }).fit(K, y);
      expect(fit.path.length).toBeLessThan(30);
      expect(end(fit).gradient).toBeLessThan(1e-13 * fit.path[0].gradient);
    }
    // One point, once in either class: the start is the minimiser, and one step finds it out.
    const twice = new Matrix(2, 2, new Float64Array(4).fill(2));
    const fit = kernelLogisticNewton({ steps: 9 }).fit(twice, [0, 1]);
    expect(fit.path.length).toBe(2);
    expect(fit.decision(twice)).toBeAllclose([0, 0], { atol: 1e-15 });
  });

  it('ends with the first step that leaves a gradient below the one given', () => {
    const [K, y] = [Matrix.from(separable.H), separable.labels];
    const all = kernelLogisticNewton({ steps: 12 }).fit(K, y);
    const fit = kernelLogisticNewton({ steps: 12, gradientBelow: 1 }).fit(K, y);
    const expected = all.path.findIndex((point) => point.gradient < 1);
    expect(expected).toBeGreaterThan(1);
    expect(fit.path).toEqual(all.path.slice(0, expected + 1));
  });

  it('at(step) is the fit of that many steps', () => {
    const [K, y] = [Matrix.from(separable.H), separable.labels];
    const fit = kernelLogisticNewton({ steps: 6 }).fit(K, y);
    for (const steps of [1, 3, 6]) {
      const fewer = kernelLogisticNewton({ steps }).fit(K, y);
      expect(fit.at(steps).path).toEqual(fewer.path);
      expect(fit.at(steps).decision(K)).toEqual(fewer.decision(K));
    }
    expect(
      fit
        .at(0)
        .decision(K)
        .data.every((z) => z === 0),
    ).toBe(true);
    expect(fit.at(6).coefficients).toEqual(fit.coefficients);
    for (const step of [7, -1, 1.5]) {
      expect(() => fit.at(step)).toThrow(ValueError);
      expect(() => fit.at(step)).toThrow(/a step of 0 … 6/);
    }
  });

  it('has a logit that is positive for the larger label, an expansion whose parts are attributions', () => {
    const { K } = problem(25, 4, 'labels');
    const y = plain.labels.slice(0, 25).map((v) => (v ? 7 : -3));
    const fit = kernelLogisticNewton({ steps: 3 }).fit(K, y);
    const logits = fit.decision(K);
    expect(fit.classes).toEqual([-3, 7]);
    expect([logits.shape, fit.coefficients.shape, fit.intercept[0]]).toEqual([[25, 1], [1, 25], 0]);
    expect(logits.data).toBeAllclose(gemv(K, fit.path[3].coefficients), { rtol: 1e-9, atol: 1e-12 });
    expect(Array.from(fit.predict(K))).toEqual(Array.from(logits.data, (z) => (z > 0 ? 7 : -3)));
    const right = y.filter((label, i) => fit.predict(K)[i] === label).length;
    expect(fit.score(K, y)).toBe(right / 25);
    expect(attribute(fit, K.row(2), { class: 7 }).logit).toBeAllclose(logits.get(2, 0), { rtol: 1e-9 });
    // The other way round it is the same model.
    const turned = kernelLogisticNewton({ steps: 3 }).fit(
      K,
      y.map((label) => -label),
    );
    expect(turned.decision(K)).toBeAllclose(
      logits.data.map((z: number) => -z),
      { rtol: 1e-9, atol: 1e-10 },
    );
  });

  it('does not depend on the scale of the kernel', () => {
    const { K, y } = problem(30, 5, 'scale');
    const fit = kernelLogisticNewton({ steps: 6 }).fit(K, y);
    for (const scale of [1e-120, 1e120]) {
      const scaled = new Matrix(
        30,
        30,
        K.data.map((v: number) => v * scale),
      );
      const same = kernelLogisticNewton({ steps: 6 }).fit(scaled, y);
      expect(same.decision(scaled)).toBeAllclose(fit.decision(K), { rtol: 1e-8, atol: 1e-10 });
    }
  });

  it('of a float32 kernel cuts above its rounding, so that it is the model of the float64 one with that cut', () => {
    const [K, y] = [Matrix.from(separable.H), separable.labels];
    const narrow = K.as('float32');
    const off = (rcond: number | undefined, of: number) => {
      const [one, other] = [
        kernelLogisticNewton({ steps: 6, rcond }).fit(narrow, y),
        kernelLogisticNewton({ steps: 6, rcond: of }).fit(K, y),
      ];
      return relativeDistance(one.coefficients, other.coefficients);
    };
    expect(off(undefined, 1e-10)).toBeLessThan(1e-3);
    expect(off(1e-15, 1e-15)).toBeGreaterThan(2e-2);
  });

  it('is the same from fit and fitAsync, which reports each step', async () => {
    const [K, y] = [Matrix.from(separable.H), separable.labels];
    const model = kernelLogisticNewton({ steps: 6 });
    const seen: unknown[] = [];
    const fit = await model.fitAsync(K, y, { onProgress: (progress) => seen.push(progress) });
    expect(fit.path).toEqual(model.fit(K, y).path);
    expect(seen).toEqual(
      fit.path.slice(1).map(({ step, loss }) => ({ label: 1, iteration: step, objective: loss })),
    );
  });

  it('ends with an InterruptedError when it is aborted', async () => {
    const controller = new AbortController();
    const fitting = kernelLogisticNewton({ steps: 6 }).fitAsync(H, plain.labels, {
      signal: controller.signal,
      onProgress: ({ iteration }) => iteration === 2 && controller.abort(),
    });
    await expect(fitting).rejects.toThrow(InterruptedError);
  });
});

describe('kernelLogisticNewton refuses', () => {
  const model = kernelLogisticNewton({ steps: 3 });
  const y = plain.labels;

  it('more than two classes, or one', () => {
    expect(() =>
      model.fit(
        H,
        y.map((v, i) => v + (i === 3 ? 5 : 0)),
      ),
    ).toThrow(ValueError);
    expect(() =>
      model.fit(
        H,
        y.map((_, i) => i),
      ),
    ).toThrow(/labels of two classes, got 30 classes: 0, 1, 2, 3, 4 …/);
    expect(() => model.fit(H, new Array(30).fill(2))).toThrow(
      /two classes or more, got 30 times the label 2/,
    );
  });

  it('labels that do not fit the rows, and points that do not fit the columns', () => {
    expect(() => model.fit(H, [0, 1])).toThrow(ShapeError);
    expect(() => model.fit(H, y).decision(normal(2, 29, 1))).toThrow(/30 columns/);
  });

  it('a kernel that is not a Gram, or not finite', () => {
    expect(() => model.fit(H.slice(0, 20), y.slice(0, 20))).toThrow(
      /kernelLogisticNewton, K: expected the train Gram/,
    );
    const torn = H.copy();
    torn.set(7, 4, Number.NaN);
    expect(() => model.fit(torn, y)).toThrow(/row 7, column 4/);
    const lopsided = H.copy();
    lopsided.set(7, 4, 1e3);
    expect(() => model.fit(lopsided, y)).toThrow(/a symmetric matrix/);
  });

  it('a kernel whose sums overflow', () => {
    const huge = new Matrix(30, 30, new Float64Array(900).fill(1e308));
    expect(() => model.fit(huge, new Array(30).fill(1).fill(0, 0, 9))).toThrow(NumericalError);
  });

  it.each([
    [{}, /steps/],
    [{ steps: 0 }, /steps: expected a whole number from 1, got 0/],
    [{ steps: 2.5 }, /steps/],
    [{ steps: 3, gradientBelow: -1 }, /gradientBelow/],
    [{ steps: 3, gradientBelow: Number.NaN }, /gradientBelow/],
    [{ steps: 3, rcond: 1 }, /rcond/],
    [{ steps: 3, rcond: Number.NaN }, /rcond/],
  ])('options out of range: %j', (options, message) => {
    expect(() => kernelLogisticNewton(options as KernelNewtonOptions)).toThrow(ValueError);
    expect(() => kernelLogisticNewton(options as KernelNewtonOptions)).toThrow(message);
  });
});
