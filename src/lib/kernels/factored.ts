/**
 * A kernel from its factors: gram, cross and diagonal for anything that can say what its terms are on a set of
 * examples. Examples go through the network a panel at a time, as many as fit a budget of memory, so the activations
 * of all n never need to live at once: for each pair of panels the factors are there, and one block of the result is
 * written. (A Gram beyond memory is the same loop with the block going elsewhere.)
 */

import { NumericalError, ShapeError, shapeText } from '../errors';
import type { Arena } from '../linalg/elementwise';
import { type DType, Matrix, type Vector, zeros } from '../linalg/matrix';
import { mirrorLower } from '../linalg/triangle';
import { ArenaWorkspace, CountingWorkspace, FreshWorkspace, type Workspace } from '../nets';
import { heedInterruption } from '../run';
import { type Extent, type Factor, factorBytes } from './factors';
import type { CrossWithDiagonals, Kernel } from './kernel';
import { type Panel, rowPanels } from './panels';
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
      const { panels, bytes } = planOf(factorisation, X, extent);
      await withWorkspace(dtype, panels.length > 1 ? 2 * bytes : bytes, async (workspace, room) => {
        for (const I of panels) {
          heed();
          room.reset();
          const left = factorisation.factors(X.slice(I.start, I.end), extent, workspace);
          checkDiagonal(name, termsDiagonal(left, I.end - I.start, dtype), I.start);
          const mark = room.mark();
          for (const J of panels) {
            if (J.start > I.start) break;
            room.reset(mark);
            const same = J.start === I.start;
            const right = same ? null : factorisation.factors(X.slice(J.start, J.end), extent, workspace);
            await writeTerms(left, right, blockOf(K, I, J), heed);
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
      const { panels, bytes } = planOf(factorisation, X, extent);
      await withWorkspace(dtype, bytes, async (workspace, room) => {
        for (const { start, end } of panels) {
          heed();
          room.reset();
          const factors = factorisation.factors(X.slice(start, end), extent, workspace);
          const part = termsDiagonal(factors, end - start, dtype);
          checkDiagonal(name, part, start);
          out.set(part, start);
        }
      });
      return out;
    },

    crossWithDiagonals: (X, X2) => crossOf(factorisation, X, X2),
  };
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
    const take = (from: Matrix, { start, end }: Panel, into: Vector) => {
      const factors = factorisation.factors(from.slice(start, end), extent, workspace);
      const part = termsDiagonal(factors, end - start, dtype);
      checkDiagonal(name, part, start);
      into.set(part, start);
      return factors;
    };
    for (const I of plan.panels) {
      heed();
      room.reset();
      const left = take(X, I, diagonal);
      const mark = room.mark();
      for (const J of plan2.panels) {
        room.reset(mark);
        await writeTerms(left, take(X2, J, diagonal2), blockOf(cross, I, J), heed);
      }
    }
    if (X.rows === 0)
      for (const J of plan2.panels) {
        room.reset();
        take(X2, J, diagonal2);
      }
  });
  return { cross, diagonal, diagonal2 };
}

interface Plan {
  readonly panels: Panel[];
  /** What the largest panel takes from its workspace. */
  readonly bytes: number;
}

/** Ranges of rows whose factors fit the budget, by what one example takes. */
function planOf({ factors, dtype }: Factorisation, X: Matrix, extent: Extent): Plan {
  if (X.rows === 0) return { panels: [], bytes: 0 };
  const [one, two] = [1, 2].map((rows) => {
    const workspace = new CountingWorkspace(dtype);
    const made = factors(X.slice(0, Math.min(rows, X.rows)), extent, workspace);
    return { workspace, bytes: factorBytes(made) };
  });
  const panels = rowPanels(X.rows, one.bytes);
  // What two rows take beyond one is what each further row takes.
  const { bytes, matrices } = one.workspace;
  const largest = Math.max(...panels.map(({ start, end }) => end - start));
  return { panels, bytes: bytes + (largest - 1) * (two.workspace.bytes - bytes) + matrices * ALIGNMENT };
}

/** Where a workspace stands, and back to there: what was handed out since is gone. */
type Room = Pick<Arena, 'mark' | 'reset'>;
const ALIGNMENT = 64;
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
