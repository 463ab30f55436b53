/**
 * A matrix on disk that is made tile by tile, by a process that may be killed at any point. Its folder holds
 *
 *     matrix.npy     all entries, row after row, from the beginning in its full size (NumPy can map it into memory)
 *     tiles.jsonl    a line for each finished tile: place, SHA-256 of its entries, a note
 *     manifest.json  what matrix this is, and how it is cut
 *
 * A tile is written to its place (of a symmetric matrix, to both), the file is brought to the disk, and only then the
 * line is written. When the folder is opened again every line is held against the entries: a tile without a line, or with
 * other entries than its line says, is not there and is made anew. So nothing needs to be undone after a kill, a torn
 * file or a fault of the disk, and processes that write the same matrix at once write the same bytes.
 */

import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DataError, KernelbookError, shapeText } from '../errors';
import { type DType, Matrix } from '../linalg/matrix';
import { bytesOf } from './canonical';
import type { Json } from './jobs';
import { matrixHeader } from './npy';

/** Rows, or columns, start … end − 1. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a matrix is: all of it stands in its manifest, and must be the same when it is opened again. */
export interface TiledMatrixOptions {
  /** The rows of tiles, one span after the other without a gap; and the columns. */
  readonly rows: readonly Span[];
  readonly columns: readonly Span[];
  readonly dtype: DType;
  /** Tile (i, j) is also, transposed, tile (j, i): only those with j ≤ i are written. Then columns are as rows. */
  readonly symmetric: boolean;
  /** What it was made from, by name: an error says which of these differ. */
  readonly about: Readonly<Record<string, Json>>;
}

const FORMAT = 1;
const MATRIX = 'matrix.npy';
const LINES = 'tiles.jsonl';
const MANIFEST = 'manifest.json';
/** The system takes less than 2 GiB at once. */
const CHUNK = 1 << 30;

interface Line {
  readonly tile: readonly [number, number];
  readonly sha256: string;
  readonly note: Json;
}

export class TiledMatrix {
  /** The file with the entries. It is whole when `missing` is empty. */
  readonly path: string;
  readonly shape: readonly [number, number];
  private readonly notes = new Map<string, Json>();
  private readonly offset: number;

  private constructor(
    readonly folder: string,
    readonly options: TiledMatrixOptions,
  ) {
    this.path = join(folder, MATRIX);
    this.shape = [options.rows.at(-1)?.end ?? 0, options.columns.at(-1)?.end ?? 0];
    this.offset = matrixHeader(...this.shape, options.dtype).length;
  }

  /**
   * The matrix of that folder, with the tiles that are whole; begun where there is none. Throws a DataError when the
   * folder holds another matrix, or cannot be written.
   */
  static async open(folder: string, options: TiledMatrixOptions): Promise<TiledMatrix> {
    const matrix = new TiledMatrix(folder, options);
    onDisk(folder, () => matrix.begin());
    await matrix.verify();
    return matrix;
  }

  /** The tiles that are still to be written. */
  get missing(): [number, number][] {
    return this.tiles.filter(([i, j]) => !this.has(i, j));
  }

  private get tiles(): [number, number][] {
    const { rows, columns, symmetric } = this.options;
    return rows.flatMap((_, i) =>
      columns.flatMap((_, j): [number, number][] => (symmetric && j > i ? [] : [[i, j]])),
    );
  }

  /** Bytes of the missing tiles. */
  get missingBytes(): number {
    const { rows, columns, dtype, symmetric } = this.options;
    const sum = this.missing.reduce(
      (bytes, [i, j]) => bytes + length(rows[i]) * length(columns[j]) * (symmetric && i !== j ? 2 : 1),
      0,
    );
    return sum * (dtype === 'float32' ? 4 : 8);
  }

  has(i: number, j: number): boolean {
    return this.notes.has(`${i} ${j}`);
  }

  /** What was noted with a tile that is there. */
  note(i: number, j: number): Json | undefined {
    return this.notes.get(`${i} ${j}`);
  }

  /**
   * Writes a tile, and what is to be known of it. It counts when the promise has resolved. Throws a DataError when the
   * disk does not take it; the tiles before are untouched.
   */
  async write(i: number, j: number, tile: Matrix, note: Json = null): Promise<void> {
    const { rows, columns, symmetric } = this.options;
    const mirrored = symmetric && i !== j ? tile.transpose() : undefined;
    await onDisk(this.folder, async () => {
      const file = openSync(this.path, 'r+');
      try {
        this.put(file, tile, rows[i].start, columns[j].start);
        if (mirrored) this.put(file, mirrored, columns[j].start, rows[i].start);
        await promisify(fdatasync)(file);
      } finally {
        closeSync(file);
      }
      const line: Line = { tile: [i, j], sha256: checksum(tile, mirrored, note), note };
      // A line begins with its break: one that was torn by a kill spoils no other.
      appendFileSync(join(this.folder, LINES), `\n${JSON.stringify(line)}`);
    });
    this.notes.set(`${i} ${j}`, note);
  }

  /** Rows start … end − 1. Throws a DataError when the file has been cut since it was opened. */
  read({ start, end }: Span): Matrix {
    return onDisk(this.folder, () => {
      const file = openSync(this.path, 'r');
      try {
        return this.get(file, { start, end }, { start: 0, end: this.shape[1] });
      } finally {
        closeSync(file);
      }
    });
  }

  private begin(): void {
    mkdirSync(this.folder, { recursive: true });
    const manifest = { format: FORMAT, ...this.options };
    const path = join(this.folder, MANIFEST);
    const found = existsSync(path) ? parsed(readFileSync(path, 'utf8')) : undefined;
    if (found ? !same(found, manifest) : !existsSync(path) && existsSync(this.path))
      throw new DataError({
        what: this.folder,
        expected: 'the tiles of this matrix, or an empty folder',
        got: found
          ? `those of another (${differences(found, manifest)})`
          : `a ${MATRIX} without a ${MANIFEST}`,
        todo: 'Give another folder, or delete this one if it is not needed.',
      });
    if (!found) {
      const temporary = `${path}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify(manifest));
      renameSync(temporary, path);
    }
    const file = openSync(this.path, existsSync(this.path) ? 'r+' : 'w+');
    try {
      // Nothing that is right is changed by this.
      const header = matrixHeader(...this.shape, this.options.dtype);
      writeSync(file, header, 0, header.length, 0);
      ftruncateSync(file, this.offset + this.shape[0] * this.shape[1] * this.itemSize);
    } finally {
      closeSync(file);
    }
  }

  /** Takes up the tiles whose entries are those of their lines. */
  private async verify(): Promise<void> {
    const path = join(this.folder, LINES);
    if (!existsSync(path)) return;
    const last = new Map<string, Line>();
    for (const text of onDisk(this.folder, () => readFileSync(path, 'utf8')).split('\n')) {
      const line = parsed(text) as Line | undefined;
      last.set(String(line?.tile), line as Line);
    }
    const { rows, columns, symmetric } = this.options;
    for (const [i, j] of this.tiles) {
      const line = last.get(`${i},${j}`);
      if (!line) continue;
      const { sha256, note } = line;
      const [I, J] = [rows[i], columns[j]];
      const sum = onDisk(this.folder, () => {
        const file = openSync(this.path, 'r');
        try {
          const mirrored = symmetric && i !== j ? this.get(file, J, I) : undefined;
          return checksum(this.get(file, I, J), mirrored, note);
        } finally {
          closeSync(file);
        }
      });
      if (sum === sha256) this.notes.set(`${i} ${j}`, note);
      await setImmediate();
    }
  }

  private get itemSize(): number {
    return this.options.dtype === 'float32' ? 4 : 8;
  }

  private place(row: number, column: number): number {
    return this.offset + (row * this.shape[1] + column) * this.itemSize;
  }

  private put(file: number, tile: Matrix, row: number, column: number): void {
    for (let r = 0; r < tile.rows; r++) {
      const bytes = bytesOf(tile.row(r));
      const place = this.place(row + r, column);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, place + at);
    }
  }

  private get(file: number, rows: Span, columns: Span): Matrix {
    const out = Matrix.zeros(length(rows), length(columns), this.options.dtype);
    // Whole rows lie beside each other.
    const pieces = out.cols === this.shape[1] ? out.reshape(1, out.data.length) : out;
    for (let r = 0; r < pieces.rows; r++) {
      const bytes = bytesOf(pieces.row(r));
      const place = this.place(rows.start + r, columns.start);
      for (let at = 0; at < bytes.length; ) {
        const got = readSync(file, bytes, at, Math.min(CHUNK, bytes.length - at), place + at);
        if (got === 0) throw this.cut(fstatSync(file).size);
        at += got;
      }
    }
    return out;
  }

  private cut(size: number): DataError {
    return new DataError({
      what: this.path,
      expected: `${shapeText(this.shape)} values of ${this.options.dtype}`,
      got: `a file of ${size} bytes`,
      todo: 'The file was cut: ask for the matrix again, and what is missing is made anew.',
    });
  }
}

/** Bytes that are free for this user on the disk that a folder, which need not exist, will lie on. */
export function freeBytes(folder: string): number {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  const { bavail, bsize } = statfsSync(at);
  return bavail * bsize;
}

const length = ({ start, end }: Span) => end - start;

function checksum(tile: Matrix, mirrored: Matrix | undefined, note: Json): string {
  const hash = createHash('sha256').update(bytesOf(tile.data));
  if (mirrored) hash.update(bytesOf(mirrored.data));
  return hash.update(JSON.stringify(note)).digest('hex');
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined; // torn, or empty
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** The names of what differs: 'rows, about.kernel'. */
function differences(found: Record<string, unknown>, wanted: Record<string, unknown>, prefix = ''): string {
  return Object.keys(wanted)
    .filter((name) => !same(found[name], wanted[name]))
    .map((name) =>
      name === 'about' && found.about
        ? differences(
            found.about as Record<string, unknown>,
            wanted.about as Record<string, unknown>,
            'about.',
          )
        : prefix + name,
    )
    .join(', ');
}

/** Runs `work`; what the system refuses becomes a DataError that names the folder. */
function onDisk<T>(folder: string, work: () => T): T {
  const refused = (error: unknown): never => {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof KernelbookError || code === undefined) throw error;
    throw new DataError(
      {
        what: folder,
        expected: 'a folder with room, and the right to write there',
        got: (error as Error).message,
        todo: 'Make room, or give another folder. Finished tiles stay: ask again, and the rest is made.',
      },
      { cause: error },
    );
  };
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(refused) as T) : result;
  } catch (error) {
    return refused(error);
  }
}
