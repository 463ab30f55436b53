import { describe, expect, it } from 'vitest';
import { InterruptedError, NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import { Arena } from '../../src/lib/linalg/elementwise';
import {
  adagrad,
  adam,
  batchNorm,
  dense,
  dropout,
  flatten,
  gradientDescent,
  type LayerSpec,
  logisticLoss,
  meanSquaredError,
  type Network,
  network,
  relu,
  residual,
  type Snapshot,
  sgd,
  TrainingInterrupted,
  type TrainOptions,
  tanh,
  train,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { onProgress, type ProgressEvent } from '../../src/lib/run';
import { gaussian } from './layer-properties';
import { stored } from './stored';

const dtypes = ['float32', 'float64'] as const;
const net = network(2, [dense(8), tanh(), dense(6), relu(), dense(1)]);
const inputs = gaussian(23, 2, random('inputs'));
const data = {
  inputs,
  targets: Float64Array.from({ length: 23 }, (_, i) => Math.sin(inputs.get(i, 0)) + inputs.get(i, 1)),
};
const start = (its: Network = net, dtype: (typeof dtypes)[number] = 'float64') =>
  its.init(random('start'), { dtype });
const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  loss: meanSquaredError,
  optimizer: adam({ rate: 0.01 }),
  epochs: 6,
  batchSize: 5,
  rng: random('orders'),
  ...more,
});
describe('training', () => {
  for (const dtype of dtypes)
    it(`lowers the loss, and leaves the snapshot it started from as it was, ${dtype}`, async () => {
      const from = start(net, dtype);
      const before = from.params.data.slice();
      const { snapshot, history } = await train(net, from, data, options({ epochs: 150 }));
      expect(from.params.data).toEqual(before);
      expect(snapshot.params.dtype).toBe(dtype);
      expect(history).toHaveLength(150);
      expect(history[149]).toMatchObject({ epoch: 150, step: 750 });
      expect(history[149].loss).toBeLessThan(0.05 * history[0].loss);
      const { value } = net.gradient(snapshot, inputs, { loss: meanSquaredError, targets: data.targets });
      expect(value).toBeLessThan(0.05 * history[0].loss);
    });

  it('takes the steps of gradient descent as by hand, on a line', async () => {
    // f = w x + b, L = mean (f − y)²: w ← w − r · mean 2(f − y)x, b ← b − r · mean 2(f − y).
    const line = network(1, [dense(1)]);
    const from = line.init(random(1), { dtype: 'float64' });
    const [x, y] = [
      [1, 2, 4],
      [1, 0, 3],
    ];
    let [w, b] = from.params.data;
    const result = await train(
      line,
      from,
      { inputs: Matrix.from(x.map((v) => [v])), targets: y },
      { loss: meanSquaredError, optimizer: gradientDescent({ rate: 0.05 }), epochs: 4 },
    );
    for (let step = 0; step < 4; step++) {
      const errors = x.map((v, i) => w * v + b - y[i]);
      const loss = errors.reduce((a, e) => a + e * e, 0) / 3;
      expect(result.history[step].loss).toBeAllclose(loss, { rtol: 1e-13 });
      w -= (0.05 * 2 * errors.reduce((a, e, i) => a + e * x[i], 0)) / 3;
      b -= (0.05 * 2 * errors.reduce((a, e) => a + e, 0)) / 3;
    }
    expect(result.snapshot.params.data).toBeAllclose([w, b], { rtol: 1e-13 });
  });

  it('repeats with the seed, and with another seed takes another order', async () => {
    const [a, b, c] = await Promise.all(
      ['orders', 'orders', 'others'].map((seed) => train(net, start(), data, options({ rng: random(seed) }))),
    );
    expect(a.snapshot.params.data).toEqual(b.snapshot.params.data);
    expect(a.history).toEqual(b.history);
    expect(c.snapshot.params.data).not.toEqual(a.snapshot.params.data);
  });

  it('shows every example once an epoch, in a new order each epoch', async () => {
    // With rate 0 nothing moves, so the losses of single-example steps are those of the examples.
    const rng = random(2);
    const seen: number[][] = [];
    const counted = {
      ...meanSquaredError,
      gradient: (...args: Parameters<typeof meanSquaredError.gradient>) => {
        const value = meanSquaredError.gradient(...args);
        seen.at(-1)?.push(value);
        return value;
      },
    };
    seen.push([]);
    await train(
      net,
      start(),
      data,
      options({
        loss: counted,
        optimizer: gradientDescent({ rate: 0 }),
        batchSize: 1,
        epochs: 3,
        rng,
        onEpoch: () => void seen.push([]),
      }),
    );
    const sorted = seen.slice(0, 3).map((losses) => [...losses].sort((a, b) => a - b));
    const outputs = net.predict(start(), inputs);
    const expected = Array.from(data.targets, (y, i) => (outputs.data[i] - y) ** 2).sort((a, b) => a - b);
    for (const losses of sorted) expect(losses).toBeAllclose(expected, { rtol: 1e-10, atol: 1e-14 });
    expect(seen[0]).not.toEqual(seen[1]);
    expect(seen[1]).not.toEqual(seen[2]);
  });

  it('one batch of everything is the same whether it is called a batch or not', async () => {
    const whole = await train(net, start(), data, options({ batchSize: undefined, rng: undefined }));
    for (const batchSize of [23, 1000]) {
      const batch = await train(net, start(), data, options({ batchSize, rng: undefined }));
      expect(batch.snapshot.params.data).toEqual(whole.snapshot.params.data);
    }
  });

  it('keeps the snapshots asked for, by epochs and by steps, and they do not change afterwards', async () => {
    const seen: [number, Snapshot][] = [];
    const { snapshots, snapshot } = await train(
      net,
      start(),
      data,
      options({
        snapshotsAt: { epochs: [0, 2, 6], steps: [3, 10] },
        onEpoch: (event) => void seen.push([event.step, event.snapshot()]),
      }),
    );
    expect(snapshots.map(({ step }) => step)).toEqual([0, 3, 10, 30]);
    expect(snapshots.map(({ epoch }) => epoch)).toEqual([0, 0.6, 2, 6]);
    expect(snapshots[0].snapshot.params.data).toEqual(start().params.data);
    expect(snapshots[2].snapshot.params.data).toEqual(seen[1][1].params.data);
    expect(snapshots[3].snapshot.params.data).toEqual(snapshot.params.data);
    const shorter = await train(net, start(), data, options({ epochs: 2 }));
    expect(shorter.snapshot.params.data).toEqual(snapshots[2].snapshot.params.data);
  });

  it('ends early when onEpoch says stop, and waits for its promise', async () => {
    let waited = 0;
    const { history } = await train(
      net,
      start(),
      data,
      options({
        onEpoch: async ({ epoch, epochs }) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          waited++;
          expect(epochs).toBe(6);
          return epoch === 3 ? 'stop' : undefined;
        },
      }),
    );
    expect(history).toHaveLength(3);
    expect(waited).toBe(3);
  });

  for (const dtype of dtypes)
    it(`computes in the same buffers of one arena in every step, partial batches included, ${dtype}`, async () => {
      const seen = new Set<ArrayBufferLike>();
      const places: number[][] = [];
      const probe = (): LayerSpec => ({
        kind: 'probe',
        build: (shape, name) => {
          const layer = flatten().build(shape, name);
          const forward = layer.forward.bind(layer);
          layer.forward = (input, context) => {
            // The trainer measures a step with one example first, in arrays of its own.
            if (Arena.of(context.params.data)) {
              for (const { buffer } of [input.data, context.params.data]) seen.add(buffer);
              places.push([input.data.byteOffset, input.rows]);
            }
            return forward(input, context);
          };
          return layer;
        },
      });
      const its = network(2, [dense(8), tanh(), probe(), dense(6), relu(), probe(), dense(1)]);
      await train(its, start(its, dtype), data, options({ epochs: 3 }));
      expect(seen.size).toBe(1);
      expect(Arena.of(new Float32Array([...seen][0]))).toBeDefined();
      expect(places).toHaveLength(2 * 3 * 5);
      for (const k of [0, 1]) {
        const its = places.filter((_, i) => i % 2 === k);
        expect(new Set(its.map(([offset]) => offset)).size).toBe(1);
        expect(its.map(([, rows]) => rows)).toEqual([1, 2, 3].flatMap(() => [5, 5, 5, 5, 3]));
      }
    });

  it('gives way to the event loop while it works', async () => {
    let turns = 0;
    let training = true;
    const count = () => {
      turns++;
      if (training) setImmediate(count);
    };
    setImmediate(count);
    await train(net, start(), data, options({ epochs: 2000, batchSize: undefined }));
    training = false;
    expect(turns).toBeGreaterThan(1);
  });
});

describe('progress of a training', () => {
  const watched = async (work: () => Promise<unknown>): Promise<ProgressEvent[]> => {
    const events: ProgressEvent[] = [];
    const end = onProgress((event) => void events.push(event));
    await work().catch(() => undefined);
    end();
    return events;
  };

  it('counts steps and says the loss, and nothing when no name is given', async () => {
    let last = 0;
    const onEpoch = ({ loss }: { loss: number }) => {
      last = loss;
    };
    const events = await watched(() => train(net, start(), data, options({ progress: 'fit', onEpoch })));
    expect(events[0]).toMatchObject({ label: 'fit', total: 30, completed: 0, finished: false });
    expect(events.at(-1)).toMatchObject({
      completed: 30,
      finished: true,
      note: `loss ${last.toPrecision(3)}`,
    });
    expect(await watched(() => train(net, start(), data, options()))).toEqual([]);
  });

  it('starts at the checkpoint, and says how a training ended that did not finish', async () => {
    const { checkpoint } = await train(net, start(), data, options({ epochs: 2 }));
    const events = await watched(() => train(net, start(), data, options({ progress: 'fit', checkpoint })));
    expect(events.at(-1)).toMatchObject({ total: 30, completed: 30 });
    const optimizer = sgd({ rate: 1e6 });
    const failed = await watched(() => train(net, start(), data, options({ progress: 'fit', optimizer })));
    expect(failed.at(-1)).toMatchObject({ finished: true, note: 'failed' });
    const signal = AbortSignal.abort();
    const stopped = await watched(() => train(net, start(), data, options({ progress: 'fit', signal })));
    expect(stopped.at(-1)).toMatchObject({ finished: true, note: 'interrupted' });
  });
});

describe('a training that was interrupted', () => {
  const recipes: [string, Network, Partial<TrainOptions>][] = [
    ['Adam', net, { optimizer: adam({ rate: 0.01 }) }],
    ['momentum', net, { optimizer: sgd({ rate: 0.01, momentum: 0.9 }) }],
    ['AdaGrad', net, { optimizer: adagrad({ rate: 0.1 }) }],
    ['a full batch', net, { batchSize: undefined, rng: undefined, epochs: 30 }],
    [
      'random layers and running statistics',
      network(2, [
        dense(6),
        batchNorm({ momentum: 0.9 }),
        tanh(),
        residual([dense(6), batchNorm({ center: false }), relu(), dropout(0.5)]),
        dense(1),
      ]),
      {},
    ],
  ];
  for (const [title, its, more] of recipes)
    for (const dtype of dtypes)
      it(`goes on to the same digits from the middle of any epoch: ${title}, ${dtype}`, async () => {
        const wanted = { ...more, snapshotsAt: { steps: [0, 2, 7, 11, 26] } };
        const whole = await train(its, start(its, dtype), data, options(wanted));
        for (const stopAt of [1, 7, 13]) {
          let steps = 0;
          const controller = new AbortController();
          const loss = {
            ...meanSquaredError,
            gradient: (...args: Parameters<typeof meanSquaredError.gradient>) => {
              if (++steps === stopAt) controller.abort();
              return meanSquaredError.gradient(...args);
            },
          };
          const { signal } = controller;
          const error = await train(its, start(its, dtype), data, options({ ...wanted, loss, signal })).catch(
            (e) => e,
          );
          expect(error).toBeInstanceOf(TrainingInterrupted);
          expect(error).toBeInstanceOf(InterruptedError);
          expect(error.message).toMatch(/checkpoint/);
          expect(error.checkpoint.step).toBe(stopAt);
          const rest = await train(
            its,
            start(its, dtype),
            data,
            options({ ...wanted, rng: undefined, checkpoint: stored(error.checkpoint) }),
          );
          expect(rest.snapshot.params.data).toEqual(whole.snapshot.params.data);
          expect(rest.snapshot.state.data).toEqual(whole.snapshot.state.data);
          expect(rest.history).toEqual(whole.history);
          expect(rest.snapshots).toHaveLength(whole.snapshots.length);
          rest.snapshots.forEach((record, k) => {
            expect(record.step).toBe(whole.snapshots[k].step);
            expect(record.snapshot.params.data).toEqual(whole.snapshots[k].snapshot.params.data);
          });
        }
      });

  it('a finished training goes on for more epochs as if it had never ended', async () => {
    const long = await train(net, start(), data, options({ epochs: 9 }));
    const short = await train(net, start(), data, options({ epochs: 4 }));
    const more = await train(
      net,
      start(),
      data,
      options({ epochs: 9, checkpoint: stored(short.checkpoint) }),
    );
    expect(more.snapshot.params.data).toEqual(long.snapshot.params.data);
    expect(more.history).toEqual(long.history);
  });

  it('does not start when the signal came before', async () => {
    const controller = new AbortController();
    controller.abort();
    const error = await train(net, start(), data, options({ signal: controller.signal })).catch((e) => e);
    expect(error).toBeInstanceOf(TrainingInterrupted);
    expect(error.checkpoint.step).toBe(0);
  });

  it('refuses the checkpoint of another training', async () => {
    const { checkpoint } = await train(net, start(), data, options());
    const other = network(2, [dense(3), dense(1)]);
    await expect(train(other, start(other), data, options({ checkpoint }))).rejects.toThrow(
      /Checkpoint.*13 float64 parameters.*85 float64 parameters/s,
    );
    await expect(train(net, start(net, 'float32'), data, options({ checkpoint }))).rejects.toThrow(
      ValueError,
    );
    await expect(train(net, start(), data, options({ batchSize: 4, checkpoint }))).rejects.toThrow(
      /batches of 4.*batches of 5/s,
    );
    await expect(
      train(net, start(), data, options({ checkpoint, optimizer: sgd({ rate: 1, momentum: 0.9 }) })),
    ).rejects.toThrow(/sgd restore/);
  });
});

describe('random layers and running statistics', () => {
  it('draw anew in each step', async () => {
    const its = network(2, [dropout(0.5), dense(1)]);
    const { history } = await train(
      its,
      start(its),
      data,
      options({ optimizer: gradientDescent({ rate: 0 }), batchSize: undefined, epochs: 5 }),
    );
    expect(new Set(history.map((record) => record.loss)).size).toBe(5);
  });

  it('are those of the mode: evaluation leaves state and chance alone', async () => {
    const its = network(2, [batchNorm({ momentum: 0.5 }), dropout(0.5), dense(1)]);
    const from = start(its);
    const pass = its.forward(from, inputs, { mode: 'train', rng: random(1) });
    expect(from.state.data).toEqual(Float64Array.of(0, 0, 1, 1));
    expect(pass.state.data).not.toEqual(from.state.data);
    expect(its.forward(from, inputs).state.data).toEqual(from.state.data);
    expect(pass.output.data).not.toEqual(its.predict(from, inputs).data);
    expect(() => its.forward(from, inputs, { mode: 'train' })).toThrow(/random layers.*rng/s);
    await expect(train(its, from, data, options({ batchSize: undefined, rng: undefined }))).rejects.toThrow(
      /train\({ rng }\)/,
    );
    // Half way to the mean and the variance of everything, six times.
    const { snapshot } = await train(its, from, data, options({ batchSize: undefined }));
    for (const j of [0, 1]) {
      const values = Array.from(inputs.column(j));
      const mean = values.reduce((a, b) => a + b, 0) / 23;
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 23;
      expect(snapshot.state.data[j]).toBeAllclose(mean * (1 - 2 ** -6), { rtol: 1e-12 });
      expect(snapshot.state.data[2 + j]).toBeAllclose(2 ** -6 + variance * (1 - 2 ** -6), { rtol: 1e-12 });
    }
  });
});

describe('bad input to training', () => {
  const fails = (more: Partial<TrainOptions>, its: Partial<typeof data> = {}) =>
    expect(train(net, start(), { ...data, ...its }, options(more))).rejects;

  it('is told before the first step', async () => {
    await fails({ rng: undefined }).toThrow(/rng.*shuffle: false/s);
    await fails({ epochs: -1 }).toThrow(/train\({ epochs }\).*-1/);
    await fails({ batchSize: 0 }).toThrow(/batchSize/);
    await fails({ batchSize: 2.5 }).toThrow(ValueError);
    await fails({ snapshotsAt: { steps: [1.5] } }).toThrow(/snapshotsAt.steps/);
    await fails({}, { targets: new Float64Array(22) }).toThrow(ShapeError);
    await fails({ loss: logisticLoss }).toThrow(/labels 0 or 1/);
    await fails({}, { inputs: Matrix.zeros(23, 3) }).toThrow(/n × 2.*got 23 × 3/);
    await fails({}, { inputs: Matrix.zeros(0, 2), targets: new Float64Array(0) }).toThrow(
      /at least one example/,
    );
    const torn = inputs.copy();
    torn.set(4, 1, Number.NaN);
    await fails({}, { inputs: torn }).toThrow(/NaN in example 4, column 1/);
  });

  for (const dtype of dtypes)
    it(`a training that diverges names the step and what to do, ${dtype}`, async () => {
      const error = await train(
        net,
        start(net, dtype),
        data,
        options({ optimizer: sgd({ rate: 1e6 }), epochs: 50, shuffle: false }),
      ).catch((e) => e);
      expect(error).toBeInstanceOf(NumericalError);
      expect(error.message).toMatch(/step \d+ \(epoch \d+\).*lower the rate of sgd \(1000000\)/s);
    });

  it('is told too when the last step made a parameter infinite', async () => {
    await expect(
      train(net, start(net, 'float32'), data, {
        loss: meanSquaredError,
        optimizer: gradientDescent({ rate: 1e39 }),
        epochs: 1,
      }),
    ).rejects.toThrow(NumericalError);
  });

  it('refuses a snapshot after its own end, and fewer epochs than its checkpoint has', async () => {
    const net = network(2, [dense(1)]);
    const from = net.init(random('ends'), { dtype: 'float64' });
    const inputs = Matrix.from([
      [0, 1],
      [1, 0],
    ]);
    const run = (more: object) =>
      train(
        net,
        from,
        { inputs, targets: inputs.slice(0, 2).column(0) },
        {
          loss: meanSquaredError,
          optimizer: gradientDescent({ rate: 0.1 }),
          epochs: 2,
          ...more,
        },
      );
    await expect(run({ snapshotsAt: { epochs: [1, 3] } })).rejects.toThrow(
      /snapshotsAt.epochs: expected at most 2/,
    );
    await expect(run({ snapshotsAt: { steps: [3] } })).rejects.toThrow(
      /snapshotsAt.steps: expected at most 2/,
    );
    const { checkpoint } = await run({});
    await expect(run({ epochs: 1, checkpoint })).rejects.toThrow(
      /epochs: expected at least the checkpoint's 2/,
    );
    expect((await run({ epochs: 3, checkpoint })).history).toHaveLength(3);
  });
});
