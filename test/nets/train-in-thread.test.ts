import { describe, expect, it } from 'vitest';
import { NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { useBackend } from '../../src/lib/linalg';
import {
  adagrad,
  adam,
  batchNorm,
  conv2d,
  dense,
  dropout,
  flatten,
  logisticLoss,
  type Measure,
  maxPool,
  meanSquaredError,
  type Network,
  network,
  relu,
  residual,
  type Snapshot,
  type SnapshotRecord,
  sgd,
  TrainingInterrupted,
  type TrainOptions,
  type TrainResult,
  tanh,
  train,
  trainInThread,
  weightedSquaredError,
  weightedTargets,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { onProgress, type ProgressEvent } from '../../src/lib/run';
import { hasNative } from '../linalg/backends';
import { gaussian } from './layer-properties';
import { affine } from './layers-to-come';
import { stored } from './stored';

const dtypes = ['float32', 'float64'] as const;
const net = network(2, [dense(8), tanh(), dense(6), relu(), dense(1)]);
const examples = (its: Network, n: number, name: string) => ({
  inputs: gaussian(n, its.inputs, random(name)),
  targets: gaussian(n, its.outputs, random(`${name}, targets`)),
});
const data = examples(net, 23, 'training');
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

const digits = ({ params, state }: Snapshot) => [params.data, state.data];
/** A result without its classes: all of its numbers. */
const numbers = ({ snapshot, snapshots, best, checkpoint, ...rest }: TrainResult) => ({
  ...rest,
  snapshot: digits(snapshot),
  snapshots: snapshots.map((record) => ({ ...record, snapshot: digits(record.snapshot) })),
  best: best && { ...best, snapshot: digits(best.snapshot) },
  checkpoint: stored(checkpoint),
});

describe('a training in a thread', () => {
  const images = network(
    [6, 6, 2],
    [conv2d(3, 3), relu(), maxPool(2), flatten(), dense(4, { weightScale: 'ntk' }), tanh(), dense(2)],
  );
  const chance = network(2, [
    dense(6),
    batchNorm({ momentum: 0.9 }),
    tanh(),
    residual([dense(6), batchNorm({ center: false }), relu(), dropout(0.5)]),
    dense(1),
  ]);
  const recipes: [string, Network, Partial<TrainOptions>][] = [
    ['shuffled batches', net, {}],
    ['a full batch', net, { batchSize: undefined, rng: undefined, epochs: 30 }],
    [
      'batches in order',
      net,
      { shuffle: false, rng: undefined, optimizer: sgd({ rate: 0.1, momentum: 0.9 }) },
    ],
    ['random layers and running statistics', chance, { optimizer: adagrad({ rate: 0.1 }) }],
    ['images', images, {}],
    ['patience', net, { epochs: 100, validation: { ...examples(net, 9, 'validation'), patience: 2 } }],
    [
      'a validation by a loss, restored',
      net,
      { validation: { ...examples(net, 9, 'v'), measure: meanSquaredError, every: 2, restoreBest: true } },
    ],
  ];
  for (const [title, its, more] of recipes)
    for (const dtype of dtypes)
      it(`gives what train gives, digit for digit: ${title}, ${dtype}`, async () => {
        const [here, there] = [1, 2].map(() =>
          options({ rng: random('orders'), snapshotsAt: { epochs: [0, 2], steps: [3] }, ...more }),
        );
        const expected = await train(its, start(its, dtype), examples(its, 23, 'training'), here);
        const result = await trainInThread(its, start(its, dtype), examples(its, 23, 'training'), there);
        expect(numbers(result)).toEqual(numbers(expected));
        expect(result.snapshot.params.layout).toBe(its.layout);
        // The caller's generator has moved as far.
        expect(there.rng?.state()).toEqual(here.rng?.state());
        if (more.validation?.patience) expect(result.ended).toBe('patience');
      });

  it('ends with its goal, the accuracy of a list of labels', async () => {
    // Of a data set that can do more than be sent.
    const its = { ...data, targets: Array.from(data.targets.data, (y) => Number(y > 0)), draw: () => 'it' };
    const wanted = {
      loss: logisticLoss,
      epochs: 200,
      validation: { ...its, measure: 'accuracy', goal: 0.7 },
    } as const;
    const expected = await train(net, start(), its, options(wanted));
    const result = await trainInThread(net, start(), its, options(wanted));
    expect(result.ended).toBe('goal');
    expect(numbers(result)).toEqual(numbers(expected));
  });

  it('many at once, on one generator, are the trainings one after the other', async () => {
    const seeds = [1, 2, 3, 4, 5];
    const from = (seed: number) => net.init(random(seed));
    const [here, there] = [random('orders'), random('orders')];
    const expected: TrainResult[] = [];
    for (const seed of seeds) expected.push(await train(net, from(seed), data, options({ rng: here })));
    const results = await Promise.all(
      seeds.map((seed) => trainInThread(net, from(seed), data, options({ rng: there }))),
    );
    expect(results.map(numbers)).toEqual(expected.map(numbers));
  });

  it('goes on from a checkpoint, with lists and weights as targets', async () => {
    const wanted = { loss: weightedSquaredError, epochs: 9, snapshotsAt: { epochs: [1, 8] } };
    const weights = Float64Array.from({ length: 23 }, (_, i) => 1 + (i % 3));
    const weighted = { ...data, targets: weightedTargets(Array.from(data.targets.data), weights) };
    const whole = await train(net, start(), weighted, options(wanted));
    const { checkpoint } = await train(
      net,
      start(),
      weighted,
      options({ ...wanted, epochs: 4, snapshotsAt: { epochs: [1] } }),
    );
    const seen: number[] = [];
    const rest = await trainInThread(
      net,
      start(),
      weighted,
      options({
        ...wanted,
        checkpoint: stored(checkpoint),
        onSnapshot: ({ epoch }) => void seen.push(epoch),
      }),
    );
    expect(numbers(rest)).toEqual(numbers(whole));
    expect(seen).toEqual([8]);
  });

  it('computes with the backend of its caller', async () => {
    const results: TrainResult[] = [];
    for (const choice of ['portable', 'auto'] as const) {
      useBackend(choice);
      const expected = await train(net, start(), data, options({ epochs: 30 }));
      const result = await trainInThread(net, start(), data, options({ epochs: 30 }));
      expect(numbers(result)).toEqual(numbers(expected));
      results.push(result);
    }
    if (hasNative) expect(digits(results[1].snapshot)).not.toEqual(digits(results[0].snapshot));
  });
});

describe('snapshots', () => {
  const wanted = { epochs: 400, snapshotsAt: { epochs: [0, 100, 400], steps: [3] } };
  for (const [where, run] of [
    ['here', train],
    ['in a thread', trainInThread],
  ] as const)
    it(`arrive while training goes on ${where}, and are those of the result`, async () => {
      const seen: SnapshotRecord[] = [];
      let over = false;
      const training = run(
        net,
        start(),
        data,
        options({
          ...wanted,
          onSnapshot: (record) => {
            expect(over).toBe(false);
            seen.push(record);
          },
        }),
      );
      const { snapshots } = await training.finally(() => {
        over = true;
      });
      expect(seen.map(({ epoch, step }) => [epoch, step])).toEqual([
        [0, 0],
        [0.6, 3],
        [100, 500],
        [400, 2000],
      ]);
      expect(snapshots.map(({ snapshot }) => digits(snapshot))).toEqual(
        seen.map(({ snapshot }) => digits(snapshot)),
      );
      expect(seen[0].snapshot.params.layout).toBe(net.layout);
    });

  it('that their listener fails on end the training', async () => {
    for (const run of [train, trainInThread])
      await expect(
        run(
          net,
          start(),
          data,
          options({
            ...wanted,
            onSnapshot: () => {
              throw new RangeError('no room for a chart');
            },
          }),
        ),
      ).rejects.toThrow('no room for a chart');
  });
});

describe('a training in a thread that is stopped', () => {
  const interrupted = async (training: Promise<unknown>): Promise<TrainingInterrupted> => {
    const error = await training.catch((e) => e);
    expect(error).toBeInstanceOf(TrainingInterrupted);
    return error as TrainingInterrupted;
  };

  it('gives a checkpoint, from which it goes on to the same digits', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const { checkpoint, message } = await interrupted(
      trainInThread(
        net,
        start(),
        data,
        options({ epochs: 1e7, signal, snapshotsAt: { steps: [7] }, onSnapshot: () => controller.abort() }),
      ),
    );
    expect(message).toMatch(/Training: expected 10000000 epochs, got an interrupt after.*checkpoint/);
    expect(checkpoint.step).toBeGreaterThanOrEqual(7);
    const epochs = Math.ceil(checkpoint.step / 5) + 2;
    const rest = options({ epochs, rng: undefined, checkpoint, snapshotsAt: { steps: [7] } });
    const whole = await train(net, start(), data, options({ epochs, snapshotsAt: { steps: [7] } }));
    expect(numbers(await trainInThread(net, start(), data, rest))).toEqual(numbers(whole));
  });

  it('gives that of its beginning while it waits for a thread, and all that wait', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const errors = await Promise.all(
      Array.from({ length: 40 }, (_, k) =>
        interrupted(
          trainInThread(
            net,
            start(),
            data,
            options({
              epochs: 1e7,
              signal,
              snapshotsAt: { steps: [k] },
              onSnapshot: () => controller.abort(),
            }),
          ),
        ),
      ),
    );
    const steps = errors.map(({ checkpoint }) => checkpoint.step);
    expect(steps[0]).toBeGreaterThan(0);
    expect(steps.at(-1)).toBe(0);
    const expected = await train(net, start(), data, options({ epochs: 3 }));
    const { checkpoint } = errors[39];
    const rest = await train(net, start(), data, options({ epochs: 3, rng: undefined, checkpoint }));
    expect(numbers(rest)).toEqual(numbers(expected));
  });
});

describe('progress of a training in a thread', () => {
  it('is that of train', async () => {
    const { checkpoint } = await train(net, start(), data, options({ epochs: 2 }));
    const events: ProgressEvent[] = [];
    const end = onProgress((event) => void events.push(event));
    await trainInThread(net, start(), data, options({ progress: 'fit', checkpoint }));
    const failing = options({ progress: 'fit', optimizer: sgd({ rate: 1e6 }) });
    await trainInThread(net, start(), data, failing).catch(() => undefined);
    await trainInThread(net, start(), data, options());
    end();
    const [first, second] = [...new Set(events.map(({ id }) => id))].map((id) =>
      events.filter((event) => event.id === id),
    );
    expect(events).toHaveLength(first.length + second.length);
    expect(first[0]).toMatchObject({ label: 'fit', total: 30, completed: 0 });
    expect(first.at(-1)).toMatchObject({
      completed: 30,
      finished: true,
      note: expect.stringMatching(/^loss /),
    });
    expect(second.at(-1)).toMatchObject({ finished: true, note: 'failed' });
    for (const its of [first, second]) expect(its.filter(({ finished }) => finished)).toHaveLength(1);
  });
});

describe('what cannot be trained in a thread', () => {
  const measure: Measure = { name: 'largest', value: (outputs) => Math.max(...outputs.data) };
  const cases: [title: string, more: object, its: Network, message: RegExp][] = [
    ['onEpoch', { onEpoch: () => undefined }, net, /trainInThread\({ onEpoch }\).*snapshotsAt/],
    [
      'a loss of other functions',
      { loss: { ...meanSquaredError } },
      net,
      /trainInThread\({ loss }\): expected what this library exports.*called meanSquaredError/,
    ],
    [
      'a measure that is a function',
      { validation: { ...data, measure } },
      net,
      /trainInThread\({ validation.measure }\).*got something else, called largest/,
    ],
    ['a layer of other functions', {}, network(2, [affine(), dense(1)]), /got one of the kind affine/],
    ['an order without a generator', { rng: undefined }, net, /train\({ rng }\)/],
  ];
  it.each(cases)('is one error where it is called: %s', async (_, more, its, message) => {
    const training = trainInThread(its, start(its), data, { ...options(), ...more });
    await expect(training).rejects.toThrow(ValueError);
    await expect(training).rejects.toThrow(message);
  });

  it('is the error of train, with its class, where train finds it', async () => {
    const diverging = options({ optimizer: sgd({ rate: 1e6 }), epochs: 50 });
    for (const run of [train, trainInThread]) {
      const training = run(net, start(), data, diverging);
      await expect(training).rejects.toThrow(NumericalError);
      await expect(training).rejects.toThrow(/Training, step \d+.*lower the rate of sgd/);
      const short = run(net, start(), { ...data, targets: [1, 2] }, options());
      await expect(short).rejects.toThrow(ShapeError);
      await expect(short).rejects.toThrow(/Targets of the training: expected 23/);
      await expect(run(net, start(), data, options({ epochs: 1.5 }))).rejects.toThrow(/train\({ epochs }\)/);
    }
  });
});
