/**
 * A network: the description of a function f(x; θ), without its numbers. The numbers are a Snapshot, so one
 * network is evaluated at many snapshots (epochs of a training, members of an ensemble) and nothing of it ever
 * changes. `predict` computes outputs alone; `forward` leaves a Pass, which keeps what backward and jvp need and
 * can be asked any number of times.
 *
 * The numbers' precision is the snapshot's: inputs and cotangents of the other precision are converted, so
 * `castSnapshot(snapshot, 'float64')` is all it takes to go on in float64.
 */

import { ModeError, NumericalError, ShapeError, shapeText, ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import type { DType, Matrix, Vector } from '../linalg/matrix';
import type { Random } from '../random';
import { initializer as chosenInitializer, type Initializer, type InitializerName } from './init';
import {
  type AppliedTangent,
  type DualMatrix,
  type Layer,
  type LayerSpec,
  type Mode,
  type PlacedOutput,
  type Shape,
  shapeSize,
} from './layer';
import { type AppliedSequence, Sequence } from './layers/sequence';
import type { Loss, Targets } from './losses';
import { Layout, type PackedSnapshot, Params, type Snapshot, type State } from './params';
import { Prediction } from './prediction';
import { addGradient, addGradientTangent, type Site, type Sites } from './site';
import { FreshWorkspace, type Workspace } from './workspace';

export interface InitOptions {
  /** 'fanInUniform' (PyTorch's default) unless given; see init.ts. */
  initializer?: InitializerName | Initializer;
  /** 'float32' unless given. */
  dtype?: DType;
}

export interface ForwardOptions {
  /** 'evaluate' unless given. */
  mode?: Mode;
  /** Needed in mode 'train' by networks with random layers. */
  rng?: Random;
  /** Where the pass takes its matrices from, and how long they live; new ones that are yours unless given. */
  workspace?: Workspace;
  /** 'everything' unless given; 'backward' is faster, and then neither `outputs` is complete nor `jvp` possible. */
  keep?: 'backward' | 'everything';
}

export interface BackwardOptions {
  /** C, the cotangents of each example; 1 unless given. */
  cotangents?: number;
  /** Whether to return the sites; false unless given. */
  sites?: boolean;
  /** Whether to return the gradient, summed over examples and cotangents; false unless given. */
  gradient?: boolean;
  /** Whether to return the input's cotangents; true unless given (the product for it is saved by false). */
  input?: boolean;
}

/** What was asked for is there; the rest is undefined. */
export interface BackwardResult<O extends BackwardOptions> {
  /** n·C × d_in, row i·C + c. */
  input: O['input'] extends false ? undefined : Matrix;
  sites: O['sites'] extends true ? Sites : undefined;
  gradient: O['gradient'] extends true ? Params : undefined;
}

/** The direction of a derivative: a tangent of the parameters, of the input, or of both. */
export interface Direction {
  /** θ̇; zero unless given. */
  params?: Params;
  /** Ẋ, of X's shape; zero unless given. */
  input?: Matrix;
}

/** L(θ) = loss(f(X; θ), targets). */
export interface Objective {
  readonly loss: Loss;
  readonly targets: Targets;
}

export interface NetworkOptions {
  /** Whether neighbours that can be done as one are; true unless given. Only speed depends on it. */
  fuse?: boolean;
}

/**
 * The network that applies `layers` in order to examples of `inputShape` (a number d stands for [d]).
 *
 *     const net = network(784, [dense(100), relu({ scale: 1 / 10 }), dense(1)]);
 *
 * Throws a ShapeError or ValueError when a layer cannot take what the one before it gives. A network is a
 * LayerSpec too, and can stand among the layers of another.
 */
export function network(
  inputShape: number | Shape,
  layers: readonly LayerSpec[],
  options: NetworkOptions = {},
): Network {
  const shape = typeof inputShape === 'number' ? [inputShape] : inputShape;
  if (shape.length === 0 || !shape.every((n) => Number.isInteger(n) && n > 0))
    throw new ShapeError({
      what: 'network(inputShape)',
      expected: 'whole numbers, 1 or more',
      got: shapeText(shape) || 'none',
      todo: 'Give the shape of one example: 784, or [28, 28, 1].',
    });
  if (layers.length === 0)
    throw new ValueError({
      what: 'network(inputShape, layers)',
      expected: 'at least one layer',
      got: 'none',
      todo: 'Give a list such as [dense(100), tanh(), dense(1)].',
    });
  return new Network(shape, layers, options.fuse ?? true);
}

export class Network implements LayerSpec {
  readonly kind = 'network';
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** The body, as the layer it is. */
  readonly body: Sequence;
  readonly layout: Layout;
  readonly stateLayout: Layout;
  /** What `network` was called with. */
  readonly options: {
    readonly inputShape: Shape;
    readonly layers: readonly LayerSpec[];
    readonly fuse: boolean;
  };

  constructor(inputShape: Shape, specs: readonly LayerSpec[], fuse: boolean) {
    this.body = new Sequence(specs, inputShape, '', fuse);
    this.inputShape = inputShape;
    this.outputShape = this.body.outputShape;
    this.layout = new Layout(this.body.parameters);
    this.stateLayout = new Layout(this.body.state);
    this.options = { inputShape, layers: specs, fuse };
  }

  /** This network as a layer of another. Throws a ShapeError when it takes other inputs. */
  build(inputShape: Shape, name: string): Layer {
    if (shapeText(inputShape) !== shapeText(this.inputShape))
      throw new ShapeError({
        what: `Layer '${name}'`,
        expected: `examples of shape ${shapeText(this.inputShape)}`,
        got: shapeText(inputShape),
        todo: 'Make the inner network for the outputs of the layer before it.',
      });
    return new Sequence(this.options.layers, inputShape, name, this.options.fuse);
  }

  /** The layers in order, with their names. */
  get layers(): readonly Layer[] {
    return this.body.layers;
  }

  /** Numbers an example has (d_in). */
  get inputs(): number {
    return shapeSize(this.inputShape);
  }

  /** Numbers an output has (d_out). */
  get outputs(): number {
    return shapeSize(this.outputShape);
  }

  /** How many trainable numbers there are. */
  get parameterCount(): number {
    return this.layout.size;
  }

  /**
   * A snapshot of initial numbers, drawn from `rng`. Throws a ValueError for an unknown initialiser, or one that
   * does not suit a layer.
   */
  init(rng: Random, { initializer = 'fanInUniform', dtype = 'float32' }: InitOptions = {}): Snapshot {
    const fill = chosenInitializer(initializer);
    const params = Params.zeros(this.layout, dtype);
    for (const parameter of this.body.parameters) {
      const out = params.get(parameter.name);
      if (parameter.role === 'scale') out.data.fill(1);
      else if (parameter.role !== 'shift') fill(parameter, out, rng);
    }
    const state = Params.zeros(this.stateLayout, dtype);
    for (const { name, initial } of this.body.state) state.get(name).data.fill(initial);
    return { params, state };
  }

  /** The snapshot that `packSnapshot` packed, with numbers of its own. Throws a ShapeError when it is another network's. */
  unpack({ params, state }: PackedSnapshot): Snapshot {
    return {
      params: new Params(this.layout, params.data.slice()),
      state: new Params(this.stateLayout, state.data.slice()),
    };
  }

  /**
   * f(X): n × d_out, in mode 'evaluate', a batch of rows at a time. X: n × d_in. Throws a ShapeError when X or the
   * snapshot is of another network, a ValueError for entries that are not finite, a NumericalError on overflow.
   */
  predict(snapshot: Snapshot, X: Matrix): Matrix {
    this.check(snapshot, X);
    const inputs = X.as(snapshot.params.dtype);
    checkFinite(INPUTS, inputs.data);
    const out = new Prediction(this.body, inputs).at(snapshot);
    checkOutputs(out, snapshot);
    return out;
  }

  /**
   * f(X), with everything kept that backward and jvp need. X: n × d_in; it must not be changed while the pass is in
   * use. Throws as `predict`, and a ValueError when random layers in mode 'train' have no `rng`.
   */
  forward(snapshot: Snapshot, X: Matrix, options: ForwardOptions = {}): Pass {
    this.check(snapshot, X);
    const { params } = snapshot;
    const {
      mode = 'evaluate',
      rng,
      workspace = new FreshWorkspace(params.dtype),
      keep = 'everything',
    } = options;
    const inputs = X.as(params.dtype);
    checkFinite(INPUTS, inputs.data);
    const state = mode === 'train' ? snapshot.state.copy() : snapshot.state;
    if (mode === 'train' && this.body.stochastic && !rng)
      throw new ValueError({
        what: 'forward in mode train',
        expected: 'a generator of random numbers, since the network has random layers',
        got: 'none',
        todo: "Pass { mode: 'train', rng }.",
      });
    const context = { params, state, mode, rng, workspace, keep };
    const applied = this.body.forward(inputs, context);
    checkOutputs(applied.output, snapshot);
    return new Pass(this, applied, { params, state, inputs, mode, workspace });
  }

  /** f(X) and its derivative along a direction: two n × d_out matrices. Throws as `forward`. */
  jvp(snapshot: Snapshot, X: Matrix, direction: Direction): { output: Matrix; tangent: Matrix } {
    const pass = this.forward(snapshot, X);
    return { output: pass.output, tangent: pass.jvp(direction).output };
  }

  /** L(θ) = loss(f(X; θ), targets) and ∇L. Throws as `forward`, and as the loss does for targets that do not fit. */
  gradient(snapshot: Snapshot, X: Matrix, { loss, targets }: Objective): { value: number; gradient: Params } {
    const pass = this.forward(snapshot, X);
    const cotangents = pass.output.copy();
    const value = loss.gradient(pass.output, targets, cotangents);
    return { value, gradient: pass.backward(cotangents, { gradient: true, input: false }).gradient };
  }

  /**
   * The Hessian of L(θ) = loss(f(X; θ), targets) times v, exactly and without forming it, and the gradient, which
   * comes with it:
   *
   *     ∇²L v = d/dε ∇L(θ + ε v) = Jᵀ ∇²ℓ J v + Σ_k ∂ℓ/∂f_k ∇²f_k v.
   *
   * Throws as `gradient`, and a ShapeError when v belongs to another network.
   */
  hvp(
    snapshot: Snapshot,
    X: Matrix,
    { loss, targets }: Objective,
    v: Params,
  ): { value: number; gradient: Params; product: Params } {
    const pass = this.forward(snapshot, X);
    const along = pass.jvp({ params: v });
    const cotangents = pass.output.copy();
    const value = loss.gradient(pass.output, targets, cotangents);
    const cotangentTangents = along.output.copy();
    loss.hessianVector(pass.output, targets, along.output, cotangentTangents);
    const back = along.backward(cotangents, cotangentTangents, { gradient: true, input: false });
    return { value, gradient: back.gradient, product: back.gradientTangent };
  }

  /** A table of the layers: name, shape of the output, parameters. */
  toString(): string {
    const rows = this.layers.map((layer) => [
      layer.name,
      shapeText(layer.outputShape),
      layer.parameters.map(({ name, rows, cols }) => `${name} ${rows} × ${cols}`).join(', '),
    ]);
    rows.unshift(['input', shapeText(this.inputShape), '']);
    const width = (column: number) => Math.max(...rows.map((row) => row[column].length));
    const [names, shapes] = [width(0), width(1)];
    const lines = rows.map(([name, shape, list]) =>
      `  ${name.padEnd(names)}  ${shape.padEnd(shapes)}  ${list}`.trimEnd(),
    );
    return [`Network of ${this.parameterCount} parameters`, ...lines].join('\n');
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Throws unless the snapshot and the inputs belong to this network. */
  check(snapshot: Snapshot, X: Matrix): void {
    checkLayout('Parameters of the snapshot', snapshot.params, this.layout);
    checkLayout('State of the snapshot', snapshot.state, this.stateLayout);
    if (X.cols !== this.inputs)
      throw new ShapeError({
        what: INPUTS,
        expected: `n × ${this.inputs}, an example of shape ${shapeText(this.inputShape)} a row`,
        got: shapeText(X.shape),
        todo: 'Give examples as rows, or make the network for inputs of this shape.',
      });
  }
}

/** Checked before a pass and not by its outputs: a tanh, or a relu, can make a finite number of an infinity. */
const INPUTS = 'Inputs of the network';

/** A network applied to a batch at one snapshot. */
export class Pass {
  readonly network: Network;
  /** n × d_out. */
  readonly output: Matrix;
  readonly mode: Mode;
  /** The state after the pass: changed from the snapshot's in mode 'train' only. */
  readonly state: State;
  private readonly applied: AppliedSequence;
  private readonly params: Params;
  private readonly inputs: Matrix;
  private readonly workspace: Workspace;

  constructor(
    net: Network,
    applied: AppliedSequence,
    its: { params: Params; state: State; inputs: Matrix; mode: Mode; workspace: Workspace },
  ) {
    this.network = net;
    this.applied = applied;
    this.output = applied.output;
    this.mode = its.mode;
    this.state = its.state;
    this.params = its.params;
    this.inputs = its.inputs;
    this.workspace = its.workspace;
  }

  /** Examples in the batch (n). */
  get examples(): number {
    return this.inputs.rows;
  }

  /** Every layer's input and output in order, composites as their parts. */
  get outputs(): readonly PlacedOutput[] {
    return this.applied.outputs();
  }

  /**
   * From cotangents of the output (n·C × d_out, row i·C + c for cotangent c of example i): the input's cotangents
   * Jᵀ·cotangent, and if asked the sites and the gradient Σ_i Σ_c. Can be called any number of times. Throws a
   * ShapeError for cotangents of another shape, a ValueError for entries that are not finite, and a ModeError when
   * sites are asked in mode 'train'.
   */
  backward<O extends BackwardOptions>(cotangents: Matrix, options?: O): BackwardResult<O> {
    const { cotangents: C = 1, sites = false, gradient = false, input = true } = options ?? {};
    if (sites) this.checkEvaluate();
    const given = this.checkCotangents('Cotangents', cotangents, C);
    const found: Site[] = [];
    const sum = gradient ? this.params.zerosLike() : undefined;
    const visit = (site: Site) => {
      if (sites) found.push(site);
      if (sum) addGradient(site, C, sum, false, this.workspace);
    };
    const wanted = sites || gradient;
    const back =
      input || wanted
        ? this.applied.backward(given, { cotangents: C, input, visit: wanted ? visit : null })
        : null;
    return {
      input: input ? (back as Matrix) : undefined,
      sites: sites ? { examples: this.examples, cotangents: C, sites: found.reverse() } : undefined,
      gradient: sum,
    } as BackwardResult<O>;
  }

  /**
   * The derivative of this pass along a direction: of the output, and of everything backward gives. Throws a
   * ShapeError when the direction's shapes are not the parameters' or the input's.
   */
  jvp(direction: Direction): TangentPass {
    const { params, input } = direction;
    if (params) checkLayout('Direction, params', params, this.network.layout);
    if (input && (input.rows !== this.inputs.rows || input.cols !== this.inputs.cols))
      throw new ShapeError({
        what: 'Direction, input',
        expected: shapeText(this.inputs.shape),
        got: shapeText(input.shape),
        todo: 'Give one row for each example of the pass.',
      });
    const { dtype } = this.params;
    if (params) checkFinite('Direction, params', params.data);
    if (input) checkFinite('Direction, input', input.data);
    const tangent = this.applied.jvp(input?.as(dtype) ?? null, params?.as(dtype) ?? null);
    return new TangentPass(this, tangent, this.params, this.workspace);
  }

  /** Checked, and in the precision of the pass. */
  checkCotangents(what: string, cotangents: Matrix, C: number): Matrix {
    if (!Number.isInteger(C) || C < 1)
      throw new ValueError({
        what: 'backward, cotangents',
        expected: 'a whole number, 1 or more',
        got: `${C}`,
        todo: 'Give the number of cotangents of each example.',
      });
    if (cotangents.rows !== this.examples * C || cotangents.cols !== this.output.cols)
      throw new ShapeError({
        what,
        expected: `${this.examples * C} × ${this.output.cols}: ${C} of each of ${this.examples} examples`,
        got: shapeText(cotangents.shape),
        todo: 'Put cotangent c of example i in row i·C + c, and pass { cotangents: C }.',
      });
    checkFinite(what, cotangents.data);
    return cotangents.as(this.params.dtype);
  }

  private checkEvaluate(): void {
    if (this.mode === 'evaluate') return;
    throw new ModeError({
      what: 'Sites of a pass',
      expected: "mode 'evaluate'",
      got: `mode '${this.mode}'`,
      todo: "In mode 'train' f(x) depends on the other examples of the batch or on chance, so it has no tangent of its own. Use forward(snapshot, X).",
    });
  }
}

/** What the tangent of backward gives; what was not asked is undefined. */
export interface TangentBackwardResult<O extends TangentBackwardOptions> {
  input: O['input'] extends false ? undefined : Matrix;
  inputTangent: O['input'] extends false ? undefined : Matrix;
  gradient: O['gradient'] extends true ? Params : undefined;
  gradientTangent: O['gradient'] extends true ? Params : undefined;
}

export type TangentBackwardOptions = Omit<BackwardOptions, 'sites'>;

/** The derivative of a pass along one direction. */
export class TangentPass {
  /** ḟ, n × d_out. */
  readonly output: Matrix;
  private readonly pass: Pass;
  private readonly tangent: AppliedTangent;
  private readonly params: Params;
  private readonly workspace: Workspace;

  constructor(pass: Pass, tangent: AppliedTangent, params: Params, workspace: Workspace) {
    this.pass = pass;
    this.tangent = tangent;
    this.output = tangent.output;
    this.params = params;
    this.workspace = workspace;
  }

  /**
   * What `pass.backward` gives, and its derivative along the direction, when the cotangents themselves change by
   * `cotangentTangents` (both n·C × d_out). With zero cotangentTangents and a direction of parameters,
   * `inputTangent` is the mixed derivative ∂²/∂x∂θ.
   */
  backward<O extends TangentBackwardOptions>(
    cotangents: Matrix,
    cotangentTangents: Matrix,
    options?: O,
  ): TangentBackwardResult<O> {
    const { cotangents: C = 1, gradient = false, input = true } = options ?? {};
    const value = this.pass.checkCotangents('Cotangents', cotangents, C);
    const derivative = this.pass.checkCotangents('Tangents of the cotangents', cotangentTangents, C);
    const sum = gradient ? this.params.zerosLike() : undefined;
    const sumTangent = gradient ? this.params.zerosLike() : undefined;
    const back = this.tangent.backward(value, derivative, {
      cotangents: C,
      input,
      visit:
        sum && sumTangent
          ? (site, tangent) => {
              addGradient(site, C, sum, false, this.workspace);
              addGradientTangent(site, tangent, C, sumTangent, false, this.workspace);
            }
          : null,
    });
    const dual = input ? (back as DualMatrix) : undefined;
    return {
      input: dual?.value,
      inputTangent: dual?.tangent,
      gradient: sum,
      gradientTangent: sumTangent,
    } as TangentBackwardResult<O>;
  }
}

function checkLayout(what: string, params: Params, layout: Layout): void {
  if (params.layout.equals(layout)) return;
  const list = (l: Layout) => {
    const places = [...l.places].map(([name, { rows, cols }]) => `${name} ${rows} × ${cols}`);
    return places.length > 0 ? places.join(', ') : 'none';
  };
  throw new ShapeError({
    what,
    expected: list(layout),
    got: list(params.layout),
    todo: 'Use numbers that were made for this network (network.init, or train).',
  });
}

function checkFinite(what: string, data: Vector): void {
  const at = firstNotFinite(data);
  if (at < 0) return;
  throw new ValueError({
    what,
    expected: 'finite numbers',
    got: `${data[at]} at place ${at}`,
    todo: 'Look where this number comes from.',
  });
}

/** Where an output of finite inputs is not finite, says why: the parameters, or overflow on the way. */
function checkOutputs(output: Matrix, snapshot: Snapshot): void {
  const at = firstNotFinite(output.data);
  if (at < 0) return;
  for (const name of snapshot.params.names)
    checkFinite(`Parameter '${name}'`, snapshot.params.get(name).data);
  for (const name of snapshot.state.names) checkFinite(`State '${name}'`, snapshot.state.get(name).data);
  throw new NumericalError({
    what: 'Output of the network',
    expected: 'finite numbers',
    got: `${output.data[at]} for example ${Math.floor(at / output.cols)}`,
    todo: `Its numbers are too large for ${snapshot.params.dtype}: use float64, smaller inputs or smaller parameters.`,
  });
}
