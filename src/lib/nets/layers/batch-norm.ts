/**
 * Batch normalisation (Ioffe & Szegedy, "Batch normalization: accelerating deep network training by reducing internal
 * covariate shift", arXiv 1502.03167, algorithms 1 and 2): each channel, the last axis of an example, is brought to mean
 * 0 and variance 1, then scaled and shifted,
 *
 *     x̂ = r (x − μ),   r = 1 / √(v + ε),   y = γ x̂ + β.
 *
 * In mode 'train', μ and v are mean and (biased) variance over the examples of the batch and the positions of each, and
 * running averages move towards them; in 'evaluate' μ and v are those averages, and the layer is a diagonal affine map.
 * With ⟨·⟩ the mean over a channel's rows, and the terms in square brackets in training only:
 *
 *     backward   x̄ = γ r (ȳ − [⟨ȳ⟩ + x̂ ⟨ȳ x̂⟩]);  sites (x̂, ȳ) of γ and (1, ȳ) of β
 *     jvp        x̂˙ = r (ẋ − [⟨ẋ⟩ + x̂ ⟨ẋ x̂⟩]),   ẏ = γ x̂˙ + γ̇ x̂ + β̇,   and of backward, with ṙ = −[r² ⟨ẋ x̂⟩],
 *                x̄˙ = (γ̇ r + γ ṙ) (ȳ − [⟨ȳ⟩ + x̂ ⟨ȳ x̂⟩]) + γ r (ȳ˙ − [⟨ȳ˙⟩ + x̂ ⟨ȳ˙ x̂ + ȳ x̂˙⟩ + x̂˙ ⟨ȳ x̂⟩])
 *
 * In training examples depend on each other, each cotangent by itself: the means are over the rows of one cotangent.
 */

import { ValueError } from '../../errors';
import {
  columnDots,
  columnMoments,
  columnSums,
  combineColumns,
  normaliseColumns,
} from '../../linalg/elementwise';
import type { Matrix, Vector } from '../../linalg/matrix';
import {
  type Applied,
  type AppliedTangent,
  type BackwardRequest,
  type Context,
  type DualMatrix,
  type Layer,
  type LayerOutput,
  type LayerSpec,
  type Shape,
  shapeSize,
  type TangentBackwardRequest,
} from '../layer';
import type { ParameterSpec, Params, State, StateSpec } from '../params';
import type { DiagonalSite } from '../site';

export interface BatchNormOptions {
  /**
   * m in: running average ← m · running average + (1 − m) · the batch's; .99 by default. As in Keras and tfjs;
   * PyTorch's momentum is 1 − m, and its default .1 is .9 here.
   */
  momentum?: number;
  /** ε, .001 by default, as in Keras and tfjs; PyTorch's default is .00001. */
  epsilon?: number;
  /** Whether there is a β ('…/shift'); true by default. */
  center?: boolean;
  /** Whether there is a γ ('…/scale'); true by default. */
  scale?: boolean;
}

/**
 * Normalises each channel over the batch. Inputs of any shape, the channels last: [d], or [height, width, channels]. The
 * running variance is an average of biased variances, as in tfjs (PyTorch's is of unbiased ones, n/(n − 1) as large). A
 * batch of one example of one position is its own mean: its output is β, and it has no gradient. Throws a ValueError for
 * options out of range; a pass throws one when a running variance is negative.
 */
export function batchNorm(options: BatchNormOptions = {}): LayerSpec {
  const { momentum = 0.99, epsilon = 1e-3, center = true, scale = true } = options;
  if (!(momentum >= 0 && momentum <= 1))
    throw new ValueError({
      what: 'batchNorm({ momentum })',
      expected: 'a number from 0 to 1',
      got: `${momentum}`,
      todo: 'Give the share of the running averages that each step keeps, such as .99.',
    });
  if (!(epsilon > 0 && Number.isFinite(epsilon)))
    throw new ValueError({
      what: 'batchNorm({ epsilon })',
      expected: 'a positive number',
      got: `${epsilon}`,
      todo: 'Give what is added to variances, such as .001, so that a channel that is constant can be divided.',
    });
  const its = { momentum, epsilon, center, scale };
  return {
    kind: 'batchNorm',
    options: its,
    build: (shape, name) => new BatchNormLayer(its, shape, name),
  };
}

export class BatchNormLayer implements Layer {
  readonly kind = 'batchNorm';
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  readonly stochastic = false;
  readonly channels: number;
  /** T: rows of channels that an example has. */
  readonly positions: number;
  readonly momentum: number;
  readonly epsilon: number;
  /** Full names of γ and β (null where there is none), and of the running averages. */
  readonly scale: string | null;
  readonly shift: string | null;
  readonly mean: string;
  readonly variance: string;

  constructor(options: Required<BatchNormOptions>, shape: Shape, name: string) {
    this.name = name;
    this.inputShape = shape;
    this.outputShape = shape;
    this.channels = shape[shape.length - 1];
    this.positions = shapeSize(shape) / this.channels;
    this.momentum = options.momentum;
    this.epsilon = options.epsilon;
    this.scale = options.scale ? `${name}/scale` : null;
    this.shift = options.center ? `${name}/shift` : null;
    this.mean = `${name}/mean`;
    this.variance = `${name}/variance`;
    const row = { rows: 1, cols: this.channels };
    const parameters: ParameterSpec[] = [];
    for (const [parameter, role] of [
      [this.scale, 'scale'],
      [this.shift, 'shift'],
    ] as const)
      if (parameter !== null)
        parameters.push({ name: parameter, role, fanIn: 1, fanOut: 1, multiplier: 1, ...row });
    this.parameters = parameters;
    this.state = [
      { name: this.mean, initial: 0, ...row },
      { name: this.variance, initial: 1, ...row },
    ];
  }

  forward(input: Matrix, context: Context): Applied {
    const { workspace, params, keep } = context;
    const coupled = context.mode === 'train' && input.rows > 0;
    const rows = input.rows * this.positions;
    const mean = workspace.matrix(1, this.channels);
    const factor = workspace.matrix(1, this.channels);
    if (coupled) {
      columnMoments(input.data, rows, this.channels, mean.data, factor.data);
      this.remember(mean.data, factor.data, context.state);
    } else this.recall(mean.data, factor.data, context.state);
    for (let j = 0; j < this.channels; j++) factor.data[j] = 1 / Math.sqrt(factor.data[j] + this.epsilon);

    const gamma = this.scale === null ? this.constant(1, context) : params.get(this.scale).data;
    const beta = this.shift === null ? this.constant(0, context) : params.get(this.shift).data;
    const normal = keep === 'nothing' ? null : workspace.matrix(input.rows, input.cols);
    const output = workspace.matrix(input.rows, input.cols);
    normaliseColumns({
      rows,
      cols: this.channels,
      input: input.data,
      mean: mean.data,
      factor: factor.data,
      scale: gamma,
      shift: beta,
      normal: normal?.data,
      output: output.data,
    });
    return new AppliedBatchNorm(this, { normal, output, factor: factor.data, gamma, coupled, context });
  }

  /** One number a channel, all alike. */
  constant(value: number, { workspace }: Context): Vector {
    return workspace.matrix(1, this.channels).data.fill(value);
  }

  /** Moves the running averages towards the batch's. */
  private remember(mean: Vector, variance: Vector, state: State): void {
    const m = this.momentum;
    const means = state.get(this.mean).data;
    const variances = state.get(this.variance).data;
    for (let j = 0; j < this.channels; j++) {
      means[j] = m * means[j] + (1 - m) * mean[j];
      variances[j] = m * variances[j] + (1 - m) * variance[j];
    }
  }

  private recall(mean: Vector, variance: Vector, state: State): void {
    mean.set(state.get(this.mean).data);
    variance.set(state.get(this.variance).data);
    const wrong = variance.findIndex((v) => !(v >= 0));
    if (wrong >= 0)
      throw new ValueError({
        what: `State '${this.variance}'`,
        expected: 'variances, 0 or more',
        got: `${variance[wrong]} for channel ${wrong}`,
        todo: 'Start from network.init, or look where these numbers come from.',
      });
  }
}

/** What a pass leaves. */
interface Kept {
  /** x̂, n × d; null where nothing is kept. */
  readonly normal: Matrix | null;
  readonly output: Matrix;
  /** r and γ: one number a channel. */
  readonly factor: Vector;
  readonly gamma: Vector;
  /** Whether the statistics are the batch's. */
  readonly coupled: boolean;
  readonly context: Context;
}

class AppliedBatchNorm implements Applied {
  readonly output: Matrix;
  /** x̂, asked for only where it was kept. */
  private readonly normal: Matrix;

  constructor(
    private readonly layer: BatchNormLayer,
    private readonly kept: Kept,
  ) {
    this.output = kept.output;
    this.normal = kept.normal as Matrix;
  }

  outputs(): LayerOutput[] {
    const { name, kind } = this.layer;
    return [{ name, kind, output: this.output }];
  }

  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null {
    if (request.visit) for (const site of this.sites(cotangents)) request.visit(site);
    return request.input ? this.through(cotangents, request.cotangents) : null;
  }

  jvp(inputTangent: Matrix | null, paramTangent: Params | null): AppliedTangent {
    const { layer, kept } = this;
    const { gamma, coupled } = kept;
    const { scale, shift } = layer;
    const gammaTangent = (scale !== null && paramTangent?.get(scale).data) || null;
    const betaTangent = (shift !== null && paramTangent?.get(shift).data) || this.zeros();
    // ⟨ẋ x̂⟩
    const slope = inputTangent && coupled ? this.means(inputTangent, this.normal) : this.zeros();
    const normal = inputTangent && this.normalTangent(inputTangent, slope);
    const output = normal
      ? this.combine(normal, gamma, gammaTangent && this.normal, gammaTangent, betaTangent)
      : this.combine(this.normal, gammaTangent ?? this.zeros(), null, null, betaTangent);
    return {
      output,
      backward: (value: Matrix, tangent: Matrix, request: TangentBackwardRequest): DualMatrix | null => {
        if (request.visit)
          for (const site of this.sites(value)) {
            const inputs = site.inputs && normal && this.flat(normal);
            request.visit(site, { inputs, deltas: this.flat(tangent) });
          }
        if (!request.input) return null;
        const along = { normal, slope, gammaTangent: gammaTangent ?? this.zeros() };
        return {
          value: this.through(value, request.cotangents),
          tangent: this.throughTangent(value, tangent, along, request.cotangents),
        };
      },
    };
  }

  /** Of β, then of γ: the last first. */
  private sites(cotangents: Matrix): DiagonalSite[] {
    const { name, scale, shift, positions } = this.layer;
    const common = {
      kind: 'diagonal',
      layer: name,
      deltas: this.flat(cotangents),
      positions,
      scale: 1,
    } as const;
    const sites: DiagonalSite[] = [];
    if (shift !== null) sites.push({ ...common, parameter: shift, inputs: null });
    if (scale !== null) sites.push({ ...common, parameter: scale, inputs: this.flat(this.normal) });
    return sites;
  }

  /** x̄. */
  private through(cotangents: Matrix, C: number): Matrix {
    const { gamma, factor, coupled } = this.kept;
    const s = this.coefficients((j) => gamma[j] * factor[j]);
    if (!coupled) return this.combine(cotangents, s, null, null, this.zeros());
    return this.eachCotangent(C, [cotangents], ([g]) => {
      const a = this.means(g);
      const b = this.means(g, this.normal);
      return this.combine(
        g,
        s,
        this.normal,
        this.coefficients((j) => -s[j] * b[j]),
        this.coefficients((j) => -s[j] * a[j]),
      );
    });
  }

  /** x̂˙. */
  private normalTangent(inputTangent: Matrix, slope: Vector): Matrix {
    const { factor, coupled } = this.kept;
    if (!coupled) return this.combine(inputTangent, factor, null, null, this.zeros());
    const mean = this.means(inputTangent);
    return this.combine(
      inputTangent,
      factor,
      this.normal,
      this.coefficients((j) => -factor[j] * slope[j]),
      this.coefficients((j) => -factor[j] * mean[j]),
    );
  }

  /** x̄˙. */
  private throughTangent(
    cotangents: Matrix,
    cotangentTangents: Matrix,
    along: { normal: Matrix | null; slope: Vector; gammaTangent: Vector },
    C: number,
  ): Matrix {
    const { gamma, factor, coupled } = this.kept;
    const { slope, gammaTangent } = along;
    const s = this.coefficients((j) => gamma[j] * factor[j]);
    // The derivative of s; the slope is 0 where the statistics do not move.
    const e = this.coefficients((j) => factor[j] * (gammaTangent[j] - s[j] * slope[j]));
    if (!coupled) return this.combine(cotangentTangents, s, cotangents, e, this.zeros());
    return this.eachCotangent(C, [cotangents, cotangentTangents], ([g, gTangent]) => {
      const a = this.means(g);
      const b = this.means(g, this.normal);
      const aTangent = this.means(gTangent);
      const bTangent = this.means(gTangent, this.normal);
      if (along.normal) {
        const more = this.means(g, along.normal);
        for (let j = 0; j < more.length; j++) bTangent[j] += more[j];
      }
      const shift = this.coefficients((j) => -e[j] * a[j] - s[j] * aTangent[j]);
      const out = this.combine(gTangent, s, g, e, shift);
      const onNormal = this.coefficients((j) => -e[j] * b[j] - s[j] * bTangent[j]);
      if (along.normal) {
        const onTangent = this.coefficients((j) => -s[j] * b[j]);
        return this.combine(along.normal, onTangent, this.normal, onNormal, this.zeros(), out);
      }
      return this.combine(this.normal, onNormal, null, null, this.zeros(), out);
    });
  }

  /** `work` on the rows of one cotangent after the other, n rows of each of the matrices; its results as one matrix. */
  private eachCotangent(C: number, matrices: Matrix[], work: (parts: Matrix[]) => Matrix): Matrix {
    if (C === 1) return work(matrices);
    const { workspace } = this.kept.context;
    const [{ rows, cols }] = matrices;
    const n = rows / C;
    const out = workspace.matrix(rows, cols);
    for (let c = 0; c < C; c++) {
      const parts = matrices.map((matrix) => {
        const part = workspace.matrix(n, cols);
        for (let i = 0; i < n; i++) part.row(i).set(matrix.row(i * C + c));
        return part;
      });
      const done = work(parts);
      for (let i = 0; i < n; i++) out.row(i * C + c).set(done.row(i));
    }
    return out;
  }

  /** a ∘ A + b ∘ B + c for every row of channels; added to `onto` where that is given. */
  private combine(
    A: Matrix,
    a: Vector,
    B: Matrix | null,
    b: Vector | null,
    c: Vector,
    onto: Matrix | null = null,
  ): Matrix {
    const { channels } = this.layer;
    const output = onto ?? this.kept.context.workspace.matrix(A.rows, A.cols);
    combineColumns({
      rows: A.data.length / channels,
      cols: channels,
      first: A.data,
      firstFactor: a,
      second: B?.data,
      secondFactor: b,
      shift: c,
      output: output.data,
      accumulate: onto !== null,
    });
    return output;
  }

  /** ⟨A⟩, or ⟨A ∘ B⟩: one number a channel. */
  private means(A: Matrix, B: Matrix | null = null): Vector {
    const { channels } = this.layer;
    const out = this.kept.context.workspace.matrix(1, channels).data;
    const rows = A.data.length / channels;
    if (B) columnDots(A.data, B.data, rows, channels, out, 1 / rows);
    else columnSums(A.data, rows, channels, out, 1 / rows);
    return out;
  }

  private coefficients(value: (channel: number) => number): Vector {
    const out = this.kept.context.workspace.matrix(1, this.layer.channels).data;
    for (let j = 0; j < out.length; j++) out[j] = value(j);
    return out;
  }

  private zeros(): Vector {
    return this.layer.constant(0, this.kept.context);
  }

  /** A row for each position. */
  private flat(examples: Matrix): Matrix {
    const { positions, channels } = this.layer;
    return examples.reshape(examples.rows * positions, channels);
  }
}
