/**
 * Validation: how good a network is, while it is trained, on examples that it is not trained on; and early stopping,
 * which ends a training when that no longer gets better, and gives the numbers of the epoch in which it was best.
 *
 * Prechelt, "Early stopping – but when?", Neural Networks: Tricks of the Trade, 1998; `patience` is the rule of Keras'
 * EarlyStopping with min_delta = 0.
 */

import { NumericalError, ValueError } from '../errors';
import type { DType, Matrix, Vector } from '../linalg/matrix';
import { checkedInputs, checkWhole } from './check';
import type { Loss, Targets, TrainingData } from './losses';
import type { Network } from './network';
import { copySnapshot, type PackedSnapshot, packSnapshot, type Snapshot } from './params';
import { Prediction } from './prediction';

/**
 * What is measured on the validation's examples. Every Loss is a measure; another, with `accuracy` of the metrics, is
 *
 *     { name: 'accuracy', value: accuracy, better: 'larger' }
 */
export interface Measure {
  readonly name: string;
  /** The value for the outputs of all examples, n × d_out (overwritten later), and the targets as they were given. */
  value(outputs: Matrix, targets: Targets): number;
  /** Which of two values is the better one; 'smaller' unless given. */
  readonly better?: 'smaller' | 'larger';
}

export interface Validation extends TrainingData {
  /** What is measured; the training's loss unless given. */
  readonly measure?: Measure;
  /** Epochs from one evaluation to the next: epochs every, 2 every, … are evaluated. 1 unless given. */
  readonly every?: number;
  /** Training ends when the last value better than all before it lies this many epochs back; never unless given. */
  readonly patience?: number;
  /**
   * Whether the training results in the numbers of its best epoch instead of its last. Unless given, true with
   * `patience`, and false without, where the values are only recorded.
   */
  readonly restoreBest?: boolean;
}

/** The best epoch so far: the first of those with the best value. */
export interface BestRecord {
  readonly epoch: number;
  readonly value: number;
  readonly snapshot: Snapshot;
}

/** The same for a checkpoint. */
export interface PackedBest {
  readonly epoch: number;
  readonly value: number;
  /** The measure's name. */
  readonly measure: string;
  readonly snapshot: PackedSnapshot;
}

/** The validation of one training. */
export class Validator {
  readonly restoresBest: boolean;
  private readonly every: number;
  private readonly measure: Measure;
  private readonly targets: Targets;
  private readonly prediction: Prediction;
  private readonly patience: number;
  private found: BestRecord | null = null;

  /** @param allocate where the buffers of a block come from. */
  constructor(
    network: Network,
    validation: Validation,
    { loss, epochs, dtype }: { loss: Loss; epochs: number; dtype: DType },
    allocate: (length: number) => Vector,
  ) {
    const { measure = loss, every = 1, patience, restoreBest } = validation;
    const inputs = checkedInputs('validation', validation, network.inputs, dtype);
    checkWhole('validation.every', every, 1);
    if (patience !== undefined) checkWhole('validation.patience', patience, 1);
    if (every > epochs && epochs > 0)
      throw new ValueError({
        what: 'train({ validation.every })',
        expected: `at most ${epochs}, where this training ends`,
        got: `${every}`,
        todo: 'Train for longer, or evaluate more often.',
      });
    this.every = every;
    this.patience = patience ?? Infinity;
    this.restoresBest = restoreBest ?? patience !== undefined;
    this.measure = measure;
    // A loss checks its targets, and converts them once.
    this.targets = isLoss(measure)
      ? measure.targets(validation.targets, network.outputs, dtype)
      : validation.targets;
    this.prediction = new Prediction(network.body, inputs, allocate);
  }

  /** The best so far; its snapshot changes when there is a better one. */
  get best(): BestRecord | null {
    return this.found;
  }

  /** Entries of the buffers, at most. */
  entries(snapshot: Snapshot): number {
    return this.prediction.entries(snapshot);
  }

  /** The value after `epoch`, which is remembered if it is the best. Throws a NumericalError when it is not finite. */
  evaluate(epoch: number, snapshot: Snapshot): number {
    const { name, better = 'smaller' } = this.measure;
    const value = this.measure.value(this.prediction.at(snapshot), this.targets);
    if (!Number.isFinite(value))
      throw new NumericalError({
        what: `Validation after epoch ${epoch}`,
        expected: 'a finite number',
        got: `${name} ${value}`,
        todo: 'See that the measure has a value for any outputs; if it has, the training diverged: lower its rate.',
      });
    const best = this.found;
    if (best === null || (better === 'larger' ? value > best.value : value < best.value))
      this.found = { epoch, value, snapshot: overwritten(best?.snapshot, snapshot) };
    return value;
  }

  /** The last epoch of so many that was evaluated. */
  lastOf(epochs: number): number {
    return epochs - (epochs % this.every);
  }

  /** Whether patience has run out after `epochs` epochs. */
  exhausted(epochs: number): boolean {
    if (this.found === null) return false;
    return this.lastOf(epochs) - this.found.epoch >= this.patience;
  }

  save(): PackedBest | null {
    if (this.found === null) return null;
    const { epoch, value, snapshot } = this.found;
    return { epoch, value, measure: this.measure.name, snapshot: packSnapshot(snapshot) };
  }

  /** Goes on from a checkpoint. Throws a ValueError when another measure made it. */
  restore(network: Network, saved: PackedBest | null): void {
    if (saved === null) return;
    const { epoch, value, measure, snapshot } = saved;
    if (measure !== this.measure.name)
      throw new ValueError({
        what: 'Checkpoint, validation',
        expected: `values of ${this.measure.name}`,
        got: `values of ${measure}`,
        todo: 'Go on with the same measure.',
      });
    this.found = { epoch, value, snapshot: network.unpack(snapshot) };
  }
}

const isLoss = (measure: Measure): measure is Loss => 'targets' in measure;

/** A copy of `snapshot`, in the place of one that is not needed any more. */
function overwritten(old: Snapshot | undefined, snapshot: Snapshot): Snapshot {
  if (old === undefined) return copySnapshot(snapshot);
  old.params.data.set(snapshot.params.data);
  old.state.data.set(snapshot.state.data);
  return old;
}
