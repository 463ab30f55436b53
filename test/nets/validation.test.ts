import { describe, expect, it } from 'vitest';
import { NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import { Arena } from '../../src/lib/linalg/elementwise';
import { accuracy } from '../../src/lib/metrics';
import {
  adam,
  batchNorm,
  type Checkpoint,
  dense,
  dropout,
  flatten,
  gradientDescent,
  type LayerSpec,
  logisticLoss,
  type Measure,
  meanSquaredError,
  type Network,
  network,
  relu,
  type Snapshot,
  softmaxCrossEntropy,
  TrainingInterrupted,
  type TrainOptions,
  tanh,
  train,
  type Validation,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { onProgress, type ProgressEvent } from '../../src/lib/run';
import { gaussian } from './layer-properties';
import { stored } from './stored';

const dtypes = ['float32', 'float64'] as const;
const net = network(2, [dense(8), batchNorm(), tanh(), dropout(0.3), dense(1)]);
const examples = (n: number, name: string) => {
  const inputs = gaussian(n, 2, random(name));
  const noise = gaussian(n, 1, random(`${name}, noise`));
  return {
    inputs,
    targets: Float64Array.from(noise.data, (e, i) => Math.sin(inputs.get(i, 0)) + inputs.get(i, 1) + 0.3 * e),
  };
};
const data = examples(23, 'training');
const validation = examples(17, 'validation');
const start = (its: Network = net, dtype: (typeof dtypes)[number] = 'float64') =>
  its.init(random('start'), { dtype });
const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  loss: meanSquaredError,
  optimizer: adam({ rate: 0.05 }),
  epochs: 8,
  batchSize: 5,
  rng: random('orders'),
  ...more,
});
/** The examples in two classes. */
const labelled = ({ inputs, targets }: typeof data) => ({
  inputs,
  targets: targets.map((y) => Number(y > 0)),
});
/** A measure that gives these values, whatever the network. */
const scripted = (values: readonly number[], better?: Measure['better']): Measure => {
  let k = 0;
  return { name: 'script', better, value: () => values[k++] };
};
const digits = ({ params, state }: Snapshot) => [params.data, state.data];

describe('validation', () => {
  for (const dtype of dtypes)
    it(`records the loss on its examples after each epoch, with nothing dropped, ${dtype}`, async () => {
      const seen: Snapshot[] = [];
      const values: (number | undefined)[] = [];
      const { history } = await train(
        net,
        start(net, dtype),
        data,
        options({
          validation,
          onEpoch: (event) => {
            seen.push(event.snapshot());
            values.push(event.validation);
          },
        }),
      );
      expect(history).toHaveLength(8);
      expect(values).toEqual(history.map((record) => record.validation));
      history.forEach((record, k) => {
        const outputs = net.predict(seen[k], validation.inputs);
        const squares = validation.targets.map((y, i) => (outputs.data[i] - y) ** 2);
        const mean = squares.reduce((a, b) => a + b) / 17;
        expect(record.validation).toBeAllclose(mean, { rtol: dtype === 'float32' ? 1e-5 : 1e-12 });
      });
    });

  it('takes another measure: the accuracy, for which larger is better', async () => {
    const measured = labelled(validation);
    const seen: Snapshot[] = [];
    const { history, best } = await train(
      net,
      start(),
      labelled(data),
      options({
        loss: logisticLoss,
        validation: { ...measured, measure: 'accuracy' },
        onEpoch: (event) => void seen.push(event.snapshot()),
      }),
    );
    const accuracies = seen.map((its) => accuracy(net.predict(its, validation.inputs), measured.targets));
    expect(history.map((record) => record.validation)).toEqual(accuracies);
    expect(new Set(accuracies).size).toBeGreaterThan(1);
    expect(best?.value).toBe(Math.max(...accuracies));
    expect(best?.epoch).toBe(1 + accuracies.indexOf(Math.max(...accuracies)));
  });

  it('takes the class of a list, a column or rows with an entry for each output as the same accuracy', async () => {
    const three = network(2, [dense(8), tanh(), dense(3)]);
    const classes = data.targets.map((y) => (y < -0.5 ? 0 : y < 0.5 ? 1 : 2));
    const oneHot = Matrix.from(Array.from(classes, (c) => [0, 1, 2].map((k) => Number(k === c))));
    const forms = [classes, Array.from(classes), new Matrix(23, 1, classes), oneHot];
    const histories = await Promise.all(
      forms.map(async (targets) => {
        const more = {
          loss: softmaxCrossEntropy,
          validation: { ...data, targets, measure: 'accuracy' },
        } as const;
        return (await train(three, start(three), { ...data, targets }, options(more))).history;
      }),
    );
    const values = histories.map((history) => history.map((record) => record.validation));
    expect(new Set(values[0]).size).toBeGreaterThan(1);
    for (const its of values) expect(its).toEqual(values[0]);
  });

  it('leaves the training as it is without it', async () => {
    const alone = await train(net, start(), data, options());
    const watched = await train(net, start(), data, options({ validation }));
    expect(digits(watched.snapshot)).toEqual(digits(alone.snapshot));
    expect(watched.history.map(({ loss }) => loss)).toEqual(alone.history.map(({ loss }) => loss));
    expect(alone.best).toBeNull();
    expect(alone.history[0]).not.toHaveProperty('validation');
    expect([alone.ended, watched.ended]).toEqual(['epochs', 'epochs']);
  });

  it('evaluates in the same buffers each time, a block of rows after the other', async () => {
    // Rows of 2¹⁷ entries, of which four make a block.
    const places: [number, number][] = [];
    const probe = (): LayerSpec => ({
      kind: 'probe',
      build: (shape, name) => {
        const layer = flatten().build(shape, name);
        const forward = layer.forward.bind(layer);
        layer.forward = (input, context) => {
          // The trainer measures a block with one row first, in arrays of its own.
          if (context.mode === 'evaluate' && Arena.of(context.params.data)) {
            expect(Arena.of(input.data)).toBe(Arena.of(context.params.data));
            places.push([input.data.byteOffset, input.rows]);
          }
          return forward(input, context);
        };
        return layer;
      },
    });
    const wide = network(1, [dense(2 ** 17), relu(), probe(), dense(1)]);
    const column = (n: number) => ({ inputs: gaussian(n, 1, random(n)), targets: new Float64Array(n) });
    await train(
      wide,
      start(wide, 'float32'),
      column(3),
      options({
        optimizer: gradientDescent({ rate: 1e-9 }),
        epochs: 3,
        batchSize: 2,
        validation: column(9),
      }),
    );
    expect(places.map(([, rows]) => rows)).toEqual([4, 4, 1, 4, 4, 1, 4, 4, 1]);
    expect(new Set(places.map(([offset]) => offset)).size).toBe(1);
  });
});

describe('early stopping', () => {
  type Ending = Omit<Partial<Validation>, 'measure'> & { better?: Measure['better'] };
  const cases: [title: string, values: number[], its: Ending, epochs: number, best: number][] = [
    ['when patience has run out', [5, 4, 4.5, 4.2, 4.1, 1], { patience: 3 }, 5, 2],
    [
      'not before, since each better value begins it anew',
      [5, 4, 4.5, 4.2, 3, 6, 6, 6, 1],
      { patience: 3 },
      8,
      5,
    ],
    ['at once, with a patience of one', [2, 3, 1], { patience: 1 }, 2, 1],
    ['where an equal value is no better one', [2, 2, 2, 1], { patience: 2 }, 3, 1],
    ['where larger is better', [0.5, 0.7, 0.6, 0.7, 0.9], { patience: 2, better: 'larger' }, 4, 2],
    [
      'where patience counts epochs, and every second is evaluated',
      [5, 4, 6, 6, 1],
      { patience: 4, every: 2 },
      8,
      4,
    ],
    ['where patience is shorter than the way to the next value', [5, 6, 1], { patience: 1, every: 3 }, 6, 3],
  ];
  const goals: typeof cases = [
    ['when its goal is met', [5, 4, 2.9, 1], { goal: 3 }, 3, 3],
    ['when its goal is met exactly', [5, 3, 1], { goal: 3 }, 2, 2],
    ['with the first value', [-2, 1], { goal: 3 }, 1, 1],
    ['with a goal that larger values meet', [0.5, 0.8, 0.85, 0.9], { goal: 0.85, better: 'larger' }, 3, 3],
    ['at an epoch that is evaluated', [5, 2, 1], { goal: 3, every: 3 }, 6, 6],
    ['by its goal before patience', [5, 6, 6, 2, 1], { goal: 3, patience: 4 }, 4, 4],
    ['by its goal with its last epoch', [5, 4, 3, 2], { goal: 2, every: 5 }, 20, 20],
  ];
  it.each(goals)('ends the training %s', async (_, values, { better, ...its }, epochs, best) => {
    const result = await train(
      net,
      start(),
      data,
      options({ epochs: 20, validation: { ...validation, ...its, measure: scripted(values, better) } }),
    );
    expect(result.ended).toBe('goal');
    expect(result.history).toHaveLength(epochs);
    expect(result.best?.epoch).toBe(best);
    // The last numbers are the best.
    expect(digits(result.snapshot)).toEqual(digits(result.best?.snapshot as Snapshot));
    expect(digits(result.snapshot)[0]).toEqual(result.checkpoint.snapshot.params.data);
  });

  it('does not end it by a goal that no value meets', async () => {
    const ended = async (its: Ending) => {
      const { better, ...rest } = its;
      const measure = scripted([5, 4, 3.1, 6, 6, 6, 6, 6], better);
      return (await train(net, start(), data, options({ validation: { ...validation, ...rest, measure } })))
        .ended;
    };
    expect(await ended({ goal: 3 })).toBe('epochs');
    expect(await ended({ goal: 7, better: 'larger' })).toBe('epochs');
    expect(await ended({ goal: 3, patience: 2 })).toBe('patience');
  });

  it('ends a classifier when its accuracy on the training data crosses a threshold, as every epoch shows', async () => {
    const its = labelled(data);
    const wanted = {
      loss: logisticLoss,
      epochs: 200,
      batchSize: undefined,
      optimizer: adam({ rate: 0.003 }),
    };
    const seen: number[] = [];
    await train(
      net,
      start(),
      its,
      options({
        ...wanted,
        onEpoch: (event) => void seen.push(accuracy(net.predict(event.snapshot(), its.inputs), its.targets)),
      }),
    );
    const crossing = 1 + seen.findIndex((value) => value >= 0.85);
    expect(crossing).toBeGreaterThan(1);
    const result = await train(
      net,
      start(),
      its,
      options({ ...wanted, validation: { ...its, measure: 'accuracy', goal: 0.85 } }),
    );
    expect([result.ended, result.history.length]).toEqual(['goal', crossing]);
    expect(result.history.map((record) => record.validation)).toEqual(seen.slice(0, crossing));
  });

  it.each(cases)('ends the training %s', async (_, values, { better, ...its }, epochs, best) => {
    const measure = scripted(values, better);
    const seen: Snapshot[] = [];
    const result = await train(
      net,
      start(),
      data,
      options({
        epochs: 20,
        validation: { ...validation, ...its, measure },
        onEpoch: (event) => void seen.push(event.snapshot()),
      }),
    );
    expect(result.ended).toBe('patience');
    expect(result.history).toHaveLength(epochs);
    const every = its.every ?? 1;
    expect(result.best).toMatchObject({ epoch: best, value: values[best / every - 1] });
    expect(digits(result.best?.snapshot as Snapshot)).toEqual(digits(seen[best - 1]));
    expect(digits(result.snapshot)).toEqual(digits(seen[best - 1]));
    expect(result.checkpoint.step).toBe(5 * epochs);
    expect(result.history.filter((record) => 'validation' in record).map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: Math.floor(epochs / every) }, (_, k) => (k + 1) * every),
    );
  });

  it('ends where a line that learns y = 2x is past y = x, as by hand', async () => {
    // f = w x from w = 0 on x = 1: w ← w − 2r (w − 2), so w = 2 (1 − (1 − 2r)ᵏ) after k steps; (w − 1)² is least when
    // (1 − 2r)ᵏ is nearest to ½: for r = 0.02 at k = 17 (0.4996), since 0.96¹⁶ = 0.5204.
    const line = network(1, [dense(1, { bias: false })]);
    const from = line.init(random(0), { dtype: 'float64', initializer: (_, out) => void out.data.fill(0) });
    const one = Matrix.from([[1]]);
    const result = await train(
      line,
      from,
      { inputs: one, targets: [2] },
      {
        loss: meanSquaredError,
        optimizer: gradientDescent({ rate: 0.02 }),
        epochs: 100,
        validation: { inputs: one, targets: [1], patience: 5 },
      },
    );
    expect(result.ended).toBe('patience');
    expect(result.history).toHaveLength(22);
    expect(result.best?.epoch).toBe(17);
    const w = 2 * (1 - 0.96 ** 17);
    expect(result.snapshot.params.data[0]).toBeAllclose(w, { rtol: 1e-13 });
    expect(result.best?.value).toBeAllclose((w - 1) ** 2, { rtol: 1e-9 });
    expect(result.checkpoint.snapshot.params.data[0]).toBeAllclose(2 * (1 - 0.96 ** 22), { rtol: 1e-13 });
  });

  it('gives the best of all epochs as recomputed from all snapshots, and its numbers stay as they are', async () => {
    const epochs = Array.from({ length: 30 }, (_, k) => k + 1);
    const { snapshots, best, snapshot } = await train(
      net,
      start(),
      data,
      options({ epochs: 30, snapshotsAt: { epochs }, validation: { ...validation, restoreBest: true } }),
    );
    const values = snapshots.map((its) =>
      meanSquaredError.value(net.predict(its.snapshot, validation.inputs), validation.targets),
    );
    const at = values.indexOf(Math.min(...values));
    // Neither the first nor the last: there was something to find.
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThan(29);
    expect(best?.epoch).toBe(at + 1);
    expect(digits(best?.snapshot as Snapshot)).toEqual(digits(snapshots[at].snapshot));
    expect(digits(snapshot)).toEqual(digits(snapshots[at].snapshot));
  });

  it('results in the best numbers with patience and in the last without, unless told otherwise', async () => {
    const values = [3, 1, 2, 2, 2, 2, 2, 2];
    const run = async (its: Partial<Validation>) => {
      const seen: Snapshot[] = [];
      const result = await train(
        net,
        start(),
        data,
        options({
          validation: { ...validation, measure: scripted(values), ...its },
          onEpoch: (event) => void seen.push(event.snapshot()),
        }),
      );
      expect(result.best?.epoch).toBe(2);
      const same = (its: Snapshot) => digits(its)[0].join() === digits(result.snapshot)[0].join();
      return { epochs: result.history.length, result: 1 + seen.findIndex(same) };
    };
    expect(await run({ patience: 2 })).toEqual({ epochs: 4, result: 2 });
    expect(await run({ patience: 2, restoreBest: false })).toEqual({ epochs: 4, result: 4 });
    expect(await run({})).toEqual({ epochs: 8, result: 8 });
    expect(await run({ restoreBest: true })).toEqual({ epochs: 8, result: 2 });
  });

  it('says why a training ended', async () => {
    const ended = async (its: Partial<Validation>, more: Partial<TrainOptions> = {}) =>
      (
        await train(
          net,
          start(),
          data,
          options({
            validation: { ...validation, measure: scripted([1, 2, 3, 4, 5, 6, 7, 8]), ...its },
            ...more,
          }),
        )
      ).ended;
    const stopAt = (at: number) =>
      ({ onEpoch: ({ epoch }: { epoch: number }) => (epoch === at ? 'stop' : undefined) }) as const;
    expect(await ended({})).toBe('epochs');
    expect(await ended({ patience: 8 })).toBe('epochs');
    expect(await ended({ patience: 3 })).toBe('patience');
    expect(await ended({ patience: 3 }, stopAt(2))).toBe('stopped');
    expect(await ended({ patience: 3 }, stopAt(4))).toBe('patience');
    expect(await ended({}, stopAt(8))).toBe('epochs');
    expect(await ended({}, { epochs: 0 })).toBe('epochs');
  });

  it('gives the best numbers when onEpoch stops the training, too', async () => {
    const result = await train(
      net,
      start(),
      data,
      options({
        validation: { ...validation, measure: scripted([3, 2, 4]), patience: 5 },
        onEpoch: ({ epoch }) => (epoch === 3 ? 'stop' : undefined),
      }),
    );
    expect(result.best?.epoch).toBe(2);
    expect(digits(result.snapshot)).toEqual(digits(result.best?.snapshot as Snapshot));
    expect(result.checkpoint.step).toBe(15);
  });
});

describe('a training with validation that was interrupted', () => {
  const largest: Measure = {
    name: 'largest',
    better: 'larger',
    value: (outputs) => Math.max(...outputs.data),
  };
  const recipes: [string, Partial<Validation>][] = [
    ['the loss, and patience', { patience: 4 }],
    ['every second epoch', { patience: 4, every: 2 }],
    ['the largest output, restored without patience', { restoreBest: true, measure: largest }],
    ['the largest output, and a goal', { goal: 1.1, measure: largest }],
  ];
  for (const [title, its] of recipes)
    for (const dtype of dtypes)
      it(`goes on to the same digits from every step: ${title}, ${dtype}`, async () => {
        const wanted = { epochs: 14, validation: { ...validation, ...its } };
        const whole = await train(net, start(net, dtype), data, options(wanted));
        expect(whole.ended).toBe(its.patience ? 'patience' : its.goal ? 'goal' : 'epochs');
        const { step: last } = whole.checkpoint;
        if (whole.ended !== 'epochs') expect(last).toBeLessThan(70);
        for (let stopAt = 1; stopAt < last; stopAt++) {
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
          const error = await train(net, start(net, dtype), data, options({ ...wanted, loss, signal })).catch(
            (e) => e,
          );
          expect(error).toBeInstanceOf(TrainingInterrupted);
          expect(error.checkpoint.step).toBe(stopAt);
          const rest = await train(
            net,
            start(net, dtype),
            data,
            options({ ...wanted, rng: undefined, checkpoint: stored(error.checkpoint) }),
          );
          expect(digits(rest.snapshot)).toEqual(digits(whole.snapshot));
          expect(rest.history).toEqual(whole.history);
          expect(rest.ended).toBe(whole.ended);
          expect([rest.best?.epoch, rest.best?.value]).toEqual([whole.best?.epoch, whole.best?.value]);
          expect(digits(rest.best?.snapshot as Snapshot)).toEqual(digits(whole.best?.snapshot as Snapshot));
          expect(rest.checkpoint).toEqual(whole.checkpoint);
        }
      });

  it('goes on from the checkpoint of every epoch, and not at all from that of its end', async () => {
    const checkpoints: Checkpoint[] = [];
    const wanted = { epochs: 40, validation: { ...validation, patience: 3 } };
    const whole = await train(
      net,
      start(),
      data,
      options({ ...wanted, onEpoch: (event) => void checkpoints.push(event.checkpoint()) }),
    );
    expect(checkpoints.length).toBeLessThan(40);
    for (const checkpoint of [...checkpoints, whole.checkpoint]) {
      const epochs: number[] = [];
      const rest = await train(
        net,
        start(),
        data,
        options({
          ...wanted,
          checkpoint: stored(checkpoint),
          onEpoch: ({ epoch }) => void epochs.push(epoch),
        }),
      );
      expect(epochs).toHaveLength(checkpoints.length - checkpoint.step / 5);
      expect(digits(rest.snapshot)).toEqual(digits(whole.snapshot));
      expect(rest.history).toEqual(whole.history);
      expect([rest.ended, rest.best?.epoch]).toEqual(['patience', whole.best?.epoch]);
    }
    // More patience, and it goes on.
    const more = await train(
      net,
      start(),
      data,
      options({
        epochs: 40,
        validation: { ...validation, patience: 6 },
        checkpoint: stored(whole.checkpoint),
      }),
    );
    const patient = await train(
      net,
      start(),
      data,
      options({ epochs: 40, validation: { ...validation, patience: 6 } }),
    );
    expect(more.history.length).toBeGreaterThan(whole.history.length);
    expect(more.history).toEqual(patient.history);
    expect(digits(more.snapshot)).toEqual(digits(patient.snapshot));
  });

  it('refuses the checkpoint of another measure', async () => {
    const { checkpoint } = await train(net, start(), data, options({ validation, epochs: 2 }));
    const measure = scripted([1, 1, 1, 1, 1, 1]);
    await expect(
      train(net, start(), data, options({ validation: { ...validation, measure }, checkpoint })),
    ).rejects.toThrow(/Checkpoint, validation: expected values of script, got values of meanSquaredError/);
    // Without validation so far, it begins where it stands.
    const bare = await train(net, start(), data, options({ epochs: 2 }));
    const { history } = await train(net, start(), data, options({ validation, checkpoint: bare.checkpoint }));
    expect(history.map((record) => 'validation' in record)).toEqual([
      ...Array(2).fill(false),
      ...Array(6).fill(true),
    ]);
  });
});

it('progress says the last value, and the best when that was another', async () => {
  const notes = async (values: number[], its: Partial<Validation> = {}) => {
    const events: ProgressEvent[] = [];
    const end = onProgress((event) => void events.push(event));
    const { history } = await train(
      net,
      start(),
      data,
      options({ progress: 'fit', validation: { ...validation, ...its, measure: scripted(values) } }),
    );
    end();
    const loss = `loss ${history.at(-1)?.loss.toPrecision(3)}`;
    const last = events.at(-1) as ProgressEvent;
    expect(last.finished).toBe(true);
    return last.note.replace(loss, 'loss');
  };
  expect(await notes([9, 8, 7, 6, 5, 4, 3, 2])).toBe('loss, validation 2.00');
  expect(await notes([9, 8, 7, 0.125, 5, 4, 3, 2], { patience: 4 })).toBe(
    'loss, validation 2.00 (best 0.125 in epoch 4)',
  );
  expect(await notes([1, 2, 3], { patience: 2 })).toBe('loss, validation 3.00 (best 1.00 in epoch 1)');
  expect(await notes([9, 8], { every: 3 })).toBe('loss, validation 8.00');
});

describe('bad input to a validation', () => {
  const fails = (its: Partial<Validation>, more: Partial<TrainOptions> = {}) => {
    let steps = 0;
    const loss = { ...meanSquaredError, gradient: () => ++steps };
    const done = train(net, start(), data, options({ loss, validation: { ...validation, ...its }, ...more }));
    return expect(
      done.finally(() => {
        expect(steps).toBe(0);
      }),
    ).rejects;
  };

  it('is told before the first step', async () => {
    await fails({ inputs: Matrix.zeros(17, 3) }).toThrow(
      /Inputs of the validation: expected n × 2.*got 17 × 3/,
    );
    await fails({ inputs: Matrix.zeros(0, 2), targets: [] }).toThrow(
      /validation: expected at least one example/,
    );
    await fails({ targets: new Float64Array(16) }).toThrow(ShapeError);
    await fails({ targets: new Float64Array(16) }).toThrow(/Targets of the validation: expected 17.*got 16/);
    await fails({ targets: Matrix.zeros(17, 2) }).toThrow(/meanSquaredError targets: expected 1 columns/);
    await fails({ targets: new Float64Array(17).fill(Number.NaN) }).toThrow(/meanSquaredError targets.*NaN/);
    await fails({ targets: new Float64Array(17).fill(2), measure: logisticLoss }).toThrow(
      /logisticLoss targets/,
    );
    const torn = validation.inputs.copy();
    torn.set(4, 1, Number.POSITIVE_INFINITY);
    await fails({ inputs: torn }).toThrow(/Inputs of the validation.*Infinity in example 4, column 1/);
    for (const goal of [Number.NaN, Number.POSITIVE_INFINITY])
      await fails({ goal }).toThrow(/validation.goal }\): expected a finite value of meanSquaredError, got/);
    await fails({ measure: 'acuracy' as 'accuracy' }).toThrow(
      /validation.measure }\): expected 'accuracy', a loss.*got 'acuracy'/,
    );
    await fails({ measure: 'accuracy' }).toThrow(/accuracy, actual, value 0: expected a class label/);
    await fails({ measure: 'accuracy', targets: Matrix.zeros(17, 2) }).toThrow(
      /accuracy targets: expected labels, or 1 columns, one for each output, got 17 × 2/,
    );
    for (const value of [0, -1, 2.5, Number.NaN]) {
      await fails({ patience: value }).toThrow(ValueError);
      await fails({ patience: value }).toThrow(
        /train\({ validation.patience }\): expected a whole number, 1 or more/,
      );
      await fails({ every: value }).toThrow(/train\({ validation.every }\): expected a whole number/);
    }
    await fails({ every: 9 }).toThrow(
      /validation.every }\): expected at most 8, where this training ends, got 9/,
    );
  });

  it('a measure that is no number names the epoch', async () => {
    const measure = scripted([1, 2, Number.NaN]);
    const run = train(net, start(), data, options({ validation: { ...validation, measure } }));
    await expect(run).rejects.toThrow(NumericalError);
    await expect(run).rejects.toThrow(/Validation after epoch 3: expected a finite number, got script NaN/);
  });
});
