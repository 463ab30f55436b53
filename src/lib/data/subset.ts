/** Parts of labelled data: two classes of a set, random orders, splits. Rows and labels always move together. */

import { ShapeError, ValueError } from '../errors';
import type { Matrix } from '../linalg/matrix';
import type { Random } from '../random';
import type { Examples, ImageSet } from './sets';

/** Two classes of a set: labels are 0 for the first and 1 for the second. */
export interface TwoClasses extends ImageSet {
  /** The row of the full set's part that each row was. */
  indices: { train: Uint32Array; test: Uint32Array };
}

/**
 * The examples of two classes of a set, `twoClasses(await mnist(), [0, 1], { perClass: 5000, testPerClass: 980 })`: of
 * each class the first `perClass` of the training part and the first `testPerClass` of the test part (default: all),
 * left in the order of the files, the classes mixed as they are there. Throws a ValueError for classes that the set does not have and for
 * more examples than there are.
 */
export function twoClasses(
  set: ImageSet,
  classes: readonly [number, number],
  { perClass, testPerClass }: { perClass?: number; testPerClass?: number } = {},
): TwoClasses {
  const known = classes.every((c) => Number.isInteger(c) && c >= 0 && c < set.classes.length);
  if (!known || classes[0] === classes[1])
    throw new ValueError({
      what: `twoClasses of ${set.name}, classes`,
      expected: `two different labels of 0 … ${set.classes.length - 1}`,
      got: `[${classes.join(', ')}]`,
      todo: `The set has ${set.classes.map((name, label) => `${label} (${name})`).join(', ')}.`,
    });
  const train = firstOfEach(`twoClasses of ${set.name}, training part`, set.train.labels, classes, perClass);
  const test = firstOfEach(`twoClasses of ${set.name}, test part`, set.test.labels, classes, testPerClass);
  const part = ({ images, labels }: Examples, indices: Uint32Array): Examples => ({
    images: images.take(indices),
    labels: Uint8Array.from(indices, (i) => Number(labels[i] === classes[1])),
  });
  return {
    ...set,
    train: part(set.train, train),
    test: part(set.test, test),
    classes: classes.map((c) => set.classes[c]),
    indices: { train, test },
  };
}

function firstOfEach(
  what: string,
  labels: Uint8Array,
  classes: readonly number[],
  count?: number,
): Uint32Array {
  if (count !== undefined && !(Number.isInteger(count) && count > 0))
    throw new ValueError({
      what,
      expected: 'a whole number of examples of each class',
      got: String(count),
      todo: 'Leave it out to take all.',
    });
  const taken = new Map(classes.map((c) => [c, 0]));
  const indices: number[] = [];
  labels.forEach((label, i) => {
    const so = taken.get(label);
    if (so === undefined || so === count) return;
    taken.set(label, so + 1);
    indices.push(i);
  });
  for (const [label, found] of taken)
    if (found < (count ?? 1))
      throw new ValueError({
        what,
        expected: `${count ?? 1} examples of class ${label}`,
        got: `${found}`,
        todo: 'Ask for fewer; there are no more in the set.',
      });
  return Uint32Array.from(indices);
}

/** The values at the given places, in that order, as a new array of the same kind. */
export function takeLabels<T extends Uint8Array | Int32Array | Uint32Array | Float32Array | Float64Array>(
  labels: T,
  indices: ArrayLike<number>,
): T {
  const out = labels.slice(0, 0).constructor as new (length: number) => T;
  const taken = new out(indices.length);
  for (let i = 0; i < indices.length; i++) {
    if (!(Number.isInteger(indices[i]) && indices[i] >= 0 && indices[i] < labels.length))
      throw new ValueError({
        what: 'takeLabels(labels, indices)',
        expected: `indices of 0 … ${labels.length - 1}`,
        got: String(indices[i]),
        todo: 'Indices count from 0.',
      });
    taken[i] = labels[indices[i]];
  }
  return taken;
}

/** The examples in random order, copied. */
export function shuffled(examples: Examples, rng: Random): Examples {
  checkExamples('shuffled(examples, rng)', examples);
  return takeExamples(examples, rng.permutation(examples.labels.length));
}

/** The examples of the given rows, copied, in that order. */
export function takeExamples({ images, labels }: Examples, indices: ArrayLike<number>): Examples {
  return { images: images.take(indices), labels: takeLabels(labels, indices) };
}

/**
 * Divides the indices 0 … n − 1 into parts of the given shares: `split(n, { train: 0.6, validation: 0.2, test: 0.2 },
 * rng)`. With a generator in random order, without one in their own. The sizes are the shares of n, rounded down, and
 * what is left over goes one each to the parts that lost most. Throws a ValueError unless the shares are positive and
 * sum to 1, and a ShapeError when a part would be empty.
 */
export function split<K extends string>(
  n: number,
  shares: Readonly<Record<K, number>>,
  rng?: Random,
): Record<K, Uint32Array> {
  const names = Object.keys(shares) as K[];
  const total = names.reduce((sum, name) => sum + shares[name], 0);
  if (!names.every((name) => shares[name] > 0) || !(Math.abs(total - 1) < 1e-9))
    throw new ValueError({
      what: 'split(n, shares), shares',
      expected: 'positive shares that sum to 1',
      got: JSON.stringify(shares),
      todo: 'Write for example { train: 0.6, validation: 0.2, test: 0.2 }.',
    });
  const exact = names.map((name) => n * shares[name]);
  const sizes = exact.map((size) => Math.floor(size + 1e-9));
  const byLoss = names.map((_, i) => i).sort((i, j) => exact[j] - sizes[j] - (exact[i] - sizes[i]) || i - j);
  for (let k = 0, left = n - sizes.reduce((sum, size) => sum + size, 0); k < left; k++) sizes[byLoss[k]]++;
  if (!Number.isInteger(n) || sizes.some((size) => size < 1))
    throw new ShapeError({
      what: 'split(n, shares), n',
      expected: 'a whole number that leaves no part empty',
      got: String(n),
      todo: 'Give more examples or fewer parts.',
    });
  const order = rng ? rng.permutation(n) : Uint32Array.from({ length: n }, (_, i) => i);
  let start = 0;
  const parts = names.map((name, i) => [name, order.slice(start, (start += sizes[i]))] as const);
  return Object.fromEntries(parts) as Record<K, Uint32Array>;
}

function checkExamples(
  what: string,
  { images, labels }: { images: Matrix; labels: ArrayLike<number> },
): void {
  if (images.rows === labels.length) return;
  throw new ShapeError({
    what,
    expected: `${images.rows} labels, one for each row`,
    got: String(labels.length),
    todo: 'Label i belongs to row i.',
  });
}
