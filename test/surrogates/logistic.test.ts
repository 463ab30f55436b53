// biome-ignore-all lint/suspicious/noFocusedTests: fit is a verb of surrogates here, not a focused test
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InterruptedError, NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';
import { type FittedLogistic, type KernelLogisticOptions, kernelLogistic } from '../../src/lib/surrogates';

interface Recorded {
  alpha: number;
  labels: 'two' | 'three';
  classWeight: 'balanced' | null;
  penalty: 'l2' | 'l1' | 'elasticnet';
  data: 'kernel' | 'features';
  coefficients: number[][];
  intercept: number[];
  iterations: number;
  /** As many epochs as leave scikit-learn's own result insensitive to the last digit of the data. */
  maxIterations: number;
  decision: number[][] | null;
  predict: number[] | null;
}
const recorded = JSON.parse(
  readFileSync(new URL('../fixtures/surrogates-logistic.json', import.meta.url), 'utf8'),
) as {
  kernel: number[][];
  cross: number[][];
  features: number[][];
  two: number[];
  three: number[];
  sgd: Recorded[];
  optimum: Pick<Recorded, 'alpha' | 'classWeight' | 'coefficients' | 'intercept'>[];
};
const K = Matrix.from(recorded.kernel);
const Kx = Matrix.from(recorded.cross);

/** Points in clusters, an exponential kernel of them, and labels that the clusters mostly tell. */
function kernelProblem(n: number, classes: number, seed: number): { K: Matrix; y: Float64Array } {
  const rng = random(seed);
  const points = new Matrix(n, 3, rng.fill(new Float64Array(n * 3), 'normal'));
  const y = Float64Array.from({ length: n }, () => rng.integer(classes));
  for (let i = 0; i < n; i++) points.data[i * 3] += 1.2 * y[i];
  const gram = Matrix.zeros(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let square = 0;
      for (let k = 0; k < 3; k++) square += (points.get(i, k) - points.get(j, k)) ** 2;
      gram.set(i, j, Math.exp(-0.2 * square));
    }
  return { K: gram, y };
}

/** The gradient of 1/n Σ s_i ℓ(y_i, K_i·w + b) + α/2 ‖w‖² for one class against the rest, with plain loops. */
function gradientNorm(
  gram: Matrix,
  y: ArrayLike<number>,
  fitted: FittedLogistic,
  alpha: number,
  balanced: boolean,
): number {
  const n = gram.rows;
  const classes = fitted.classes;
  let worst = 0;
  for (let c = 0; c < fitted.coefficients.rows; c++) {
    const label = fitted.coefficients.rows === 1 ? classes[1] : classes[c];
    const w = fitted.coefficients.row(c);
    const ones = Array.from(y).filter((v) => v === label).length;
    const g = new Float64Array(gram.cols + 1);
    for (let i = 0; i < n; i++) {
      let z = fitted.intercept[c];
      for (let j = 0; j < gram.cols; j++) z += w[j] * gram.get(i, j);
      const is = y[i] === label;
      const weight = !balanced
        ? 1
        : is
          ? n / (classes.length * ones)
          : classes.length === 2
            ? n / (2 * (n - ones))
            : 1;
      const r = (weight * (1 / (1 + Math.exp(-z)) - (is ? 1 : 0))) / n;
      for (let j = 0; j < gram.cols; j++) g[j] += r * gram.get(i, j);
      g[gram.cols] += r;
    }
    for (let j = 0; j < gram.cols; j++) g[j] += alpha * w[j];
    worst = Math.max(worst, Math.hypot(...g));
  }
  return worst;
}

describe('kernelLogistic by SGD', () => {
  it.each(
    recorded.sgd.map(
      (r) =>
        [
          `${r.penalty}, alpha ${r.alpha}, ${r.labels} classes, ${r.classWeight ?? 'equal'} weights, ${r.data}`,
          r,
        ] as const,
    ),
  )('with shuffle off gives the coefficients of scikit-learn: %s', (_, r) => {
    const X = r.data === 'kernel' ? K : Matrix.from(recorded.features);
    const fitted = kernelLogistic({
      alpha: r.alpha,
      solver: 'sgd',
      penalty: r.penalty,
      maxIterations: r.maxIterations,
      classWeight: r.classWeight ?? undefined,
    }).fit(X, recorded[r.labels]);
    const scale = Math.max(...r.coefficients.flat().map(Math.abs));
    expect(fitted.iterations).toBe(r.iterations);
    expect(fitted.coefficients).toBeAllclose(r.coefficients, { rtol: 1e-8, atol: 1e-9 * scale });
    expect(fitted.intercept).toBeAllclose(r.intercept, { rtol: 1e-8 });
    if (!r.decision || !r.predict) return;
    expect(fitted.decision(Kx)).toBeAllclose(r.decision, { rtol: 1e-7, atol: 1e-8 * scale });
    expect(Array.from(fitted.predict(Kx))).toEqual(r.predict);
  });

  it('an l1 penalty sets coefficients to exactly zero, an l2 penalty none', () => {
    const options = { alpha: 1e-2, solver: 'sgd' } as const;
    const zeros = (penalty: 'l1' | 'l2') =>
      kernelLogistic({ ...options, penalty })
        .fit(K, recorded.two)
        .coefficients.data.filter((w) => w === 0).length;
    expect(zeros('l1')).toBeGreaterThan(10);
    expect(zeros('l2')).toBe(0);
  });

  it('takes a float32 kernel as its entries in float64', () => {
    const narrow = K.as('float32');
    const options = { alpha: 1e-2, solver: 'sgd', classWeight: 'balanced' } as const;
    const a = kernelLogistic(options).fit(narrow, recorded.two);
    const b = kernelLogistic(options).fit(narrow.as('float64'), recorded.two);
    expect(a.coefficients).toBeAllclose(b.coefficients, { rtol: 0 });
    expect(a.decision(Kx.as('float32'))).toBeAllclose(b.decision(Kx.as('float32').as('float64')), {
      rtol: 0,
    });
  });

  it('shuffles by the given generator: one seed, one result; another seed, another; all near the optimum', () => {
    const problem = kernelProblem(120, 2, 3);
    const fit = (seed: number) =>
      kernelLogistic({ alpha: 1e-2, solver: 'sgd', rng: random(seed) }).fit(problem.K, problem.y);
    const [a, again, b] = [fit(1), fit(1), fit(2)];
    expect(a.coefficients).toBeAllclose(again.coefficients, { rtol: 0 });
    expect(a.coefficients.data).not.toEqual(b.coefficients.data);
    const best = kernelLogistic({ alpha: 1e-2 }).fit(problem.K, problem.y);
    expect(a.score(problem.K, problem.y)).toBeGreaterThan(best.score(problem.K, problem.y) - 0.08);
  });

  it('leaves a generator where it was, and does not shuffle when told not to', () => {
    const rng = random(5);
    const fitted = kernelLogistic({ alpha: 1e-2, solver: 'sgd', rng, shuffle: false }).fit(K, recorded.two);
    const plain = kernelLogistic({ alpha: 1e-2, solver: 'sgd' }).fit(K, recorded.two);
    expect(fitted.coefficients).toBeAllclose(plain.coefficients, { rtol: 0 });
    expect(rng.state()).toEqual(random(5).state());
  });

  it('stops at the most epochs and says that it did not converge', () => {
    const fitted = kernelLogistic({ alpha: 1e-4, solver: 'sgd', maxIterations: 3 }).fit(K, recorded.two);
    expect(fitted.iterations).toBe(3);
    expect(fitted.converged).toBe(false);
  });

  it('names an overflow', () => {
    const huge = K.copy();
    for (let i = 0; i < huge.data.length; i++) huge.data[i] *= 1e200;
    expect(() => kernelLogistic({ alpha: 1e-4, solver: 'sgd' }).fit(huge, recorded.two)).toThrow(
      NumericalError,
    );
  });
});

describe('kernelLogistic by Newton', () => {
  it.each(recorded.optimum.map((r) => [`alpha ${r.alpha}, ${r.classWeight ?? 'equal'} weights`, r] as const))(
    'is the optimum of scikit-learn’s LogisticRegression(C = 1/(nα)): %s',
    (_, r) => {
      const fitted = kernelLogistic({ alpha: r.alpha, classWeight: r.classWeight ?? undefined }).fit(
        K,
        recorded.two,
      );
      expect(fitted.converged).toBe(true);
      expect(fitted.coefficients).toBeAllclose(r.coefficients, { rtol: 1e-6, atol: 1e-7 });
      expect(fitted.intercept).toBeAllclose(r.intercept, { rtol: 1e-6 });
    },
  );

  it.each([
    ['a few features', 60, 2, undefined, 1e-3],
    ['more features than a whole Hessian is made for', 500, 2, undefined, 1e-3],
    ['more features, a weak penalty', 450, 2, undefined, 1e-6],
    ['three classes, balanced', 420, 3, 'balanced', 1e-2],
    ['two classes, balanced', 450, 2, 'balanced', 1e-4],
  ] as const)('meets the first-order condition: %s', (_, n, classes, classWeight, alpha) => {
    const { K: gram, y } = kernelProblem(n, classes, n);
    const fitted = kernelLogistic({ alpha, classWeight }).fit(gram, y);
    expect(fitted.converged).toBe(true);
    expect(gradientNorm(gram, y, fitted, alpha, classWeight !== undefined)).toBeLessThan(
      1e-10 * n, // at most tolerance · ‖∇F at zero‖, which is below n/2
    );
  });

  it('meets the first-order condition on a wide matrix and a tall one', () => {
    const rng = random(8);
    for (const [rows, cols] of [
      [40, 600],
      [900, 500],
    ]) {
      const X = new Matrix(rows, cols, rng.fill(new Float64Array(rows * cols), 'normal'));
      const y = Float64Array.from({ length: rows }, (_, i) => (X.get(i, 0) + X.get(i, 1) > 0.3 ? 1 : 0));
      const fitted = kernelLogistic({ alpha: 1e-3 }).fit(X, y);
      expect(gradientNorm(X, y, fitted, 1e-3, false)).toBeLessThan(1e-9);
    }
  });

  it('has a finite optimum on separable data, where the likelihood alone has none', () => {
    const X = Matrix.from([[-2], [-1], [1], [2]]);
    for (const alpha of [1e-2, 1e-8]) {
      const fitted = kernelLogistic({ alpha }).fit(X, [0, 0, 1, 1]);
      expect(fitted.score(X, [0, 0, 1, 1])).toBe(1);
      expect(gradientNorm(X, [0, 0, 1, 1], fitted, alpha, false)).toBeLessThan(1e-10);
      expect(fitted.intercept[0]).toBeAllclose(0, { atol: 1e-6 });
    }
  });

  it('is what SGD approaches', () => {
    const { K: gram, y } = kernelProblem(80, 2, 6);
    const optimum = kernelLogistic({ alpha: 1e-1 }).fit(gram, y);
    const sgd = kernelLogistic({
      alpha: 1e-1,
      solver: 'sgd',
      rng: random(0),
      tolerance: -1, // never satisfied with too little: runs all epochs
      maxIterations: 3000,
    }).fit(gram, y);
    expect(sgd.decision(gram)).toBeAllclose(optimum.decision(gram), { atol: 0.1 });
    expect(Math.max(...optimum.decision(gram).data)).toBeGreaterThan(1);
  });

  it('reaches the same optimum from a float32 kernel as from its entries in float64', () => {
    const { K: gram, y } = kernelProblem(450, 2, 9);
    const narrow = gram.as('float32');
    const a = kernelLogistic({ alpha: 1e-2 }).fit(narrow, y);
    const b = kernelLogistic({ alpha: 1e-2 }).fit(narrow.as('float64'), y);
    expect(a.coefficients).toBeAllclose(b.coefficients, { rtol: 1e-6, atol: 1e-9 });
  });

  it('fits an unnormalised kernel with entries of a hundred thousand', () => {
    const { K: gram, y } = kernelProblem(450, 2, 10);
    for (let i = 0; i < gram.data.length; i++) gram.data[i] *= 1e5;
    const fitted = kernelLogistic({ alpha: 1e-2 }).fit(gram, y);
    expect(fitted.converged).toBe(true);
    expect(fitted.score(gram, y)).toBeGreaterThan(0.7);
  });
});

describe('a fitted kGLM', () => {
  const options: KernelLogisticOptions = { alpha: 1e-2 };

  it('divides each logit into attributions that sum to it', () => {
    for (const y of [recorded.two, recorded.three]) {
      const fitted = kernelLogistic(options).fit(K, y);
      const logits = fitted.decision(Kx);
      for (let i = 0; i < Kx.rows; i++) {
        const parts = fitted.attribution(Kx.row(i));
        const sums = Array.from({ length: parts.rows }, (_, c) =>
          Array.from(parts.row(c)).reduce((s, v) => s + v, 0),
        );
        expect(sums).toBeAllclose(logits.row(i), { rtol: 1e-10, atol: 1e-12 });
      }
      expect(fitted.attribution(Kx.row(0)).get(0, 3)).toBeAllclose(
        fitted.coefficients.get(0, 3) * Kx.get(0, 3) + fitted.intercept[0] / K.rows,
        { rtol: 1e-12 },
      );
    }
  });

  it('keeps the labels, in ascending order, and predicts them', () => {
    const y = recorded.two.map((v) => (v === 1 ? 7 : -3));
    const fitted = kernelLogistic(options).fit(K, y);
    expect(fitted.classes).toEqual([-3, 7]);
    const predicted = fitted.predict(K);
    const logits = fitted.decision(K).data;
    expect(Array.from(predicted)).toEqual(Array.from(logits, (z) => (z > 0 ? 7 : -3)));
    const right = y.filter((label, i) => predicted[i] === label).length;
    expect(fitted.score(K, y)).toBe(right / y.length);
  });

  it('is the same from fit and fitAsync, which reports progress', async () => {
    for (const solver of ['sgd', 'newton'] as const) {
      const model = kernelLogistic({ ...options, solver });
      const seen: [number, number][] = [];
      const fitted = await model.fitAsync(K, recorded.three, {
        onProgress: ({ label, iteration }) => seen.push([label, iteration]),
      });
      expect(fitted.coefficients).toBeAllclose(model.fit(K, recorded.three).coefficients, { rtol: 0 });
      expect([...new Set(seen.map(([label]) => label))]).toEqual([4, 5, 6]);
      expect(Math.max(...seen.map(([, iteration]) => iteration))).toBe(fitted.iterations);
    }
  });

  it('ends with an InterruptedError when it is aborted', async () => {
    const controller = new AbortController();
    const fit = kernelLogistic({ ...options, solver: 'sgd' }).fitAsync(K, recorded.two, {
      signal: controller.signal,
      onProgress: ({ iteration }) => iteration === 2 && controller.abort(),
    });
    await expect(fit).rejects.toThrow(InterruptedError);
  });
});

describe('kernelLogistic refuses', () => {
  const model = kernelLogistic({ alpha: 1e-2 });

  it('labels that do not fit the rows, and names both numbers', () => {
    expect(() => model.fit(K, [0, 1])).toThrow(ShapeError);
    expect(() => model.fit(K, [0, 1])).toThrow(/36.*got 2/);
    expect(() => model.fit(K, recorded.two).score(Kx, [1])).toThrow(ShapeError);
  });

  it('one class only', () => {
    expect(() => model.fit(K, new Array(36).fill(4))).toThrow(
      /two classes or more, got 36 times the label 4/,
    );
  });

  it('a label that is not a number', () => {
    expect(() => model.fit(K, [Number.NaN, ...recorded.two.slice(1)])).toThrow(ValueError);
  });

  it.each(['sgd', 'newton'] as const)('a kernel with NaN or infinity, naming the entry (%s)', (solver) => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const torn = K.copy();
      torn.set(5, 9, bad);
      const fit = () => kernelLogistic({ alpha: 1e-2, solver }).fit(torn, recorded.two);
      expect(fit).toThrow(ValueError);
      expect(fit).toThrow(/row 5, column 9/);
    }
  });

  it('a NaN in a matrix so wide that it is sketched, naming the entry', () => {
    const wide = new Matrix(6, 500, random('wide').fill(new Float64Array(3000), 'normal'));
    wide.set(2, 17, Number.NaN);
    expect(() => model.fit(wide, [0, 1, 0, 1, 0, 1])).toThrow(/row 2, column 17/);
  });

  it('test kernels that are not finite, of which labels must not come', () => {
    const fitted = model.fit(K, recorded.two);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const torn = Kx.copy();
      torn.set(1, 3, bad);
      for (const ask of [() => fitted.predict(torn), () => fitted.decision(torn.as('float32'))])
        expect(ask).toThrow(/row 1, column 3/);
      expect(() => fitted.attribution(torn.row(1))).toThrow(/kernelRow.*column 3/);
    }
    const large = Kx.copy();
    large.data.fill(1e308);
    fitted.coefficients.data.fill(10);
    expect(() => fitted.decision(large)).toThrow(NumericalError);
  });

  it('a score of no points', () => {
    expect(() => model.fit(K, recorded.two).score(Kx.slice(0, 0), [])).toThrow(/at least one point/);
  });

  it('test kernels of the wrong width', () => {
    const fitted = model.fit(K, recorded.two);
    expect(() => fitted.decision(Kx.transpose())).toThrow(ShapeError);
    expect(() => fitted.decision(Kx.transpose())).toThrow(/36 columns/);
    expect(() => fitted.attribution(Kx.row(0).subarray(1))).toThrow(ShapeError);
  });

  it.each([
    [{ alpha: 0 }, /alpha/],
    [{ alpha: Number.NaN }, /alpha/],
    [{ alpha: 1, solver: 'lbfgs' }, /solver/],
    [{ alpha: 1, penalty: 'l1' }, /penalty/],
    [{ alpha: 1, solver: 'sgd', penalty: 'l3' }, /penalty/],
    [{ alpha: 1, solver: 'sgd', shuffle: true }, /rng/],
    [{ alpha: 1, solver: 'sgd', penalty: 'elasticnet', l1Ratio: 2 }, /l1Ratio/],
    [{ alpha: 1, maxIterations: 0 }, /maxIterations/],
    [{ alpha: 1, solver: 'sgd', patience: 0 }, /patience/],
    [{ alpha: 1, tolerance: Number.NaN }, /tolerance/],
    [{ alpha: 1, classWeight: 'equal' }, /classWeight/],
  ])('options that do not fit: %j', (options, message) => {
    expect(() => kernelLogistic(options as KernelLogisticOptions)).toThrow(ValueError);
    expect(() => kernelLogistic(options as KernelLogisticOptions)).toThrow(message);
  });
});
