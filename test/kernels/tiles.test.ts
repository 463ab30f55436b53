import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { DataError, InterruptedError, NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import {
  center,
  conjugateKernel,
  cosine,
  type Kernel,
  linearKernel,
  type TileOptions,
  tangentKernel,
  tiledCross,
  tiledGram,
  tiledNeeds,
} from '../../src/lib/kernels';
import { type DType, Matrix } from '../../src/lib/linalg';
import { dense, network, packSnapshot, relu } from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { onProgress, type ProgressEvent, readMatrix } from '../../src/lib/run';
import { everyKernel, everyNetwork } from './every-kernel';
import { cases, normal, relativeDistance, snapshotOf } from './networks';
import { type Outcome, work } from './process';

const root = mkdtempSync(join(tmpdir(), 'kernelbook-grams-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => join(root, String(folders++));

/** Folders of the matrices of `name`. */
const entries = (folder: string, name: string) => {
  const at = join(folder, 'grams', name);
  return existsSync(at) ? readdirSync(at).map((key) => join(at, key)) : [];
};

/** The kernel, which counts the blocks that it computes and the examples that it prepares. */
function counted(kernel: Kernel) {
  const count = { blocks: 0, examples: 0 };
  const prepare: Kernel['prepare'] = async (X, panel, by) => {
    count.examples += panel.end - panel.start;
    const ready = await (kernel.prepare as NonNullable<Kernel['prepare']>)(X, panel, by);
    const cross = ready.cross.bind(ready);
    ready.cross = (...block) => {
      count.blocks++;
      return cross(...block);
    };
    return ready;
  };
  return { count, kernel: { ...kernel, prepare } };
}

const precisions: [DType, number][] = [
  ['float64', 1e-11],
  ['float32', 1e-4],
];

describe.each(precisions)('tiled Grams, in %s', (dtype, tolerance) => {
  it.each(everyNetwork.map((c) => [c.name, c] as const))(
    'are those of every kernel, whatever the size of the tiles: %s',
    async (_, its) => {
      const X = normal(11, its.net.inputs, 2, dtype);
      const kernels = everyKernel(its, dtype);
      for (const tileRows of [1, 4, 6, 11, undefined]) {
        const grams = await tiledGram(kernels, X, { of: null, folder: fresh(), tileRows });
        for (const [name, kernel] of Object.entries(kernels)) {
          const K = await kernel.gram(X);
          const gram = grams[name];
          const read = gram.matrix();
          expect(read.dtype).toBe(dtype);
          expect(relativeDistance(read, K), name).toBeLessThan(tolerance);
          for (let i = 0; i < 11; i++)
            for (let j = 0; j < i; j++) expect(read.get(i, j)).toBe(read.get(j, i));
          expect(gram.diagonals.rows).toEqual(read.diagonal());
          expect(gram.diagonals.columns).toEqual(read.diagonal());
          const directions = gram.matrix({ cosine: true });
          expect(relativeDistance(directions, await cosine(kernel).gram(X)), name).toBeLessThan(tolerance);
          expect(directions.diagonal().every((v) => v === 1)).toBe(true);
        }
      }
    },
  );

  it.each(everyNetwork.map((c) => [c.name, c] as const))(
    'of two sets are the cross-Grams, with the diagonals of both: %s',
    async (_, its) => {
      const X = normal(7, its.net.inputs, 2, dtype);
      const X2 = normal(10, its.net.inputs, 3, dtype);
      const kernels = everyKernel(its, dtype);
      for (const [A, B] of [
        [X, X2],
        [X2, X],
      ])
        for (const tileRows of [3, 10]) {
          const grams = await tiledCross(kernels, A, B, { of: null, folder: fresh(), tileRows });
          for (const [name, kernel] of Object.entries(kernels)) {
            const gram = grams[name];
            expect(relativeDistance(gram.matrix(), await kernel.cross(A, B)), name).toBeLessThan(tolerance);
            expect(gram.diagonals.rows).toBeAllclose(await kernel.diagonal(A), { rtol: tolerance });
            expect(gram.diagonals.columns).toBeAllclose(await kernel.diagonal(B), { rtol: tolerance });
            const directions = gram.matrix({ cosine: true });
            const expected = await cosine(kernel).cross(A, B);
            expect(relativeDistance(directions, expected), name).toBeLessThan(tolerance);
          }
        }
    },
  );
});

describe('a tiled Gram', () => {
  const { net } = cases[3];
  const snapshot = snapshotOf(net, 1, 'float32');
  const kernel = tangentKernel(net, snapshot);
  const X = normal(50, net.inputs, 2, 'float32');
  const of = packSnapshot(snapshot);
  const made = (folder: string, its: Kernel = kernel, options: Partial<TileOptions> = {}) =>
    tiledGram({ trntk: its }, X, { of, folder, tileRows: 8, ...options });

  it('is read in panels of rows, as it is and with the cosine; the panels are the matrix', async () => {
    const { trntk } = await made(fresh());
    for (const options of [{}, { cosine: true }]) {
      const K = trntk.matrix(options);
      const starts: number[] = [];
      for await (const { start, K: panel } of trntk.panels({ rows: 13, ...options })) {
        starts.push(start);
        expect(panel.data).toEqual(K.slice(start, start + panel.rows).data);
      }
      expect(starts).toEqual([0, 13, 26, 39]);
    }
    await expect(trntk.panels({ rows: 0 }).next()).rejects.toThrow(ValueError);
  });

  it('is a .npy file of the whole matrix', async () => {
    const { trntk } = await made(fresh());
    expect(readMatrix(trntk.path)).toEqual(trntk.matrix());
    expect([trntk.rows, trntk.cols, trntk.dtype]).toEqual([50, 50, 'float32']);
  });

  it('is found again without a tile being computed; one more kernel is all that is new', async () => {
    const folder = fresh();
    const first = counted(kernel);
    const { trntk } = await made(folder, first.kernel);
    expect(first.count.blocks).toBe(28); // 7 × 8 / 2
    const again = counted(kernel);
    const ck = counted(conjugateKernel(net, snapshot));
    const both = await tiledGram({ trntk: again.kernel, ck: ck.kernel }, X, { of, folder, tileRows: 8 });
    expect(again.count.blocks).toBe(0);
    expect(ck.count.blocks).toBe(28);
    expect(both.trntk.matrix()).toEqual(trntk.matrix());
  });

  it('of another network, other examples, another name, or other tiles is another entry', async () => {
    const folder = fresh();
    await made(folder);
    const other = snapshotOf(net, 2, 'float32');
    await tiledGram({ trntk: tangentKernel(net, other) }, X, {
      of: packSnapshot(other),
      folder,
      tileRows: 8,
    });
    await tiledGram({ trntk: kernel }, X.slice(1), { of, folder, tileRows: 8 });
    await tiledGram({ trntk: cosine(kernel) }, X, { of, folder, tileRows: 8 });
    await tiledCross({ trntk: kernel }, X, X, { of, folder, tileRows: 8 });
    await tiledGram({ trntk: kernel }, X, { of, folder, tileRows: 9 });
    expect(entries(folder, 'trntk')).toHaveLength(6);
    expect((await tiledGram({ trntk: kernel }, X, { of, folder, tileRows: 8 })).trntk.matrix()).toEqual(
      (await made(fresh())).trntk.matrix(),
    );
  });

  it('has the same digits with little memory as with much, though examples go through the network again', async () => {
    const free = counted(kernel);
    const { trntk } = await made(fresh(), free.kernel);
    const needs = await tiledNeeds({ trntk: kernel }, X, { tileRows: 8 });
    expect(needs.passes).toBe(1);
    expect(free.count.examples).toBe(51); // the first is asked for its size
    const least = await tiledNeeds({ trntk: kernel }, X, {
      tileRows: 8,
      memory: needs.memory - 5 * panelBytes,
    });
    const tight = counted(kernel);
    const again = await made(fresh(), tight.kernel, { memory: least.memory });
    expect(again.trntk.matrix()).toEqual(trntk.matrix());
    // One panel is held: panel k meets the k panels before it.
    expect(least.passes).toBe((7 + 21) / 7);
    expect(tight.count.examples).toBe(1 + 50 + 8 * (1 + 2 + 3 + 4 + 5 + 6));
    await expect(made(fresh(), kernel, { memory: least.memory - 1 })).rejects.toThrow(
      /memory.*fewer tileRows/s,
    );
  });
  /** H and Δ of the three layers of 8 examples, and κ(x, x). */
  const panelBytes = 8 * 4 * (5 + 8 + 6 + 3 * (8 + 6 + 3) + 1);

  it('of two sets needs one pass when the smaller one can be held', async () => {
    const X2 = normal(20, net.inputs, 3, 'float32');
    const whole = await tiledNeeds({ trntk: kernel }, X, { tileRows: 8, against: X2 });
    expect(whole.passes).toBe(1);
    expect(whole.tiles).toBe(7 * 3);
    const memory = whole.memory - 2 * panelBytes; // one of three is held, and one comes by
    expect((await tiledNeeds({ trntk: kernel }, X, { tileRows: 8, against: X2, memory })).passes).toBe(
      (3 + 3 * 7) / 10,
    );
    const [wide, narrow, turned] = [counted(kernel), counted(kernel), counted(kernel)];
    const options = { of, tileRows: 8 };
    const a = await tiledCross({ k: wide.kernel }, X, X2, { ...options, folder: fresh() });
    const b = await tiledCross({ k: narrow.kernel }, X, X2, { ...options, folder: fresh(), memory });
    const c = await tiledCross({ k: turned.kernel }, X2, X, { ...options, folder: fresh(), memory });
    expect(wide.count.examples).toBe(1 + 70);
    expect(narrow.count.examples).toBe(1 + 20 + 3 * 50);
    expect(turned.count.examples).toBe(1 + 20 + 3 * 50);
    expect(b.k.matrix()).toEqual(a.k.matrix());
    expect(relativeDistance(c.k.matrix().transpose(), a.k.matrix())).toBeLessThan(1e-5);
  });

  it('takes the room on disk that was said beforehand', async () => {
    const kernels = { trntk: kernel, ck: conjugateKernel(net, snapshot, { dtype: 'float64' }) };
    const folder = fresh();
    const needs = await tiledNeeds(kernels, X, { folder, tileRows: 8 });
    const grams = await tiledGram(kernels, X, { of, folder, tileRows: 8 });
    expect(needs.disk).toBe(50 * 50 * (4 + 8));
    expect(needs.tiles).toBe(56);
    expect(needs.free).toBeGreaterThan(needs.disk);
    const files = [grams.trntk, grams.ck].map(({ path }) => statSync(path).size);
    expect(files.reduce((a, b) => a + b) - needs.disk).toBe(2 * 128); // the headers
  });

  it('shows how far it is, in steps that count what they cost; what is there already takes no time', async () => {
    const events: ProgressEvent[] = [];
    const end = onProgress((event) => events.push(event));
    const folder = fresh();
    const kernels = { trntk: kernel, ck: conjugateKernel(net, snapshot) };
    await tiledGram(kernels, X, { of, folder, tileRows: 8 });
    await tiledGram(kernels, X, { of, folder, tileRows: 8, progress: 'again' });
    await tiledGram(kernels, X, { of, folder, tileRows: 8, progress: false });
    end();
    const ends = events.filter(({ finished }) => finished);
    expect(ends.map(({ label }) => label)).toEqual(['Gram matrices', 'again']);
    // A tile of the trNTK costs as many tiles of the CK as there are bytes more.
    const weight = (70 + 1) / (6 + 1);
    expect(ends[0].total).toBeGreaterThan(28 * weight * 0.9);
    for (const { total, completed } of ends) expect(completed).toBe(total);
  });

  it('goes on where a signal stopped it, and says so', async () => {
    const folder = fresh();
    const stop = new AbortController();
    const first = counted(kernel);
    const stopping: Kernel = {
      ...first.kernel,
      prepare: async (...args) => {
        if (first.count.blocks === 10) stop.abort(new Error('the reader has gone'));
        return first.kernel.prepare?.(...args) as ReturnType<NonNullable<Kernel['prepare']>>;
      },
    };
    const memory = (await tiledNeeds({ k: kernel }, X, { tileRows: 8 })).memory - 5 * panelBytes;
    const stopped = made(folder, stopping, { signal: stop.signal, memory });
    await expect(stopped).rejects.toThrow(InterruptedError);
    await expect(stopped).rejects.toThrow(/all 28 tiles, got a stop after 10.*finished ones are on disk/s);
    const second = counted(kernel);
    const { trntk } = await made(folder, second.kernel);
    expect(second.count.blocks).toBe(18);
    expect(trntk.matrix()).toEqual((await made(fresh())).trntk.matrix());
  });

  it('heeds the stop button of a notebook', async () => {
    const stop = new AbortController();
    stop.abort();
    vi.stubGlobal('__tslabInterrupt', stop.signal);
    await expect(made(fresh())).rejects.toThrow(InterruptedError);
    vi.unstubAllGlobals();
  });

  it('keeps what was finished when a kernel fails', async () => {
    const folder = fresh();
    const failing: Kernel = {
      ...kernel,
      prepare: async (rows, panel, by) => {
        if (panel.start >= 40) throw new NumericalError({ what: 'k', expected: 'a', got: 'b', todo: 'c' });
        return (kernel.prepare as NonNullable<Kernel['prepare']>)(rows, panel, by);
      },
    };
    await expect(made(folder, failing)).rejects.toThrow(NumericalError);
    const rest = counted(kernel);
    await made(folder, rest.kernel);
    expect(rest.count.blocks).toBe(28 - 5); // of the first column, rows 0 … 39
  });

  it('makes torn and changed tiles anew, and only those', async () => {
    const folder = fresh();
    const { trntk } = await made(folder);
    const whole = trntk.matrix();
    const copy = fresh();
    const damaged = async (damage: (entry: string) => void) => {
      cpSync(folder, copy, { recursive: true });
      damage(entries(copy, 'trntk')[0]);
      const its = counted(kernel);
      expect((await made(copy, its.kernel)).trntk.matrix()).toEqual(whole);
      rmSync(copy, { recursive: true });
      return its.count.blocks;
    };
    const flip = (entry: string) => {
      const file = openSync(join(entry, 'matrix.npy'), 'r+');
      writeSync(file, Uint8Array.of(0x5a), 0, 1, 128 + 4 * (20 * 50 + 3));
      closeSync(file);
    };
    expect(await damaged(() => undefined)).toBe(0);
    expect(await damaged(flip)).toBe(1);
    expect(await damaged((entry) => truncateSync(join(entry, 'matrix.npy'), 128 + 4 * 48 * 50))).toBe(7);
    expect(await damaged((entry) => rmSync(join(entry, 'matrix.npy')))).toBe(28);
    expect(await damaged((entry) => rmSync(join(entry, 'tiles.jsonl')))).toBe(28);
    const lines = (entry: string) => join(entry, 'tiles.jsonl');
    expect(await damaged((entry) => truncateSync(lines(entry), readFileSync(lines(entry)).length - 10))).toBe(
      1,
    );
  });
});

describe('a tiled Gram refuses', () => {
  const net = network(4, [dense(5), relu(), dense(2)]);
  const snapshot = snapshotOf(net, 1);
  const kernel = tangentKernel(net, snapshot);
  const X = normal(9, 4, 2);
  const of = packSnapshot(snapshot);

  it('tiles of another network under the same key, and leaves them alone', async () => {
    const folder = fresh();
    const { k } = await tiledGram({ k: kernel }, X, { of: 'forgotten', folder });
    const before = k.matrix();
    const other = tangentKernel(net, snapshotOf(net, 2));
    const asked = tiledGram({ k: other }, X, { of: 'forgotten', folder });
    await expect(asked).rejects.toThrow(DataError);
    await expect(asked).rejects.toThrow(/another network.*packSnapshot/s);
    expect(k.matrix()).toEqual(before);
  });

  it('a folder that holds something else in its place', async () => {
    const folder = fresh();
    await tiledGram({ k: kernel }, X, { of, folder });
    const manifest = join(entries(folder, 'k')[0], 'manifest.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('tangent kernel', 'another kernel'));
    await expect(tiledGram({ k: kernel }, X, { of, folder })).rejects.toThrow(/another \(about\.kernel\)/);
  });

  it('a place that cannot be written, and a disk without room, before anything is computed', async () => {
    const file = fresh();
    writeFileSync(file, '');
    const its = counted(kernel);
    await expect(tiledGram({ k: its.kernel }, X, { of, folder: join(file, 'below') })).rejects.toThrow(
      DataError,
    );
    const many = Matrix.zeros(1_000_000, 1, 'float32');
    const pixels = { a: linearKernel(), b: linearKernel(), c: linearKernel({ dtype: 'float64' }) }; // 14 TiB in all
    const large = { of: null, folder: fresh(), tileRows: 100_000, memory: 1e12 };
    await expect(tiledGram(pixels, many, large)).rejects.toThrow(DataError);
    await expect(tiledGram(pixels, many, large)).rejects.toThrow(/room/);
    expect(its.count.blocks).toBe(0);
  });

  it('kernels whose entries depend on the whole set, by their reason', async () => {
    const asked = tiledGram({ k: center(kernel) }, X, { of, folder: fresh() });
    await expect(asked).rejects.toThrow(/center\(kernel, reference\)/);
  });

  it('names that are no folder’s, sizes that are no counts, no examples, NaN, and what cannot be hashed', async () => {
    const folder = fresh();
    for (const name of ['trNTK⁰', '../k', ''])
      await expect(tiledGram({ [name]: kernel }, X, { of, folder })).rejects.toThrow(ValueError);
    for (const tileRows of [0, 1.5, Number.NaN])
      await expect(tiledGram({ k: kernel }, X, { of, folder, tileRows })).rejects.toThrow(ValueError);
    await expect(tiledGram({ k: kernel }, X.slice(0, 0), { of, folder })).rejects.toThrow(ShapeError);
    await expect(tiledCross({ k: kernel }, X, X.slice(0, 0), { of, folder })).rejects.toThrow(ShapeError);
    await expect(tiledCross({ k: kernel }, X, normal(3, 5, 1), { of, folder })).rejects.toThrow(ShapeError);
    const torn = X.copy();
    torn.set(8, 1, Number.NaN);
    await expect(tiledGram({ k: kernel }, torn, { of, folder })).rejects.toThrow(ValueError);
    await expect(tiledGram({ k: kernel }, X, { of: () => 1, folder })).rejects.toThrow(ValueError);
  });

  it('entries that are not finite, by the examples that they are of', async () => {
    const wild: Kernel = {
      name: 'wild',
      diagonal: async (A) => new Float64Array(A.rows).fill(1),
      gram: async (A) => Matrix.identity(A.rows),
      cross: async (A, B) => {
        const K = Matrix.zeros(A.rows, B.rows);
        if (A.get(0, 0) === X.get(6, 0)) K.set(1, 2, Number.NaN);
        return K;
      },
    };
    const asked = tiledGram({ wild }, X, { of, folder: fresh(), tileRows: 3 });
    await expect(asked).rejects.toThrow(NumericalError);
    await expect(asked).rejects.toThrow(/NaN for examples 7 and 2/);
  });

  it('to give the cosine of an example that has no direction', async () => {
    const points = X.copy();
    points.row(5).fill(0);
    const { k } = await tiledGram({ k: linearKernel({ dtype: 'float64' }) }, points, { of, folder: fresh() });
    expect(k.matrix().get(5, 5)).toBe(0);
    expect(() => k.matrix({ cosine: true })).toThrow(/example 5/);
  });
});

it('no kernels are no Grams', async () => {
  expect(await tiledGram({}, normal(3, 4, 1), { of: null, folder: fresh() })).toEqual({});
});

describe('in processes of their own', { timeout: 240_000 }, () => {
  const names = ['trntk', 'projected'];
  const tiles = (folder: string) =>
    names
      .flatMap((name) => entries(folder, name))
      .map((entry) => {
        const lines = join(entry, 'tiles.jsonl');
        return existsSync(lines)
          ? readFileSync(lines, 'utf8')
              .split('\n')
              .filter((line) => line.endsWith('}')).length
          : 0;
      })
      .reduce((a, b) => a + b, 0);

  it('Grams whose maker is killed again and again end with the same digits, and no tile is made twice', async () => {
    const whole = await work('resume', join(root, 'whole'));
    expect(whole.blocks).toBe(30); // 5 × 6 / 2 for each of two kernels
    expect(whole.done).toMatch(/^[0-9a-f]{64}$/);

    const rng = random('kills of tiles');
    const folder = join(root, 'killed');
    let last: Outcome = { blocks: 0 };
    let runs = 0;
    for (; last.done === undefined && runs < 12; runs++) {
      const before = tiles(folder);
      const mercy = runs === 11 ? Number.POSITIVE_INFINITY : 3 + rng.integer(9);
      last = await work('resume', folder, (child, blocks) => {
        if (blocks === mercy) setTimeout(() => child.kill('SIGKILL'), rng.integer(12));
      });
      const after = tiles(folder);
      expect(after).toBeGreaterThanOrEqual(before);
      // A tile that is computed and one that is written may be lost, no more.
      expect(last.blocks - (after - before)).toBeLessThanOrEqual(2);
    }
    expect(runs).toBeGreaterThan(2);
    expect(last.done).toBe(whole.done);
    for (const name of names)
      expect(readFileSync(join(entries(folder, name)[0], 'matrix.npy'))).toEqual(
        readFileSync(join(entries(join(root, 'whole'), name)[0], 'matrix.npy')),
      );
    expect(await work('resume', folder)).toEqual({ blocks: 0, done: whole.done });
  });

  it('a Gram whose prepared examples are more than the memory that it is given stays within it', async () => {
    const { done } = await work('memory', fresh());
    const { needs, peak, prepared } = JSON.parse(done as string);
    expect(needs.passes).toBeGreaterThan(2);
    expect(needs.memory).toBeLessThanOrEqual(270 * 2 ** 20);
    expect(prepared).toBeGreaterThan(1.1 * needs.memory);
    expect(peak).toBeLessThan(needs.memory);
  });
});
