/**
 * Gram matrices larger than memory, of several kernels, on disk: made in tiles, in a few gigabytes, by a run that may be
 * interrupted or killed at any point and goes on where it was, to the same digits. What is read back is a Matrix where
 * it fits, and panels of rows where it does not.
 *
 * One kernel comes after the other. Its examples are prepared a panel at a time (kernel.ts): what goes through the
 * network goes once, and all that the tiles take is products of what was prepared. As many panels are held as the memory
 * allows; where that is not all of them, groups of panels are held while the others come by again. (Kernels of one
 * network do not share its passes: at sizes that need tiles those are a few per cent of the work.)
 * trNTK and trNTK⁰ are one matrix, read with and without the cosine.
 */

import { join } from 'node:path';
import { DataError, InterruptedError, NumericalError, ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import { cosineNormalise } from '../linalg/elementwise';
import { type DType, Matrix, type Vector, zeros } from '../linalg/matrix';
import {
  cacheFolder,
  freeBytes,
  hashOf,
  heedInterruption,
  interruption,
  type Json,
  type Span,
  progress as startProgress,
  TiledMatrix,
} from '../run';
import type { Kernel, Prepared } from './kernel';
import { checkPositive } from './normalise';
import { rowPanels } from './panels';
import { prepared } from './prepared';
import {
  checkedCount,
  type Group,
  groupsOf,
  itemSize,
  length,
  megabytes,
  type Place,
  passesOf,
  planned,
  type Sides,
  tilesOf,
  type Work,
} from './tile-plan';

export interface TileOptions {
  /**
   * All that the kernels depend on and X does not show: the network's parameters (`packSnapshot(snapshot)`), options such
   * as `bias`, the seed of a projection. As in `cached`, with X and the kernels' names it is the key under which tiles
   * are found again; where it says too little, and κ of the first example differs, there is an error.
   */
  of: unknown;
  /** Where the matrices lie, each in `<folder>/grams/<name>/<key>/`. Default: `cacheFolder()`. */
  folder?: string;
  /** Rows of a tile. Default: 1024, fewer where what a kernel prepares of 1024 examples is more than 256 MiB. */
  tileRows?: number;
  /** Bytes that the work may take beside X (default 3 GiB); what is read back afterwards is not in it. */
  memory?: number;
  /** Show how far it is: true (default), or what to call it. */
  progress?: boolean | string;
  /** Stops between products. Default: the stop button of the notebook. */
  signal?: AbortSignal;
}

/** What a tiled Gram takes. */
export interface TiledNeeds {
  /** Bytes beside X at the most. */
  readonly memory: number;
  /** Bytes on disk, and those that are free there. */
  readonly disk: number;
  readonly free: number;
  readonly tiles: number;
  /** How often an example goes through the network, on average over kernels: 1 when all that is prepared can be held. */
  readonly passes: number;
}

/**
 * The Gram of X (n × d) by each kernel: n × n on disk, exactly symmetric. Tiles that are there are not made again.
 *
 *     const { trntk, ck } = await tiledGram({ trntk: tangentKernel(net, at), ck: conjugateKernel(net, at) }, X, {
 *       of: packSnapshot(at),
 *     });
 *     trntk.matrix({ cosine: true });
 *
 * Entries are those of `kernel.gram` up to rounding; they depend on `tileRows`, but not on `memory`, nor on
 * where a run was stopped. Throws as the kernels do; a ShapeError for no examples; a ValueError where the memory is too
 * small, or `center` has no reference; a DataError when the disk has no room or a folder holds something else; and an
 * InterruptedError when `signal` stopped it. What was finished until then is kept.
 */
export async function tiledGram<N extends string>(
  kernels: Readonly<Record<N, Kernel>>,
  X: Matrix,
  options: TileOptions,
): Promise<Record<N, TiledGram>> {
  return tiled(kernels, { X, X2: null }, options);
}

/** The cross-Gram of X (n × d) and X2 (m × d) by each kernel: n × m on disk. All else as `tiledGram`. */
export async function tiledCross<N extends string>(
  kernels: Readonly<Record<N, Kernel>>,
  X: Matrix,
  X2: Matrix,
  options: TileOptions,
): Promise<Record<N, TiledGram>> {
  return tiled(kernels, { X, X2 }, options);
}

/** What `tiledGram` (with `against`, `tiledCross`) would take when nothing is there yet. Throws as they do. */
export async function tiledNeeds(
  kernels: Readonly<Record<string, Kernel>>,
  X: Matrix,
  options: Omit<TileOptions, 'of'> & { against?: Matrix },
): Promise<TiledNeeds> {
  const sides = { X, X2: options.against ?? null };
  const works: Work[] = [];
  for (const [name, kernel] of Object.entries(kernels))
    works.push(await planned(name, kernel, sides, options));
  const entries = X.rows * (sides.X2 ?? X).rows;
  return {
    memory: Math.max(...works.map((work) => work.memory)),
    disk: total(works.map((work) => entries * itemSize(work.dtype))),
    free: freeBytes(options.folder ?? cacheFolder()),
    tiles: total(works.map((work) => tilesOf(work).length)),
    passes: total(works.map(passesOf)) / works.length,
  };
}

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

export interface ReadOptions {
  /** K_ij / √(κ(x_i, x_i) κ(x_j, x_j)), as `cosine(kernel)`; without it (default) as the kernel gives it. */
  cosine?: boolean;
}

/** A Gram or cross-Gram on disk. */
export class TiledGram {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  /** A .npy file of the whole matrix, without the cosine. */
  readonly path: string;

  constructor(
    private readonly file: TiledMatrix,
    /** κ(x, x) of the examples of the rows, and of the columns. */
    readonly diagonals: { readonly rows: Vector; readonly columns: Vector },
  ) {
    [this.rows, this.cols] = file.shape;
    this.dtype = file.options.dtype;
    this.path = file.path;
  }

  /** The whole matrix, in memory. Throws a NumericalError for the cosine of an example with κ(x, x) = 0. */
  matrix(options: ReadOptions = {}): Matrix {
    return this.read({ start: 0, end: this.rows }, options);
  }

  /** Its rows, `rows` at a time (default 1024), first to last: `for await (const { start, K } of gram.panels())`. */
  async *panels({ rows = 1024, ...options }: ReadOptions & { rows?: number } = {}): AsyncGenerator<{
    start: number;
    K: Matrix;
  }> {
    const heed = heedInterruption('Panels of a tiled Gram');
    for (const panel of rowPanels(this.rows, 1, checkedCount('panels, rows', rows), 1)) {
      heed();
      yield { start: panel.start, K: this.read(panel, options) };
    }
  }

  private read(span: Span, { cosine = false }: ReadOptions): Matrix {
    const { rows, columns } = this.diagonals;
    const what = `Cosine of ${this.path}`;
    if (cosine) {
      checkPositive(what, rows);
      checkPositive(what, columns);
    }
    const K = this.file.read(span);
    if (!cosine) return K;
    cosineNormalise(K, rows.subarray(span.start, span.end), columns);
    if (this.file.options.symmetric) for (let i = 0; i < K.rows; i++) K.data[i * K.cols + span.start + i] = 1;
    return K;
  }
}

/** A kernel's matrix, and what there is of it. */
interface Job {
  readonly work: Work;
  readonly file: TiledMatrix;
}

async function tiled<N extends string>(
  kernels: Readonly<Record<N, Kernel>>,
  sides: Sides,
  options: TileOptions,
): Promise<Record<N, TiledGram>> {
  const { folder = cacheFolder(), progress = true, signal = interruption() } = options;
  const jobs = await opened(kernels, sides, { ...options, folder });
  checkRoom(folder, total(jobs.map(({ file }) => file.missingBytes)));
  const steps = stepsOf(jobs);
  const all = total(jobs.map(({ work }) => total(tilesOf(work).map((tile) => steps(work, tile)))));
  const label = progress === true ? 'Gram matrices' : progress;
  const shown = label ? startProgress(all, label) : undefined;
  const heed = heedInterruption('Tiled Gram', signal);
  try {
    for (const { work, file } of jobs) {
      for (const tile of tilesOf(work)) if (file.has(...tile)) shown?.skip(steps(work, tile));
      await make({ work, file }, heed, (tile) => shown?.tick(steps(work, tile), work.name));
    }
  } catch (error) {
    // What noticed the stop says that the work starts from the beginning; here it does not.
    throw error instanceof InterruptedError ? interrupted(jobs, signal) : error;
  } finally {
    shown?.done();
  }
  const grams = jobs.map(({ work, file }) => [work.name, new TiledGram(file, diagonalsOf(work, file))]);
  return Object.fromEntries(grams) as Record<N, TiledGram>;
}

/** What is on disk of each kernel's matrix. */
async function opened(
  kernels: Readonly<Record<string, Kernel>>,
  sides: Sides,
  options: TileOptions & { folder: string },
): Promise<Job[]> {
  const of = hashOf('Tiled Gram, of', options.of);
  const X = hashOf('Tiled Gram, X', sides.X);
  const X2 = sides.X2 && hashOf('Tiled Gram, X2', sides.X2);
  const jobs: Job[] = [];
  for (const [name, kernel] of Object.entries(kernels)) {
    const work = await planned(checkedName(name), kernel, sides, options);
    const { rows, columns, dtype } = work;
    const about = { kernel: kernel.name, of, X, X2 };
    const matrix = { rows, columns, dtype, symmetric: X2 === null, about };
    const key = hashOf('Tiled Gram', matrix).slice(0, 32);
    const file = await TiledMatrix.open(join(options.folder, 'grams', name, key), matrix);
    checkSameKernel(work, file);
    jobs.push({ work, file });
  }
  return jobs;
}

/** Steps of progress that a tile counts for: the cheapest kernel's 1, another's as many times as it has more to multiply. */
function stepsOf(jobs: readonly Job[]): (work: Work, tile: Place) => number {
  const costOf = ({ weight, rows, columns }: Work, [i, j]: Place) =>
    weight * length(rows[i]) * length(columns[j]);
  const unit = Math.min(...jobs.map(({ work }) => costOf(work, [0, 0])));
  return (work, tile) => Math.max(1, Math.round(costOf(work, tile) / unit));
}

/** Makes the tiles that are missing. `done` is called for each that is on disk. */
async function make({ work, file }: Job, heed: () => void, done: (tile: Place) => void): Promise<void> {
  const { kernel, rows, columns, dtype } = work;
  // A tile goes to the disk while the next is made.
  let writing: Promise<void> = Promise.resolve();
  const write = async (tile: Place, K: Matrix, note: Json) => {
    await file.write(...tile, K, note);
    done(tile);
  };
  try {
    for (const group of groupsOf(work)) {
      const panels = new Panels(work, group, heed);
      for (const tile of group.tiles) {
        if (file.has(...tile)) continue;
        heed();
        const [left, right] = await panels.of(tile);
        const [i, j] = tile;
        const K = Matrix.zeros(length(rows[i]), length(columns[j]), dtype);
        await left.cross(right, K, heed);
        checkFiniteTile(kernel.name, K, rows[i].start, columns[j].start);
        const note = noteOf(work, tile, { left, right, K });
        await writing;
        writing = write(tile, K, note);
        writing.catch(() => undefined); // thrown where it is awaited
      }
    }
  } finally {
    await writing;
  }
}

/** The prepared panels of a group, which are held, and the one that comes by. */
class Panels {
  private readonly held = new Map<number, Prepared>();
  private passing: { k: number; ready: Prepared } | undefined;

  constructor(
    private readonly work: Work,
    private readonly group: Group,
    private readonly heed: () => void,
  ) {}

  /** Those of the rows and of the columns of a tile. */
  async of([i, j]: Place): Promise<[Prepared, Prepared]> {
    const { side } = this.group;
    const one = await this.take(side === 'rows' ? i : j);
    const other = await this.comeBy(side === 'rows' ? j : i);
    return side === 'rows' ? [one, other] : [other, one];
  }

  private async take(k: number): Promise<Prepared> {
    const ready = this.held.get(k) ?? (await this.prepare(this.group.side, k));
    this.held.set(k, ready);
    return ready;
  }

  private async comeBy(k: number): Promise<Prepared> {
    if (!this.work.sides.X2 && this.group.panels.includes(k)) return this.take(k);
    if (this.passing?.k !== k) {
      this.passing = undefined; // the room is for the next
      this.passing = { k, ready: await this.prepare(this.group.side === 'rows' ? 'columns' : 'rows', k) };
    }
    return this.passing.ready;
  }

  private prepare(side: 'rows' | 'columns', k: number): Promise<Prepared> {
    const { kernel, sides, extent } = this.work;
    const X = side === 'rows' ? sides.X : (sides.X2 ?? sides.X);
    return prepared(kernel, X, this.work[side][k], { extent, heed: this.heed });
  }
}

/** κ(x, x) of the examples whose first tile this is. */
function noteOf(
  { sides }: Work,
  [i, j]: Place,
  { left, right, K }: { left: Prepared; right: Prepared; K: Matrix },
): Json {
  if (!sides.X2) return i === j ? { rows: Array.from(K.diagonal()) } : null;
  return {
    ...(j === 0 && { rows: Array.from(left.diagonal) }),
    ...(i === 0 && { columns: Array.from(right.diagonal) }),
  };
}

interface Note {
  readonly rows: number[];
  readonly columns: number[];
}

function diagonalsOf({ rows, columns, dtype, sides }: Work, file: TiledMatrix) {
  const { X2 } = sides;
  const filled = (spans: readonly Span[], values: (k: number) => number[]): Vector => {
    const out = zeros(spans[spans.length - 1].end, dtype);
    spans.forEach(({ start }, k) => {
      out.set(values(k), start);
    });
    return out;
  };
  const ofRows = filled(rows, (k) => (file.note(k, X2 ? 0 : k) as unknown as Note).rows);
  if (!X2) return { rows: ofRows, columns: ofRows };
  return { rows: ofRows, columns: filled(columns, (k) => (file.note(0, k) as unknown as Note).columns) };
}

/** The same key and another κ(x, x) of the first example: something that the kernel depends on does not stand in `of`. */
function checkSameKernel({ kernel, first, dtype }: Work, file: TiledMatrix): void {
  const note = file.note(0, 0) as unknown as Note | undefined;
  if (!note) return;
  const rounding = dtype === 'float32' ? 1e-3 : 1e-9;
  if (Math.abs(note.rows[0] - first) <= rounding * Math.abs(first)) return;
  throw new DataError({
    what: file.folder,
    expected: `tiles of ${kernel.name} with κ(x, x) = ${first} for the first example`,
    got: `${note.rows[0]}: they were made with another network, or by another version of the program`,
    todo: 'Put all that the kernel depends on into `of` (packSnapshot(snapshot), a version), or delete the folder.',
  });
}

function checkRoom(folder: string, bytes: number): void {
  const free = freeBytes(folder);
  if (bytes <= free) return;
  throw new DataError({
    what: folder,
    expected: `room for ${megabytes(bytes)} of tiles`,
    got: `${megabytes(free)} free`,
    todo: 'Make room, or give a folder on another disk.',
  });
}

function checkFiniteTile(name: string, K: Matrix, row: number, column: number): void {
  const at = firstNotFinite(K.data);
  if (at < 0) return;
  throw new NumericalError({
    what: name,
    expected: 'finite values',
    got: `${K.data[at]} for examples ${row + Math.floor(at / K.cols)} and ${column + (at % K.cols)}`,
    todo: 'Its values are too large for the precision: use float64, or look at the parameters.',
  });
}

function checkedName(name: string): string {
  if (/^[A-Za-z0-9][\w.-]*$/.test(name)) return name;
  throw new ValueError({
    what: 'Tiled Gram, the name of a kernel',
    expected: 'letters, digits, ".", "_" and "-": it names a folder',
    got: JSON.stringify(name),
    todo: 'Name it as in { trntk: tangentKernel(net, snapshot) }.',
  });
}

function interrupted(jobs: readonly Job[], signal: AbortSignal | undefined): InterruptedError {
  const all = total(jobs.map(({ work }) => tilesOf(work).length));
  const left = total(jobs.map(({ file }) => file.missing.length));
  return new InterruptedError(
    {
      what: 'Tiled Gram',
      expected: `to make all ${all} tiles`,
      got: `a stop after ${all - left}`,
      todo: 'Ask again: the finished ones are on disk.',
    },
    { cause: signal?.reason },
  );
}
