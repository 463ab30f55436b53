// biome-ignore-all lint/suspicious/noFocusedTests: fit is a verb of surrogates here, not a focused test
import { describe, expect, it } from 'vitest';
import { InterruptedError, NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { type DType, gemm, Matrix, norm, svd, syrk } from '../../src/lib/linalg';
import { random } from '../../src/lib/random';
import {
  type FittedRegression,
  featureRegression,
  kernelRegression,
  type RegressionOptions,
} from '../../src/lib/surrogates';
import recorded from '../fixtures/surrogates-regression.json';
import { normal, relativeDistance } from '../kernels/networks';

const both = [
  ['kernelRegression', kernelRegression],
  ['featureRegression', featureRegression],
] as const;
const shapes = [
  [1, 1, 1],
  [9, 4, 2],
  [6, 15, 3],
  [25, 24, 1],
] as const;

/** n × p of singular values from 1 down to `least`. */
function features(n: number, p: number, least: number, seed: number | string): Matrix {
  const k = Math.min(n, p);
  const { U, Vt } = svd(normal(n, p, seed));
  for (let j = 0; j < k; j++)
    for (let i = 0, s = k > 1 ? least ** (j / (k - 1)) : 1; i < p; i++) Vt.data[j * p + i] *= s;
  return gemm(U, Vt);
}

const weightsOf = (n: number, seed: number | string) =>
  random(`weights ${seed}`).fill(new Float64Array(n), 'uniform', 0.2, 2);

/** A with row i times √w_i. */
function weighted(A: Matrix, w: ArrayLike<number>): Matrix {
  const out = A.copy();
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < A.cols; j++) out.data[i * A.cols + j] *= Math.sqrt(w[i]);
  return out;
}

/** (Σ_i w_i |y_i − f_i|²)^½ of each column. */
function distances(f: Matrix, y: Matrix, w: ArrayLike<number>): number[] {
  const squares = new Array<number>(y.cols).fill(0);
  for (let i = 0; i < y.rows; i++)
    for (let j = 0; j < y.cols; j++) squares[j] += w[i] * (y.get(i, j) - f.get(i, j)) ** 2;
  return squares.map(Math.sqrt);
}

const fitted = (fit: FittedRegression) => ({
  coefficients: fit.coefficients,
  rank: fit.rank,
  singularValues: fit.singularValues,
  residualNorms: fit.residualNorms,
});

describe('kernelRegression, recorded from numpy.linalg.pinv(Ĥ, rcond, hermitian=True)', () => {
  const Y = Matrix.from(recorded.Y);
  const { weights } = recorded;

  it.each(recorded.kernels.map((k) => [k.name, k] as const))(
    'has its coefficients at each cut: %s',
    (_, k) => {
      const [K, Kx] = [Matrix.from(k.K), Matrix.from(k.cross)];
      for (const { rcond, rank, coefficients, predictions, residualNorms } of k.fits) {
        const fit = kernelRegression({ weights, rcond }).fit(K, Y);
        const scale = Math.max(...coefficients.flat().map(Math.abs));
        expect(fit.rank).toBe(rank);
        expect(fit.coefficients).toBeAllclose(coefficients, { atol: 1e-9 * scale });
        expect(fit.predict(Kx)).toBeAllclose(predictions, { rtol: 1e-7, atol: 1e-8 });
        expect(fit.residualNorms).toBeAllclose(residualNorms, { rtol: 1e-8, atol: 1e-10 });
      }
    },
  );

  it('in float32 has them where the cut is far above its rounding', () => {
    for (const k of recorded.kernels) {
      const { rcond, rank, coefficients, predictions } = k.fits[2];
      const fit = kernelRegression({ weights, rcond }).fit(Matrix.from(k.K, 'float32'), Y);
      expect([fit.coefficients.dtype, fit.rank]).toEqual(['float32', rank]);
      expect(fit.coefficients).toBeAllclose(coefficients, { rtol: 1e-4, atol: 1e-4 });
      expect(fit.predict(Matrix.from(k.cross))).toBeAllclose(predictions, { rtol: 1e-4, atol: 1e-4 });
    }
  });

  it('with a ridge is scikit-learn’s KernelRidge, sample weights included', () => {
    const { K, cross, ridge } = recorded.kernels[0];
    if (!ridge) throw new Error('no ridge was recorded');
    const fit = kernelRegression({ weights, rcond: 0, ridge: ridge.ridge }).fit(Matrix.from(K), Y);
    expect(fit.coefficients).toBeAllclose(ridge.coefficients, { rtol: 1e-10, atol: 1e-11 });
    expect(fit.predict(Matrix.from(cross))).toBeAllclose(ridge.predictions, { rtol: 1e-10, atol: 1e-11 });
  });
});

describe('featureRegression, recorded from scipy.linalg.lstsq(√w Φ, √w y, cond)', () => {
  const Y = Matrix.from(recorded.Y);
  const { weights } = recorded;

  it.each(recorded.features.map((f) => [f.Phi[0].length, f] as const))(
    'has its coefficients, rank and singular values at each cut: %i features of 14 examples',
    (_, f) => {
      for (const { rcond, rank, coefficients, singularValues } of f.fits) {
        const fit = featureRegression({ weights, rcond }).fit(Matrix.from(f.Phi), Y);
        const scale = Math.max(...coefficients.flat().map(Math.abs));
        expect(fit.rank).toBe(rank);
        expect(fit.singularValues).toBeAllclose(singularValues, { atol: 1e-14 });
        expect(fit.coefficients).toBeAllclose(coefficients, { atol: 1e-9 * scale });
      }
    },
  );

  it('in float32 has them where the cut is far above its rounding', () => {
    for (const { Phi, fits } of recorded.features) {
      const { rcond, rank, coefficients } = fits[2];
      const fit = featureRegression({ weights, rcond }).fit(Matrix.from(Phi, 'float32'), Y.as('float32'));
      expect([fit.coefficients.dtype, fit.rank]).toEqual(['float32', rank]);
      expect(fit.coefficients).toBeAllclose(coefficients, { rtol: 1e-4, atol: 1e-3 });
    }
  });

  it('with a ridge is scikit-learn’s Ridge without an intercept, sample weights included', () => {
    for (const { Phi, test, ridge } of recorded.features) {
      const fit = featureRegression({ weights, rcond: 0, ridge: ridge.ridge }).fit(Matrix.from(Phi), Y);
      expect(fit.coefficients).toBeAllclose(ridge.coefficients, { rtol: 1e-10, atol: 1e-11 });
      expect(fit.predict(Matrix.from(test))).toBeAllclose(ridge.predictions, { rtol: 1e-10, atol: 1e-11 });
    }
  });
});

const precisions: [DType, number][] = [
  ['float64', 1e-11],
  ['float32', 2e-3],
];

describe.each(precisions)('regression on a kernel and on its features, in %s', (dtype, tolerance) => {
  /** A problem in that precision, with points to be asked about; for neither does rounding decide anything. */
  const problem = (n: number, p: number, r: number) => {
    const Phi = features(n, p, 0.1, `${n} ${p}`).as(dtype);
    const asked = normal(5, p, `asked ${n}`, dtype);
    return {
      ...{ Phi, asked, K: syrk(Phi), Kx: gemm(asked, Phi, { transposeB: true }) },
      ...{ Y: normal(n, r, `y ${n}`, dtype), weights: weightsOf(n, n) },
    };
  };

  it.each(shapes)('%i × %i: is one function, γ = Φᵀδ, with λ = s² (eqs. 18 to 21)', (n, p, r) => {
    const { Phi, asked, K, Kx, Y, weights } = problem(n, p, r);
    for (const ridge of [0, 0.2]) {
      const of = { weights, ridge, rcond: dtype === 'float32' ? 1e-4 : 1e-9 };
      const kernel = kernelRegression(of).fit(K, Y);
      const feature = featureRegression(of).fit(Phi, Y);
      expect(kernel.rank).toBe(Math.min(n, p));
      expect(feature.rank).toBe(kernel.rank);
      expect(kernel.singularValues.subarray(0, kernel.rank)).toBeAllclose(
        feature.singularValues.map((s: number) => s * s),
        { rtol: tolerance, atol: tolerance },
      );
      const representer = gemm(Phi, kernel.coefficients, { transposeA: true });
      expect(relativeDistance(feature.coefficients, representer)).toBeLessThan(tolerance);
      expect(relativeDistance(kernel.predict(Kx), feature.predict(asked))).toBeLessThan(tolerance);
      const close = { rtol: 20 * tolerance, atol: 1e-2 * tolerance };
      expect(kernel.residualNorms).toBeAllclose(feature.residualNorms, close);
    }
  });

  it.each(shapes)(
    '%i × %i: leaves a residual orthogonal to every feature, of the norm that it states',
    (n, p, r) => {
      const { Phi, Y, weights } = problem(n, p, r);
      const fit = featureRegression({ weights }).fit(Phi, Y);
      const residual = Y.copy();
      gemm(Phi, fit.coefficients, { alpha: -1, beta: 1, out: residual });
      const inner = gemm(weighted(Phi, weights), weighted(residual, weights), { transposeA: true });
      expect(inner).toBeAllclose(Matrix.zeros(p, r), { atol: tolerance });
      expect(fit.residualNorms).toBeAllclose(distances(fit.predict(Phi), Y, weights), {
        rtol: tolerance,
        atol: 1e-2 * tolerance,
      });
    },
  );

  it.each(shapes)('%i × %i: is a projection: what was fitted is fitted again as it is', (n, p, r) => {
    const { Phi, K, Y, weights } = problem(n, p, r);
    for (const [X, regression] of [
      [K, kernelRegression],
      [Phi, featureRegression],
    ] as const) {
      const model = regression({ weights, rcond: dtype === 'float32' ? 1e-4 : 1e-9 });
      const once = model.fit(X, Y);
      const twice = model.fit(X, once.predict(X));
      expect(relativeDistance(twice.coefficients, once.coefficients)).toBeLessThan(tolerance);
      for (const norm of twice.residualNorms) expect(norm).toBeLessThan(tolerance);
    }
  });

  it('weights of 0 leave examples out, and weights of 2 are examples that are there twice', () => {
    const { Phi, Y, weights: w } = problem(9, 4, 2);
    const counts = [1, 0, 2, 1, 1, 0, 2, 1, 1];
    const copies = counts.flatMap((count, i) => new Array<number>(count).fill(i));
    const [few, many] = [counts.map((c, i) => c * w[i]), copies.map((i) => w[i])];
    const [one, other] = [
      featureRegression({ weights: few }).fit(Phi, Y),
      featureRegression({ weights: many }).fit(Phi.take(copies), Y.take(copies)),
    ];
    expect(relativeDistance(one.coefficients, other.coefficients)).toBeLessThan(tolerance);
    expect(one.residualNorms).toBeAllclose(other.residualNorms, { rtol: tolerance });
    const cut = { rcond: dtype === 'float32' ? 1e-4 : 1e-9 };
    const kernel = kernelRegression({ weights: few, ...cut }).fit(syrk(Phi), Y);
    const repeated = kernelRegression({ weights: many, ...cut }).fit(syrk(Phi.take(copies)), Y.take(copies));
    const asked = normal(6, 4, 'asked', dtype);
    const cross = (rows: Matrix) => gemm(asked, rows, { transposeB: true });
    expect(
      relativeDistance(kernel.predict(cross(Phi)), repeated.predict(cross(Phi.take(copies)))),
    ).toBeLessThan(tolerance);
    for (const i of [1, 5]) expect(kernel.coefficients.row(i).every((v) => v === 0)).toBe(true);
  });

  it('another cut or ridge is the fit with it, to the digit', () => {
    const { Phi, K, Y, weights } = problem(9, 14, 2);
    for (const [X, regression] of [
      [K, kernelRegression],
      [Phi, featureRegression],
    ] as const) {
      const fit = regression({ weights, rcond: 0.3 }).fit(X, Y);
      const ranks = [0.9, 0.3, 0.05, 1e-5].map((rcond) => {
        const cut = fit.withCut(rcond);
        expect(fitted(cut)).toEqual(fitted(regression({ weights, rcond }).fit(X, Y)));
        expect(cut.rcond).toBe(rcond);
        return cut.rank;
      });
      expect(ranks[0]).toBe(1);
      expect(ranks[3]).toBe(9);
      expect(new Set(ranks).size).toBeGreaterThan(2);
      const ridged = fit.withRidge(0.7);
      expect(fitted(ridged)).toEqual(fitted(regression({ weights, rcond: 0.3, ridge: 0.7 }).fit(X, Y)));
      expect([ridged.rcond, ridged.ridge, ridged.withCut(0.5).ridge]).toEqual([0.3, 0.7, 0.7]);
    }
  });

  it('several right sides are as many fits', () => {
    const { Phi, K, Y, weights } = problem(9, 4, 3);
    for (const [X, regression] of [
      [K, kernelRegression],
      [Phi, featureRegression],
    ] as const) {
      const model = regression({ weights, rcond: 1e-3 });
      const all = model.fit(X, Y);
      for (let j = 0; j < 3; j++) {
        const one = model.fit(X, Array.from(Y.column(j)));
        expect(all.coefficients.column(j)).toBeAllclose(one.coefficients, {
          rtol: tolerance,
          atol: tolerance,
        });
        expect(all.residualNorms[j]).toBeAllclose(one.residualNorms[0], { rtol: tolerance });
      }
    }
  });

  it('works in the precision of the matrix, and takes points in either', () => {
    const { Phi, K, asked, Kx, Y } = problem(9, 4, 2);
    const other = dtype === 'float32' ? 'float64' : 'float32';
    for (const [X, points, regression] of [
      [K, Kx, kernelRegression],
      [Phi, asked, featureRegression],
    ] as const) {
      const fit = regression().fit(X, Y.as(other));
      expect([fit.coefficients.dtype, fit.predict(points.as(other)).dtype]).toEqual([dtype, dtype]);
      expect(relativeDistance(fit.predict(points.as(other)), fit.predict(points))).toBeLessThan(1e-5);
    }
  });

  it('is the same from fit and fitAsync, which has read its inputs when it returns', async () => {
    const { Phi, K, Y, weights } = problem(9, 4, 2);
    for (const [X, regression] of [
      [K, kernelRegression],
      [Phi, featureRegression],
    ] as const) {
      const model = regression({ weights });
      const expected = fitted(model.fit(X, Y));
      const [data, values] = [X.copy(), Y.copy()];
      const fitting = model.fitAsync(data, values);
      data.data.fill(Number.NaN);
      values.data.fill(Number.NaN);
      expect(fitted(await fitting)).toEqual(expected);
    }
  });
});

describe('regression on a kernel and on its features', () => {
  it('of a larger space leaves a residual that is not larger (eq. 38)', () => {
    for (let draw = 0; draw < 20; draw++) {
      const weights = weightsOf(16, draw);
      const [small, more] = [features(16, 5, 1e-2, `small ${draw}`), features(16, 7, 1e-2, `more ${draw}`)];
      const K = syrk(small);
      const y = Array.from(normal(16, 1, `y ${draw}`).data);
      const ck = kernelRegression({ weights }).fit(K, y);
      const ntk = kernelRegression({ weights }).fit(syrk(more, { beta: 1, out: K.copy() }), y);
      expect([ck.rank, ntk.rank]).toEqual([5, 12]);
      expect(ntk.residualNorms[0]).toBeLessThan(ck.residualNorms[0]);
    }
  });

  it('the kernel has lost what the features still know: half of the decades of a falling spectrum', () => {
    // Monomials on [0, 1], and a function that they come next to.
    const nodes = (n: number) => Array.from({ length: n }, (_, i) => i / (n - 1));
    const monomials = (n: number) =>
      Matrix.from(nodes(n).map((x) => Array.from({ length: 18 }, (_, j) => x ** j)));
    const values = (n: number) => nodes(n).map((x) => Math.exp(Math.sin(2 * x)));
    const [Phi, asked] = [monomials(40), monomials(97)];
    const feature = featureRegression().fit(Phi, values(40));
    const kernel = kernelRegression().fit(syrk(Phi), values(40));
    expect(kernel.rank).toBeLessThan(feature.rank);
    const error = (f: Matrix) => norm(f.data.map((v, i) => v - values(97)[i]));
    const least = error(feature.predict(asked));
    expect(least).toBeLessThan(1e-9);
    expect(error(kernel.predict(gemm(asked, Phi, { transposeB: true })))).toBeGreaterThan(1000 * least);
  });

  it('cuts at the longer side times the rounding of the precision, which is where noise begins', () => {
    for (const dtype of ['float64', 'float32'] as const) {
      const epsilon = dtype === 'float32' ? 2 ** -23 : 2 ** -52;
      const Phi = gemm(normal(30, 6, 'left'), normal(6, 50, 'right')).as(dtype);
      const y = new Array(30).fill(1);
      const [kernel, feature] = [kernelRegression().fit(syrk(Phi), y), featureRegression().fit(Phi, y)];
      expect([kernel.rcond, feature.rcond]).toEqual([30 * epsilon, 50 * epsilon]);
      expect([kernel.rank, feature.rank]).toEqual([6, 6]);
      expect(kernel.singularValues[6]).toBeGreaterThan(0);
    }
  });

  it('a ridge shrinks the fit: its residual grows from that of the projection to y itself', () => {
    const Phi = features(12, 5, 0.1, 'ridge');
    const y = Array.from(normal(12, 1, 'ridge y').data);
    for (const [X, regression] of [
      [syrk(Phi), kernelRegression],
      [Phi, featureRegression],
    ] as const) {
      const fit = regression({ rcond: 1e-9 }).fit(X, y);
      const norms = [0, 1e-3, 1, 1e3, 1e12].map((ridge) => fit.withRidge(ridge).residualNorms[0]);
      expect(norms).toEqual([...norms].sort((a, b) => a - b));
      expect(norms[0]).toBeLessThan(0.95 * norms[4]);
      expect(norms[4]).toBeAllclose(norm(Float64Array.from(y)), { rtol: 1e-10 });
    }
  });

  it.each(both)('of nothing but zeros, or of no examples, is zero: %s', (_, regression) => {
    const fit = regression().fit(Matrix.zeros(3, 3), [1, 2, 2]);
    expect([fit.rank, fit.residualNorms[0]]).toEqual([0, 3]);
    expect(fit.predict(normal(2, 3, 1))).toEqual(Matrix.zeros(2, 1));
    expect(regression({ weights: [0, 0, 0] }).fit(Matrix.identity(3), [1, 2, 3]).rank).toBe(0);
    const none = regression().fit(Matrix.zeros(0, 0), []);
    expect(none.predict(Matrix.zeros(2, 0))).toEqual(Matrix.zeros(2, 1));
    expect([none.rank, none.singularValues.length, none.residualNorms[0]]).toEqual([0, 0, 0]);
  });
});

describe('regressions refuse', () => {
  const K = syrk(normal(6, 4, 'refused'));
  const y = [1, 2, 3, 4, 5, 6];

  it.each(both)(
    'values and weights that are not as many as the rows, and name both numbers: %s',
    (name, regression) => {
      expect(() => regression().fit(K, [1, 2])).toThrow(ShapeError);
      expect(() => regression().fit(K, [1, 2])).toThrow(new RegExp(`${name}, y: expected 6.*got 2`));
      expect(() => regression().fit(K, Matrix.zeros(7, 2))).toThrow(/got 7/);
      expect(() => regression({ weights: [1, 1, 1] }).fit(K, y)).toThrow(/weights: expected 6.*got 3/);
    },
  );

  it.each(both)('what is not finite, naming its place: %s', async (_, regression) => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const torn = K.copy();
      torn.set(3, 2, bad);
      const fits = [
        () => regression().fit(torn, y),
        () => regression({ weights: [1, 1, 1, 0, 1, 1] }).fit(torn, y),
      ];
      for (const fit of fits) {
        expect(fit).toThrow(ValueError);
        expect(fit).toThrow(/row 3, column 2/);
      }
      await expect(regression().fitAsync(torn, y)).rejects.toThrow(/row 3, column 2/);
      expect(() => regression().fit(K, [1, 2, bad, 4, 5, 6])).toThrow(/y.*row 2, column 0/);
      expect(() => regression().fit(K, y).predict(torn)).toThrow(/predict.*row 3, column 2/);
    }
  });

  it.each(both)('points of another width: %s', (name, regression) => {
    const fit = regression().fit(K, y);
    expect(() => fit.predict(Matrix.zeros(2, 5))).toThrow(ShapeError);
    const column = name === 'kernelRegression' ? 'training example' : 'feature';
    expect(() => fit.predict(Matrix.zeros(2, 5))).toThrow(
      new RegExp(`6 columns, one for each ${column}, got 2 × 5`),
    );
  });

  it('a kernel that is not square, or not symmetric', async () => {
    expect(() => kernelRegression().fit(normal(6, 4, 1), y)).toThrow(
      /kernelRegression, K: expected the train Gram/,
    );
    const lopsided = K.copy();
    lopsided.set(4, 1, 9);
    expect(() => kernelRegression().fit(lopsided, y)).toThrow(/a symmetric matrix, got 9 in row 4, column 1/);
    await expect(kernelRegression().fitAsync(lopsided, y)).rejects.toThrow(ValueError);
  });

  it.each(both)('coefficients and predictions that overflow: %s', (_, regression) => {
    const tiny = Matrix.from([[1e-300]]);
    expect(() => regression().fit(tiny, [1e100])).toThrow(NumericalError);
    const fit = regression().fit(Matrix.from([[1]]), [1e100]);
    expect(() => fit.predict(Matrix.from([[1e300]]))).toThrow(NumericalError);
  });

  it.each<[RegressionOptions, RegExp]>([
    [{ weights: [1, -1] }, /weights: expected finite weights, none negative, got -1 at position 1/],
    [{ weights: [Number.NaN] }, /weights.*NaN at position 0/],
    [{ weights: [1, Number.POSITIVE_INFINITY] }, /weights.*Infinity at position 1/],
    [{ rcond: 1 }, /rcond/],
    [{ rcond: -1e-15 }, /rcond/],
    [{ ridge: -1 }, /ridge/],
    [{ ridge: Number.NaN }, /ridge/],
    [{ ridge: Number.POSITIVE_INFINITY }, /ridge/],
  ])('options out of range: %j', (options, message) => {
    for (const [, regression] of both) {
      expect(() => regression(options)).toThrow(ValueError);
      expect(() => regression(options)).toThrow(message);
    }
  });

  it.each(both)('another cut or ridge out of range: %s', (_, regression) => {
    const fit = regression().fit(K, y);
    expect(() => fit.withCut(1)).toThrow(/withCut, rcond/);
    expect(() => fit.withRidge(-1)).toThrow(/withRidge, ridge/);
  });

  it.each(both)('to go on when it is aborted: %s', async (name, regression) => {
    const controller = new AbortController();
    controller.abort();
    const before = regression().fitAsync(K, y, { signal: controller.signal });
    await expect(before).rejects.toThrow(InterruptedError);
    const during = new AbortController();
    const fit = regression().fitAsync(K, y, { signal: during.signal });
    during.abort();
    await expect(fit).rejects.toThrow(`${name}.fitAsync`);
  });
});
