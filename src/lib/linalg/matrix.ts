/**
 * The one array type of the library: a dense, row-major, contiguous matrix over a typed array. An example is a
 * row; an image is a flattened row (height, width, channel). A Matrix may be a contiguous part of a larger buffer
 * (a view: `slice`, `row`), never strided, so every Matrix can be handed to BLAS as it is.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import { transposeInto } from './triangle';

export type DType = 'float32' | 'float64';
export type Vector = Float32Array | Float64Array;

/**
 * A new vector of zeros. Throws a ShapeError for a length that is not a whole number, a ValueError for an unknown
 * dtype or where the system has no room.
 */
export function zeros(length: number, dtype: DType): Vector {
  if (!(Number.isSafeInteger(length) && length >= 0))
    throw new ShapeError({
      what: 'zeros(length, dtype)',
      expected: 'a whole number, 0 or more',
      got: `${length}`,
      todo: 'Give the number of values.',
    });
  try {
    if (dtype === 'float32') return new Float32Array(length);
    if (dtype === 'float64') return new Float64Array(length);
  } catch (cause) {
    const gigabytes = (length * (dtype === 'float32' ? 4 : 8)) / 2 ** 30;
    throw new ValueError(
      {
        what: `${length} values of ${dtype}`,
        expected: 'arrays that fit into memory',
        got: `${gigabytes.toPrecision(3)} GiB (${(cause as Error).message})`,
        todo: 'Take fewer examples, or float32.',
      },
      { cause },
    );
  }
  throw new ValueError({
    what: 'dtype',
    expected: "'float32' or 'float64'",
    got: `'${dtype}'`,
    todo: 'These are the two precisions of the library.',
  });
}

/** A copy in another precision. */
export function converted(data: Vector, dtype: DType): Vector {
  const out = zeros(data.length, dtype);
  out.set(data);
  return out;
}

export class Matrix {
  readonly rows: number;
  readonly cols: number;
  /** Row-major: entry (i, j) is `data[i * cols + j]`. */
  readonly data: Vector;

  /**
   * Wraps `data` (no copy). Throws a ShapeError when its length is not rows × cols, a ValueError when it is neither a
   * Float32Array nor a Float64Array.
   */
  constructor(rows: number, cols: number, data: Vector) {
    checkSize(rows, cols);
    if (!(data instanceof Float32Array || data instanceof Float64Array))
      throw new ValueError({
        what: 'Matrix, data',
        expected: 'a Float32Array or a Float64Array',
        got: (data as object | undefined)?.constructor?.name ?? String(data),
        todo: 'Convert it: Float32Array.from(values), or Matrix.from(rows) for an array of rows.',
      });
    if (data.length !== rows * cols)
      throw new ShapeError({
        what: 'Matrix',
        expected: `${rows * cols} values for ${shapeText([rows, cols])}`,
        got: `${data.length}`,
        todo: 'Give data of rows × cols values, row after row.',
      });
    this.rows = rows;
    this.cols = cols;
    this.data = data;
  }

  /** A matrix of zeros. Throws as the constructor and `zeros` do. */
  static zeros(rows: number, cols: number, dtype: DType = 'float64'): Matrix {
    checkSize(rows, cols);
    return new Matrix(rows, cols, zeros(rows * cols, dtype));
  }

  /** The n × n identity. */
  static identity(n: number, dtype: DType = 'float64'): Matrix {
    const eye = Matrix.zeros(n, n, dtype);
    for (let i = 0; i < n; i++) eye.data[i * n + i] = 1;
    return eye;
  }

  /** A copy of an array of rows, all of one length. */
  static from(rows: readonly ArrayLike<number>[], dtype: DType = 'float64'): Matrix {
    const cols = rows.length === 0 ? 0 : rows[0].length;
    const matrix = Matrix.zeros(rows.length, cols, dtype);
    rows.forEach((row, i) => {
      if (row.length !== cols)
        throw new ShapeError({
          what: `Matrix.from, row ${i}`,
          expected: `${cols} values, as in row 0`,
          got: `${row.length}`,
          todo: 'Give rows of one length.',
        });
      matrix.data.set(row, i * cols);
    });
    return matrix;
  }

  get dtype(): DType {
    return this.data instanceof Float32Array ? 'float32' : 'float64';
  }

  get shape(): [number, number] {
    return [this.rows, this.cols];
  }

  get(i: number, j: number): number {
    this.check(i, j);
    return this.data[i * this.cols + j];
  }

  set(i: number, j: number, value: number): void {
    this.check(i, j);
    this.data[i * this.cols + j] = value;
  }

  /** Row i, as a view: writing to it writes to the matrix. */
  row(i: number): Vector {
    this.check(i, 0, true);
    return this.data.subarray(i * this.cols, (i + 1) * this.cols);
  }

  /** Column j, copied. */
  column(j: number): Vector {
    if (!(Number.isInteger(j) && j >= 0 && j < this.cols)) this.check(0, j);
    const out = zeros(this.rows, this.dtype);
    for (let i = 0; i < this.rows; i++) out[i] = this.data[i * this.cols + j];
    return out;
  }

  /** The diagonal, copied. */
  diagonal(): Vector {
    const n = Math.min(this.rows, this.cols);
    const out = zeros(n, this.dtype);
    for (let i = 0; i < n; i++) out[i] = this.data[i * this.cols + i];
    return out;
  }

  /** Rows start … end−1, as a view (no copy). */
  slice(start: number, end: number = this.rows): Matrix {
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= this.rows))
      throw new ShapeError({
        what: 'Matrix.slice',
        expected: `whole numbers, 0 ≤ start ≤ end ≤ ${this.rows}`,
        got: `${start} … ${end}`,
        todo: 'Give a range of rows of this matrix.',
      });
    return new Matrix(end - start, this.cols, this.data.subarray(start * this.cols, end * this.cols));
  }

  /** The rows of the given indices, copied, in that order. */
  take(indices: ArrayLike<number>): Matrix {
    const out = Matrix.zeros(indices.length, this.cols, this.dtype);
    for (let i = 0; i < indices.length; i++) out.data.set(this.row(indices[i]), i * this.cols);
    return out;
  }

  /** The same values under another shape of the same size (a view). */
  reshape(rows: number, cols: number): Matrix {
    return new Matrix(rows, cols, this.data);
  }

  copy(): Matrix {
    return new Matrix(this.rows, this.cols, this.data.slice());
  }

  /** This matrix in another precision: a copy, or itself when it has that precision already. */
  as(dtype: DType): Matrix {
    if (dtype === this.dtype) return this;
    return new Matrix(this.rows, this.cols, converted(this.data, dtype));
  }

  /** The transpose, copied. */
  transpose(): Matrix {
    const { rows, cols, data } = this;
    const out = zeros(rows * cols, this.dtype);
    transposeInto(rows, cols, data, out);
    return new Matrix(cols, rows, out);
  }

  toArray(): number[][] {
    return Array.from({ length: this.rows }, (_, i) => Array.from(this.row(i)));
  }

  /** What a notebook or the console shows: shape, precision and the corner entries. */
  toString(): string {
    const shown = 6;
    const line = (i: number) => {
      const head = Array.from(this.row(i).subarray(0, shown), (v) => formatEntry(v)).join(' ');
      return `  ${head}${this.cols > shown ? ' …' : ''}`;
    };
    const lines = Array.from({ length: Math.min(this.rows, shown) }, (_, i) => line(i));
    if (this.rows > shown) lines.push('  …');
    return [`Matrix ${this.rows} × ${this.cols} ${this.dtype}`, ...lines].join('\n');
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  private check(i: number, j: number, rowOnly = false): void {
    if (isIndex(i, this.rows) && (rowOnly || isIndex(j, this.cols))) return;
    throw new ValueError({
      what: 'Matrix index',
      expected: `a row of 0 … ${this.rows - 1}${rowOnly ? '' : ` and a column of 0 … ${this.cols - 1}`}`,
      got: rowOnly ? `${i}` : `(${i}, ${j})`,
      todo: `The matrix is ${shapeText(this.shape)}; indices count from 0.`,
    });
  }
}

function checkSize(rows: number, cols: number): void {
  if (Number.isInteger(rows) && Number.isInteger(cols) && rows >= 0 && cols >= 0) return;
  throw new ShapeError({
    what: 'Matrix',
    expected: 'non-negative whole numbers of rows and columns',
    got: shapeText([rows, cols]),
    todo: 'Give the shape as (rows, cols).',
  });
}

function isIndex(k: number, n: number): boolean {
  return Number.isInteger(k) && k >= 0 && k < n;
}

function formatEntry(value: number): string {
  return value.toPrecision(5).padStart(12);
}
