import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { BitMatrix, BitVector, Eliminator, Matrix } from '../../src/lib/linalg';
import { parityOf } from '../../src/lib/linalg/gf2';
import { type Random, random } from '../../src/lib/random';
import recorded from '../fixtures/linalg-gf2.json';

const digits = (text: string): number[] => Array.from(text, Number);
const rowsOf = (texts: readonly string[]): number[][] => texts.map(digits);

function randomBits(rows: number, cols: number, rng: Random): number[][] {
  return Array.from({ length: rows }, () => Array.from({ length: cols }, () => rng.bernoulli()));
}

/** As many columns as said, rows or no rows. */
function packed(rows: number, cols: number, rng: Random): BitMatrix {
  const bits = BitMatrix.zeros(rows, cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) bits.set(i, j, rng.bernoulli());
  return bits;
}

/** Of rank `inner` at most, so that null spaces and contradictions are not rare. */
function ofRank(rows: number, cols: number, inner: number, rng: Random): BitMatrix {
  return packed(rows, inner, rng).product(packed(inner, cols, rng));
}

/** A B mod 2, with plain loops over plain numbers. */
const plainProduct = (A: number[][], B: number[][], cols: number): number[][] =>
  A.map((row) => Array.from({ length: cols }, (_, j) => row.reduce((sum, a, k) => sum + a * B[k][j], 0) % 2));

/** Sizes around the words' boundaries, empty ones among them, with the rank that is aimed at. */
const shapes: [rows: number, cols: number, inner: number][] = [
  [0, 0, 0],
  [0, 5, 0],
  [5, 0, 0],
  [1, 1, 1],
  [3, 31, 2],
  [31, 31, 31],
  [40, 32, 33],
  [32, 33, 20],
  [70, 63, 63],
  [20, 64, 20],
  [64, 65, 50],
  [129, 97, 97],
  [6, 200, 4],
];

describe.each(shapes)('a matrix over GF(2), %i × %i of rank ≤ %i', (rows, cols, inner) => {
  const rng = random(`gf2 ${rows} ${cols}`);
  const A = ofRank(rows, cols, inner, rng);

  test('gives its bits back', () => {
    const plain = randomBits(rows, cols, rng);
    const bits = BitMatrix.from(plain);
    expect(bits.toArray()).toEqual(plain);
    plain.forEach((row, i) => {
      expect(bits.row(i).ones()).toEqual(row.flatMap((bit, j) => (bit ? [j] : [])));
    });
    for (let j = 0; j < bits.cols; j++) expect(bits.column(j).toArray()).toEqual(plain.map((row) => row[j]));
  });

  test('is the transpose of its transpose, and entries change places', () => {
    const T = A.transpose();
    expect(T.shape).toEqual([cols, rows]);
    expect(T.transpose().words).toEqual(A.words);
    for (let i = 0; i < rows; i++) expect(T.column(i).words).toEqual(A.row(i).words);
  });

  test('multiplies as plain numbers mod 2 do, associatively, with 1 as the identity', () => {
    const B = packed(cols, 34, rng);
    const C = packed(34, 3, rng);
    expect(A.product(B).toArray()).toEqual(plainProduct(A.toArray(), B.toArray(), 34));
    const left = A.product(B).product(C);
    expect(left.words).toEqual(A.product(B.product(C)).words);
    expect(A.product(BitMatrix.identity(cols)).words).toEqual(A.words);
    expect(BitMatrix.identity(rows).product(A).words).toEqual(A.words);
  });

  test('has the parities that its product with a column has', () => {
    const s = BitVector.from(randomBits(1, cols, rng)[0]);
    const column = new BitMatrix(1, cols, s.words).transpose();
    expect(A.parities(s).toArray()).toEqual(A.product(column).column(0).toArray());
  });

  test('has the rank of its transpose, and of its product with an invertible matrix', () => {
    const rank = A.rank();
    expect(rank).toBeLessThanOrEqual(Math.min(rows, cols, inner));
    expect(A.transpose().rank()).toBe(rank);
    const mixing = BitMatrix.identity(rows); // ones on the diagonal, anything below
    for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) mixing.set(i, j, rng.bernoulli());
    expect(mixing.product(A).rank()).toBe(rank);
  });

  test('has a null space of dimension cols − rank, which it sends to 0', () => {
    const N = A.nullSpace();
    expect(N.shape).toEqual([cols - A.rank(), cols]);
    expect(N.rank()).toBe(N.rows);
    expect(A.product(N.transpose()).words.every((w) => w === 0)).toBe(true);
  });

  test('solves A x = b for a b in its range, by all of solution + null space', () => {
    const b = A.parities(BitVector.from(randomBits(1, cols, rng)[0]));
    const solved = A.solve(b);
    expect(solved).not.toBeNull();
    if (!solved) return;
    expect(A.parities(solved.solution).words).toEqual(b.words);
    expect(solved.nullSpace.words).toEqual(A.nullSpace().words);
  });

  test('says that A x = b has no solution exactly when b adds to the rank', () => {
    for (let k = 0; k < 20; k++) {
      const b = BitVector.from(randomBits(1, rows, rng)[0]);
      const augmented = BitMatrix.from(A.toArray().map((row, i) => [...row, b.get(i)]));
      expect(A.solve(b) !== null).toBe(augmented.rank() === A.rank());
    }
  });
});

describe('what galois finds', () => {
  test.each(recorded.cases.map((c) => [c.A.length, c.cols, c] as const))('for %i × %i', (_, cols, c) => {
    const A = BitMatrix.from(rowsOf(c.A));
    expect(A.cols).toBe(cols);
    expect(A.rank()).toBe(c.rank);
    expect(A.product(BitMatrix.from(rowsOf(c.B))).toArray()).toEqual(rowsOf(c.AB));

    // Equal spaces: as many dimensions, and none more together.
    const N = A.nullSpace().toArray();
    const theirs = rowsOf(c.nullSpace);
    expect(N.length).toBe(theirs.length);
    if (N.length > 0) expect(BitMatrix.from([...N, ...theirs]).rank()).toBe(theirs.length);

    const inside = BitVector.from(digits(c.inside));
    const solved = A.solve(inside);
    expect(solved && A.parities(solved.solution).toArray()).toEqual(inside.toArray());
    expect(A.solve(BitVector.from(digits(c.outside))) !== null).toBe(c.outsideSolvable);
  });

  test('includes systems with a solution and without, and null spaces of both kinds', () => {
    expect(new Set(recorded.cases.map((c) => c.outsideSolvable)).size).toBe(2);
    expect(recorded.cases.some((c) => c.nullSpace.length === 0)).toBe(true);
    expect(recorded.cases.some((c) => c.nullSpace.length > 32)).toBe(true);
  });
});

describe('elimination row by row', () => {
  test('calls each row independent, dependent or a contradiction, as ranks do', () => {
    const rng = random('verdicts');
    const seen = new Set<string>();
    for (const cols of [5, 31, 32, 33, 64]) {
      const system = new Eliminator(cols);
      const kept: number[][] = [];
      for (let k = 0; k < 3 * cols; k++) {
        // Every second row is a sum of rows that were kept, with a right side that may be wrong.
        const row =
          k % 2 && kept.length > 0
            ? kept
                .filter(() => rng.bernoulli())
                .reduce((a, b) => a.map((v, j) => v ^ b[j]), new Array(cols + 1).fill(0))
            : randomBits(1, cols + 1, rng)[0];
        if (k % 4 === 1) row[cols] ^= 1;
        const verdict = system.add(BitVector.from(row.slice(0, cols)), row[cols]);
        seen.add(verdict);
        const before = kept.length;
        const adds = (width: number) =>
          BitMatrix.from([...kept, row].map((r) => r.slice(0, width))).rank() > before;
        expect(verdict).toBe(adds(cols) ? 'independent' : adds(cols + 1) ? 'contradiction' : 'dependent');
        if (verdict === 'independent') kept.push(row);
        expect(system.rank).toBe(kept.length);
      }
      expect(system.rank).toBe(cols);
      const solution = system.solution();
      for (const row of kept)
        expect(
          BitMatrix.from([row.slice(0, cols)])
            .parities(solution)
            .get(0),
        ).toBe(row[cols]);
      expect(system.nullSpace().shape).toEqual([0, cols]);
    }
    expect(seen).toEqual(new Set(['independent', 'dependent', 'contradiction']));
  });

  test('takes rows of an augmented matrix as it takes a row and its right side', () => {
    const rng = random('augmented');
    for (const cols of [4, 31, 32, 63]) {
      const augmented = BitMatrix.from(randomBits(cols + 9, cols + 1, rng));
      const one = new Eliminator(cols);
      const other = new Eliminator(cols);
      for (let i = 0; i < augmented.rows; i++) {
        const row = augmented.row(i).toArray();
        expect(one.addRow(augmented, i)).toBe(other.add(BitVector.from(row.slice(0, cols)), row[cols]));
      }
      expect(one.solution().words).toEqual(other.solution().words);
      expect(one.count).toEqual(other.count);
    }
  });

  test('begins anew after clear, and goes on counting', () => {
    const system = new Eliminator(2);
    const row = BitVector.from([1, 1]);
    expect(system.add(row, 1)).toBe('independent');
    expect(system.add(row, 0)).toBe('contradiction');
    const { words } = system.count;
    system.clear();
    expect(system.rank).toBe(0);
    expect(system.add(row, 0)).toBe('independent');
    expect(system.solution().toArray()).toEqual([0, 0]);
    expect(system.count.words).toBeGreaterThan(words);
  });
});

describe('word operations', () => {
  test('of the identity: each row is copied and kept, and read once to solve', () => {
    for (const n of [5, 31, 32, 70]) {
      const eye = BitMatrix.identity(n);
      // A row has one bit more for the right side, and is kept and read from the word of its pivot on.
      const stride = Math.ceil((n + 1) / 32);
      const kept = Array.from({ length: n }, (_, i) => stride - (i >>> 5)).reduce(
        (sum, words) => sum + words,
        0,
      );
      const count = { words: 0 };
      expect(eye.rank(count)).toBe(n);
      expect(count.words).toBe(n * stride + kept);
      eye.solve(BitVector.zeros(n), count);
      expect(count.words).toBe(2 * (n * stride + kept) + kept);
      eye.nullSpace(count); // empty: nothing is read
      expect(count.words).toBe(3 * (n * stride + kept) + kept);
    }
  });

  test('of products and parities: a word for each word that is read, summed over calls', () => {
    const A = BitMatrix.from(randomBits(10, 40, random(1)));
    const B = BitMatrix.from(randomBits(40, 65, random(2)));
    const count = { words: 0 };
    A.parities(A.row(0), count);
    expect(count.words).toBe(10 * 2);
    A.product(B, count);
    const ones = A.toArray()
      .flat()
      .filter((bit) => bit === 1).length;
    expect(count.words).toBe(10 * 2 + ones * 3);
  });

  test('of elimination grow with the cube of the size', () => {
    const words = (n: number) => {
      const count = { words: 0 };
      BitMatrix.from(randomBits(n, n, random(n))).rank(count);
      return count.words;
    };
    const exponent = Math.log2(words(512) / words(256));
    expect(exponent).toBeGreaterThan(2.7);
    expect(exponent).toBeLessThan(3);
  });
});

test('the parity of a word is that of its ones', () => {
  const rng = random('parity');
  const words = [0, 1, 2, 3, 0x80000000, 0xffffffff, 0x7fffffff, 0xfffffffe];
  for (let k = 0; k < 200; k++) words.push(rng.integer(2 ** 32));
  for (const word of words) expect(parityOf(word)).toBe((word.toString(2).match(/1/g)?.length ?? 0) % 2);
});

describe('packing', () => {
  test('a threshold takes what is above it, in both precisions', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const X = Matrix.from(
        [
          [0.5, 0.500001, -3, 1],
          [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0.9],
        ],
        dtype,
      );
      expect(BitMatrix.threshold(X).toArray()).toEqual([
        [0, 1, 0, 1],
        [1, 0, 0, 1],
      ]);
      expect(BitMatrix.threshold(X, -1).row(0).toArray()).toEqual([1, 1, 0, 1]);
    }
  });

  test('a row is a view: what is written to it is in the matrix, and in no other row', () => {
    const A = BitMatrix.zeros(3, 33);
    A.row(1).set(32, 1);
    A.row(1).set(0, 1);
    A.row(1).set(0, 0);
    expect(A.toArray().map((row) => row.indexOf(1))).toEqual([-1, 32, -1]);
    expect(A.get(1, 32)).toBe(1);
  });

  test('shows its shape and corner', () => {
    expect(String(BitMatrix.identity(2))).toBe('BitMatrix 2 × 2\n  10\n  01');
    expect(String(BitMatrix.zeros(9, 70))).toMatch(/^BitMatrix 9 × 70\n {2}0{64}…\n[\s0…]*\n {2}…$/);
  });
});

describe('GF(2) refuses', () => {
  const A = BitMatrix.zeros(3, 33);
  test.each<[string, () => unknown, new (...args: never[]) => Error, RegExp]>([
    [
      'values that are not bits',
      () =>
        BitMatrix.from([
          [0, 1],
          [2, 1],
        ]),
      ValueError,
      /row 1: expected zeros and ones, got 2 at position 0/,
    ],
    ['a vector with NaN', () => BitVector.from([0, Number.NaN]), ValueError, /NaN at position 1/],
    [
      'rows of unlike lengths',
      () => BitMatrix.from([[0, 1], [1]]),
      ShapeError,
      /row 1: expected 2 bits, as in row 0, got 1/,
    ],
    [
      'NaN at a threshold',
      () =>
        BitMatrix.threshold(
          Matrix.from([
            [0, 1],
            [1, Number.NaN],
          ]),
        ),
      ValueError,
      /row 1, column 1/,
    ],
    [
      'a threshold of NaN',
      () => BitMatrix.threshold(Matrix.zeros(1, 1), Number.NaN),
      ValueError,
      /threshold/,
    ],
    ['an entry beyond the shape', () => A.get(0, 33), ValueError, /column of 0 … 32, got \(0, 33\)/],
    ['a row beyond the shape', () => A.row(3), ValueError, /row of 0 … 2/],
    ['a column beyond the shape', () => A.column(-1), ValueError, /column of 0 … 32/],
    ['a bit beyond a vector', () => A.row(0).get(33), ValueError, /place of 0 … 32, got 33/],
    ['a bit that is none', () => A.set(0, 0, 2), ValueError, /0 or 1, got 2/],
    ['factors that do not fit', () => A.product(A), ShapeError, /A 3 × 33 and B 3 × 33/],
    ['a selection of the wrong length', () => A.parities(BitVector.zeros(3)), ShapeError, /33 bits.*got 3/],
    ['right sides of the wrong length', () => A.solve(BitVector.zeros(33)), ShapeError, /3 bits.*got 33/],
    [
      'an equation of the wrong length',
      () => new Eliminator(4).add(BitVector.zeros(5), 0),
      ShapeError,
      /4 bits.*got 5/,
    ],
    [
      'a right side that is no bit',
      () => new Eliminator(4).add(BitVector.zeros(4), 2),
      ValueError,
      /0 or 1, got 2/,
    ],
    [
      'an augmented matrix of the wrong width',
      () => new Eliminator(33).addRow(A, 0),
      ShapeError,
      /34 columns.*3 × 33/,
    ],
    [
      'an augmented row that is not there',
      () => new Eliminator(32).addRow(A, 3),
      ShapeError,
      /row 3 of 3 × 33/,
    ],
    [
      'words of another number',
      () => new BitMatrix(2, 33, new Uint32Array(3)),
      ShapeError,
      /4 words for 2 × 33 bits, got 3/,
    ],
    [
      'ones beyond the last column',
      () => new BitMatrix(2, 3, Uint32Array.of(7, 8)),
      ValueError,
      /beyond bit 2.*row 1/,
    ],
    ['a shape that is none', () => BitMatrix.zeros(2, -1), ShapeError, /2 × -1/],
  ])('%s', (_, act, kind, message) => {
    expect(act).toThrow(kind);
    expect(act).toThrow(message);
  });
});
