/**
 * Validation: how good a network is, while it is trained, on examples that it is not trained on (or on those that it is);
 * and early stopping, which ends a training when that is good enough, or no longer gets better, and then gives the numbers
 * of the epoch in which it was best.
 *
 * Prechelt, "Early stopping – but when?", Neural Networks: Tricks of the Trade, 1998; `patience` is the rule of Keras'
 * EarlyStopping with min_delta = 0.
 */

import { NumericalError, ShapeError, shapeText, ValueError } from '../errors';
import { type DType, Matrix, type Vector } from '../linalg/matrix';
import { accuracy, predictedLabels } from '../metrics';
import { checkedInputs, checkWhole } from './check';
import type { Loss, Targets, TrainingData } from './losses';
import type { Network } from './network';
import { copySnapshot, type PackedSnapshot, packSnapshot, type Snapshot } from './params';
import { Prediction } from './prediction';

/**
 * What is measured on the validation's examples. Every Loss is a measure; another is, with `rSquared` of the metrics and
 * targets y,
 *
 *     { name: 'R²', value: (outputs) => rSquared(outputs.data, y), better: 'larger' }
 */
export interface Measure {
  readonly name: string;
  /** The targets in the form in which `value` takes them, checked; as they were given unless there is this function. */
  targets?(targets: Targets, outputs: number, dtype: DType): Targets;
  /** The value for the outputs of all examples, n × d_out (overwritten later), and the targets. */
  value(outputs: Matrix, targets: Targets): number;
  /** Which of two values is the better one; 'smaller' unless given. */
  readonly better?: 'smaller' | 'larger';
}

export interface Validation extends TrainingData {
  /**
   * What is measured; the training's loss unless given. 'accuracy' is the share of examples whose class is that of their
   * targets: labels, or n × d_out rows of which the class is the largest entry.
   */
  readonly measure?: Measure | 'accuracy';
  /** Epochs from one evaluation to the next: epochs every, 2 every, … are evaluated. 1 unless given. */
  readonly every?: number;
  /** Training ends with the first value that is as good as this, or better; never unless given. */
  readonly goal?: number;
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
  private readonly goal: number | undefined;
  private readonly patience: number;
  private found: BestRecord | null = null;

  /** @param allocate where the buffers of a block come from. */
  constructor(
    network: Network,
    validation: Validation,
    { loss, epochs, dtype }: { loss: Loss; epochs: number; dtype: DType },
    allocate: (length: number) => Vector,
  ) {
    const { every = 1, goal, patience, restoreBest } = validation;
    const measure = chosenMeasure(validation.measure ?? loss);
    const inputs = checkedInputs('validation', validation, network.inputs, dtype);
    checkWhole('validation.every', every, 1);
    if (patience !== undefined) checkWhole('validation.patience', patience, 1);
    if (goal !== undefined && !Number.isFinite(goal))
      throw new ValueError({
        what: 'train({ validation.goal })',
        expected: `a finite value of ${measure.name}`,
        got: `${goal}`,
        todo: 'Leave it out to train to the end.',
      });
    if (every > epochs && epochs > 0)
      throw new ValueError({
        what: 'train({ validation.every })',
        expected: `at most ${epochs}, where this training ends`,
        got: `${every}`,
        todo: 'Train for longer, or evaluate more often.',
      });
    this.every = every;
    this.goal = goal;
    this.patience = patience ?? Infinity;
    this.restoresBest = restoreBest ?? patience !== undefined;
    this.measure = measure;
    this.targets = measure.targets?.(validation.targets, network.outputs, dtype) ?? validation.targets;
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
    const { name } = this.measure;
    const value = this.measure.value(this.prediction.at(snapshot), this.targets);
    if (!Number.isFinite(value))
      throw new NumericalError({
        what: `Validation after epoch ${epoch}`,
        expected: 'a finite number',
        got: `${name} ${value}`,
        todo: 'See that the measure has a value for any outputs; if it has, the training diverged: lower its rate.',
      });
    const best = this.found;
    if (best === null || this.isBetter(value, best.value))
      this.found = { epoch, value, snapshot: overwritten(best?.snapshot, snapshot) };
    return value;
  }

  /** The last epoch of so many that was evaluated. */
  lastOf(epochs: number): number {
    return epochs - (epochs % this.every);
  }

  /** Why training ends after `epochs` epochs; null where it goes on. A value that meets the goal is the best so far. */
  verdict(epochs: number): 'goal' | 'patience' | null {
    const best = this.found;
    if (best === null) return null;
    if (this.goal !== undefined && !this.isBetter(this.goal, best.value)) return 'goal';
    return this.lastOf(epochs) - best.epoch >= this.patience ? 'patience' : null;
  }

  private isBetter(value: number, than: number): boolean {
    return this.measure.better === 'larger' ? value > than : value < than;
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

const accuracyMeasure: Measure = {
  name: 'accuracy',
  better: 'larger',
  targets(targets, outputs) {
    const labels = labelsOf(targets, outputs);
    accuracy(Matrix.zeros(labels.length, outputs), labels); // checks them
    return labels;
  },
  value: (outputs, labels) => accuracy(outputs, labels as ArrayLike<number>),
};

/** Labels as they are, in a list or a column; of rows with an entry for each output, the class of the largest. */
function labelsOf(targets: Targets, outputs: number): ArrayLike<number> {
  if (!(targets instanceof Matrix)) return targets;
  if (targets.cols === 1) return targets.data;
  if (targets.cols === outputs) return predictedLabels(targets);
  throw new ShapeError({
    what: 'accuracy targets',
    expected: `labels, or ${outputs} columns, one for each output`,
    got: shapeText(targets.shape),
    todo: 'Give one whole-number label an example, from 0.',
  });
}

function chosenMeasure(choice: Measure | 'accuracy'): Measure {
  if (typeof choice !== 'string') return choice;
  if (choice === 'accuracy') return accuracyMeasure;
  throw new ValueError({
    what: 'train({ validation.measure })',
    expected: "'accuracy', a loss, or { name, value }",
    got: `'${choice}'`,
    todo: 'A loss is given itself, not by its name.',
  });
}

/** A copy of `snapshot`, in the place of one that is not needed any more. */
function overwritten(old: Snapshot | undefined, snapshot: Snapshot): Snapshot {
  if (old === undefined) return copySnapshot(snapshot);
  old.params.data.set(snapshot.params.data);
  old.state.data.set(snapshot.state.data);
  return old;
}
