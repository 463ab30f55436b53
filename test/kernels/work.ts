/**
 * A process for the tests of kernels, which kill it, or measure it. `work.ts resume <folder>` makes tiled Grams there,
 * prints a line for each block that it computes and at the end the hash of what it read. `work.ts memory <folder>` makes
 * one of more prepared examples than the memory that it is given, and prints what it took; `work.ts bytes` what Grams
 * in memory took.
 */

import {
  embeddingKernel,
  type Kernel,
  projectedTangentKernel,
  tangentKernel,
  tangentKernelCost,
  tiledGram,
  tiledNeeds,
} from '../../src/lib/kernels';
import { dense, network, packSnapshot, relu, tanh } from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { hashOf } from '../../src/lib/run';
import { normal } from './networks';

const [task, folder] = process.argv.slice(2);

function announced(kernel: Kernel): Kernel {
  return {
    ...kernel,
    async prepare(X, panel, by) {
      const ready = await (kernel.prepare as NonNullable<Kernel['prepare']>)(X, panel, by);
      const cross = ready.cross.bind(ready);
      ready.cross = (...block) => {
        console.log('block');
        return cross(...block);
      };
      return ready;
    },
  };
}

async function resume(): Promise<void> {
  const net = network(40, [dense(60), relu(), dense(50), tanh(), dense(2)]);
  const at = net.init(random(1));
  const X = normal(700, 40, 2, 'float32');
  const kernels = {
    trntk: announced(tangentKernel(net, at)),
    projected: announced(projectedTangentKernel(net, at, { dimension: 64, rng: random('P') })),
  };
  const grams = await tiledGram(kernels, X, { of: packSnapshot(at), folder, tileRows: 150 });
  const read = Object.values(grams).map((gram) => [gram.matrix(), gram.matrix({ cosine: true })]);
  console.log(`done ${hashOf('Grams', read)}`);
}

/** Bytes above the idle process that `work` took at the most. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  const idle = process.memoryUsage().rss;
  await work();
  return process.resourceUsage().maxRSS * 1024 - idle;
}

async function memory(): Promise<void> {
  const [n, width] = [800, 100_000];
  const net = network(5, [dense(width), relu(), dense(1)]);
  const at = net.init(random(1));
  const X = normal(n, 5, 2, 'float32');
  const kernel = embeddingKernel(net, at);
  const options = { folder, tileRows: 50, memory: 270 * 2 ** 20 };
  await kernel.gram(X.slice(0, 2)); // the library is loaded, and ready
  const needs = await tiledNeeds({ kernel }, X, options);
  const peak = await peakOf(() => tiledGram({ kernel }, X, { of: packSnapshot(at), ...options }));
  console.log(`done ${JSON.stringify({ needs, peak, prepared: 4 * n * width })}`);
}

async function bytes(): Promise<void> {
  const examples = 4000;
  const net = network(300, [dense(400), relu(), dense(400), relu(), dense(4)]);
  const at = net.init(random(1));
  const X = normal(examples, 300, 2, 'float32');
  const kernel = tangentKernel(net, at);
  await kernel.gram(X.slice(0, 2));
  const peak = await peakOf(() => kernel.gram(X));
  const cost = await tangentKernelCost(net, { kind: 'exact', examples });
  console.log(`done ${JSON.stringify({ peak, bytes: cost.bytes })}`);
}

const tasks: Record<string, () => Promise<void>> = { resume, memory, bytes };
await tasks[task]();
