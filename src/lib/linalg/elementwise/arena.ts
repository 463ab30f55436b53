/**
 * Memory that the SIMD module can see. WebAssembly computes only on its own linear memory; an Arena is one such
 * memory of fixed size (it never grows, since growth would detach every view) with its own instance of the
 * module, from which vectors and matrices are cut one after the other. They are ordinary typed arrays: TypeScript
 * reads and writes them, and BLAS takes their pointers, without a copy. Release is by stack discipline, mark and
 * reset, which is what a training step or a tile loop needs and costs nothing.
 */

import { ValueError } from '../../errors';
import { type DType, Matrix, type Vector } from '../matrix';
import { type Instance, instantiate } from './module';

const PAGE = 65536;
/** A cache line: no two allocations share one, and every vector load is aligned. */
const ALIGNMENT = 64;
/** The module's own constants and slots lie below this address. */
const START = 4096;
const MAX_BYTES = 65536 * PAGE;

const arenas = new WeakMap<ArrayBufferLike, Arena>();
let lastBuffer: ArrayBufferLike | undefined;
let lastArena: Arena | undefined;

/** A position in an arena, to which `reset` returns. */
export type Mark = number;

export class Arena {
  /** Bytes that can be given out. */
  readonly capacity: number;
  /** The memory and the module's functions over it. */
  readonly instance: Instance;
  private top = START;
  private highest = START;

  /**
   * An arena of at least `bytes` bytes (rounded up to 64 KiB pages, at most 4 GiB). The system commits a page when
   * it is first written, so a generous size costs address space only. Every arena reserves some 10 GB of that: there
   * is room for thousands, unless the process's address space is limited. One that is no longer reachable is given
   * back by garbage collection. Throws a ValueError when the size is out of range or the system has no room.
   */
  constructor(bytes: number) {
    if (!(bytes > 0 && bytes <= MAX_BYTES - START))
      throw new ValueError({
        what: 'Arena size',
        expected: `1 … ${MAX_BYTES - START} bytes`,
        got: `${bytes}`,
        todo: 'Use several arenas, or ordinary typed arrays (which every function takes), for more.',
      });
    const pages = Math.ceil((bytes + START) / PAGE);
    try {
      this.instance = instantiate(pages);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new ValueError(
        {
          what: 'Arena',
          expected: `room for ${pages * PAGE} bytes in this process`,
          got: cause.message,
          todo: 'Make the arena smaller, or keep fewer arenas at once.',
        },
        { cause },
      );
    }
    this.capacity = pages * PAGE - START;
    arenas.set(this.instance.buffer, this);
  }

  /** The arena that holds a view, if one does. */
  static of(view: Vector): Arena | undefined {
    const buffer = view.buffer;
    if (buffer !== lastBuffer) {
      lastBuffer = buffer;
      lastArena = arenas.get(buffer);
    }
    return lastArena;
  }

  /** Bytes given out now, padding included. */
  get used(): number {
    return this.top - START;
  }

  /** The most bytes that were given out at once so far. */
  get peak(): number {
    return this.highest - START;
  }

  /** A vector of zeros, aligned to 64 bytes. Throws a ValueError when the arena is full. */
  vector(length: number, dtype: DType): Vector {
    const before = this.highest;
    const vector = this.uncleared(length, dtype);
    // Above the highest mark memory is still as the system gave it: zero.
    if (vector.byteOffset < before) vector.fill(0);
    return vector;
  }

  /** The same with whatever the memory held before: for what is written before it is read. */
  uncleared(length: number, dtype: DType): Vector {
    if (!Number.isInteger(length) || length < 0)
      throw new ValueError({
        what: 'Arena.vector length',
        expected: 'a whole number, 0 or more',
        got: `${length}`,
        todo: 'Give the number of entries.',
      });
    const bytes = length * (dtype === 'float32' ? 4 : 8);
    const start = this.top;
    const end = start + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (end > START + this.capacity)
      throw new ValueError({
        what: 'Arena',
        expected: `room for ${length} ${dtype} entries (${end - start} bytes)`,
        got: `${START + this.capacity - start} free of ${this.capacity} bytes`,
        todo: 'Make the arena larger when it is created, or reset it to a mark when its contents are done with.',
      });
    this.top = end;
    if (end > this.highest) this.highest = end;
    const { buffer } = this.instance;
    return dtype === 'float32'
      ? new Float32Array(buffer, start, length)
      : new Float64Array(buffer, start, length);
  }

  /** A rows × cols matrix of zeros, aligned to 64 bytes. Throws a ValueError when the arena is full. */
  matrix(rows: number, cols: number, dtype: DType): Matrix {
    return new Matrix(rows, cols, this.vector(rows * cols, dtype));
  }

  mark(): Mark {
    return this.top;
  }

  /**
   * Gives back everything that was cut after `mark` (everything, without one). Views cut after it must not be used
   * any more: they will share memory with what is cut next.
   */
  reset(mark: Mark = START): void {
    if (!(mark >= START && mark <= this.top))
      throw new ValueError({
        what: 'Arena.reset',
        expected: `a mark between the start and the present top, ${this.top}`,
        got: `${mark}`,
        todo: 'Reset in the reverse order of the marks (a stack), and only to marks of the same arena.',
      });
    this.top = mark;
  }
}
