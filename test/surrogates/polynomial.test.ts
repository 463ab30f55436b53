import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import { random } from '../../src/lib/random';
import {
  countTerms,
  expandPolynomial,
  type Monomial,
  monomialName,
  type PolynomialOptions,
  polynomialTerms,
} from '../../src/lib/surrogates';

interface Recorded extends Required<PolynomialOptions> {
  features: number;
  X: number[][];
  count: number;
  values: string;
  names: string;
  some: Record<string, [name: string, value: number]>;
}
const { expansions } = JSON.parse(
  readFileSync(new URL('../fixtures/surrogates-polynomial.json', import.meta.url), 'utf8'),
) as { expansions: Recorded[] };

const kind = ({ degree, squareFree, constant = true }: PolynomialOptions) =>
  `degree ${degree}${squareFree ? ', square-free' : ''}${constant ? '' : ', no constant'}`;
const digest = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');

/** Every combination of so many of the variables `from` … N − 1, in lexicographic order. */
function combinations(N: number, size: number, squareFree: boolean, from = 0): number[][] {
  if (size === 0) return [[]];
  const found: number[][] = [];
  for (let v = from; v < N; v++)
    for (const rest of combinations(N, size - 1, squareFree, squareFree ? v + 1 : v))
      found.push([v, ...rest]);
  return found;
}

const shapes: [features: number, options: PolynomialOptions][] = [];
for (const squareFree of [true, false])
  for (const constant of [true, false])
    for (const [features, degree] of [
      [1, 1],
      [1, 4],
      [2, 3],
      [3, 1],
      [4, 2],
      [5, 5],
      [6, 4],
      [7, 3],
      [4, 6],
    ])
      shapes.push([features, { degree, squareFree, constant }]);

describe('the monomials', () => {
  it.each(expansions.map((r) => [`${r.features} variables, ${kind(r)}`, r] as const))(
    'are those of scikit-learn, in its order and to the digit: %s',
    (_, r) => {
      const X = Matrix.from(r.X);
      const names = polynomialTerms(r.features, r).map(monomialName);
      const P = expandPolynomial(X, r);
      expect(countTerms(r.features, r)).toBe(BigInt(r.count));
      expect(P.shape).toEqual([X.rows, r.count]);
      for (const [j, [name, value]] of Object.entries(r.some)) {
        expect(names[Number(j)]).toBe(name);
        expect(P.get(2, Number(j))).toBe(value);
      }
      expect(digest(names.join(','))).toBe(r.names);
      expect(digest(new Uint8Array(P.data.buffer, P.data.byteOffset, P.data.byteLength))).toBe(r.values);
    },
  );

  it.each(shapes)('of %i variables are all combinations, degree by degree: %j', (features, options) => {
    const { degree, squareFree = false, constant } = options;
    const expected: Monomial[] = [];
    for (let d = constant ? 0 : 1; d <= degree; d++) expected.push(...combinations(features, d, squareFree));
    expect(polynomialTerms(features, options)).toEqual(expected);
    expect(countTerms(features, options)).toBe(BigInt(expected.length));
  });

  it.each(shapes)('of %i variables have the values of their products: %j', (features, options) => {
    const rng = random(`expand ${features} ${kind(options)}`);
    const rows = 1 + rng.integer(40);
    const X = new Matrix(rows, features, rng.fill(new Float64Array(rows * features), 'normal'));
    const P = expandPolynomial(X, options);
    const terms = polynomialTerms(features, options);
    for (let i = 0; i < rows; i++)
      expect(P.row(i)).toBeAllclose(
        terms.map((term) => term.reduce((product, v) => product * X.get(i, v), 1)),
        { rtol: 1e-14 },
      );
    // Entries in float32 are expanded in float64.
    expect(expandPolynomial(X.as('float32'), options).data).toEqual(
      expandPolynomial(X.as('float32').as('float64'), options).data,
    );
  });

  it('are counted exactly at any size', () => {
    // Pascal's rule: a monomial has the last variable or has not.
    for (let N = 2; N <= 60; N += 7)
      for (let degree = 2; degree <= 60; degree += 5) {
        expect(countTerms(N, { degree })).toBe(
          countTerms(N - 1, { degree }) + countTerms(N, { degree: degree - 1 }),
        );
        if (degree < N)
          expect(countTerms(N, { degree, squareFree: true })).toBe(
            countTerms(N - 1, { degree, squareFree: true }) +
              countTerms(N - 1, { degree: degree - 1, squareFree: true }),
          );
      }
    expect(countTerms(45, { degree: 45, squareFree: true })).toBe(2n ** 45n);
    expect(countTerms(45, { degree: 45, squareFree: true, constant: false })).toBe(2n ** 45n - 1n);
    // The Kryptonite's: degree 2N/3; C(75, 30) for N = 45, by Python's math.comb.
    expect(countTerms(15, { degree: 10, squareFree: true })).toBe(30_827n);
    expect(countTerms(18, { degree: 12, squareFree: true })).toBe(249_528n);
    expect(countTerms(12, { degree: 8 })).toBe(125_970n);
    expect(countTerms(45, { degree: 30 })).toBe(781_879_430_625_942_976_880n);
  });

  it('without squares end at the degree of all variables', () => {
    const X = new Matrix(3, 4, random('clamp').fill(new Float64Array(12), 'normal'));
    const all = { degree: 4, squareFree: true };
    const more = { degree: 11, squareFree: true };
    expect(polynomialTerms(4, more)).toEqual(polynomialTerms(4, all));
    expect(countTerms(4, more)).toBe(16n);
    expect(expandPolynomial(X, more).data).toEqual(expandPolynomial(X, all).data);
  });

  it('have names with powers', () => {
    expect([[], [3], [1, 1, 4], [0, 3, 7], [2, 2, 2]].map(monomialName)).toEqual([
      '1',
      'x3',
      'x1^2 x4',
      'x0 x3 x7',
      'x2^3',
    ]);
  });
});

describe('monomials are refused', () => {
  const X = new Matrix(2, 3, Float64Array.of(1, 2, 3, 4, 5, 6));

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('of degree %d', (degree) => {
    for (const ask of [
      () => countTerms(3, { degree }),
      () => polynomialTerms(3, { degree }),
      () => expandPolynomial(X, { degree }),
    ]) {
      expect(ask).toThrow(ValueError);
      expect(ask).toThrow(/degree: expected a whole number from 1/);
    }
  });

  it('of no variables, or a part of one', () => {
    for (const features of [0, 2.5])
      expect(() => countTerms(features, { degree: 2 })).toThrow(/features: expected a whole number from 1/);
    expect(() => expandPolynomial(new Matrix(2, 0, new Float64Array(0)), { degree: 2 })).toThrow(ValueError);
  });

  it('of what is not finite, naming the entry', () => {
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const torn = X.copy();
      torn.set(1, 2, bad);
      expect(() => expandPolynomial(torn, { degree: 2 })).toThrow(/row 1, column 2/);
    }
  });

  it('when they would not fit into memory, with their number and bytes', () => {
    const wide = Matrix.zeros(90_000, 45);
    const expand = () => expandPolynomial(wide, { degree: 30 });
    expect(expand).toThrow(ValueError);
    expect(expand).toThrow(/781879430625942976880 terms for 90000 rows, 5\.63e\+17 GB/);
    expect(() => polynomialTerms(45, { degree: 30 })).toThrow(/781879430625942976880 terms/);
  });
});
