// biome-ignore-all lint/suspicious/noFocusedTests: fit is a verb of surrogates here, not a focused test
import { describe, expect, it } from 'vitest';
import { NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { Matrix, syrk } from '../../src/lib/linalg';
import { random } from '../../src/lib/random';
import { Attribution, attribute, KernelExpansion, kernelLogistic, kernelSvm } from '../../src/lib/surrogates';

const n = 60;
const points = new Matrix(n, 4, random('points').fill(new Float64Array(n * 4), 'normal', 0.5));
const K = syrk(points);
const two = Array.from({ length: n }, (_, i) => (points.get(i, 0) > 0.2 ? 8 : 3));
const three = Array.from({ length: n }, (_, i) => (points.get(i, 1) > 1 ? 5 : points.get(i, 1) > 0 ? 2 : 9));
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
const byHand = new Attribution(1, Float64Array.of(3, -1, 0, 2, -4, 2, 0, 0), [0, 1, 0, 0, 1, 1, 0, 1]);

describe('attribute', () => {
  it('divides the logit of the predicted class, or of the class that is asked for', () => {
    const fitted = kernelLogistic({ alpha: 1e-2 }).fit(K, three);
    const logits = fitted.decision(K);
    const predicted = fitted.predict(K);
    for (const i of [0, 7, 31]) {
      const a = attribute(fitted, K.row(i));
      expect(a.class).toBe(predicted[i]);
      expect(a.logit).toBeAllclose(Math.max(...logits.row(i)), { rtol: 1e-10 });
      [2, 5, 9].forEach((label, c) => {
        const b = attribute(fitted, K.row(i), { class: label });
        expect(b.class).toBe(label);
        expect(b.logit).toBeAllclose(logits.get(i, c), { rtol: 1e-9, atol: 1e-12 });
        expect(b.contributions).toBeAllclose(fitted.attribution(K.row(i)).row(c), { rtol: 0 });
      });
    }
  });

  it('of two classes divides f for the larger label, −f for the smaller', () => {
    const fitted = kernelLogistic({ alpha: 1e-2 }).fit(K, two);
    const logits = fitted.decision(K).data;
    expect(new Set(fitted.predict(K)).size).toBe(2);
    for (let i = 0; i < n; i++) {
      const large = attribute(fitted, K.row(i), { class: 8 });
      const small = attribute(fitted, K.row(i), { class: 3 });
      expect(large.logit).toBeAllclose(logits[i], { rtol: 1e-9, atol: 1e-12 });
      expect(small.contributions).toBeAllclose(
        large.contributions.map((a) => -a),
        { rtol: 0 },
      );
      expect(small.supporters(3).map((v) => v.index)).toEqual(large.opponents(3).map((v) => v.index));
      expect(attribute(fitted, K.row(i)).class).toBe(logits[i] > 0 ? 8 : 3);
      expect(attribute(fitted, K.row(i)).logit).toBeGreaterThanOrEqual(0);
    }
  });

  it('takes a float32 row as its entries in float64', () => {
    const fitted = kernelLogistic({ alpha: 1e-2 }).fit(K, two);
    const row = Float32Array.from(K.row(4));
    const a = attribute(fitted, row);
    expect(a.contributions).toBeAllclose(attribute(fitted, Float64Array.from(row)).contributions, {
      rtol: 0,
    });
  });

  it('refuses a class that was not there, a row or labels of another length, and NaN', () => {
    const fitted = kernelLogistic({ alpha: 1e-2 }).fit(K, two);
    expect(() => attribute(fitted, K.row(0), { class: 1 })).toThrow(/one of the classes 3, 8, got 1/);
    expect(() => attribute(fitted, K.row(0).subarray(1))).toThrow(ShapeError);
    expect(() => attribute(fitted, K.row(0), { labels: [1, 2] })).toThrow(
      /attribute, labels: expected 60 labels/,
    );
    const torn = K.row(0).slice();
    torn[9] = Number.NaN;
    expect(() => attribute(fitted, torn)).toThrow(/column 9/);
  });
});

describe('an attribution', () => {
  it('names the loudest on either side, loudest first, with their shares and labels', () => {
    expect(byHand.supporters(2)).toEqual([
      { index: 0, contribution: 3, share: 3 / 12, label: 0 },
      { index: 3, contribution: 2, share: 2 / 12, label: 0 },
    ]);
    expect(byHand.opponents(1)).toEqual([{ index: 4, contribution: -4, share: 4 / 12, label: 1 }]);
    expect(byHand.logit).toBe(2);
  });

  it('lists no one who is silent or on the other side', () => {
    expect(byHand.supporters(100).map((v) => v.index)).toEqual([0, 3, 5]);
    expect(byHand.opponents(100).map((v) => v.index)).toEqual([4, 1]);
    const zero = new Attribution(1, new Float64Array(3));
    expect(zero.supporters(2)).toEqual([]);
    expect(zero.logit).toBe(0);
    expect(byHand.supporters(1)[0]).toHaveProperty('label');
    expect(new Attribution(1, Float64Array.of(1, 2)).supporters(1)[0]).not.toHaveProperty('label');
  });

  it('has shares that sum to one over all who speak', () => {
    const a = attribute(kernelLogistic({ alpha: 1e-2 }).fit(K, two), K.row(11));
    const shares = [...a.supporters(n), ...a.opponents(n)].map((v) => v.share);
    expect(shares).toHaveLength(n);
    expect(sum(shares)).toBeAllclose(1, { rtol: 1e-12 });
    expect(a.shareOfTop(1)).toBeAllclose(1, { rtol: 1e-12 });
    const loud = shares.sort((p, q) => q - p);
    expect(a.shareOfTop(0.1)).toBeAllclose(sum(loud.slice(0, 6)), { rtol: 1e-12 });
  });

  it('gives the share of the top as a part of the examples, rounded up and at least one', () => {
    expect(byHand.shareOfTop(0.25)).toBe(7 / 12); // 2 of 8: 4 and 3
    expect(byHand.shareOfTop(0.26)).toBe(9 / 12);
    expect(byHand.shareOfTop(0.001)).toBe(4 / 12);
    // 0.07 · 100 is 7.000000000000001: seven all the same.
    expect(new Attribution(1, new Float64Array(100).fill(-2)).shareOfTop(0.07)).toBeAllclose(0.07, {
      rtol: 1e-12,
    });
  });

  it('counts the examples that speak in effect: m when m speak alike and the rest are silent', () => {
    const some = new Float64Array(50);
    for (const m of [1, 7, 50]) {
      some.fill(0).fill(-0.3, 0, m);
      expect(new Attribution(1, some.slice()).effectiveExamples).toBeAllclose(m, { rtol: 1e-12 });
    }
    expect(byHand.effectiveExamples).toBeAllclose(12 ** 2 / (9 + 1 + 4 + 16 + 4), { rtol: 1e-12 });
    const huge = new Attribution(
      1,
      byHand.contributions.map((a) => a * 1e200),
    );
    expect(huge.effectiveExamples).toBeAllclose(byHand.effectiveExamples, { rtol: 1e-12 });
  });

  it('tells for each class whether its mean lies between its quartiles', () => {
    // Label 0: 3, 0, 2, 0; label 1: −1, −4, 2, 0.
    expect(byHand.byClass()).toEqual([
      { label: 0, count: 4, mean: 1.25, quartiles: [0, 2.25], withinQuartiles: true },
      { label: 1, count: 4, mean: -0.75, quartiles: [-1.75, 0.5], withinQuartiles: true },
    ]);
    // One loud example carries the mean beyond the quartile.
    const carried = new Attribution(1, Float64Array.of(100, 1, 2, 1, 2), [7, 7, 7, 7, 7]);
    expect(carried.byClass()).toEqual([
      { label: 7, count: 5, mean: 21.2, quartiles: [1, 2], withinQuartiles: false },
    ]);
  });

  it('of a kernel SVM rests on fewer examples than that of a kGLM', () => {
    const svm = attribute(kernelSvm().fit(K, two), K.row(2));
    const glm = attribute(kernelLogistic({ alpha: 1e-2 }).fit(K, two), K.row(2));
    expect(svm.effectiveExamples).toBeLessThan(0.8 * glm.effectiveExamples);
  });

  it('refuses questions that have no answer', () => {
    expect(() => new Attribution(1, Float64Array.of(1)).byClass()).toThrow(/labels of the training examples/);
    for (const p of [0, -0.1, 1.01, Number.NaN]) expect(() => byHand.shareOfTop(p)).toThrow(ValueError);
    for (const k of [0, 1.5]) expect(() => byHand.supporters(k)).toThrow(ValueError);
    const silent = attribute(
      new KernelExpansion([0, 1], Matrix.from([[1, -1]]), Float64Array.of(0)),
      Float64Array.of(0, 0),
    );
    expect(() => silent.shareOfTop(0.5)).toThrow(NumericalError);
    expect(() => silent.effectiveExamples).toThrow(NumericalError);
  });
});
