/**
 * Training: batches, gradient, step, over and over. The trainer owns everything a step writes to, parameters,
 * gradient, moments and the layers' buffers, in one Arena, so that a step allocates no arrays and element-wise work
 * is done in place; the snapshot that it is given stays as it was.
 *
 * The order of the examples in an epoch is a function of the generator and the epoch's number alone, so a
 * checkpoint needs no memory of it, and a training that was interrupted anywhere goes on to the same digits. The
 * loop gives way to the event loop every few hundredths of a second: interrupts arrive, charts are drawn.
 */

import { InterruptedError, NumericalError, type Problem, ShapeError, ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import { Arena } from '../linalg/elementwise';
import { Matrix, zeros } from '../linalg/matrix';
import { Random, type RandomState } from '../random';
import { interruption, type Progress, progress } from '../run';
import type { BackwardRequest, Context } from './layer';
import type { Loss, Targets } from './losses';
import type { Network } from './network';
import type { Optimizer, OptimizerState, SavedOptimizer } from './optimizers';
import { copySnapshot, type PackedSnapshot, Params, packSnapshot, type Snapshot } from './params';
import { addGradient } from './site';
import { RecyclingWorkspace } from './workspace';

export interface TrainingData {
  /** n × d_in. */
  readonly inputs: Matrix;
  /** What the loss takes: n × d_out, or n labels. */
  readonly targets: Targets;
}

export interface TrainOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** How often every example is seen in all, those before a checkpoint included. */
  readonly epochs: number;
  /** Examples a step; all of them unless given. The last batch of an epoch takes what is left. */
  readonly batchSize?: number;
  /** Whether each epoch has its own random order (true unless given); with all examples in one batch there is none. */
  readonly shuffle?: boolean;
  /** Needed to shuffle, and by random layers. Training draws one number from it. */
  readonly rng?: Random;
  /** Called after each epoch; training waits for a promise, and ends early when it gives 'stop'. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is the usual one
  readonly onEpoch?: (event: EpochEvent) => void | 'stop' | Promise<void | 'stop'>;
  /** Epochs and steps after which to keep a snapshot; 0 is the beginning. */
  readonly snapshotsAt?: { readonly epochs?: readonly number[]; readonly steps?: readonly number[] };
  /** Reports progress, in steps and with the loss of the last epoch, under this name (run/progress). */
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
  readonly snapshot: Snapshot;
  readonly history: readonly EpochRecord[];
  /** Those of `snapshotsAt`, in order. */
  readonly snapshots: readonly SnapshotRecord[];
  /** From which more epochs can follow. */
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
 * Minimises the mean loss over the data from `snapshot` on, and resolves to the numbers at the end, the loss of each
 * epoch, and the snapshots asked for. Throws a ShapeError or ValueError for data, targets or options that do not
 * fit, before the first step; a NumericalError that names the step when the loss is no longer finite; and a
 * TrainingInterrupted when `signal` says so.
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

/** Enough address space for any training of the studies; larger buffers are ordinary arrays. */
const ARENA_LIMIT = 2 ** 31;

class Training {
  private readonly network: Network;
  private readonly options: TrainOptions;
  private readonly inputs: Matrix;
  private readonly targets: Matrix;
  private readonly batchSize: number;
  private readonly stepsPerEpoch: number;
  private readonly rng: Random | null;

  private readonly params: Params;
  private readonly state: Params;
  private readonly gradient: Params;
  private readonly optimizer: OptimizerState;
  private readonly workspace: RecyclingWorkspace;
  private readonly context: Context;
  private readonly request: BackwardRequest;
  /** The batch: rows of the data, copied. Unused when the batch is everything. */
  private readonly batchInputs: Matrix;
  private readonly batchTargets: Matrix;

  private step = 0;
  private lossSum = 0;
  private history: EpochRecord[] = [];
  private snapshots: SnapshotRecord[] = [];
  private readonly snapshotSteps: ReadonlySet<number>;

  constructor(network: Network, snapshot: Snapshot, data: TrainingData, options: TrainOptions) {
    network.check(snapshot, data.inputs);
    const { dtype } = snapshot.params;
    const { rows: n, cols } = data.inputs;
    this.network = network;
    this.options = options;
    this.inputs = checkInputs(data.inputs.as(dtype));
    this.targets = options.loss.targets(data.targets, network.outputs, dtype);
    if (this.targets.rows !== n)
      throw new ShapeError({
        what: 'Targets of the training',
        expected: `${n}, one for each row of the inputs`,
        got: `${this.targets.rows}`,
        todo: 'Give inputs and targets of the same examples.',
      });
    checkWhole('epochs', options.epochs, 0);
    checkWhole('batchSize', options.batchSize ?? n, 1);
    this.batchSize = Math.min(options.batchSize ?? n, n);
    this.stepsPerEpoch = Math.ceil(n / this.batchSize);
    this.rng = ownGenerator(options, this.shuffled || network.body.stochastic);
    const { epochs = [], steps = [] } = options.snapshotsAt ?? {};
    for (const epoch of epochs) checkWhole('snapshotsAt.epochs', epoch, 0);
    for (const step of steps) checkWhole('snapshotsAt.steps', step, 0);
    this.checkSnapshots('epochs', epochs, options.epochs);
    this.checkSnapshots('steps', steps, options.epochs * this.stepsPerEpoch);
    this.snapshotSteps = new Set([...epochs.map((epoch) => epoch * this.stepsPerEpoch), ...steps]);

    const partial = this.batchSize < n;
    this.batchInputs = partial ? Matrix.zeros(this.batchSize, cols, dtype) : this.inputs;
    this.batchTargets = partial ? Matrix.zeros(this.batchSize, this.targets.cols, dtype) : this.targets;

    const arena = this.makeArena(snapshot);
    const vector = (length: number) => {
      const bytes = length * (dtype === 'float32' ? 4 : 8);
      return arena.used + bytes + 64 <= arena.capacity ? arena.vector(length, dtype) : zeros(length, dtype);
    };
    this.params = new Params(network.layout, vector(network.layout.size));
    this.params.data.set(snapshot.params.data);
    this.gradient = new Params(network.layout, vector(network.layout.size));
    this.state = snapshot.state.copy();
    const moments = 2 * this.params.data.byteLength + 128;
    this.optimizer = options.optimizer.start(
      network.layout.size,
      dtype,
      arena.used + moments <= arena.capacity ? arena : undefined,
    );
    this.workspace = new RecyclingWorkspace(dtype, vector);
    const { params, state, workspace, gradient } = this;
    this.context = { params, state, mode: 'train', workspace, keep: 'backward' };
    this.request = {
      cotangents: 1,
      input: false,
      visit: (site) => addGradient(site, 1, gradient, true, workspace),
    };
    if (options.checkpoint) this.restore(options.checkpoint);
  }

  async run(): Promise<void> {
    const label = this.options.progress;
    if (label === undefined) return this.loop(null);
    const bar = progress(this.options.epochs * this.stepsPerEpoch, label);
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
    const { epochs, signal = interruption() } = this.options;
    const last = epochs * this.stepsPerEpoch;
    if (signal?.aborted) this.interrupted();
    this.takeSnapshot();
    let turn = performance.now();
    let reported = this.step;
    let order: Uint32Array | null = null;
    while (this.step < last) {
      const epoch = Math.floor(this.step / this.stepsPerEpoch) + 1;
      const within = this.step % this.stepsPerEpoch;
      if (this.shuffled && (order === null || within === 0))
        order = (this.rng as Random).stream(epoch).permutation(this.inputs.rows);
      this.takeStep(within, order);
      this.takeSnapshot();
      const stop = within === this.stepsPerEpoch - 1 && (await this.endEpoch(epoch)) === 'stop';
      if (stop || this.step === last || performance.now() - turn > TURN) {
        bar?.tick(this.step - reported, this.note);
        reported = this.step;
        await new Promise((resolve) => setImmediate(resolve));
        turn = performance.now();
      }
      if (stop) break;
      if (signal?.aborted && this.step < last) this.interrupted();
    }
    this.checkParams();
  }

  /** What progress says of itself. */
  private get note(): string {
    const record = this.history.at(-1);
    return record ? `loss ${record.loss.toPrecision(3)}` : '';
  }

  result(): TrainResult {
    const { history, snapshots } = this;
    return { snapshot: this.copy(), history, snapshots, checkpoint: this.checkpoint() };
  }

  private get shuffled(): boolean {
    return this.batchSize < this.inputs.rows && (this.options.shuffle ?? true);
  }

  /** One batch: outputs, loss, gradient, update. */
  private takeStep(within: number, order: Uint32Array | null): void {
    const start = within * this.batchSize;
    const rows = Math.min(this.batchSize, this.inputs.rows - start);
    let inputs = this.batchInputs;
    let targets = this.batchTargets;
    if (this.batchSize < this.inputs.rows) {
      gather(this.inputs, order, start, rows, inputs);
      gather(this.targets, order, start, rows, targets);
      if (rows < this.batchSize) {
        inputs = inputs.slice(0, rows);
        targets = targets.slice(0, rows);
      }
    }
    this.workspace.restart();
    const applied = this.network.body.forward(inputs, this.stepContext());
    const { output } = applied;
    const cotangents = this.workspace.matrix(output.rows, output.cols);
    const loss = this.options.loss.gradient(output, targets, cotangents);
    if (!Number.isFinite(loss)) this.diverged(`a loss of ${loss}`);
    applied.backward(cotangents, this.request);
    this.optimizer.step(this.params.data, this.gradient.data);
    this.step++;
    this.lossSum += loss * rows;
  }

  /** Random layers get a generator that depends on the step's number alone. */
  private stepContext(): Context {
    if (!this.network.body.stochastic) return this.context;
    return { ...this.context, rng: (this.rng as Random).stream('noise').stream(this.step) };
  }

  private endEpoch(epoch: number): unknown {
    const { step } = this;
    const record = { epoch, step, loss: this.lossSum / this.inputs.rows };
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
    this.snapshots.push({ epoch: step / this.stepsPerEpoch, step, snapshot: this.copy() });
  }

  private copy(): Snapshot {
    return copySnapshot({ params: this.params, state: this.state });
  }

  private checkpoint(): Checkpoint {
    const { step, params, state, lossSum } = this;
    return {
      step,
      examples: this.inputs.rows,
      batchSize: this.batchSize,
      snapshot: packSnapshot({ params, state }),
      optimizer: this.optimizer.save(),
      rng: this.rng?.state() ?? null,
      lossSum,
      history: [...this.history],
      snapshots: this.snapshots.map(({ step, snapshot }) => ({ step, snapshot: packSnapshot(snapshot) })),
    };
  }

  /** A snapshot that would never be taken must not go missing without a word. */
  private checkSnapshots(unit: 'epochs' | 'steps', asked: readonly number[], last: number): void {
    const beyond = asked.find((at) => at > last);
    if (beyond !== undefined)
      throw new ValueError({
        what: `train, snapshotsAt.${unit}`,
        expected: `at most ${last}, where this training ends`,
        got: `${beyond}`,
        todo: 'Train for longer, or leave it out.',
      });
  }

  private restore(checkpoint: Checkpoint): void {
    const { network, params, state, batchSize } = this;
    const of = (its: PackedSnapshot, examples: number, batch: number) =>
      `${its.params.cols} ${its.params.dtype} parameters, ${its.state.cols} state entries, ${examples} examples, batches of ${batch}`;
    const mine = of(packSnapshot({ params, state }), this.inputs.rows, batchSize);
    const its = of(checkpoint.snapshot, checkpoint.examples, checkpoint.batchSize);
    if (mine !== its)
      throw new ValueError({
        what: 'Checkpoint',
        expected: `one of this training: ${mine}`,
        got: its,
        todo: 'Go on with the same network, data and batch size.',
      });
    const steps = this.options.epochs * this.stepsPerEpoch;
    if (checkpoint.step > steps)
      throw new ValueError({
        what: 'train, epochs',
        expected: `at least the checkpoint's ${checkpoint.step / this.stepsPerEpoch}, which count`,
        got: `${this.options.epochs}`,
        todo: 'Give the number of epochs in all, those before the checkpoint included.',
      });
    params.data.set(checkpoint.snapshot.params.data);
    state.data.set(checkpoint.snapshot.state.data);
    this.optimizer.restore(checkpoint.optimizer);
    this.step = checkpoint.step;
    this.lossSum = checkpoint.lossSum;
    this.history = [...checkpoint.history];
    this.snapshots = checkpoint.snapshots.map(({ step, snapshot }) => ({
      epoch: step / this.stepsPerEpoch,
      step,
      snapshot: network.unpack(snapshot),
    }));
  }

  /** An arena for parameters, gradient, moments and every buffer of a step, as a step with one example shows them. */
  private makeArena(snapshot: Snapshot): Arena {
    const { params, state } = snapshot;
    let entries = 0;
    const measure = new RecyclingWorkspace(params.dtype, (length) => {
      entries += length * this.batchSize + 16;
      return zeros(length, params.dtype);
    });
    const context: Context = {
      params,
      state: state.copy(),
      mode: 'train',
      rng: this.rng?.stream('measure'),
      workspace: measure,
      keep: 'backward',
    };
    const applied = this.network.body.forward(this.inputs.slice(0, 1), context);
    const cotangents = measure.matrix(1, this.network.outputs);
    applied.backward(cotangents, { cotangents: 1, input: false, visit: null });
    // Parameters and gradient, and two moments at most.
    entries += 4 * (this.network.layout.size + 16);
    const bytes = entries * (params.dtype === 'float32' ? 4 : 8);
    return new Arena(Math.min(bytes + 4096, ARENA_LIMIT));
  }

  private checkParams(): void {
    for (const value of this.params.data)
      if (!Number.isFinite(value)) this.diverged(`a parameter of ${value}`);
  }

  private diverged(got: string): never {
    const { optimizer } = this;
    throw new NumericalError({
      what: `Training, step ${this.step + 1} (epoch ${Math.floor(this.step / this.stepsPerEpoch) + 1})`,
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

/** A generator of the training's own: the checkpoint's, or a stream below the given one, which moves on by a word. */
function ownGenerator({ rng, checkpoint }: TrainOptions, needed: boolean): Random | null {
  if (!needed) return null;
  if (checkpoint?.rng) return Random.fromState(checkpoint.rng);
  if (rng) return rng.stream(rng.integer(2 ** 31));
  throw new ValueError({
    what: 'train({ rng })',
    expected: 'a generator for the order of the examples or for random layers',
    got: 'none',
    todo: 'Pass { rng: random(seed) }, or { shuffle: false } where no layer is random.',
  });
}

/** Rows order[start …] of `from` (or start …), copied to the front of `to`. */
function gather(from: Matrix, order: Uint32Array | null, start: number, rows: number, to: Matrix): void {
  const { cols, data } = from;
  if (cols === 1) {
    for (let i = 0; i < rows; i++) to.data[i] = data[order ? order[start + i] : start + i];
    return;
  }
  for (let i = 0; i < rows; i++) {
    const row = order ? order[start + i] : start + i;
    to.data.set(data.subarray(row * cols, (row + 1) * cols), i * cols);
  }
}

function checkInputs(inputs: Matrix): Matrix {
  if (inputs.rows === 0)
    throw new ShapeError({
      what: 'Inputs of the training',
      expected: 'at least one example',
      got: 'none',
      todo: 'Give one example a row.',
    });
  const { data, cols } = inputs;
  const at = firstNotFinite(data);
  if (at < 0) return inputs;
  throw new ValueError({
    what: 'Inputs of the training',
    expected: 'finite numbers',
    got: `${data[at]} in example ${Math.floor(at / cols)}, column ${at % cols}`,
    todo: 'Remove or repair this example.',
  });
}

function checkWhole(what: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new ValueError({
    what: `train({ ${what} })`,
    expected: `a whole number, ${least} or more`,
    got: `${value}`,
    todo: 'Count in whole epochs, steps and examples.',
  });
}
