/**
 * Training: batches, gradient, step, over and over. The trainer owns everything a step writes to, parameters,
 * gradient, moments and the layers' buffers, in one Arena, so that a step allocates no arrays and element-wise work
 * is done in place; the snapshot that it is given stays as it was.
 *
 * The order of the examples in an epoch is a function of the generator and the epoch's number alone, so a
 * checkpoint needs no memory of it, and a training that was interrupted anywhere goes on to the same digits. The
 * loop gives way to the event loop every few hundredths of a second: interrupts arrive, charts are drawn.
 */

import { InterruptedError, NumericalError, type Problem, ValueError } from '../errors';
import { Arena, scale } from '../linalg/elementwise';
import { type DType, zeros } from '../linalg/matrix';
import { Random, type RandomState } from '../random';
import { interruption, type Progress, progress } from '../run';
import { Batches } from './batches';
import { checkedInputs, checkWhole } from './check';
import type { BackwardRequest, Context } from './layer';
import type { Loss, TrainingData } from './losses';
import type { Network } from './network';
import type { Optimizer, OptimizerState, SavedOptimizer } from './optimizers';
import { copySnapshot, type PackedSnapshot, Params, packSnapshot, type Snapshot } from './params';
import { addGradient } from './site';
import { type BestRecord, type PackedBest, type Validation, Validator } from './validation';
import { RecyclingWorkspace } from './workspace';

export interface TrainOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** How often every example is seen in all, those before a checkpoint included. */
  readonly epochs: number;
  /** TrainingData a step; all of them unless given. The last batch of an epoch takes what is left. */
  readonly batchSize?: number;
  /** Whether each epoch has its own random order (true unless given); with all examples in one batch there is none. */
  readonly shuffle?: boolean;
  /** Needed to shuffle, and by random layers. Training draws one number from it. */
  readonly rng?: Random;
  /** TrainingData with which the network is evaluated as it is trained, and which may end the training (early stopping). */
  readonly validation?: Validation;
  /** Called after each epoch; training waits for a promise, and ends early when it gives 'stop'. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is the usual one
  readonly onEpoch?: (event: EpochEvent) => void | 'stop' | Promise<void | 'stop'>;
  /** Epochs and steps after which to keep a snapshot; 0 is the beginning. */
  readonly snapshotsAt?: { readonly epochs?: readonly number[]; readonly steps?: readonly number[] };
  /** Called with each of these as soon as training comes to it, once: not with those that a checkpoint holds. */
  readonly onSnapshot?: (record: SnapshotRecord) => void;
  /** Reports progress, in steps and with the last epoch's loss and validation, under this name (run/progress). */
  readonly progress?: string;
  /**
   * Stops the training: a TrainingInterrupted, which carries a checkpoint, is thrown. Default: the stop button of the
   * notebook.
   */
  readonly signal?: AbortSignal;
  /** Goes on from here, to the digits of a training that was never interrupted. Data and options must be the same. */
  readonly checkpoint?: Checkpoint;
}

export interface EpochRecord {
  /** Counted from 1. */
  readonly epoch: number;
  /** Steps taken by its end. */
  readonly step: number;
  /** Mean over the epoch's examples of the loss at which each step started. */
  readonly loss: number;
  /** The value of `validation` after the epoch, where there was one. */
  readonly validation?: number;
}

export interface EpochEvent extends EpochRecord {
  /** How many epochs there will be. */
  readonly epochs: number;
  /** The numbers at this moment, copied. */
  snapshot(): Snapshot;
  /** Where training stands, to go on from later. */
  checkpoint(): Checkpoint;
}

export interface SnapshotRecord {
  /** Steps over steps an epoch: 1.5 is the middle of the second epoch. */
  readonly epoch: number;
  readonly step: number;
  readonly snapshot: Snapshot;
}

export interface TrainResult {
  /** The numbers after the last step; those of `best` where `validation` restores them. */
  readonly snapshot: Snapshot;
  readonly history: readonly EpochRecord[];
  /** Those of `snapshotsAt` that training came to, in order. */
  readonly snapshots: readonly SnapshotRecord[];
  /** The epoch whose validation had the best value, the first of several; null without validation. */
  readonly best: BestRecord | null;
  /** Why training ended: by its validation, with all its epochs, or because onEpoch said 'stop' before. */
  readonly ended: 'goal' | 'patience' | 'epochs' | 'stopped';
  /** From which more epochs can follow: always where training stood after its last step. */
  readonly checkpoint: Checkpoint;
}

/** Where a training stands: JSON and matrices, so that it can be stored. */
export interface Checkpoint {
  /** Steps taken. */
  readonly step: number;
  readonly examples: number;
  readonly batchSize: number;
  readonly snapshot: PackedSnapshot;
  readonly optimizer: SavedOptimizer;
  /** The generator of the orders and the noise. */
  readonly rng: RandomState | null;
  /** Σ of the losses of the examples seen in the present epoch. */
  readonly lossSum: number;
  readonly history: readonly EpochRecord[];
  readonly snapshots: readonly { readonly step: number; readonly snapshot: PackedSnapshot }[];
  /** The best epoch of the validation so far. */
  readonly best: PackedBest | null;
}

/** A training that its `signal` stopped; `train` goes on from `checkpoint`. */
export class TrainingInterrupted extends InterruptedError {
  readonly checkpoint: Checkpoint;
  constructor(problem: Problem, checkpoint: Checkpoint) {
    super(problem);
    this.checkpoint = checkpoint;
  }
}

/**
 * Minimises the mean loss over the data from `snapshot` on, and resolves to the numbers at the end (or at the best
 * epoch: see `validation`), the loss of each epoch, and the snapshots asked for. Throws a ShapeError or ValueError for
 * data, targets or options that do not fit, before the first step; a NumericalError that names the step when the loss
 * is no longer finite; and a TrainingInterrupted when `signal` says so.
 */
export async function train(
  network: Network,
  snapshot: Snapshot,
  data: TrainingData,
  options: TrainOptions,
): Promise<TrainResult> {
  const training = new Training(network, snapshot, data, options);
  await training.run();
  return training.result();
}

/** Milliseconds of work between two turns of the event loop. */
const TURN = 25;

/** Bytes of buffers that stay in cache: twice a second-level cache, since much of them is used twice and no more. */
const PART_BYTES = 1 << 22;

/** Enough address space for any training of the studies; larger buffers are ordinary arrays. */
const ARENA_LIMIT = 2 ** 31;

class Training {
  private readonly network: Network;
  private readonly options: TrainOptions;
  private readonly batches: Batches;
  private readonly validator: Validator | null;
  /** The step with which training ends. */
  private readonly last: number;
  private readonly rng: Random | null;
  /** What the generators of the steps come from. */
  private readonly noise: Random | null;

  private readonly params: Params;
  private readonly state: Params;
  private readonly gradient: Params;
  private readonly optimizer: OptimizerState;
  private readonly workspace: RecyclingWorkspace;
  private readonly context: Context;
  private readonly request: BackwardRequest;

  /** Examples of a batch that go through the network together, and whether they are the first of their batch. */
  private readonly part: number;
  private firstPart = true;

  private step = 0;
  private lossSum = 0;
  private history: EpochRecord[] = [];
  private snapshots: SnapshotRecord[] = [];
  private readonly snapshotSteps: ReadonlySet<number>;

  constructor(network: Network, snapshot: Snapshot, data: TrainingData, options: TrainOptions) {
    network.check(snapshot, data.inputs);
    const { loss, epochs, validation } = options;
    const { dtype } = snapshot.params;
    const inputs = checkedInputs('training', data, network.inputs, dtype);
    const targets = loss.targets(data.targets, network.outputs, dtype);
    checkWhole('epochs', epochs, 0);
    checkWhole('batchSize', options.batchSize ?? inputs.rows, 1);
    const batchSize = Math.min(options.batchSize ?? inputs.rows, inputs.rows);
    this.network = network;
    this.options = options;
    this.rng = ownGenerator(network, inputs.rows, options);
    this.noise = network.body.stochastic ? (this.rng as Random).stream('noise') : null;

    // Called when the arena is there, whose size depends on what will be allocated.
    const allocate = (length: number) => {
      const bytes = length * (dtype === 'float32' ? 4 : 8);
      return arena.used + bytes + 64 <= arena.capacity ? arena.vector(length, dtype) : zeros(length, dtype);
    };
    const order = isShuffled(inputs.rows, options) ? this.rng : null;
    this.batches = new Batches({ inputs, targets }, batchSize, order, allocate);
    this.validator = validation
      ? new Validator(network, validation, { loss, epochs, dtype }, allocate)
      : null;
    this.last = epochs * this.batches.count;
    this.snapshotSteps = this.checkSnapshots();
    const { each, buffers } = this.entriesOfExample(snapshot);
    this.part = partOf(network, batchSize, each, dtype);
    const arena = arenaOf(
      dtype,
      // Parameters and gradient, and two moments at most.
      4 * (network.layout.size + 16) +
        this.batches.entries +
        this.part * (each + 16 * buffers) +
        (this.validator?.entries(snapshot) ?? 0),
    );
    this.params = new Params(network.layout, allocate(network.layout.size));
    this.params.data.set(snapshot.params.data);
    this.gradient = new Params(network.layout, allocate(network.layout.size));
    this.state = snapshot.state.copy();
    const moments = 2 * this.params.data.byteLength + 128;
    this.optimizer = options.optimizer.start(
      network.layout.size,
      dtype,
      arena.used + moments <= arena.capacity ? arena : undefined,
    );
    this.workspace = new RecyclingWorkspace(dtype, allocate);
    const { params, state, workspace, gradient } = this;
    this.context = { params, state, mode: 'train', workspace, keep: 'backward' };
    this.request = {
      cotangents: 1,
      input: false,
      visit: (site) => addGradient(site, 1, gradient, this.firstPart, workspace),
    };
    if (options.checkpoint) this.restore(options.checkpoint);
  }

  async run(): Promise<void> {
    const label = this.options.progress;
    if (label === undefined) return this.loop(null);
    const bar = progress(this.last, label);
    bar.skip(this.step);
    try {
      await this.loop(bar);
      bar.done(this.note);
    } catch (error) {
      bar.done(error instanceof InterruptedError ? 'interrupted' : 'failed');
      throw error;
    }
  }

  private async loop(bar: Progress | null): Promise<void> {
    const { signal = interruption() } = this.options;
    if (signal?.aborted) this.interrupted();
    this.takeSnapshot();
    let turn = performance.now();
    let reported = this.step;
    while (!this.finished) {
      this.takeStep();
      this.takeSnapshot();
      const stop = this.step % this.batches.count === 0 && (await this.endEpoch()) === 'stop';
      if (stop || this.finished || performance.now() - turn > TURN) {
        bar?.tick(this.step - reported, this.note);
        reported = this.step;
        await new Promise((resolve) => setImmediate(resolve));
        turn = performance.now();
      }
      if (stop) break;
      if (signal?.aborted && !this.finished) this.interrupted();
    }
    this.checkParams();
  }

  /** Whether validation ends the training: a function of history and best value, which a checkpoint holds. */
  private get verdict(): 'goal' | 'patience' | null {
    return this.validator?.verdict(this.history.length) ?? null;
  }

  private get finished(): boolean {
    return this.step === this.last || this.verdict !== null;
  }

  /** What progress says of itself. */
  private get note(): string {
    const record = this.history.at(-1);
    if (record === undefined) return '';
    const loss = `loss ${record.loss.toPrecision(3)}`;
    const { validator, history } = this;
    const value = validator && history[validator.lastOf(history.length) - 1]?.validation;
    const best = validator?.best;
    if (value === undefined || value === null || !best) return loss;
    const past = value === best.value ? '' : ` (best ${best.value.toPrecision(3)} in epoch ${best.epoch})`;
    return `${loss}, validation ${value.toPrecision(3)}${past}`;
  }

  result(): TrainResult {
    const { history, snapshots, validator } = this;
    const best = validator?.best ?? null;
    return {
      snapshot: best && validator?.restoresBest ? best.snapshot : this.copy(),
      history,
      snapshots,
      best,
      ended: this.verdict ?? (this.step === this.last ? 'epochs' : 'stopped'),
      checkpoint: this.checkpoint(),
    };
  }

  /** One batch: outputs, loss, gradient, update. */
  private takeStep(): void {
    const { batches, part } = this;
    batches.take(this.step);
    const context = this.stepContext();
    const { rows } = batches.inputs;
    for (let start = 0; start < rows; start += part) {
      this.firstPart = start === 0;
      this.addPart(start, Math.min(start + part, rows), context);
    }
    this.optimizer.step(this.params.data, this.gradient.data);
    this.step++;
  }

  /** The loss of rows start … end−1 of the batch, and what they add to its gradient. */
  private addPart(start: number, end: number, context: Context): void {
    const { inputs, targets } = this.batches;
    const { rows } = inputs;
    const whole = end - start === rows;
    this.workspace.restart();
    const applied = this.network.body.forward(whole ? inputs : inputs.slice(start, end), context);
    const { output } = applied;
    const cotangents = this.workspace.matrix(output.rows, output.cols);
    const its = whole ? targets : targets.slice(start, end);
    const loss = this.options.loss.gradient(output, its, cotangents);
    if (!Number.isFinite(loss)) this.diverged(`a loss of ${loss}`);
    if (!whole) scale(output.rows / rows, cotangents.data);
    applied.backward(cotangents, this.request);
    this.lossSum += loss * output.rows;
  }

  /** Random layers get a generator that depends on the step's number alone. */
  private stepContext(): Context {
    return this.noise ? { ...this.context, rng: this.noise.stream(this.step) } : this.context;
  }

  private endEpoch(): unknown {
    const { step, validator } = this;
    const epoch = step / this.batches.count;
    let record: EpochRecord = { epoch, step, loss: this.lossSum / this.batches.examples };
    if (validator && validator.lastOf(epoch) === epoch) {
      this.checkParams();
      record = { ...record, validation: validator.evaluate(epoch, this.present) };
    }
    this.history.push(record);
    this.lossSum = 0;
    const { onEpoch, epochs } = this.options;
    return onEpoch?.({
      ...record,
      epochs,
      snapshot: () => this.copy(),
      checkpoint: () => this.checkpoint(),
    });
  }

  private takeSnapshot(): void {
    const { step } = this;
    if (!this.snapshotSteps.has(step) || this.snapshots.at(-1)?.step === step) return;
    this.checkParams();
    const record = { epoch: step / this.batches.count, step, snapshot: this.copy() };
    this.snapshots.push(record);
    this.options.onSnapshot?.(record);
  }

  /** The numbers as they are, which the next step changes. */
  private get present(): Snapshot {
    return { params: this.params, state: this.state };
  }

  private copy(): Snapshot {
    return copySnapshot(this.present);
  }

  private checkpoint(): Checkpoint {
    const { step, lossSum, batches } = this;
    return {
      step,
      examples: batches.examples,
      batchSize: batches.size,
      snapshot: packSnapshot(this.present),
      optimizer: this.optimizer.save(),
      rng: this.rng?.state() ?? null,
      lossSum,
      history: [...this.history],
      snapshots: this.snapshots.map(({ step, snapshot }) => ({ step, snapshot: packSnapshot(snapshot) })),
      best: this.validator?.save() ?? null,
    };
  }

  /** The steps of `snapshotsAt`. A snapshot that would never be taken must not go missing without a word. */
  private checkSnapshots(): Set<number> {
    const { epochs = [], steps = [] } = this.options.snapshotsAt ?? {};
    const check = (unit: 'epochs' | 'steps', asked: readonly number[], last: number) => {
      for (const at of asked) {
        checkWhole(`snapshotsAt.${unit}`, at, 0);
        if (at <= last) continue;
        throw new ValueError({
          what: `train, snapshotsAt.${unit}`,
          expected: `at most ${last}, where this training ends`,
          got: `${at}`,
          todo: 'Train for longer, or leave it out.',
        });
      }
    };
    check('epochs', epochs, this.options.epochs);
    check('steps', steps, this.last);
    return new Set([...epochs.map((epoch) => epoch * this.batches.count), ...steps]);
  }

  private restore(checkpoint: Checkpoint): void {
    const { network, params, state, batches } = this;
    const of = (its: PackedSnapshot, examples: number, batch: number) =>
      `${its.params.cols} ${its.params.dtype} parameters, ${its.state.cols} state entries, ${examples} examples, batches of ${batch}`;
    const mine = of(packSnapshot(this.present), batches.examples, batches.size);
    const its = of(checkpoint.snapshot, checkpoint.examples, checkpoint.batchSize);
    if (mine !== its)
      throw new ValueError({
        what: 'Checkpoint',
        expected: `one of this training: ${mine}`,
        got: its,
        todo: 'Go on with the same network, data and batch size.',
      });
    if (checkpoint.step > this.last)
      throw new ValueError({
        what: 'train, epochs',
        expected: `at least the checkpoint's ${checkpoint.step / batches.count}, which count`,
        got: `${this.options.epochs}`,
        todo: 'Give the number of epochs in all, those before the checkpoint included.',
      });
    params.data.set(checkpoint.snapshot.params.data);
    state.data.set(checkpoint.snapshot.state.data);
    this.optimizer.restore(checkpoint.optimizer);
    this.step = checkpoint.step;
    this.lossSum = checkpoint.lossSum;
    this.history = [...checkpoint.history];
    this.snapshots = snapshotsOf(network, checkpoint);
    this.validator?.restore(network, checkpoint.best);
  }

  /** The buffers of a step with one example, and the entries in them. */
  private entriesOfExample({ params, state }: Snapshot): { each: number; buffers: number } {
    const { batches, network } = this;
    let [each, buffers] = [0, 0];
    const workspace = new RecyclingWorkspace(params.dtype, (length) => {
      each += length;
      buffers += 1;
      return zeros(length, params.dtype);
    });
    const context: Context = {
      params,
      state: state.copy(),
      mode: 'train',
      rng: this.rng?.stream('measure'),
      workspace,
      keep: 'backward',
    };
    const applied = network.body.forward(batches.inputs.slice(0, 1), context);
    const cotangents = workspace.matrix(1, network.outputs);
    applied.backward(cotangents, { cotangents: 1, input: false, visit: null });
    return { each, buffers };
  }

  private checkParams(): void {
    for (const value of this.params.data)
      if (!Number.isFinite(value)) this.diverged(`a parameter of ${value}`);
  }

  private diverged(got: string): never {
    const { optimizer } = this;
    throw new NumericalError({
      what: `Training, step ${this.step + 1} (epoch ${Math.floor(this.step / this.batches.count) + 1})`,
      expected: 'a finite loss and finite parameters',
      got,
      todo: `The training diverged: lower the rate of ${optimizer.optimizer.name} (${optimizer.rate}), or scale the inputs and initial weights down.`,
    });
  }

  private interrupted(): never {
    const done = this.history.length;
    throw new TrainingInterrupted(
      {
        what: 'Training',
        expected: `${this.options.epochs} epochs`,
        got: `an interrupt after ${done} (step ${this.step})`,
        todo: 'Call train again with { checkpoint: error.checkpoint } to go on from here.',
      },
      this.checkpoint(),
    );
  }
}

/**
 * How many examples of a batch go through the network together. Where one takes more room than the parameters do, as in
 * a convolutional network, a batch is cut into parts whose buffers stay in cache, and their gradients are added up. Not so
 * where the examples of a batch depend on each other: a layer that does that keeps averages of it, its state.
 */
function partOf(network: Network, batchSize: number, entriesOfExample: number, dtype: DType): number {
  if (network.stateLayout.size > 0 || entriesOfExample < network.layout.size) return batchSize;
  const most = PART_BYTES / (dtype === 'float32' ? 4 : 8) / entriesOfExample;
  const parts = Math.ceil(batchSize / Math.max(1, Math.floor(most)));
  return Math.ceil(batchSize / parts);
}

/** An arena with room for so many numbers. */
function arenaOf(dtype: DType, entries: number): Arena {
  const bytes = entries * (dtype === 'float32' ? 4 : 8);
  return new Arena(Math.min(bytes + 4096, ARENA_LIMIT));
}

/** The snapshots that a checkpoint holds. */
export function snapshotsOf(
  network: Network,
  { snapshots, examples, batchSize }: Checkpoint,
): SnapshotRecord[] {
  const stepsAnEpoch = Math.ceil(examples / batchSize);
  return snapshots.map(({ step, snapshot }) => ({
    epoch: step / stepsAnEpoch,
    step,
    snapshot: network.unpack(snapshot),
  }));
}

type Drawing = Pick<TrainOptions, 'rng' | 'checkpoint' | 'batchSize' | 'shuffle'>;

const isShuffled = (examples: number, { batchSize = examples, shuffle = true }: Drawing): boolean =>
  shuffle && batchSize < examples;

/**
 * A generator of the training's own, where it draws: the checkpoint's, or a stream below the given one, which moves on by
 * a word. Throws a ValueError when there is neither.
 */
export function ownGenerator(network: Network, examples: number, options: Drawing): Random | null {
  if (!isShuffled(examples, options) && !network.body.stochastic) return null;
  const { rng, checkpoint } = options;
  if (checkpoint?.rng) return Random.fromState(checkpoint.rng);
  if (rng) return rng.stream(rng.integer(2 ** 31));
  throw new ValueError({
    what: 'train({ rng })',
    expected: 'a generator for the order of the examples or for random layers',
    got: 'none',
    todo: 'Pass { rng: random(seed) }, or { shuffle: false } where no layer is random.',
  });
}
