// biome-ignore-all lint/suspicious/noFocusedTests: fit is a verb of surrogates here, not a focused test
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InterruptedError, NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { syrk } from '../../src/lib/linalg';
import { type DType, Matrix } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';
import { type FittedSvm, type KernelSvmOptions, kernelLogistic, kernelSvm } from '../../src/lib/surrogates';

const recorded = JSON.parse(
  readFileSync(new URL('../fixtures/surrogates-svm.json', import.meta.url), 'utf8'),
) as {
  kernels: Record<'cubic' | 'linear', { train: number[][]; test: number[][] }>;
  two: number[];
  three: number[];
  fits: {
    kernel: 'cubic' | 'linear';
    C: number;
    labels: 'two' | 'three';
    classWeight: 'balanced' | null;
    coefficients: number[][];
    intercept: number[];
    decision: number[][];
    iterations: number[];
  }[];
};
const K = Matrix.from(recorded.kernels.cubic.train);
const Kx = Matrix.from(recorded.kernels.cubic.test);

/** Points in clusters that overlap by `noise`, and a Gaussian kernel of them. */
function problem(
  n: number,
  classes: number,
  { noise = 1, seed = n, duplicates = 0, dtype = 'float64' as DType } = {},
) {
  const rng = random(seed);
  const points = new Matrix(n, 3, rng.fill(new Float64Array(n * 3), 'normal', 0, noise));
  const y = Float64Array.from({ length: n }, (_, i) => (i < classes ? i : rng.integer(classes)));
  for (let i = 0; i < n; i++) points.data[i * 3] += 2 * y[i];
  // The same point again, under whatever label it has.
  for (let i = 0; i < duplicates; i++) points.row(n - 1 - i).set(points.row(i));
  const gram = Matrix.zeros(n, n, dtype);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let square = 0;
      for (let k = 0; k < 3; k++) square += (points.get(i, k) - points.get(j, k)) ** 2;
      gram.set(i, j, Math.exp(-0.3 * square));
    }
  return { K: gram, y };
}

/** C_i of class c against the rest, by scikit-learn's rule, written again. */
function bound(
  y: ArrayLike<number>,
  i: number,
  label: number,
  classes: number,
  { C = 1, classWeight }: KernelSvmOptions,
) {
  if (!classWeight || (classes > 2 && y[i] !== label)) return C;
  return (C * y.length) / (classes * Array.from(y).filter((v) => v === y[i]).length);
}

/** For each class: its label, β, b, the sign and bound of each example, and f(x_i) + b, by plain loops. */
function machines(gram: Matrix, y: ArrayLike<number>, fitted: FittedSvm, options: KernelSvmOptions) {
  const { classes, coefficients, intercept } = fitted;
  return (coefficients.rows === 1 ? [classes[1]] : classes).map((label, c) => {
    const beta = coefficients.row(c);
    const logits = Array.from(beta, (_, i) => {
      let sum = intercept[c];
      for (let j = 0; j < beta.length; j++) sum += beta[j] * gram.get(i, j);
      return sum;
    });
    const signs = Array.from(y, (v) => (v === label ? 1 : -1));
    const bounds = signs.map((_, i) => bound(y, i, label, classes.length, options));
    return { beta: Array.from(beta), b: intercept[c], logits, signs, bounds };
  });
}

/** By how much the conditions of optimality (Karush, Kuhn and Tucker) are violated at worst. */
function violation(gram: Matrix, y: ArrayLike<number>, fitted: FittedSvm, options: KernelSvmOptions): number {
  let worst = 0;
  for (const { beta, logits, signs, bounds } of machines(gram, y, fitted, options)) {
    let sum = 0;
    beta.forEach((value, i) => {
      const alpha = value * signs[i];
      const margin = signs[i] * logits[i];
      expect(alpha).toBeGreaterThanOrEqual(0);
      expect(alpha).toBeLessThanOrEqual(bounds[i] * (1 + 1e-12));
      if (alpha < bounds[i] * (1 - 1e-12)) worst = Math.max(worst, 1 - margin);
      if (alpha > 0) worst = Math.max(worst, margin - 1);
      sum += value;
    });
    expect(Math.abs(sum)).toBeLessThan(1e-11 * Math.max(...bounds));
  }
  return worst;
}

describe('kernelSvm', () => {
  it.each(
    recorded.fits.map(
      (r) =>
        [
          `${r.kernel} kernel, C ${r.C}, ${r.labels} classes, ${r.classWeight ?? 'equal'} weights`,
          r,
        ] as const,
    ),
  )('is scikit-learn’s SVC on a precomputed kernel: %s', (_, r) => {
    const { train, test } = recorded.kernels[r.kernel];
    const options = { C: r.C, classWeight: r.classWeight ?? undefined, tolerance: 1e-10 };
    const fitted = kernelSvm(options).fit(Matrix.from(train), recorded[r.labels]);
    expect(fitted.converged).toBe(true);
    expect(fitted.decision(Matrix.from(test)).transpose()).toBeAllclose(r.decision, { rtol: 0, atol: 1e-8 });
    expect(fitted.intercept).toBeAllclose(r.intercept, { rtol: 0, atol: 1e-8 });
    // Of a singular kernel the coefficients are not unique.
    if (r.kernel === 'cubic')
      expect(fitted.coefficients).toBeAllclose(r.coefficients, { rtol: 0, atol: 1e-8 * r.C + 1e-8 });
    expect(violation(Matrix.from(train), recorded[r.labels], fitted, options)).toBeLessThan(2e-10);
  });

  it('takes about as many steps as LIBSVM, which chooses pairs by the same rule', () => {
    let [ours, theirs] = [0, 0];
    for (const { kernel, C, labels, classWeight, iterations } of recorded.fits) {
      const options = { C, classWeight: classWeight ?? undefined, tolerance: 1e-10 };
      const { train } = recorded.kernels[kernel];
      ours += kernelSvm(options).fit(Matrix.from(train), recorded[labels]).iterations;
      theirs += Math.max(...iterations);
    }
    expect(ours / theirs).toBeLessThan(1.25);
  });

  it.each<
    [
      string,
      { n: number; classes?: number; noise?: number; duplicates?: number; dtype?: DType } & KernelSvmOptions,
    ]
  >([
    ['classes that a line would nearly separate', { n: 150, noise: 0.4 }],
    ['classes that overlap widely', { n: 150, noise: 3 }],
    ['a large C on classes that overlap', { n: 120, noise: 2, C: 1000 }],
    ['balanced classes', { n: 150, classWeight: 'balanced', C: 0.3 }],
    ['three classes', { n: 120, classes: 3 }],
    ['three balanced classes', { n: 120, classes: 3, classWeight: 'balanced' }],
    ['points that come twice, some under both labels', { n: 100, noise: 2, duplicates: 40, C: 10 }],
    ['a float32 kernel', { n: 150, dtype: 'float32' }],
    ['a float32 kernel with points that come twice', { n: 100, duplicates: 40, dtype: 'float32', C: 10 }],
    ['two examples', { n: 2 }],
  ])(
    'meets the conditions of optimality within the tolerance: %s',
    (_, { n, classes = 2, noise, duplicates, dtype, ...options }) => {
      const { K: gram, y } = problem(n, classes, { noise, duplicates, dtype });
      for (const tolerance of [1e-3, 1e-9]) {
        const fitted = kernelSvm({ ...options, tolerance }).fit(gram, y);
        expect(fitted.converged).toBe(true);
        expect(violation(gram, y, fitted, options)).toBeLessThanOrEqual(tolerance * (1 + 1e-4));
      }
    },
  );

  it('makes what it minimises equal to its dual, which bounds it from below', () => {
    const { K: gram, y } = problem(150, 2, { noise: 2 });
    for (const classWeight of [undefined, 'balanced'] as const) {
      const options = { C: 2, classWeight, tolerance: 1e-8 };
      const [{ beta, b, logits, signs, bounds }] = machines(
        gram,
        y,
        kernelSvm(options).fit(gram, y),
        options,
      );
      let squaredNorm = 0;
      let hinge = 0;
      let linear = 0;
      beta.forEach((value, i) => {
        squaredNorm += value * (logits[i] - b);
        hinge += bounds[i] * Math.max(0, 1 - signs[i] * logits[i]);
        linear += signs[i] * value;
      });
      const gap = squaredNorm / 2 + hinge - (linear - squaredNorm / 2);
      expect(linear).toBeGreaterThan(10);
      expect(gap).toBeGreaterThan(-1e-10);
      expect(gap).toBeLessThan(150 * 2 * 2 * 1e-8);
    }
  });

  it('meets the conditions also on a kernel that is not positive definite', () => {
    const rng = random('indefinite');
    const n = 60;
    const gram = syrk(new Matrix(n, 6, rng.fill(new Float64Array(n * 6), 'normal')));
    for (let i = 0; i < n; i++) gram.set(i, i, gram.get(i, i) - 3);
    const y = Float64Array.from({ length: n }, (_, i) => i % 2);
    const fitted = kernelSvm({ tolerance: 1e-9 }).fit(gram, y);
    expect(fitted.converged).toBe(true);
    expect(violation(gram, y, fitted, {})).toBeLessThan(2e-9);
  });

  it('puts the line in the middle of two points, and the margin at both', () => {
    // f = β κ + b with points −1 and 3: slope ½, zero at 1.
    const gram = syrk(Matrix.from([[-1], [3]]));
    const fitted = kernelSvm({ C: 10 }).fit(gram, [0, 1]);
    expect(fitted.coefficients).toBeAllclose([[-0.125, 0.125]], { rtol: 1e-12 });
    expect(fitted.intercept).toBeAllclose([-0.5], { rtol: 1e-12 });
  });

  it('gives the same from a float32 kernel as from its entries in float64', () => {
    const { K: gram, y } = problem(150, 2, { dtype: 'float32' });
    const narrow = kernelSvm().fit(gram, y);
    expect(narrow.coefficients).toBeAllclose(kernelSvm().fit(gram.as('float64'), y).coefficients, {
      rtol: 0,
    });
  });

  it('depends on its support vectors alone: fitted to them, it is the same machine', () => {
    const { K: gram, y } = problem(200, 2, { noise: 0.8 });
    const whole = kernelSvm({ tolerance: 1e-9 }).fit(gram, y);
    const kept = whole.supportVectors;
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.length).toBeLessThan(120);
    const columns = (M: Matrix) => M.transpose().take(kept).transpose();
    const part = kernelSvm({ tolerance: 1e-9 }).fit(
      columns(gram).take(kept),
      Array.from(kept, (i) => y[i]),
    );
    expect(part.decision(columns(gram))).toBeAllclose(whole.decision(gram), { rtol: 0, atol: 1e-8 });
  });

  it('names as support vectors the examples with a coefficient in any class; a kGLM has one everywhere', () => {
    const three = kernelSvm().fit(K, recorded.three);
    const inAny = Array.from({ length: 40 }, (_, i) => i).filter((i) =>
      [0, 1, 2].some((c) => three.coefficients.get(c, i) !== 0),
    );
    expect(Array.from(three.supportVectors)).toEqual(inAny);
    const two = kernelSvm().fit(K, recorded.two);
    expect(two.supportVectors.length).toBeLessThan(40);
    expect(
      kernelLogistic({ alpha: 1e-2 })
        .fit(K, recorded.two)
        .coefficients.data.every((w) => w !== 0),
    ).toBe(true);
  });

  it('does not depend on the order of the examples, beyond the tolerance', () => {
    const { K: gram, y } = problem(150, 2, { noise: 2 });
    const order = random('order').permutation(150);
    const permuted = gram.take(order).transpose().take(order);
    const a = kernelSvm({ tolerance: 1e-9 }).fit(gram, y).decision(gram.take(order));
    const b = kernelSvm({ tolerance: 1e-9 })
      .fit(
        permuted,
        Array.from(order, (i) => y[i]),
      )
      .decision(permuted);
    expect(b).toBeAllclose(a, { rtol: 0, atol: 1e-8 });
  });

  it('keeps the labels, predicts them, and divides a logit into attributions that sum to it', () => {
    const y = recorded.two.map((v) => (v === 1 ? 7 : -3));
    const fitted = kernelSvm({ C: 100 }).fit(K, y);
    expect(fitted.classes).toEqual([-3, 7]);
    expect(fitted.score(K, y)).toBe(1); // a cubic kernel of full rank separates them
    const logits = fitted.decision(Kx).data;
    expect(Array.from(fitted.predict(Kx))).toEqual(Array.from(logits, (z) => (z > 0 ? 7 : -3)));
    const shares = Array.from(fitted.attribution(Kx.row(2)).row(0));
    expect(shares.reduce((a, b) => a + b, 0)).toBeAllclose(logits[2], { rtol: 1e-10 });
    // Where there is no support vector, only the intercept's share is left.
    const idle = fitted.coefficients.row(0).indexOf(0);
    expect(shares[idle]).toBeAllclose(fitted.intercept[0] / 40, { rtol: 1e-12 });
  });

  it('stops at the most steps and says that it did not converge', () => {
    const fitted = kernelSvm({ maxIterations: 5 }).fit(K, recorded.two);
    expect(fitted.iterations).toBe(5);
    expect(fitted.converged).toBe(false);
    expect(kernelSvm().fit(K, recorded.two).iterations).toBeGreaterThan(5);
  });

  it('is the same from fit and fitAsync, which reports an objective that falls', async () => {
    const { K: gram, y } = problem(500, 3, { noise: 3 });
    const model = kernelSvm({ C: 1e4, tolerance: 1e-4 });
    const seen: { label: number; iteration: number; objective: number }[] = [];
    const fitted = await model.fitAsync(gram, y, { onProgress: (p) => seen.push(p) });
    expect(fitted.coefficients).toBeAllclose(model.fit(gram, y).coefficients, { rtol: 0 });
    expect([...new Set(seen.map(({ label }) => label))]).toEqual([0, 1, 2]);
    const first = seen.filter(({ label }) => label === 0);
    expect(first.length).toBeGreaterThan(1);
    for (let k = 1; k < first.length; k++) {
      expect(first[k].iteration).toBeGreaterThan(first[k - 1].iteration);
      expect(first[k].objective).toBeLessThan(first[k - 1].objective);
    }
    // The last report is near the dual's value at the end, ½ βᵀKβ − Σ y β.
    const [{ beta, b, logits, signs }] = machines(gram, y, fitted, { C: 1e4 });
    const end = beta.reduce((sum, v, i) => sum + v * ((logits[i] - b) / 2 - signs[i]), 0);
    expect(first[first.length - 1].objective).toBeAllclose(end, { rtol: 1e-3 });
  });

  it('ends with an InterruptedError when it is aborted', async () => {
    const { K: gram, y } = problem(500, 2, { noise: 3 });
    const controller = new AbortController();
    const fit = kernelSvm({ C: 1e4, tolerance: 1e-4 }).fitAsync(gram, y, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(fit).rejects.toThrow(InterruptedError);
  });
});

describe('kernelSvm refuses', () => {
  it('what is no Gram: features, a matrix that is not symmetric, NaN and infinity, naming the place', () => {
    expect(() => kernelSvm().fit(Matrix.zeros(4, 3), [0, 1, 0, 1])).toThrow(ShapeError);
    const skew = K.copy();
    skew.set(9, 4, 5);
    expect(() => kernelSvm().fit(skew, recorded.two)).toThrow(
      /symmetric matrix, got 5 in row 9, column 4, and/,
    );
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
      for (const [i, j] of [
        [5, 9],
        [9, 5],
        [7, 7],
      ]) {
        const torn = K.copy();
        torn.set(i, j, bad);
        expect(() => kernelSvm().fit(torn, recorded.two)).toThrow(
          new RegExp(`finite numbers, got ${bad} in row ${i}, column ${j}`),
        );
      }
  });

  it('no asymmetry that is rounding', () => {
    for (const [dtype, rounding] of [
      ['float64', 1e-12],
      ['float32', 1e-6],
    ] as const) {
      const near = K.as(dtype).copy();
      near.set(9, 4, near.get(9, 4) + rounding);
      expect(kernelSvm().fit(near, recorded.two).converged).toBe(true);
    }
  });

  it('labels that do not fit, or are of one class', () => {
    expect(() => kernelSvm().fit(K, [0, 1])).toThrow(/kernelSvm, y: expected 40 labels/);
    expect(() => kernelSvm().fit(K, new Array(40).fill(1))).toThrow(/two classes or more/);
  });

  it('a tolerance that rounding does not allow', () => {
    // A step of 1e-17 of a coefficient changes nothing.
    const gram = syrk(Matrix.from([[1.3], [0.5], [2.5]]));
    const fit = () => kernelSvm({ tolerance: 1e-300 }).fit(gram, [0, 1, 1]);
    expect(fit).toThrow(NumericalError);
    expect(fit).toThrow(/conditions within 1e-300/);
  });

  it.each<[string, KernelSvmOptions]>([
    ['C', { C: 0 }],
    ['C', { C: Number.POSITIVE_INFINITY }],
    ['tolerance', { tolerance: 0 }],
    ['maxIterations', { maxIterations: 2.5 }],
    ['classWeight', { classWeight: 'even' as 'balanced' }],
  ])('options out of range: %s', (name, options) => {
    expect(() => kernelSvm(options)).toThrow(ValueError);
    expect(() => kernelSvm(options)).toThrow(new RegExp(`kernelSvm, ${name}: expected`));
  });
});
