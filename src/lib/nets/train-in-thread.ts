/**
 * Training on another core. The steps of a small network are too short for threads inside of them, so a study of many
 * seeds trains one network a core:
 *
 *     const results = await Promise.all(seeds.map((seed) => trainInThread(net, net.init(random(seed)), data, options)));
 *
 * Numbers and descriptions go to the thread, and what runs there is `train` itself.
 */

import { fileURLToPath } from 'node:url';
import { InterruptedError, type Problem, ValueError } from '../errors';
import { type BackendChoice, backend, useBackend } from '../linalg';
import { Random, type RandomState } from '../random';
import {
  inThread,
  interruption,
  onProgress,
  type Progress,
  type ProgressEvent,
  progress,
  type ThreadContext,
} from '../run';
import {
  type Description,
  describeNetwork,
  describeOptimizer,
  lossNamed,
  networkFrom,
  optimizerFrom,
} from './description';
import type { Loss, TrainingData } from './losses';
import type { Network } from './network';
import { type PackedSnapshot, packSnapshot, type Snapshot } from './params';
import {
  type Checkpoint,
  ownGenerator,
  snapshotsOf,
  TrainingInterrupted,
  type TrainOptions,
  type TrainResult,
  train,
} from './train';
import type { Measure, Validation } from './validation';

/** The options of `train`, but for onEpoch: training goes on without waiting for this thread. */
export type ThreadTrainOptions = Omit<TrainOptions, 'onEpoch'>;

/**
 * `train` in a thread of its own; as many run at a time as `threads()` says, further ones wait for their turn. The result
 * is that of `train`, digit for digit where its products have one thread too (those below some 400³ multiply-adds always
 * have). `onSnapshot` is called in this thread, while training goes on in the other.
 *
 * Throws what `train` throws, a TrainingInterrupted with its checkpoint among it; and a ValueError for what cannot be sent:
 * onEpoch, and layers, losses and measures that are not of this library.
 */
export async function trainInThread(
  network: Network,
  snapshot: Snapshot,
  data: TrainingData,
  options: ThreadTrainOptions,
): Promise<TrainResult> {
  const { signal = interruption(), onSnapshot } = options;
  const work = sendable(network, snapshot, data, options);
  // The given generator moves on as it does in `train`; the thread has a copy from before.
  ownGenerator(network, data.inputs.rows, options);
  const bar = new DistantProgress(options.checkpoint?.step ?? 0);
  try {
    const answer = await inThread<Answer, Report>(fileURLToPath(import.meta.url), 'trained', [work], {
      signal,
      heedsSignal: true,
      onProgress: ({ record, event }) => {
        if (record) onSnapshot?.({ ...record, snapshot: network.unpack(record.snapshot) });
        if (event) bar.follow(event);
      },
    });
    if ('problem' in answer) throw new TrainingInterrupted(answer.problem, answer.checkpoint);
    return resultOf(network, answer);
  } catch (error) {
    const begun = error instanceof TrainingInterrupted || !(error instanceof InterruptedError);
    if (begun || !signal?.aborted) throw error;
    // Stopped before there was a thread for it: `train` says so, with a checkpoint of the beginning.
    const rng = work.rng && Random.fromState(work.rng);
    return await train(network, snapshot, data, { ...options, rng, signal });
  } finally {
    bar.end();
  }
}

/** A training as numbers and descriptions. */
interface Work {
  readonly backend: BackendChoice;
  readonly network: Description;
  readonly snapshot: PackedSnapshot;
  readonly data: TrainingData;
  readonly loss: string;
  readonly optimizer: Description;
  readonly rng?: RandomState;
  readonly validation?: Omit<Validation, 'measure'> & { readonly measure?: string };
  /** Those that can be sent as they are. */
  readonly options: Pick<
    TrainOptions,
    'epochs' | 'batchSize' | 'shuffle' | 'snapshotsAt' | 'progress' | 'checkpoint'
  >;
}

/** What the thread says while it trains. */
interface Report {
  readonly record?: { readonly epoch: number; readonly step: number; readonly snapshot: PackedSnapshot };
  readonly event?: ProgressEvent;
}

/** How the training ended; all else of its result is in the checkpoint. */
interface Done {
  readonly checkpoint: Checkpoint;
  readonly snapshot: PackedSnapshot;
  readonly ended: TrainResult['ended'];
}

type Answer = Done | { readonly checkpoint: Checkpoint; readonly problem: Problem };

/** What runs in the thread. */
export async function trained(work: Work, { signal, report }: ThreadContext<Report>): Promise<Answer> {
  useBackend(work.backend);
  const network = networkFrom(work.network);
  const { validation } = work;
  const measure = validation?.measure;
  const end = onProgress((event) => report({ event }));
  try {
    const { snapshot, ended, checkpoint } = await train(network, network.unpack(work.snapshot), work.data, {
      ...work.options,
      loss: lossNamed(work.loss) as Loss,
      optimizer: optimizerFrom(work.optimizer),
      rng: work.rng && Random.fromState(work.rng),
      validation: validation && {
        ...validation,
        measure: measure === undefined || measure === 'accuracy' ? measure : lossNamed(measure),
      },
      onSnapshot: (record) => report({ record: { ...record, snapshot: packSnapshot(record.snapshot) } }),
      signal,
    });
    return { snapshot: packSnapshot(snapshot), ended, checkpoint };
  } catch (error) {
    if (!(error instanceof TrainingInterrupted)) throw error;
    return { problem: error.problem, checkpoint: error.checkpoint };
  } finally {
    end();
  }
}

function sendable(
  network: Network,
  snapshot: Snapshot,
  data: TrainingData,
  options: ThreadTrainOptions,
): Work {
  const { loss, optimizer, rng, validation } = options;
  const { epochs, batchSize, shuffle, snapshotsAt, progress, checkpoint } = options;
  if ((options as TrainOptions).onEpoch)
    throw new ValueError({
      what: 'trainInThread({ onEpoch })',
      expected: 'no function that a training would have to wait for after each epoch',
      got: 'one',
      todo: 'Follow it by snapshotsAt and onSnapshot, or use train.',
    });
  return {
    backend: backend().kind,
    network: describeNetwork(network),
    snapshot: packSnapshot(snapshot),
    data: examplesOf(data),
    loss: nameOf('loss', loss),
    optimizer: describeOptimizer(optimizer),
    rng: rng?.state(),
    validation: validation && sendableValidation(validation),
    options: { epochs, batchSize, shuffle, snapshotsAt, progress, checkpoint },
  };
}

function sendableValidation(validation: Validation): NonNullable<Work['validation']> {
  const { measure, every, goal, patience, restoreBest } = validation;
  const named = measure === undefined || measure === 'accuracy';
  const name = named ? measure : nameOf('validation.measure', measure);
  return { ...examplesOf(validation), measure: name, every, goal, patience, restoreBest };
}

/** Without what a data set may hold besides. */
const examplesOf = ({ inputs, targets }: TrainingData): TrainingData => ({ inputs, targets });

/** By its name the thread finds a loss again. */
function nameOf(option: string, loss: Measure): string {
  if (lossNamed(loss.name) === loss) return loss.name;
  throw new ValueError({
    what: `trainInThread({ ${option} })`,
    expected: 'what this library exports under its name',
    got: `something else, called ${loss.name}`,
    todo: 'Functions cannot be sent to a thread: use train for others.',
  });
}

function resultOf(network: Network, { snapshot, ended, checkpoint }: Done): TrainResult {
  const { history, best } = checkpoint;
  return {
    snapshot: network.unpack(snapshot),
    history,
    snapshots: snapshotsOf(network, checkpoint),
    best: best && { epoch: best.epoch, value: best.value, snapshot: network.unpack(best.snapshot) },
    ended,
    checkpoint,
  };
}

/** The progress of work in another thread, from its events. */
class DistantProgress {
  private bar: Progress | undefined;

  /** @param completed steps that were done before. */
  constructor(private completed: number) {}

  follow({ label, total, completed, note, finished }: ProgressEvent): void {
    if (!this.bar) {
      this.bar = progress(total, label);
      this.bar.skip(this.completed);
    }
    if (completed > this.completed) this.bar.tick(completed - this.completed, note);
    this.completed = Math.max(completed, this.completed);
    if (finished) this.bar.done(note);
  }

  end(): void {
    this.bar?.done();
  }
}
