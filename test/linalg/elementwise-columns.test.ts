import { describe, expect, it } from 'vitest';
import {
  Arena,
  columnDots,
  columnMoments,
  combineColumns,
  normaliseColumns,
} from '../../src/lib/linalg/elementwise';
import { type DType, type Vector, zeros } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';

const dtypes: DType[] = ['float32', 'float64'];
/** Row lengths with every remainder by the lanes and by a stripe, one column, and rows longer than a staged block. */
const shapes: [rows: number, cols: number][] = [
  [1, 1],
  [5, 1],
  [7, 2],
  [17, 3],
  [9, 10],
  [20, 16],
  [6, 23],
  [3, 129],
  [150, 33],
  [700, 64],
  [2, 4500],
];

const bytes = (v: Vector) => Buffer.from(v.buffer, v.byteOffset, v.byteLength);
const sameDigits = (a: Vector, b: Vector) => bytes(a).equals(bytes(b));
const close = (dtype: DType) =>
  dtype === 'float32' ? { rtol: 2e-6, atol: 2e-6 } : { rtol: 1e-13, atol: 1e-13 };

/** f(j) for each column. */
const columns = (cols: number, f: (j: number) => number) =>
  Float64Array.from({ length: cols }, (_, j) => f(j));
const total = (rows: number, f: (i: number) => number) => {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += f(i);
  return sum;
};
/** f(k, j) for each entry k, in column j. */
const entries = (rows: number, cols: number, f: (k: number, j: number) => number) =>
  Float64Array.from({ length: rows * cols }, (_, k) => f(k, k % cols));

describe.each(dtypes)('in %s', (dtype) => {
  describe.each(['an arena', 'ordinary arrays', 'an arena and ordinary arrays'])('on %s', (place) => {
    const arena = new Arena(1 << 22);
    let count = 0;
    const make = (name: string, length: number, mean = 0): Vector => {
      const inside = place === 'an arena' || (place !== 'ordinary arrays' && count++ % 2 === 0);
      const v = inside ? arena.vector(length, dtype) : zeros(length, dtype);
      random(name).fill(v, 'normal', mean, 2);
      return v;
    };
    const eachShape = (body: (rows: number, cols: number) => void) => () => {
      for (const [rows, cols] of shapes) {
        arena.reset();
        body(rows, cols);
      }
    };

    it(
      'moments of the columns are the mean and the mean square about it, whatever was there before',
      eachShape((rows, cols) => {
        const A = make('A', rows * cols, 3);
        const [mean, variance] = [make('mean', cols).fill(Number.NaN), make('v', cols).fill(Number.NaN)];
        columnMoments(A, rows, cols, mean as Vector, variance as Vector);
        const m = columns(cols, (j) => total(rows, (i) => A[i * cols + j]) / rows);
        expect(mean).toBeAllclose(m, close(dtype));
        expect(variance).toBeAllclose(
          columns(cols, (j) => total(rows, (i) => (A[i * cols + j] - m[j]) ** 2) / rows),
          close(dtype),
        );
      }),
    );

    it(
      'dots of the columns are the sums of products',
      eachShape((rows, cols) => {
        const [A, B, out] = [make('A', rows * cols), make('B', rows * cols), make('out', cols)];
        const dots = columns(cols, (j) => total(rows, (i) => A[i * cols + j] * B[i * cols + j]));
        const atol = dtype === 'float32' ? 1e-5 * Math.sqrt(rows) : 1e-12;
        const before = out.slice();
        columnDots(A, B, rows, cols, out, 0.5, -2);
        expect(out).toBeAllclose(
          columns(cols, (j) => 0.5 * dots[j] - 2 * before[j]),
          { rtol: 1e-6, atol },
        );
        out.fill(Number.NaN); // not read when beta is 0
        columnDots(A, B, rows, cols, out);
        expect(out).toBeAllclose(dots, { rtol: 1e-6, atol });
      }),
    );

    it(
      'columns are normalised, scaled and shifted; each result alone, and in place, has the same digits',
      eachShape((rows, cols) => {
        const task = {
          rows,
          cols,
          input: make('X', rows * cols),
          mean: make('m', cols),
          factor: make('r', cols),
          scale: make('g', cols),
          shift: make('b', cols),
        };
        const { input, mean, factor, scale, shift } = task;
        const [normal, output] = [make('n', rows * cols), make('y', rows * cols)];
        normaliseColumns({ ...task, normal, output });
        const n = entries(rows, cols, (k, j) => (input[k] - mean[j]) * factor[j]);
        expect(normal).toBeAllclose(n, close(dtype));
        expect(output).toBeAllclose(
          entries(rows, cols, (k, j) => scale[j] * n[k] + shift[j]),
          { rtol: 2e-6, atol: dtype === 'float32' ? 1e-5 : 1e-13 },
        );
        for (const [name, expected] of [
          ['normal', normal],
          ['output', output],
        ] as const) {
          const alone = make('other', rows * cols);
          normaliseColumns({ ...task, [name]: alone });
          expect(sameDigits(alone, expected)).toBe(true);
          const own = make('X', rows * cols);
          normaliseColumns({ ...task, input: own, [name]: own });
          expect(sameDigits(own, expected)).toBe(true);
        }
      }),
    );

    it(
      'columns are combined with their coefficients, written and accumulated',
      eachShape((rows, cols) => {
        const [A, B] = [make('A', rows * cols), make('B', rows * cols)];
        const [a, b, c] = [make('a', cols), make('b', cols), make('c', cols)];
        for (const two of [true, false])
          for (const accumulate of [true, false]) {
            const output = make('out', rows * cols);
            const before = output.slice();
            if (!accumulate) output.fill(Number.NaN);
            const second = two ? { second: B, secondFactor: b } : {};
            combineColumns({
              rows,
              cols,
              first: A,
              firstFactor: a,
              ...second,
              shift: c,
              output,
              accumulate,
            });
            expect(output).toBeAllclose(
              entries(
                rows,
                cols,
                (k, j) => a[j] * A[k] + (two ? b[j] * B[k] : 0) + c[j] + (accumulate ? before[k] : 0),
              ),
              { rtol: 2e-6, atol: dtype === 'float32' ? 1e-5 : 1e-13 },
            );
          }
        const expected = make('out', rows * cols);
        const task = { rows, cols, firstFactor: a, second: B, secondFactor: b, shift: c };
        combineColumns({ ...task, first: A, output: expected });
        combineColumns({ ...task, first: A, output: A });
        expect(sameDigits(A, expected)).toBe(true);
      }),
    );
  });
});

it.each([true, false])(
  'moments of float32 are exact to the last digit, far from zero and over many rows (in an arena: %s)',
  (inside) => {
    const [rows, cols] = [40000, 5];
    const arena = new Arena(1 << 21);
    const make = (length: number): Vector =>
      inside ? arena.vector(length, 'float32') : new Float32Array(length);
    const A = make(rows * cols);
    random('far').fill(A, 'normal', 1000, 1);
    const [mean, variance] = [make(cols), make(cols)];
    columnMoments(A, rows, cols, mean, variance);
    const m = columns(cols, (j) => total(rows, (i) => A[i * cols + j]) / rows);
    const v = columns(cols, (j) => total(rows, (i) => (A[i * cols + j] - m[j]) ** 2) / rows);
    expect(mean).toBeAllclose(m, { rtol: 6e-8 });
    expect(variance).toBeAllclose(v, { rtol: 1.2e-7 });
  },
);

it('columns of another length or precision are refused', () => {
  const [A, c] = [new Float32Array(6), new Float32Array(3)];
  const wrong = new Float32Array(2);
  expect(() => columnMoments(A, 2, 2, c, c)).toThrow(/columnMoments, A: expected 4 entries, got 6/);
  expect(() => columnMoments(A, 2, 3, c, wrong)).toThrow(/columnMoments, variance: expected 3 entries/);
  expect(() => columnDots(A, new Float64Array(6), 2, 3, c)).toThrow(/columnDots, B: expected float32/);
  const normalisation = { rows: 2, cols: 3, input: A, mean: c, factor: c, scale: c, shift: wrong, output: A };
  expect(() => normaliseColumns(normalisation)).toThrow(/normaliseColumns, shift: expected 3 entries/);
  const combination = { rows: 2, cols: 3, first: A, firstFactor: c, shift: c, output: new Float32Array(5) };
  expect(() => combineColumns(combination)).toThrow(/combineColumns, output: expected 6 entries/);
});
