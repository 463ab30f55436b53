// biome-ignore-all lint/suspicious/noFocusedTests: fit is a verb of surrogates here, not a focused test
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InterruptedError, NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { gemv, Matrix } from '../../src/lib/linalg';
import { type Random, random } from '../../src/lib/random';
import {
  expandPolynomial,
  type LinearFit,
  type LogisticSgdOptions,
  logisticSgd,
  type PathProgress,
  type PolynomialLogisticOptions,
  polynomialLogistic,
  type RegularisationPathOptions,
  regularisationPath,
  regularisationPathAsync,
} from '../../src/lib/surrogates';

interface Recorded {
  set: number;
  degree: number;
  squareFree: boolean;
  alpha: number;
  penalty: 'l1' | 'l2' | 'elasticnet';
  classWeight: 'balanced' | null;
  l1Ratio: number;
  maxIterations: number;
  iterations: number;
  terms: number;
  coefficients: Record<string, number>;
  intercept: number;
  decision: number[];
}
const recorded = JSON.parse(
  readFileSync(new URL('../fixtures/surrogates-polynomial.json', import.meta.url), 'utf8'),
) as { sets: { X: number[][]; y: number[]; asked: number[][] }[]; fits: Recorded[] };
const X = Matrix.from(recorded.sets[0].X);
const y = recorded.sets[0].y;
const asked = Matrix.from(recorded.sets[0].asked);
const options: PolynomialLogisticOptions = { degree: 4, squareFree: true, alpha: 0.03 };

/** Signs, and the parity of some of them, of which a share is flipped. */
function parity(rng: Random, rows: number, features: number, bits: readonly number[], flips = 0.05) {
  const X = new Matrix(rows, features, rng.fill(new Float64Array(rows * features), 'rademacher'));
  const y = Float64Array.from({ length: rows }, (_, i) => {
    const product = bits.reduce((sign, j) => sign * X.get(i, j), 1);
    return product > 0 !== rng.uniform() < flips ? 1 : 0;
  });
  return { X, y };
}

/** The fit to a matrix of features that is there as a whole. */
function fitted(features: Matrix, y: ArrayLike<number>, rules: LogisticSgdOptions): LinearFit {
  const fitting = logisticSgd(features)(Float64Array.from(y), rules);
  for (;;) {
    const next = fitting.next();
    if (next.done) return next.value;
  }
}

describe('polynomialLogistic', () => {
  it.each(
    recorded.fits.map(
      (r) =>
        [
          `${r.terms} terms, ${r.penalty}, alpha ${r.alpha}, ${r.classWeight ?? 'equal'} weights, ${r.iterations} epochs`,
          r,
        ] as const,
    ),
  )('in the order of the rows is scikit-learn’s SGD on its polynomial features: %s', (_, r) => {
    const { X, y, asked } = recorded.sets[r.set];
    const { degree, squareFree, alpha, penalty, l1Ratio, maxIterations } = r;
    const fit = polynomialLogistic({
      degree,
      squareFree,
      alpha,
      penalty,
      l1Ratio,
      maxIterations,
      classWeight: r.classWeight ?? undefined,
    }).fit(Matrix.from(X), y);
    const expected = new Float64Array(r.terms);
    for (const [j, w] of Object.entries(r.coefficients)) expected[Number(j)] = w;
    const scale = Math.max(...expected.map(Math.abs));
    expect(fit.iterations).toBe(r.iterations);
    expect(fit.converged).toBe(r.iterations < r.maxIterations);
    expect(fit.coefficients).toBeAllclose(expected, { rtol: 1e-8, atol: 1e-9 * scale });
    expect(fit.intercept).toBeAllclose(r.intercept, { rtol: 1e-8, atol: 1e-9 * scale });
    expect(fit.decision(Matrix.from(asked))).toBeAllclose(r.decision, { rtol: 1e-8, atol: 1e-8 * scale });
    if (penalty !== 'l2') expect(fit.nonZero).toBe(Object.keys(r.coefficients).length);
  });

  it.each([
    ['l1, all monomials', { degree: 3 }],
    ['l1, without squares', { degree: 6, squareFree: true }],
    ['l1, without the constant, in random order', { degree: 3, constant: false, rng: random(4) }],
    ['elastic net, in random order', { degree: 4, squareFree: true, penalty: 'elasticnet', rng: random(5) }],
    ['l2', { degree: 3, penalty: 'l2' }],
  ] as const)('is to the digit the fit to monomials that are there as a whole: %s', (_, chosen) => {
    const rules = { alpha: 0.02, maxIterations: 30, penalty: 'l1', ...chosen } as const;
    const fit = polynomialLogistic(rules).fit(X, y);
    const { rng } = { rng: undefined, ...chosen } as { rng?: Random };
    const whole = fitted(expandPolynomial(X, chosen), y, {
      alpha: rules.alpha,
      penalty: rules.penalty,
      maxIterations: 30,
      rng: rng?.stream('order of the examples'),
    });
    expect(fit.coefficients).toEqual(whole.weights);
    expect(fit.intercept).toBe(whole.intercept);
    expect(fit.iterations).toBe(whole.iterations);
    expect(fit.nonZero).toBeGreaterThan(0);
  });

  it('finds a planted parity of k bits at degree k, alone, and nothing below', () => {
    for (const [bits, features] of [
      [[1, 4], 6],
      [[0, 2, 5], 7],
      [[0, 3, 4, 6], 7],
    ] as const) {
      const rng = random(`planted ${bits}`);
      const { X, y } = parity(rng, 800, features, bits);
      const test = parity(rng, 1000, features, bits);
      for (let degree = 1; degree <= bits.length + 1; degree++) {
        const fit = polynomialLogistic({ degree, squareFree: true, alpha: 0.1, rng }).fit(X, y);
        if (degree < bits.length) expect(fit.score(test.X, test.y), `degree ${degree}`).toBeLessThan(0.6);
        else {
          expect(fit.largest(9).map(({ term }) => term)).toEqual([bits]);
          expect(fit.largest(1)[0].weight).toBeGreaterThan(0.5);
          expect(fit.score(test.X, test.y)).toBeGreaterThan(0.92);
        }
      }
    }
  });

  it('keeps no weight under a large penalty, and its logit is the intercept', () => {
    const fit = polynomialLogistic({ ...options, alpha: 10 }).fit(X, y);
    expect(fit.nonZero).toBe(0);
    expect(fit.largest(3)).toEqual([]);
    expect(new Set(fit.decision(asked).data)).toEqual(new Set([fit.intercept]));
  });

  it('shuffles by the given generator, which does not move', () => {
    const { X, y } = parity(random('shuffle'), 400, 6, [0, 1, 2]);
    const fit = (seed: number) => polynomialLogistic({ ...options, rng: random(seed) }).fit(X, y);
    const [a, again, b] = [fit(1), fit(1), fit(2)];
    expect(a.coefficients).toEqual(again.coefficients);
    expect(a.coefficients).not.toEqual(b.coefficients);
    for (const one of [a, b]) expect(one.score(X, y)).toBeGreaterThan(0.9);
    const rng = random(5);
    polynomialLogistic({ ...options, rng }).fit(X, y);
    expect(rng.state()).toEqual(random(5).state());
  });

  it('takes variables in float32 as their entries in float64', () => {
    const narrow = X.as('float32');
    const a = polynomialLogistic(options).fit(narrow, y);
    const b = polynomialLogistic(options).fit(narrow.as('float64'), y);
    expect(a.coefficients).toEqual(b.coefficients);
    expect(a.decision(asked.as('float32')).data).toEqual(b.decision(asked.as('float32').as('float64')).data);
  });

  it('is the same from fit and fitAsync, which reports each epoch', async () => {
    const model = polynomialLogistic(options);
    const seen: number[] = [];
    const objectives: number[] = [];
    const fit = await model.fitAsync(X, y, {
      onProgress: ({ label, iteration, objective }) => {
        expect(label).toBe(1);
        seen.push(iteration);
        objectives.push(objective);
      },
    });
    expect(fit.coefficients).toEqual(model.fit(X, y).coefficients);
    expect(seen).toEqual(Array.from({ length: fit.iterations }, (_, k) => k + 1));
    expect(objectives.at(-1)).toBeLessThan(objectives[0]);
  });

  it('is interrupted after an epoch, and within a long one', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const short = polynomialLogistic(options).fitAsync(X, y, {
      signal,
      onProgress: ({ iteration }) => iteration === 2 && controller.abort(),
    });
    await expect(short).rejects.toThrow(InterruptedError);
    // 16,384 terms for 9,000 rows: an epoch is twice what is done in one go.
    const wide = parity(random('wide'), 9000, 14, [0, 1]);
    const other = new AbortController();
    let epochs = 0;
    const long = polynomialLogistic({ degree: 14, squareFree: true, alpha: 0.1 }).fitAsync(wide.X, wide.y, {
      signal: other.signal,
      onProgress: () => epochs++,
    });
    setImmediate(() => other.abort());
    await expect(long).rejects.toThrow(/polynomialLogistic\.fitAsync: expected to run to its end/);
    expect(epochs).toBe(0);
  });
});

describe('a fitted polynomial', () => {
  const fit = polynomialLogistic({ degree: 6, squareFree: true, alpha: 0.03 }).fit(X, y);

  it('has for logits its monomials times its weights, plus the intercept', () => {
    const P = expandPolynomial(asked, { degree: 6, squareFree: true });
    const logits = Array.from(gemv(P, fit.coefficients), (v) => v + fit.intercept);
    const decision = fit.decision(asked);
    expect(decision.shape).toEqual([asked.rows, 1]);
    expect(decision.data).toBeAllclose(logits, { rtol: 1e-12, atol: 1e-12 });
    expect(fit.decision(asked.slice(0, 0)).shape).toEqual([0, 1]);
  });

  it('names its largest terms in order, and none that are zero', () => {
    const all = fit.largest(1000);
    expect(all.length).toBe(fit.nonZero);
    expect(fit.largest(3)).toEqual(all.slice(0, 3));
    expect(fit.terms.length).toBe(fit.coefficients.length);
    for (const { term, name, weight } of all) {
      const j = fit.terms.findIndex((other) => other.join() === term.join());
      expect(weight).toBe(fit.coefficients[j]);
      expect(name).toBe(term.length === 0 ? '1' : term.map((v) => `x${v}`).join(' '));
      expect(weight).not.toBe(0);
    }
    const sizes = all.map(({ weight }) => Math.abs(weight));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  it('keeps the labels, in ascending order, and predicts them', () => {
    const labels = y.map((v) => (v === 1 ? 7 : -3));
    const other = polynomialLogistic(options).fit(X, labels);
    expect(other.classes).toEqual([-3, 7]);
    const predicted = other.predict(X);
    expect(Array.from(predicted)).toEqual(Array.from(other.decision(X).data, (z) => (z > 0 ? 7 : -3)));
    expect(other.score(X, labels)).toBe(labels.filter((v, i) => v === predicted[i]).length / labels.length);
  });

  it('counts its multiply-adds: two a term and example and epoch, and one for each product', () => {
    for (const constant of [true, false]) {
      const rules = { degree: 6, squareFree: true, constant, alpha: 0.03, maxIterations: 3 };
      const one = polynomialLogistic(rules).fit(X, y);
      const products = one.terms.filter((term) => term.length >= 2).length;
      expect(one.terms.length).toBe(products + 9 + (constant ? 1 : 0));
      expect(one.operations).toBe(3 * 120 * (2 * one.terms.length + products));
    }
  });
});

describe('a regularisation path', () => {
  const alphas = [0.01, 0.1, 0.03];
  const chosen: RegularisationPathOptions = { degree: 5, squareFree: true, alphas };

  it('goes from the largest penalty to the smallest, and each point is the fit for it alone', () => {
    for (const more of [
      {},
      { rng: random(3) },
      { penalty: 'elasticnet', classWeight: 'balanced' },
    ] as const) {
      const path = regularisationPath(X, y, { ...chosen, ...more, maxIterations: 40 });
      expect(path.map(({ alpha }) => alpha)).toEqual([0.1, 0.03, 0.01]);
      for (const { alpha, fitted } of path) {
        const { alphas: _, ...rules } = { ...chosen, ...more, maxIterations: 40, alpha };
        const alone = polynomialLogistic(rules).fit(X, y);
        expect(fitted.coefficients).toEqual(alone.coefficients);
        expect(fitted.intercept).toBe(alone.intercept);
        expect(fitted.iterations).toBe(alone.iterations);
        expect(fitted.operations).toBe(alone.operations);
      }
      const counts = path.map(({ fitted }) => fitted.nonZero);
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
    }
  });

  it('is fitted side by side: an epoch of all before the next of any, until each ends', async () => {
    const seen: PathProgress[] = [];
    const path = await regularisationPathAsync(
      X,
      y,
      { ...chosen, patience: 2 },
      { onProgress: (progress) => seen.push(progress) },
    );
    expect(path.map(({ fitted }) => fitted.coefficients)).toEqual(
      regularisationPath(X, y, { ...chosen, patience: 2 }).map(({ fitted }) => fitted.coefficients),
    );
    const expected: [number, number][] = [];
    const longest = Math.max(...path.map(({ fitted }) => fitted.iterations));
    expect(new Set(path.map(({ fitted }) => fitted.iterations)).size).toBeGreaterThan(1);
    for (let epoch = 1; epoch <= longest; epoch++)
      for (const { alpha, fitted } of path) if (epoch <= fitted.iterations) expected.push([epoch, alpha]);
    expect(seen.map(({ iteration, alpha }) => [iteration, alpha])).toEqual(expected);
    expect(seen[0].label).toBe(1);
  });

  it('is interrupted', async () => {
    const controller = new AbortController();
    const path = regularisationPathAsync(X, y, chosen, {
      signal: controller.signal,
      onProgress: ({ iteration }) => iteration === 3 && controller.abort(),
    });
    await expect(path).rejects.toThrow(InterruptedError);
  });

  it('refuses no penalty, one twice, and one that is none', () => {
    for (const alphas of [[], [0.1, 0.1]])
      expect(() => regularisationPath(X, y, { ...chosen, alphas })).toThrow(/alphas: expected different/);
    expect(() => regularisationPath(X, y, { ...chosen, alphas: [0.1, 0] })).toThrow(/alpha: expected a pos/);
  });
});

describe('polynomialLogistic refuses', () => {
  it('one class, and more than two', () => {
    expect(() => polynomialLogistic(options).fit(X, new Array(120).fill(4))).toThrow(/two classes or more/);
    const three = y.map((v, i) => (i < 9 ? 5 : v));
    expect(() => polynomialLogistic(options).fit(X, three)).toThrow(/two classes, got 3 classes: 0, 1, 5/);
  });

  it('labels that do not fit the rows', () => {
    expect(() => polynomialLogistic(options).fit(X, [0, 1])).toThrow(ShapeError);
  });

  it('variables that are not finite, naming the entry, in a fit and in a question', () => {
    const fit = polynomialLogistic(options).fit(X, y);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const torn = X.copy();
      torn.set(5, 2, bad);
      for (const ask of [() => polynomialLogistic(options).fit(torn, y), () => fit.decision(torn)]) {
        expect(ask).toThrow(ValueError);
        expect(ask).toThrow(/row 5, column 2/);
      }
    }
  });

  it('variables whose products overflow', () => {
    const fit = polynomialLogistic(options).fit(X, y);
    const large = X.copy();
    for (let i = 0; i < large.data.length; i++) large.data[i] *= 1e100;
    for (const penalty of ['l1', 'elasticnet', 'l2'] as const) {
      const ask = () => polynomialLogistic({ ...options, penalty }).fit(large, y);
      expect(ask).toThrow(NumericalError);
      expect(ask).toThrow(/standardise/);
    }
    expect(() => fit.decision(large)).toThrow(NumericalError);
  });

  it('questions of another number of columns', () => {
    const fit = polynomialLogistic(options).fit(X, y);
    expect(() => fit.decision(expandPolynomial(X, options))).toThrow(ShapeError);
    expect(() => fit.score(X.transpose(), y)).toThrow(ShapeError);
  });

  it('expansions of which a row and its weights exceed 4 GiB, with their number', () => {
    const wide = parity(random('too wide'), 20, 45, [0, 1]);
    const ask = () => polynomialLogistic({ degree: 30, squareFree: true, alpha: 0.1 }).fit(wide.X, wide.y);
    expect(ask).toThrow(ValueError);
    expect(ask).toThrow(/34901237112896 terms \(2\.79e\+5 GB a row\)/);
  });

  it.each([
    [{ alpha: 0 }, /alpha/],
    [{ alpha: Number.NaN }, /alpha/],
    [{ degree: 0 }, /degree/],
    [{ degree: 2.5 }, /degree/],
    [{ penalty: 'l3' }, /penalty/],
    [{ penalty: 'elasticnet', l1Ratio: -1 }, /l1Ratio/],
    [{ tolerance: Number.NaN }, /tolerance/],
    [{ patience: 0 }, /patience/],
    [{ maxIterations: 1.5 }, /maxIterations/],
    [{ classWeight: 'equal' }, /classWeight/],
  ])('options that do not fit: %j', (wrong, message) => {
    const ask = () => polynomialLogistic({ ...options, ...wrong } as PolynomialLogisticOptions);
    expect(ask).toThrow(ValueError);
    expect(ask).toThrow(message);
  });
});
