/**
 * A model that this library did not train, taken from disk as a user of TensorFlow.js has it: model.json and weights.bin
 * (test/fixtures/tfjs-cnn.mjs trained and saved them with tfjs alone). Outputs, hidden features and tangent kernels are
 * held against what tfjs recorded there; then each kernel, and a surrogate on top of one, is asked to work on it.
 * Plain tfjs in Node does not open files, so the two are read here and handed to it, as its file handlers do.
 */

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  conjugateKernel,
  cosine,
  embeddingKernel,
  type Kernel,
  linearKernel,
  projectedTangentKernel,
  pseudoTangentKernel,
  tangentKernel,
} from '../../src/lib/kernels';
import { Matrix } from '../../src/lib/linalg/matrix';
import { kendallTau } from '../../src/lib/metrics';
import type { Network, Snapshot } from '../../src/lib/nets';
import { fromTfjs, loadTfjs } from '../../src/lib/nets/tfjs';
import { random } from '../../src/lib/random';
import { kernelLogistic } from '../../src/lib/surrogates';

type Tfjs = typeof import('@tensorflow/tfjs');
type Model = import('@tensorflow/tfjs').LayersModel;

const folder = new URL('../fixtures/tfjs-cnn/', import.meta.url);
const recorded = JSON.parse(readFileSync(new URL('recorded.json', folder), 'utf8')) as {
  /** Bytes in base64, 64 an image. */
  images: string;
  labels: number[];
  outputs: number[];
  /** Of the first six images. */
  hidden: number[][];
  /** Of these too, by tfjs' name of the layer whose parameters count. */
  tangent: Record<'strokes' | 'norm' | 'hidden' | 'logit', number[][]>;
};

/** tfjs' layers with parameters, and what they are called in the network that fromTfjs gives. */
const names = { strokes: 'conv2d1', norm: 'batchNorm1', hidden: 'dense1', logit: 'dense2' } as const;

const PIXELS = 64;
const images = (start: number, end: number) => {
  const bytes = Buffer.from(recorded.images, 'base64').subarray(start * PIXELS, end * PIXELS);
  return new Matrix(
    end - start,
    PIXELS,
    Float32Array.from(bytes, (byte) => byte / 255),
  );
};
const few = images(0, recorded.hidden.length);
const all = images(0, recorded.labels.length);
const tangentOfTfjs = Object.values(recorded.tangent).reduce((sum, gram) =>
  sum.map((row, i) => row.map((value, j) => value + gram[i][j])),
);

let tf: Tfjs;
let model: Model;
let net: Network;
/** The weights in double precision: what differs from tfjs then is tfjs' own rounding. */
let snapshot: Snapshot;
beforeAll(async () => {
  tf = await loadTfjs<Tfjs>();
  model = await tf.loadLayersModel({ load: () => read(tf) });
  ({ network: net, snapshot } = fromTfjs(model, { dtype: 'float64' }));
});

/** What tfjs makes of the two files. */
function read({ io }: Tfjs) {
  const json = JSON.parse(readFileSync(new URL('model.json', folder), 'utf8'));
  return io.getModelArtifactsForJSON(json, async (manifest) => {
    const files = manifest.flatMap(({ paths }) => paths.map((path) => readFileSync(new URL(path, folder))));
    return [manifest.flatMap(({ weights }) => weights), Uint8Array.from(Buffer.concat(files)).buffer];
  });
}

/** The largest difference, relative to the largest entry. */
function apart(ours: ArrayLike<number>, theirs: readonly number[][]): number {
  const flat = theirs.flat();
  expect(ours.length).toBe(flat.length);
  const scale = Math.max(...flat.map(Math.abs));
  return Math.max(...flat.map((value, k) => Math.abs(ours[k] - value))) / scale;
}

describe('a network that tfjs trained and saved', () => {
  it('has the layers and numbers of the files', () => {
    expect(net.inputShape).toEqual([8, 8, 1]);
    expect(net.layers.map(({ kind }) => kind)).toEqual([
      'conv2d',
      'relu',
      'maxPool',
      'batchNorm',
      'flatten',
      'dense',
      'tanh',
      'dense',
    ]);
    const numbers = snapshot.params.data.length + snapshot.state.data.length;
    expect(4 * numbers).toBe(readFileSync(new URL('weights.bin', folder)).length);
    // Statistics that training has moved away from 0 and 1, without which the normalisation would be hardly tested.
    expect(Math.max(...snapshot.state.get('batchNorm1/mean').data)).toBeGreaterThan(0.1);
    expect(Math.max(...snapshot.state.get('batchNorm1/variance').data)).toBeLessThan(0.9);
  });

  it('predicts what tfjs predicted, as does the model that tfjs itself loads', () => {
    const outputs = recorded.outputs.map((output) => [output]);
    // Relative to the largest logit, for tfjs rounds the terms of a sum: a logit near zero has no more digits.
    expect(apart(net.predict(snapshot, all).data, outputs)).toBeLessThan(1e-6);
    const x = tf.tensor(all.data as Float32Array, [all.rows, 8, 8, 1]);
    const theirs = model.predict(x) as ReturnType<Tfjs['tensor']>;
    expect(apart(theirs.dataSync(), outputs)).toBeLessThan(1e-6);
    expect(Math.min(...recorded.outputs)).toBeLessThan(-1);
    expect(Math.max(...recorded.outputs)).toBeGreaterThan(1);
  });

  it.each(Object.keys(names) as (keyof typeof names)[])(
    'has the tangent kernel that tfjs gradients give, in the parameters of %s',
    async (name) => {
      const gram = await tangentKernel(net, snapshot, { layers: [names[name]] }).gram(few);
      expect(apart(gram.data, recorded.tangent[name])).toBeLessThan(1e-5);
    },
  );

  it('has the tangent kernel of tfjs in all of them, in either precision', async () => {
    const gram = await tangentKernel(net, snapshot).gram(few);
    expect(gram).toBeAllclose(tangentOfTfjs, { rtol: 1e-5, atol: 1e-5 });
    const single = fromTfjs(model);
    const inSingle = await tangentKernel(single.network, single.snapshot).gram(few);
    expect(inSingle.dtype).toBe('float32');
    expect(apart(inSingle.data, tangentOfTfjs)).toBeLessThan(1e-5);
  });
});

describe('kernels of the network that tfjs trained', () => {
  it('the cosine is the recorded Gram over its diagonal', async () => {
    const expected = tangentOfTfjs.map((row, i) =>
      row.map((value, j) => value / Math.sqrt(tangentOfTfjs[i][i] * tangentOfTfjs[j][j])),
    );
    expect(await cosine(tangentKernel(net, snapshot)).gram(few)).toBeAllclose(expected, {
      rtol: 1e-5,
      atol: 1e-6,
    });
  });

  it('the conjugate kernel is the Gram of the hidden features of tfjs', async () => {
    const expected = recorded.hidden.map((a) =>
      recorded.hidden.map((b) => a.reduce((sum, value, k) => sum + value * b[k], 0)),
    );
    const gram = await conjugateKernel(net, snapshot).gram(few);
    expect(gram).toBeAllclose(expected, { rtol: 1e-5, atol: 1e-6 });
    // A dense layer's own share of the tangent kernel of one output: the conjugate kernel, and 1 for the bias.
    expect(await conjugateKernel(net, snapshot, { bias: true }).gram(few)).toBeAllclose(
      recorded.tangent.logit,
      { rtol: 1e-5, atol: 1e-5 },
    );
    // The embedding kernel has the relu's Gram beside it: a positive semi-definite share, so a larger diagonal.
    const embedding = await embeddingKernel(net, snapshot).diagonal(few);
    embedding.forEach((value, i) => {
      expect(value).toBeGreaterThan(expected[i][i]);
    });
  });

  it('with one output, the pseudo tangent kernel is the tangent kernel', async () => {
    expect(await pseudoTangentKernel(net, snapshot).gram(few)).toBeAllclose(tangentOfTfjs, {
      rtol: 1e-5,
      atol: 1e-5,
    });
  });

  it.each(['khatri-rao', 'rademacher', 'gaussian'] as const)(
    'the projected kernel (%s) is near the tangent kernel that it estimates',
    async (kind) => {
      const dimension = 4096;
      const rng = random('projection of a saved model');
      const gram = await projectedTangentKernel(net, snapshot, { dimension, kind, rng }).gram(few);
      // The standard deviation of an entry is about √((k_ii k_jj + k_ij²) / K); 21 distinct entries within four.
      for (let i = 0; i < few.rows; i++)
        for (let j = 0; j < few.rows; j++) {
          const exact = tangentOfTfjs[i][j];
          const deviation = Math.sqrt((tangentOfTfjs[i][i] * tangentOfTfjs[j][j] + exact ** 2) / dimension);
          expect(Math.abs(gram.row(i)[j] - exact)).toBeLessThan(4 * deviation);
        }
    },
  );

  it('a kGLM follows the network on new images, and more closely than one on the pixels does', async () => {
    const [train, test] = [images(0, 200), images(200, 240)];
    const logits = recorded.outputs.slice(200);
    const labels = logits.map((logit) => (logit > 0 ? 1 : 0));
    // α as the trNTK study has it for small models.
    const follow = async (kernel: Kernel) => {
      const fitted = kernelLogistic({ alpha: 1e-4 }).fit(
        await kernel.gram(train),
        recorded.labels.slice(0, 200),
      );
      expect(fitted.converged).toBe(true);
      const cross = await kernel.cross(test, train);
      const tau = kendallTau(fitted.decision(cross).data, logits);
      return { agreement: fitted.score(cross, labels), tau };
    };
    const ours = await follow(cosine(tangentKernel(net, snapshot)));
    const pixels = await follow(cosine(linearKernel()));
    expect(ours.agreement).toBeGreaterThan(0.9);
    expect(ours.tau).toBeGreaterThan(0.7);
    expect(ours.tau).toBeGreaterThan(pixels.tau + 0.05);
  });
});
