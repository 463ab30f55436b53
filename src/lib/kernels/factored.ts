/**
 * A kernel from its factors: gram, cross and diagonal for anything that can say what its terms are on a set of
 * examples. Examples are taken a panel at a time, as many as have factors that fit a budget of memory: for each pair of
 * panels the factors are there, and one block of the result is written. (A Gram beyond memory is the same loop with the
 * block going elsewhere.) Where a pass needs many times the memory of the factors that it leaves, as one of a
 * convolutional network does, a panel goes through the network a batch at a time, as many examples as stay in cache.
 */

import { NumericalError, ShapeError, shapeText } from '../errors';
import type { Arena } from '../linalg/elementwise';
import { type DType, Matrix, type Vector, zeros } from '../linalg/matrix';
import { mirrorLower } from '../linalg/triangle';
import { ArenaWorkspace, FreshWorkspace, type Workspace } from '../nets';
import { heedInterruption } from '../run';
import { type Extent, type Factor, factorBytes, putFactor, roomFor } from './factors';
import type { CrossWithDiagonals, Kernel, Preparation, Prepared } from './kernel';
import { type Panel, rowPanels } from './panels';
import { passCost } from './passes';
import { withArena } from './scratch';
import { termsDiagonal, writeTerms } from './terms';

export interface Factorisation {
  readonly name: string;
  readonly dtype: DType;
  /** Columns that X must have, where that is known. */
  readonly inputs?: number;
  /**
   * The terms on the rows of X: the same number, kinds and widths for every X (and one `extent`). They may lie in the
   * workspace.
   */
  factors(X: Matrix, extent: Extent, workspace: Workspace): Factor[];
}

export function factoredKernel(factorisation: Factorisation): Kernel {
  const { name, dtype } = factorisation;
  const check = (X: Matrix) => checkInputs(factorisation, X);
  return {
    name,

    async gram(X) {
      check(X);
      const n = X.rows;
      const extent = { pairs: (n * (n + 1)) / 2, examples: n };
      const K = Matrix.zeros(n, n, dtype);
      const heed = heedInterruption(name);
      const plan = planOf(factorisation, X, extent);
      const { panels, bytes } = plan;
      await withWorkspace(dtype, panels.length > 1 ? 2 * bytes : bytes, async (workspace, room) => {
        const take = (panel: Panel) => factorsOf(factorisation, X, panel, { plan, extent, workspace, heed });
        for (const I of panels) {
          room.reset();
          const left = await take(I);
          const mark = room.mark();
          for (const J of panels) {
            if (J.start > I.start) break;
            room.reset(mark);
            const same = J.start === I.start;
            await writeTerms(left, same ? null : await take(J), blockOf(K, I, J), heed);
            if (same) checkDiagonal(name, diagonalOf(K, I), I.start);
          }
        }
      });
      mirrorLower(n, K.data, n);
      return K;
    },

    async cross(X, X2) {
      return (await crossOf(factorisation, X, X2)).cross;
    },

    async diagonal(X) {
      check(X);
      const extent = { pairs: X.rows, examples: X.rows };
      const out = zeros(X.rows, dtype);
      const heed = heedInterruption(name);
      const plan = planOf(factorisation, X, extent);
      await withWorkspace(dtype, plan.bytes, async (workspace, room) => {
        for (const panel of plan.panels) {
          room.reset();
          const factors = await factorsOf(factorisation, X, panel, { plan, extent, workspace, heed });
          const part = termsDiagonal(factors, panel.end - panel.start, dtype);
          checkDiagonal(name, part, panel.start);
          out.set(part, panel.start);
        }
      });
      return out;
    },

    crossWithDiagonals: (X, X2) => crossOf(factorisation, X, X2),

    async prepare(X, panel, by) {
      check(X);
      const factors = await keptFactors(factorisation, X, panel, by);
      const diagonal = termsDiagonal(factors, panel.end - panel.start, dtype);
      checkDiagonal(name, diagonal, panel.start);
      return new PreparedFactors(factors, diagonal);
    },
  };
}

class PreparedFactors implements Prepared {
  readonly bytes: number;

  constructor(
    private readonly factors: readonly Factor[],
    readonly diagonal: Vector,
  ) {
    this.bytes = factorBytes(factors) + diagonal.byteLength;
  }

  async cross(other: Prepared, out: Matrix, heed?: () => void): Promise<void> {
    const { rows, cols, data } = out;
    const same = other === this;
    const block = { data, offset: 0, stride: cols, rows, cols };
    await writeTerms(this.factors, same ? null : (other as this).factors, block, heed);
    if (same) mirrorLower(rows, data, cols);
  }
}

async function crossOf(factorisation: Factorisation, X: Matrix, X2: Matrix): Promise<CrossWithDiagonals> {
  const { name, dtype } = factorisation;
  checkInputs(factorisation, X);
  checkInputs({ ...factorisation, inputs: X.cols }, X2);
  const extent = { pairs: X.rows * X2.rows, examples: X.rows + X2.rows };
  const cross = Matrix.zeros(X.rows, X2.rows, dtype);
  const diagonal = zeros(X.rows, dtype);
  const diagonal2 = zeros(X2.rows, dtype);
  const heed = heedInterruption(name);
  const plan = planOf(factorisation, X, extent);
  const plan2 = planOf(factorisation, X2, extent);
  await withWorkspace(dtype, plan.bytes + plan2.bytes, async (workspace, room) => {
    const take = async (from: Matrix, its: Plan, panel: Panel, into: Vector) => {
      const factors = await factorsOf(factorisation, from, panel, { plan: its, extent, workspace, heed });
      const part = termsDiagonal(factors, panel.end - panel.start, dtype);
      checkDiagonal(name, part, panel.start);
      into.set(part, panel.start);
      return factors;
    };
    for (const I of plan.panels) {
      room.reset();
      const left = await take(X, plan, I, diagonal);
      const mark = room.mark();
      for (const J of plan2.panels) {
        room.reset(mark);
        await writeTerms(left, await take(X2, plan2, J, diagonal2), blockOf(cross, I, J), heed);
      }
    }
    if (X.rows === 0)
      for (const J of plan2.panels) {
        room.reset();
        await take(X2, plan2, J, diagonal2);
      }
  });
  return { cross, diagonal, diagonal2 };
}

interface Plan {
  readonly panels: Panel[];
  /** Examples that go through the network together, and whether they are fewer than a panel. */
  readonly batch: number;
  readonly stacked: boolean;
  /** What the largest panel takes from its workspace. */
  readonly bytes: number;
  /** What the pass of a batch takes. */
  readonly passBytes: number;
}

/** Bytes that the pass of a batch may take: a second-level cache or two. */
const BATCH_BYTES = 1 << 22;
/** How many times the bytes of its factors a pass must take for batches to be worth the copying. */
const WASTE = 3;

/** Ranges of rows whose factors fit the budget. */
function planOf({ factors, dtype }: Factorisation, X: Matrix, extent: Extent): Plan {
  if (X.rows === 0) return { panels: [], batch: 1, stacked: false, bytes: 0, passBytes: 0 };
  const cost = passCost(X, dtype, (rows, workspace) => factors(rows, extent, workspace));
  const kept = factorBytes(cost.made);
  const panels = rowPanels(X.rows, kept);
  const largest = Math.max(...panels.map(({ start, end }) => end - start));
  const fit = cost.each <= WASTE * kept ? largest : Math.max(1, Math.floor(BATCH_BYTES / cost.each));
  const batch = Math.min(largest, fit);
  const passBytes = cost.bytes(batch);
  if (batch === largest) return { panels, batch, stacked: false, bytes: passBytes, passBytes };
  // The factors of all rows; what lies between them is far less than a pass.
  return { panels, batch, stacked: true, bytes: largest * kept + cost.bytes(1), passBytes };
}

/** The factors of a panel, which may lie in the workspace. */
async function factorsOf(
  factorisation: Factorisation,
  X: Matrix,
  { start, end }: Panel,
  by: { plan: Plan; extent: Extent; workspace: Workspace; heed: () => void },
): Promise<Factor[]> {
  const { plan, extent, workspace, heed } = by;
  const rows = X.slice(start, end);
  heed();
  if (plan.stacked) return stackedFactors(factorisation, rows, by);
  return factorisation.factors(rows, extent, workspace);
}

/** The same in matrices of their own: the memory of the passes is for the next batch. */
function keptFactors(
  factorisation: Factorisation,
  X: Matrix,
  { start, end }: Panel,
  { extent, heed }: Preparation,
): Promise<Factor[]> {
  const rows = X.slice(start, end);
  const plan = planOf(factorisation, rows, extent);
  return stackedFactors(factorisation, rows, {
    plan,
    extent,
    workspace: new FreshWorkspace(factorisation.dtype),
    heed,
  });
}

/** The factors of all rows, in matrices of the workspace; the rows go through the network in batches. */
async function stackedFactors(
  { factors, dtype }: Factorisation,
  rows: Matrix,
  by: { plan: Plan; extent: Extent; workspace: Workspace; heed: () => void },
): Promise<Factor[]> {
  const { plan, extent, workspace, heed } = by;
  const n = rows.rows;
  let whole: Factor[] | undefined;
  await withWorkspace(dtype, plan.passBytes, async (passes, room) => {
    for (let first = 0; first < n; first += plan.batch) {
      heed();
      room.reset();
      const count = Math.min(plan.batch, n - first);
      const part = factors(rows.slice(first, first + count), extent, passes);
      whole ??= part.map((factor) => roomFor(factor, count, n, workspace));
      for (let k = 0; k < part.length; k++) putFactor(part[k], whole[k], first, n);
    }
  });
  return whole as Factor[];
}

/** Where a workspace stands, and back to there: what was handed out since is gone. */
type Room = Pick<Arena, 'mark' | 'reset'>;
/** Beyond this the matrices are new ones, which the collector takes back. */
const LARGEST_ARENA = 1 << 29;

async function withWorkspace(
  dtype: DType,
  bytes: number,
  work: (workspace: Workspace, room: Room) => Promise<void>,
): Promise<void> {
  if (bytes === 0 || bytes > LARGEST_ARENA) {
    await work(new FreshWorkspace(dtype), { mark: () => 0, reset: () => undefined });
    return;
  }
  await withArena(bytes, (arena) => work(new ArenaWorkspace(dtype, arena), arena));
}

const blockOf = (K: Matrix, I: Panel, J: Panel) => ({
  data: K.data,
  offset: I.start * K.cols + J.start,
  stride: K.cols,
  rows: I.end - I.start,
  cols: J.end - J.start,
});

/** The entries K_ii of a panel. */
function diagonalOf(K: Matrix, { start, end }: Panel): Vector {
  const out = zeros(end - start, K.dtype);
  for (let i = start; i < end; i++) out[i - start] = K.data[i * K.cols + i];
  return out;
}

function checkInputs({ name, inputs }: Factorisation, X: Matrix): void {
  if (inputs !== undefined && X.cols !== inputs)
    throw new ShapeError({
      what: `Inputs of the ${name}`,
      expected: `n × ${inputs}`,
      got: shapeText(X.shape),
      todo: 'Give examples as rows, of the kind that the network takes.',
    });
}

/** κ(x, x) is finite exactly when the factors of x are, and then so is every entry, by Cauchy and Schwarz. */
function checkDiagonal(name: string, diagonal: Vector, start: number): void {
  for (let i = 0; i < diagonal.length; i++)
    if (!Number.isFinite(diagonal[i]))
      throw new NumericalError({
        what: name,
        expected: 'finite values',
        got: `κ(x, x) = ${diagonal[i]} for example ${start + i}`,
        todo: 'Its gradients or activations are too large for the precision: use float64, or look at the parameters.',
      });
}
