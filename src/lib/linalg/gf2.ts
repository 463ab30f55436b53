/**
 * Linear algebra over GF(2), the field of two elements: 1 + 1 = 0, so addition is exclusive or and a product of
 * vectors is a parity. This is the arithmetic in which an XOR of columns is a linear map, and in which it is found
 * from its values by elimination.
 *
 * Why words: 32 entries lie in one word, so that one operation of the processor adds 32 of them. A sum of products is
 * the parity of `a & b`, by folding the word (H. S. Warren, "Hacker's Delight", 2nd edition, 2013, section 5–2).
 * Elimination is incremental: a row is reduced by the rows that are already there, each of which begins at a column
 * of its own. A learner that draws rows until it has enough needs just that; rank, solution and null space come from
 * the same triangle. Nothing is ever rounded: results are exact.
 *
 * What the work costs is counted in word operations, one for each word of a row that is copied, added to another or
 * multiplied with one. Functions that work add their number to the counter that they are given.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import type { Matrix } from './matrix';

/** Word operations so far: hand one to several calls and it sums them up. */
export interface WordCount {
  words: number;
}

/** A vector over GF(2), packed: bit i is bit `i & 31` of word `i >>> 5`. Bits beyond the length are 0. */
export class BitVector {
  readonly length: number;
  readonly words: Uint32Array;

  /** Wraps packed words (no copy). Throws a ShapeError unless there are ⌈length/32⌉, a ValueError on bits beyond the length. */
  constructor(length: number, words: Uint32Array) {
    checkPacked('BitVector', 1, length, words);
    this.length = length;
    this.words = words;
  }

  static zeros(length: number): BitVector {
    checkSize('BitVector', [length]);
    return new BitVector(length, new Uint32Array(wordsFor(length)));
  }

  /** Packs zeros and ones. Throws a ValueError on any other value. */
  static from(values: ArrayLike<number>): BitVector {
    const vector = BitVector.zeros(values.length);
    packInto(vector.words, 0, values, 'BitVector.from');
    return vector;
  }

  /** Bit i, 0 or 1. */
  get(i: number): number {
    this.check(i);
    return (this.words[i >>> 5] >>> (i & 31)) & 1;
  }

  set(i: number, bit: number): void {
    this.check(i);
    checkBit('BitVector.set', bit);
    setBit(this.words, 0, i, bit);
  }

  /** Where the ones are, ascending: the support. */
  ones(): number[] {
    const places: number[] = [];
    for (let w = 0; w < this.words.length; w++)
      for (let rest = this.words[w]; rest !== 0; rest &= rest - 1) places.push(w * 32 + lowestBit(rest));
    return places;
  }

  toArray(): number[] {
    return Array.from({ length: this.length }, (_, i) => this.get(i));
  }

  private check(i: number): void {
    if (!isIndex(i, this.length))
      throw new ValueError({
        what: 'BitVector index',
        expected: `a place of 0 … ${this.length - 1}`,
        got: `${i}`,
        todo: `The vector has ${this.length} bits; places count from 0.`,
      });
  }
}

/** A matrix over GF(2), rows packed as a BitVector is, each beginning at a new word. */
export class BitMatrix {
  readonly rows: number;
  readonly cols: number;
  /** Words in a row: ⌈cols/32⌉. */
  readonly stride: number;
  /** Row after row: bit (i, j) is bit `j & 31` of word `i * stride + (j >>> 5)`. Bits beyond the columns are 0. */
  readonly words: Uint32Array;

  /** Wraps packed words (no copy). Throws a ShapeError unless there are rows·⌈cols/32⌉, a ValueError on bits beyond the columns. */
  constructor(rows: number, cols: number, words: Uint32Array) {
    checkPacked('BitMatrix', rows, cols, words);
    this.rows = rows;
    this.cols = cols;
    this.stride = wordsFor(cols);
    this.words = words;
  }

  static zeros(rows: number, cols: number): BitMatrix {
    checkSize('BitMatrix', [rows, cols]);
    return new BitMatrix(rows, cols, new Uint32Array(rows * wordsFor(cols)));
  }

  static identity(n: number): BitMatrix {
    const eye = BitMatrix.zeros(n, n);
    for (let i = 0; i < n; i++) eye.set(i, i, 1);
    return eye;
  }

  /** Packs rows of zeros and ones, all of one length. Throws a ShapeError on other lengths, a ValueError on other values. */
  static from(rows: readonly ArrayLike<number>[]): BitMatrix {
    const cols = rows.length === 0 ? 0 : rows[0].length;
    const bits = BitMatrix.zeros(rows.length, cols);
    rows.forEach((row, i) => {
      if (row.length !== cols)
        throw new ShapeError({
          what: `BitMatrix.from, row ${i}`,
          expected: `${cols} bits, as in row 0`,
          got: `${row.length}`,
          todo: 'Give rows of one length.',
        });
      packInto(bits.words, i * bits.stride, row, `BitMatrix.from, row ${i}`);
    });
    return bits;
  }

  /**
   * The bits X_ij > threshold (default ½, for zeros and ones with noise on them). Throws a ValueError on NaN, which is
   * on neither side, and on a threshold that is NaN.
   */
  static threshold(X: Matrix, threshold = 0.5): BitMatrix {
    if (Number.isNaN(threshold))
      throw new ValueError({
        what: 'BitMatrix.threshold, threshold',
        expected: 'a number',
        got: 'NaN',
        todo: 'Leave it out for ½.',
      });
    const bits = BitMatrix.zeros(X.rows, X.cols);
    const nan = thresholdInto(bits, X, threshold);
    if (nan < 0) return bits;
    throw new ValueError({
      what: 'BitMatrix.threshold, X',
      expected: 'numbers, each on one side of the threshold',
      got: `NaN in row ${Math.floor(nan / X.cols)}, column ${nan % X.cols}`,
      todo: 'Look for the missing value of that row.',
    });
  }

  get shape(): [number, number] {
    return [this.rows, this.cols];
  }

  /** Bit (i, j), 0 or 1. */
  get(i: number, j: number): number {
    this.check(i, j);
    return (this.words[i * this.stride + (j >>> 5)] >>> (j & 31)) & 1;
  }

  set(i: number, j: number, bit: number): void {
    this.check(i, j);
    checkBit('BitMatrix.set', bit);
    setBit(this.words, i * this.stride, j, bit);
  }

  /** Row i, as a view: writing to it writes to the matrix. */
  row(i: number): BitVector {
    if (!isIndex(i, this.rows)) this.check(i, 0);
    return new BitVector(this.cols, this.words.subarray(i * this.stride, (i + 1) * this.stride));
  }

  /** Column j, copied. */
  column(j: number): BitVector {
    if (!isIndex(j, this.cols)) this.check(0, j);
    const out = BitVector.zeros(this.rows);
    for (let i = 0; i < this.rows; i++) if (this.get(i, j)) setBit(out.words, 0, i, 1);
    return out;
  }

  transpose(): BitMatrix {
    const out = BitMatrix.zeros(this.cols, this.rows);
    for (let i = 0; i < this.rows; i++)
      for (let w = 0; w < this.stride; w++)
        for (let rest = this.words[i * this.stride + w]; rest !== 0; rest &= rest - 1)
          setBit(out.words, (w * 32 + lowestBit(rest)) * out.stride, i, 1);
    return out;
  }

  /** A B, for B of cols × p: row i is the sum of the rows of B that row i of this matrix has ones for. */
  product(B: BitMatrix, count?: WordCount): BitMatrix {
    if (this.cols !== B.rows)
      throw new ShapeError({
        what: 'BitMatrix.product',
        expected: 'as many rows of B as columns of A',
        got: `A ${shapeText(this.shape)} and B ${shapeText(B.shape)}`,
        todo: 'Transpose one of them if that is what is meant.',
      });
    const C = BitMatrix.zeros(this.rows, B.cols);
    let words = 0;
    for (let i = 0; i < this.rows; i++)
      for (let w = 0; w < this.stride; w++)
        for (let rest = this.words[i * this.stride + w]; rest !== 0; rest &= rest - 1) {
          addRow(C.words, i * C.stride, B.words, (w * 32 + lowestBit(rest)) * B.stride, B.stride);
          words += B.stride;
        }
    if (count) count.words += words;
    return C;
  }

  /** A s, for s of `cols` bits: bit i is the parity of those entries of row i that s selects. `rows` bits. */
  parities(s: BitVector, count?: WordCount): BitVector {
    if (s.length !== this.cols)
      throw new ShapeError({
        what: 'BitMatrix.parities, s',
        expected: `${this.cols} bits, one for each column`,
        got: `${s.length}`,
        todo: 'A bit of s says whether that column is in the sum.',
      });
    const out = BitVector.zeros(this.rows);
    rowParities(this.words, this.rows, this.stride, s.words, out.words);
    if (count) count.words += this.words.length;
    return out;
  }

  /** The largest number of rows of which none is a sum of others. */
  rank(count?: WordCount): number {
    return this.rowSpace(count).rank;
  }

  /**
   * All x with A x = b, for b of `rows` bits: one solution (0 in each column that is free) and a basis of the null
   * space, so that the others are the solution plus sums of the basis; null when there is none.
   */
  solve(b: BitVector, count?: WordCount): { solution: BitVector; nullSpace: BitMatrix } | null {
    if (b.length !== this.rows)
      throw new ShapeError({
        what: 'BitMatrix.solve, b',
        expected: `${this.rows} bits, one for each row`,
        got: `${b.length}`,
        todo: 'Give each equation its right side.',
      });
    const system = new Eliminator(this.cols, count);
    for (let i = 0; i < this.rows; i++)
      if (system.add(this.row(i), b.get(i)) === 'contradiction') return null;
    return { solution: system.solution(), nullSpace: system.nullSpace() };
  }

  /** A basis of all x with A x = 0, as rows: (cols − rank) × cols. */
  nullSpace(count?: WordCount): BitMatrix {
    return this.rowSpace(count).nullSpace();
  }

  toArray(): number[][] {
    return Array.from({ length: this.rows }, (_, i) => this.row(i).toArray());
  }

  /** What a notebook or the console shows: shape and the corner. */
  toString(): string {
    const shown = Math.min(this.rows, 6);
    const lines = Array.from({ length: shown }, (_, i) => {
      const head = this.row(i).toArray().slice(0, 64).join('');
      return `  ${head}${this.cols > 64 ? '…' : ''}`;
    });
    if (this.rows > shown) lines.push('  …');
    return [`BitMatrix ${shapeText(this.shape)}`, ...lines].join('\n');
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** The equations A x = 0, as far as they are independent. */
  private rowSpace(count?: WordCount): Eliminator {
    const system = new Eliminator(this.cols, count);
    for (let i = 0; i < this.rows && system.rank < this.cols; i++) system.add(this.row(i), 0);
    return system;
  }

  private check(i: number, j: number): void {
    if (isIndex(i, this.rows) && isIndex(j, this.cols)) return;
    throw new ValueError({
      what: 'BitMatrix index',
      expected: `a row of 0 … ${this.rows - 1} and a column of 0 … ${this.cols - 1}`,
      got: `(${i}, ${j})`,
      todo: `The matrix is ${shapeText(this.shape)}; indices count from 0.`,
    });
  }
}

/**
 * What a new equation is to those before it: it tells something new; it follows from them; or its left side follows
 * but its right side does not.
 */
export type Dependence = 'independent' | 'dependent' | 'contradiction';

/**
 * A system of linear equations over GF(2) that grows row by row. Only independent equations are kept, in a triangle:
 * one row for each pivot column, with zeros before it. After a contradiction the system is what it was before.
 */
export class Eliminator {
  /** Variables of the system. */
  readonly unknowns: number;
  readonly count: WordCount;
  /** Independent equations so far. */
  rank = 0;
  /** Words of an augmented row: the unknowns, then the right side as bit number `unknowns`. */
  private readonly stride: number;
  /** The row of pivot p begins at word p · stride. */
  private readonly triangle: Uint32Array;
  private readonly hasPivot: Uint8Array;
  private readonly reduced: Uint32Array;

  constructor(unknowns: number, count: WordCount = { words: 0 }) {
    checkSize('Eliminator', [unknowns]);
    this.unknowns = unknowns;
    this.count = count;
    this.stride = wordsFor(unknowns + 1);
    this.triangle = new Uint32Array(unknowns * this.stride);
    this.hasPivot = new Uint8Array(unknowns);
    this.reduced = new Uint32Array(this.stride);
  }

  /** Adds the equation row · x = right. Throws a ShapeError unless the row has one bit for each unknown. */
  add(row: BitVector, right: number): Dependence {
    if (row.length !== this.unknowns)
      throw new ShapeError({
        what: 'Eliminator.add, row',
        expected: `${this.unknowns} bits, one for each unknown`,
        got: `${row.length}`,
        todo: 'All equations of a system have the same unknowns.',
      });
    checkBit('Eliminator.add, right', right);
    this.reduced.set(row.words); // the right side may have a word of its own, with no other bit in it
    setBit(this.reduced, 0, this.unknowns, right);
    return this.place();
  }

  /**
   * Adds row i of an augmented matrix, whose last column is the right side. Throws a ShapeError unless the matrix has
   * one column for each unknown and one more.
   */
  addRow(augmented: BitMatrix, i: number): Dependence {
    if (augmented.cols !== this.unknowns + 1 || !isIndex(i, augmented.rows))
      throw new ShapeError({
        what: 'Eliminator.addRow',
        expected: `a row of a matrix of ${this.unknowns + 1} columns, one for each unknown and the right side`,
        got: `row ${i} of ${shapeText(augmented.shape)}`,
        todo: 'Put the right side into the last column, or use add(row, right).',
      });
    const { reduced, stride } = this;
    for (let w = 0; w < stride; w++) reduced[w] = augmented.words[i * stride + w];
    return this.place();
  }

  /** The solution that is 0 in each column that is free: the only one when rank = unknowns. */
  solution(): BitVector {
    const x = new Uint32Array(this.stride);
    setBit(x, 0, this.unknowns, 1); // the right side, moved to the left
    this.substitute(x, this.unknowns - 1);
    setBit(x, 0, this.unknowns, 0);
    return new BitVector(this.unknowns, x.slice(0, wordsFor(this.unknowns)));
  }

  /** A basis of what the equations leave open, (unknowns − rank) × unknowns: each row has a one in one free column. */
  nullSpace(): BitMatrix {
    const basis = BitMatrix.zeros(this.unknowns - this.rank, this.unknowns);
    const x = new Uint32Array(this.stride);
    let row = 0;
    for (let free = 0; free < this.unknowns; free++) {
      if (this.hasPivot[free]) continue;
      x.fill(0);
      setBit(x, 0, free, 1);
      this.substitute(x, free - 1);
      basis.words.set(x.subarray(0, basis.stride), row++ * basis.stride);
    }
    return basis;
  }

  /** Forgets all equations. The count goes on. */
  clear(): void {
    this.hasPivot.fill(0);
    this.rank = 0;
  }

  /** Reduces the row in `reduced` by the triangle, and puts what is left of it into the triangle. */
  private place(): Dependence {
    const { reduced, triangle, hasPivot, stride, unknowns } = this;
    let words = stride; // the copy
    for (let w = 0; w < stride; w++)
      while (reduced[w] !== 0) {
        const pivot = w * 32 + lowestBit(reduced[w]);
        if (pivot === unknowns) {
          this.count.words += words;
          return 'contradiction'; // 0 = 1
        }
        // Words before w are 0 in the row of this pivot too.
        const start = pivot * stride;
        words += stride - w;
        if (hasPivot[pivot]) {
          for (let k = w; k < stride; k++) reduced[k] ^= triangle[start + k];
          continue;
        }
        for (let k = 0; k < stride; k++) triangle[start + k] = reduced[k];
        hasPivot[pivot] = 1;
        this.rank++;
        this.count.words += words;
        return 'independent';
      }
    this.count.words += words;
    return 'dependent';
  }

  /** Sets the pivot bits of x (0 so far) up to column `from` so that each row of the triangle has parity 0 with x. */
  private substitute(x: Uint32Array, from: number): void {
    const { hasPivot, stride } = this;
    const triangle = this.triangle;
    let words = 0;
    for (let pivot = from; pivot >= 0; pivot--) {
      if (!hasPivot[pivot]) continue;
      const first = pivot >>> 5;
      let folded = 0;
      for (let k = first; k < stride; k++) folded ^= triangle[pivot * stride + k] & x[k];
      words += stride - first;
      if (parityOf(folded)) x[first] |= 1 << (pivot & 31);
    }
    this.count.words += words;
  }
}

/** The parity of the ones of a word: folds it onto 4 bits, then looks it up in a word of 16 answers. */
export function parityOf(word: number): number {
  let v = word ^ (word >>> 16);
  v ^= v >>> 8;
  v ^= v >>> 4;
  return (0x6996 >>> (v & 15)) & 1;
}

const wordsFor = (bits: number): number => Math.ceil(bits / 32);

/** The place of the lowest one of a word that is not 0: what is left of v & −v is that bit alone. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Bit j of the row that begins at word `start`. */
function setBit(words: Uint32Array, start: number, j: number, bit: number): void {
  if (bit) words[start + (j >>> 5)] |= 1 << (j & 31);
  else words[start + (j >>> 5)] &= ~(1 << (j & 31));
}

/** target += source, `length` words from each start. */
function addRow(target: Uint32Array, to: number, source: Uint32Array, from: number, length: number): void {
  for (let k = 0; k < length; k++) target[to + k] ^= source[from + k];
}

function rowParities(
  words: Uint32Array,
  rows: number,
  stride: number,
  s: Uint32Array,
  out: Uint32Array,
): void {
  for (let i = 0, at = 0; i < rows; i++) {
    let folded = 0;
    for (let k = 0; k < stride; k++, at++) folded ^= words[at] & s[k];
    out[i >>> 5] |= parityOf(folded) << (i & 31);
  }
}

/** Packs X > threshold; the place of the first NaN, −1 without. */
function thresholdInto(bits: BitMatrix, X: Matrix, threshold: number): number {
  const { rows, cols, stride, words } = bits;
  const { data } = X;
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < cols; j++, at++) {
      const x = data[at];
      if (x > threshold) words[i * stride + (j >>> 5)] |= 1 << (j & 31);
      else if (Number.isNaN(x)) return at;
    }
  return -1;
}

function packInto(words: Uint32Array, start: number, values: ArrayLike<number>, what: string): void {
  for (let j = 0; j < values.length; j++) {
    if (values[j] === 1) words[start + (j >>> 5)] |= 1 << (j & 31);
    else if (values[j] !== 0)
      throw new ValueError({
        what,
        expected: 'zeros and ones',
        got: `${values[j]} at position ${j}`,
        todo: 'BitMatrix.threshold(X) makes bits of a matrix of other numbers.',
      });
  }
}

function isIndex(k: number, n: number): boolean {
  return Number.isInteger(k) && k >= 0 && k < n;
}

function checkBit(what: string, bit: number): void {
  if (bit === 0 || bit === 1) return;
  throw new ValueError({
    what,
    expected: '0 or 1',
    got: String(bit),
    todo: 'The field has no other elements.',
  });
}

function checkSize(what: string, shape: readonly number[]): void {
  if (shape.every((n) => Number.isSafeInteger(n) && n >= 0)) return;
  throw new ShapeError({
    what,
    expected: 'whole numbers, 0 or more',
    got: shapeText(shape),
    todo: 'Give the number of bits, or the shape as (rows, cols).',
  });
}

function checkPacked(what: string, rows: number, cols: number, words: Uint32Array): void {
  checkSize(what, [rows, cols]);
  const stride = wordsFor(cols);
  if (words.length !== rows * stride)
    throw new ShapeError({
      what,
      expected: `${rows * stride} words for ${shapeText([rows, cols])} bits`,
      got: `${words.length}`,
      todo: 'A row takes ⌈cols/32⌉ words.',
    });
  if (cols % 32 === 0) return;
  const beyond = -1 << (cols & 31);
  for (let i = 0; i < rows; i++)
    if (words[(i + 1) * stride - 1] & beyond)
      throw new ValueError({
        what,
        expected: `zeros beyond bit ${cols - 1} of a row`,
        got: `a one there in row ${i}`,
        todo: 'Clear the rest of the last word: parities would count it.',
      });
}
