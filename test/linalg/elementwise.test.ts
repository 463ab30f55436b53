import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gemm } from '../../src/lib/linalg';
import * as elementwise from '../../src/lib/linalg/elementwise';
import { type ActivationKind, Arena } from '../../src/lib/linalg/elementwise';
import { simd } from '../../src/lib/linalg/elementwise/simd.generated';
import { type DType, Matrix, type Vector, zeros } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';
import * as plain from './elementwise-plain';

const dtypes: DType[] = ['float32', 'float64'];
const kinds: ActivationKind[] = ['identity', 'relu', 'tanh', 'sigmoid', 'softplus', 'elu'];
/** Row lengths with every remainder by the lanes, one of a single output, and one longer than a staged block. */
const shapes: [rows: number, cols: number][] = [
  [1, 1],
  [5, 1],
  [7, 2],
  [17, 3],
  [9, 10],
  [20, 16],
  [3, 129],
  [150, 33],
  [2, 4500],
];

/** Normal numbers; the same for the same name and length. */
function normal(name: string, length: number, dtype: DType, arena?: Arena): Vector {
  const v = arena ? arena.vector(length, dtype) : zeros(length, dtype);
  random(name).fill(v, 'normal', 0, 2);
  return v;
}

const bytes = (v: Vector) => Buffer.from(v.buffer, v.byteOffset, v.byteLength);
/** Bit for bit. */
const sameDigits = (a: Vector, b: Vector) => bytes(a).equals(bytes(b));

const close = (dtype: DType) =>
  dtype === 'float32' ? { rtol: 1e-6, atol: 1e-6 } : { rtol: 1e-14, atol: 1e-14 };

describe.each(dtypes)('in %s', (dtype) => {
  describe.each(['an arena', 'ordinary arrays', 'an arena and ordinary arrays'])('on %s', (place) => {
    const arena = new Arena(1 << 22);
    let count = 0;
    /** A vector in the place under test. */
    const make = (name: string, length: number): Vector => {
      count++;
      const inside = place === 'an arena' || (place !== 'ordinary arrays' && count % 2 === 0);
      return normal(name, length, dtype, inside ? arena : undefined);
    };

    it.each(kinds)('%s with bias and scale, and both derivatives, are the formulas', (kind) => {
      for (const [rows, cols] of shapes)
        for (const bias of [true, false]) {
          arena.reset();
          const n = rows * cols;
          const task = {
            kind,
            rows,
            cols,
            input: make('z', n),
            bias: bias ? make('b', cols) : null,
            biasScale: 0.5,
            scale: 0.7,
            alpha: 1.3,
            preactivation: make('1', n),
            output: make('2', n),
            derivative: make('3', n),
            second: make('4', n),
          };
          const expected = {
            ...task,
            preactivation: zeros(n, dtype),
            output: zeros(n, dtype),
            derivative: zeros(n, dtype),
            second: zeros(n, dtype),
          };
          plain.activate(expected);
          elementwise.activate(task);
          for (const name of ['preactivation', 'output', 'derivative', 'second'] as const)
            expect(task[name], name).toBeAllclose(expected[name], close(dtype));

          // Each output alone, in place of the input, has the same digits.
          for (const name of ['preactivation', 'output', 'derivative', 'second'] as const) {
            const input = make('z', n);
            const { rows, cols, bias, biasScale, scale, alpha } = task;
            elementwise.activate({ kind, rows, cols, input, bias, biasScale, scale, alpha, [name]: input });
            expect(sameDigits(input, task[name]), name).toBe(true);
          }
        }
    });

    it('deltas are upstream times derivative, for one and several cotangents', () => {
      for (const [rows, cols] of shapes)
        for (const C of [1, 3]) {
          arena.reset();
          const upstream = make('u', rows * cols * C);
          const derivative = make('d', rows * cols);
          const expected = zeros(upstream.length, dtype);
          plain.applyDerivative(upstream, derivative, rows, cols, C, expected);
          const out = make('o', upstream.length);
          elementwise.applyDerivative(upstream, derivative, rows, cols, C, out);
          expect(sameDigits(out, expected)).toBe(true);
          elementwise.applyDerivative(upstream, derivative, rows, cols, C);
          expect(sameDigits(upstream, expected)).toBe(true);
        }
    });

    it('deltas by the output are those by the derivative', () => {
      const slopes = { relu: (a: number) => Number(a > 0), tanh: (a: number) => 1 - a * a };
      for (const kind of ['relu', 'tanh'] as const)
        for (const [rows, cols] of shapes)
          for (const C of [1, 3]) {
            arena.reset();
            const upstream = make('u', rows * cols * C);
            const output = make('a', rows * cols);
            output[0] = 0;
            const derivative = Float64Array.from(output, (a) => 0.25 * slopes[kind](a));
            const expected = zeros(upstream.length, dtype);
            plain.applyDerivative(upstream, derivative, rows, cols, C, expected);
            const out = make('o', upstream.length);
            elementwise.applySlope(kind, upstream, output, rows, cols, C, 0.25, out);
            expect(out).toBeAllclose(expected, dtype === 'float32' ? { rtol: 1e-5, atol: 1e-6 } : {});
            elementwise.applySlope(kind, upstream, output, rows, cols, C, 0.25);
            expect(sameDigits(upstream, out)).toBe(true);
          }
    });

    it('column sums, row dots and reductions are the sums', () => {
      for (const [rows, cols] of shapes) {
        arena.reset();
        const A = new Matrix(rows, cols, make('A', rows * cols));
        const B = new Matrix(rows, cols, make('B', rows * cols));
        const out = make('o', cols);
        const expected = out.slice() as Vector;
        const loose = dtype === 'float32' ? { rtol: 1e-5, atol: 1e-4 } : { rtol: 1e-12, atol: 1e-12 };
        plain.columnSums(A.data, rows, cols, expected, 0.5, 2);
        elementwise.columnSums(A.data, rows, cols, out, 0.5, 2);
        expect(out).toBeAllclose(expected, loose);
        out.fill(Number.NaN); // not read when beta is 0
        plain.columnSums(A.data, rows, cols, expected, 1, 0);
        elementwise.columnSums(A.data, rows, cols, out);
        expect(out).toBeAllclose(expected, loose);

        const dots = make('dots', rows);
        const wanted = dots.slice() as Vector;
        plain.rowDots(A, B, wanted, 0.5, 2);
        elementwise.rowDots(A, B, dots, 0.5, 2);
        expect(dots).toBeAllclose(wanted, loose);
        dots.fill(Number.NaN);
        elementwise.rowDots(A, A, dots);
        plain.rowDots(A, A, wanted, 1, 0);
        expect(dots).toBeAllclose(wanted, loose);

        const exact = { rtol: 1e-12, atol: 1e-10 };
        expect(elementwise.dot(A.data, B.data)).toBeAllclose(plain.dot(A.data, B.data), exact);
        expect(elementwise.sum(A.data)).toBeAllclose(plain.sum(A.data), exact);
        expect(elementwise.max(A.data)).toBe(plain.max(A.data));
        A.data[rows * cols - 1] = Number.NaN;
        expect(elementwise.max(A.data)).toBeNaN();
        expect(elementwise.sum(A.data)).toBeNaN();
      }
      expect(elementwise.max(make('none', 0))).toBe(-Infinity);
      expect(elementwise.sum(make('none', 0))).toBe(0);
    });

    it('arithmetic rounds as the language does', () => {
      const round = (v: number[]) => {
        const out = zeros(v.length, dtype);
        out.set(v);
        return out;
      };
      const rounded = dtype === 'float32' ? Math.fround : (v: number) => v;
      for (const n of [0, 1, 2, 3, 4, 5, 6, 7, 8, 63, 5001]) {
        arena.reset();
        const [x, y, z, out] = ['x', 'y', 'z', 'o'].map((name) => make(name, n));
        const each = (f: (i: number) => number) => round(Array.from({ length: n }, (_, i) => f(i)));
        elementwise.add(x, y, out);
        expect(
          sameDigits(
            out,
            each((i) => x[i] + y[i]),
          ),
        ).toBe(true);
        elementwise.sub(x, y, out);
        expect(
          sameDigits(
            out,
            each((i) => x[i] - y[i]),
          ),
        ).toBe(true);
        elementwise.mul(x, y, out);
        expect(
          sameDigits(
            out,
            each((i) => x[i] * y[i]),
          ),
        ).toBe(true);
        elementwise.multiplyAdd(x, y, z, out);
        expect(
          sameDigits(
            out,
            each((i) => rounded(x[i] * y[i]) + z[i]),
          ),
        ).toBe(true);
        elementwise.scale(0.5, x, out, 3);
        expect(
          sameDigits(
            out,
            each((i) => 0.5 * x[i] + 3),
          ),
        ).toBe(true);
        const before = y.slice();
        elementwise.axpy(-2, x, y);
        expect(
          sameDigits(
            y,
            each((i) => before[i] - 2 * x[i]),
          ),
        ).toBe(true);
        const doubled = each((i) => 2 * x[i]);
        elementwise.add(x, x, x);
        expect(sameDigits(x, doubled)).toBe(true);
        elementwise.scale(0, x);
        expect(
          sameDigits(
            x,
            each((i) => 0 * doubled[i]),
          ),
        ).toBe(true);
      }
    });

    it('Hadamard products of shifted matrices, written and accumulated', () => {
      for (const n of [1, 6, 7, 5001]) {
        arena.reset();
        const [A, B, out] = ['A', 'B', 'o'].map((name) => make(name, n));
        const expected = out.slice() as Vector;
        plain.hadamard(A, B, expected, 0.5, 1.5, -0.25, true);
        elementwise.hadamard(A, B, out, { alpha: 0.5, shiftA: 1.5, shiftB: -0.25, accumulate: true });
        expect(out).toBeAllclose(expected, close(dtype));
        out.fill(Number.NaN); // not read
        plain.hadamard(A, B, expected, 1, 0, 0, false);
        elementwise.hadamard(A, B, out);
        expect(out).toEqual(expected);
        elementwise.hadamard(A, B, A);
        expect(A).toEqual(expected);
      }
    });

    it('cosine normalisation has a unit diagonal, no overflow, and 0 where a norm is 0', () => {
      const extreme = dtype === 'float32' ? [1e-30, 1e30] : [1e-200, 1e200];
      for (const [rows, cols] of shapes.slice(0, 8)) {
        arena.reset();
        const a = make('a', rows);
        const b = make('b', cols);
        for (const v of [a, b])
          v.forEach((value, i) => {
            v[i] = i % 5 === 4 ? extreme[i % 2] : value * value;
          });
        a[0] = 0;
        const K = new Matrix(rows, cols, make('K', rows * cols));
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < cols; j++) K.data[i * cols + j] *= Math.sqrt(a[i]) * Math.sqrt(b[j]);
        const expected = K.copy();
        plain.cosineNormalise(expected, a, b);
        elementwise.cosineNormalise(K, a, b);
        expect(K).toBeAllclose(expected, { rtol: dtype === 'float32' ? 1e-6 : 1e-14, atol: 0 });
        expect(Array.from(K.row(0)).every((value) => value === 0)).toBe(true);
      }
      const diagonal = normal('diagonal', 50, dtype).map((v) => v * v) as Vector;
      const K = new Matrix(50, 50, make('K', 2500));
      for (let i = 0; i < 50; i++) K.set(i, i, diagonal[i]);
      elementwise.cosineNormalise(K, diagonal, diagonal);
      expect(Array.from(K.diagonal()).every((value) => value === 1)).toBe(true);
      diagonal[7] = -1e-9;
      expect(() => elementwise.cosineNormalise(K, diagonal, diagonal)).toThrow(
        /a: expected finite values, 0 or more.*at 7/,
      );
    });

    it('steps of the optimisers are their formulas', () => {
      for (const n of [1, 3, 4, 7, 5001]) {
        arena.reset();
        const [p, g, m] = ['p', 'g', 'm'].map((name) => make(name, n));
        const v = make('v', n);
        v.forEach((value, i) => {
          v[i] = Math.abs(value);
        });
        const copies = () => [p, g, m, v].map((x) => x.slice() as Vector);
        const near = dtype === 'float32' ? { rtol: 2e-6, atol: 2e-6 } : { rtol: 1e-13, atol: 1e-14 };
        const check = (expected: Vector[]) =>
          [p, g, m, v].forEach((x, k) => {
            expect(x).toBeAllclose(expected[k], near);
          });
        let e = copies();
        plain.descentStep(e[0], e[1], 0.1, 0.01);
        elementwise.descentStep(p, g, 0.1, 0.01);
        check(e);
        for (const nesterov of [true, false]) {
          e = copies();
          plain.momentumStep(e[0], e[1], e[2], 0.1, 0.9, nesterov, 0.01);
          elementwise.momentumStep(p, g, m, { rate: 0.1, momentum: 0.9, nesterov, weightDecay: 0.01 });
          check(e);
        }
        e = copies();
        plain.adamStep(
          e[0],
          e[1],
          e[2],
          e[3],
          0.1 / (1 - 0.9 ** 3),
          1 / Math.sqrt(1 - 0.99 ** 3),
          0.9,
          0.99,
          1e-8,
        );
        elementwise.adamStep(p, g, m, v, { step: 3, rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 });
        check(e);
        e = copies();
        plain.adagradStep(e[0], e[1], e[3], 0.1, 1e-10);
        elementwise.adagradStep(p, g, v, 0.1, 1e-10);
        check(e);
      }
    });

    const losses = [
      [elementwise.squaredError, plain.squaredError],
      [elementwise.logisticError, plain.logisticError],
      [elementwise.sigmoidSquaredError, plain.sigmoidSquaredError],
    ] as const;

    it('losses and softmax are their formulas, with and without a gradient', () => {
      const near = dtype === 'float32' ? { rtol: 3e-6, atol: 1e-6 } : { rtol: 1e-13, atol: 1e-14 };
      for (const [rows, cols] of shapes) {
        arena.reset();
        const n = rows * cols;
        const [f, y, out] = ['f', 'y', 'o'].map((name) => make(name, n));
        y.forEach((value, i) => {
          y[i] = value > 0 ? 1 : 0;
        });
        const expected = zeros(n, dtype);
        for (const [loop, formula] of losses) {
          const sum = formula(f, y, expected, 0.5);
          expect(loop(f, y, out, 0.5), loop.name).toBeAllclose(sum, near);
          expect(out, loop.name).toBeAllclose(expected, near);
          expect(loop(f, y)).toBeAllclose(sum, near);
        }
        const L = make('L', rows);
        const wanted = zeros(rows, dtype);
        plain.softmaxRows(f, rows, cols, expected, wanted, 2);
        elementwise.softmaxRows(f, rows, cols, out, L, 2);
        expect(out).toBeAllclose(expected, near);
        expect(L).toBeAllclose(wanted, near);
        L.fill(0);
        elementwise.softmaxRows(f, rows, cols, null, L);
        expect(L).toBeAllclose(wanted, near);
        if (cols === 1) continue;
        const labels = make('labels', rows);
        labels.forEach((_, i) => {
          labels[i] = (7 * i) % cols;
        });
        for (const targets of [labels, y]) {
          const sum = plain.softmaxError(f, targets, rows, cols, expected, 0.5);
          expect(elementwise.softmaxError(f, targets, rows, cols, out, 0.5)).toBeAllclose(sum, near);
          expect(out).toBeAllclose(expected, near);
          expect(elementwise.softmaxError(f, targets, rows, cols)).toBeAllclose(sum, near);
        }
        elementwise.softmaxRows(f, rows, cols, f);
        plain.softmaxRows(normal('f', n, dtype), rows, cols, expected, wanted, 1);
        expect(f).toBeAllclose(expected, near);
      }
    });
  });

  it('activations keep NaN, and have the limits of the formulas at the ends', () => {
    const input = zeros(6, dtype);
    input.set([Number.NaN, -Infinity, Infinity, -1e5, 1e5, -0]);
    const expected: Record<ActivationKind, [a: number[], d: number[]]> = {
      identity: [
        [Number.NaN, -Infinity, Infinity, -1e5, 1e5, -0],
        [1, 1, 1, 1, 1, 1],
      ],
      relu: [
        [Number.NaN, 0, Infinity, 0, 1e5, -0],
        [Number.NaN, 0, 1, 0, 1, 0],
      ],
      tanh: [
        [Number.NaN, -1, 1, -1, 1, -0],
        [Number.NaN, 0, 0, 0, 0, 1],
      ],
      sigmoid: [
        [Number.NaN, 0, 1, 0, 1, 0.5],
        [Number.NaN, 0, 0, 0, 0, 0.25],
      ],
      softplus: [
        [Number.NaN, 0, Infinity, 0, 1e5, Math.LN2],
        [Number.NaN, 0, 1, 0, 1, 0.5],
      ],
      elu: [
        [Number.NaN, -1, Infinity, -1, 1e5, -0],
        [Number.NaN, 0, 1, 0, 1, 1],
      ],
    };
    for (const kind of kinds) {
      const output = zeros(6, dtype);
      const derivative = zeros(6, dtype);
      elementwise.activate({
        kind,
        rows: 2,
        cols: 3,
        input: input.map((v) => v * 1e4) as Vector,
        output,
        derivative,
      });
      const [a, d] = expected[kind];
      const round = dtype === 'float32' ? Math.fround : (v: number) => v;
      // 1e5 · 1e4 where the function goes on growing.
      expect(Array.from(output), kind).toEqual(a.map((v) => round(Math.abs(v) === 1e5 ? v * 1e4 : v)));
      expect(Array.from(derivative), kind).toEqual(d);
    }
  });

  it('derivatives keep their relative precision in the tails', () => {
    const x = zeros(4, dtype);
    x.set([-30, -12, 12, 30]);
    const derivative = zeros(4, dtype);
    const rtol = dtype === 'float32' ? 1e-6 : 1e-14;
    elementwise.activate({ kind: 'tanh', rows: 1, cols: 4, input: x, derivative });
    expect(derivative).toBeAllclose(
      Array.from(x, (v) => 1 / Math.cosh(v) ** 2),
      { rtol },
    );
    elementwise.activate({ kind: 'sigmoid', rows: 1, cols: 4, input: x, derivative });
    expect(derivative).toBeAllclose(
      Array.from(x, (v) => 1 / (2 + 2 * Math.cosh(v))),
      { rtol },
    );
    elementwise.activate({ kind: 'softplus', rows: 1, cols: 4, input: x, derivative });
    expect(derivative).toBeAllclose(
      Array.from(x, (v) => 1 / (1 + Math.exp(-v))),
      { rtol },
    );
  });

  it('BLAS works on views of an arena, at any offset, without a copy', () => {
    const arena = new Arena(1 << 18);
    arena.vector(3, dtype);
    const place = (name: string, rows: number, cols: number) =>
      new Matrix(rows, cols, normal(name, rows * cols + 1, dtype, arena).subarray(1));
    const [A, B, C] = [place('A', 13, 17), place('B', 17, 11), place('C', 13, 11)];
    const { buffer, byteOffset } = C.data;
    const product = gemm(A, B, { out: C });
    expect(product.data.buffer).toBe(buffer);
    expect(product.data.byteOffset).toBe(byteOffset);
    const expected = gemm(A.copy(), B.copy());
    expect(C).toBeAllclose(expected, close(dtype));
    for (let i = 0; i < 13; i++)
      for (let j = 0; j < 11; j++)
        expect(C.get(i, j)).toBeAllclose(plain.dot(A.row(i), B.column(j)), { ...close(dtype), atol: 1e-5 });
  });
});

describe('an arena', () => {
  it('gives zeroed vectors that share no cache line, and counts their bytes', () => {
    const arena = new Arena(100_000);
    expect(arena.capacity).toBeGreaterThanOrEqual(100_000);
    const a = arena.vector(3, 'float32');
    const b = arena.matrix(2, 5, 'float64');
    expect(a).toEqual(new Float32Array(3));
    expect(b.shape).toEqual([2, 5]);
    expect(a.byteOffset % 64).toBe(0);
    expect(b.data.byteOffset % 64).toBe(0);
    expect(arena.used).toBe(64 + 128);
    expect(Arena.of(a)).toBe(arena);
    expect(Arena.of(b.data.subarray(1))).toBe(arena);
    expect(Arena.of(new Float32Array(2))).toBeUndefined();
  });

  it('gives memory back to a mark, cleared when it is given out again', () => {
    const arena = new Arena(10_000);
    const kept = arena.vector(4, 'float64').fill(1);
    const mark = arena.mark();
    const before = arena.used;
    arena.vector(100, 'float64').fill(7);
    arena.reset(mark);
    expect(arena.used).toBe(before);
    expect(arena.peak).toBeGreaterThan(before + 799);
    expect(arena.vector(100, 'float64')).toEqual(new Float64Array(100));
    expect(arena.uncleared(10, 'float32').length).toBe(10);
    expect(Array.from(kept)).toEqual([1, 1, 1, 1]);
    arena.reset();
    expect(arena.used).toBe(0);
  });

  it('says when it is full, and leaves what there is as it was', () => {
    const arena = new Arena(70_000);
    const used = arena.vector(1000, 'float64').byteLength;
    expect(() => arena.vector(1 << 20, 'float64')).toThrow(
      /Arena: expected room for 1048576 float64 entries.*free of/,
    );
    expect(arena.used).toBe(used);
    const free = arena.capacity - arena.used;
    expect(arena.vector(free / 4, 'float32').length).toBe(free / 4); // to the last byte
    expect(() => arena.vector(1, 'float32')).toThrow(/0 free/);
  });

  it('refuses sizes, lengths and marks that make no sense', () => {
    expect(() => new Arena(0)).toThrow(/Arena size/);
    expect(() => new Arena(2 ** 33)).toThrow(/Arena size/);
    const arena = new Arena(1000);
    expect(() => arena.vector(-1, 'float32')).toThrow(/Arena.vector length/);
    expect(() => arena.vector(1.5, 'float32')).toThrow(/Arena.vector length/);
    expect(() => arena.reset(arena.mark() + 64)).toThrow(/Arena.reset/);
  });

  it('is one of many, each with memory of its own', () => {
    const arenas = Array.from({ length: 12 }, () => new Arena(1 << 16));
    const vectors = arenas.map((arena, i) => arena.vector(5, 'float64').fill(i));
    vectors.forEach((v) => {
      elementwise.add(v, v, v);
    });
    vectors.forEach((v, i) => {
      expect(Array.from(v)).toEqual(Array(5).fill(2 * i));
    });
  });
});

it('arrays of another length or precision are refused', () => {
  const x = new Float32Array(4);
  expect(() => elementwise.add(x, new Float32Array(3), x)).toThrow(/add, y: expected 4 entries, got 3/);
  expect(() => elementwise.add(x, new Float64Array(4), x)).toThrow(
    /add, y: expected float32, as the other arrays, got float64/,
  );
  expect(() => elementwise.activate({ kind: 'tanh', rows: 2, cols: 3, input: x })).toThrow(
    /input: expected 6 entries/,
  );
  expect(() =>
    elementwise.activate({ kind: 'tanh', rows: 2, cols: 2, input: x, bias: new Float32Array(4) }),
  ).toThrow(/bias: expected 2 entries/);
});

it('the committed module is what its sources compile to', async () => {
  const { build } = await import('../../src/lib/linalg/elementwise/build.mjs');
  const bytes: Uint8Array = await build();
  expect(Buffer.from(bytes).toString('base64') === simd, 'run npm run build:wasm').toBe(true);
  const text = readFileSync(
    new URL('../../src/lib/linalg/elementwise/simd.generated.ts', import.meta.url),
    'utf8',
  );
  expect(text).toContain(`${bytes.length} bytes`);
});
