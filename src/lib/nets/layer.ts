/**
 * What a layer is. A layer has three verbs and shows its sites:
 *
 *     forward   y = f(x; θ), and what it keeps for the others          (Layer.forward → Applied)
 *     backward  x̄ = ȳ ∂f/∂x for C cotangents at once, and a Site for each trainable parameter
 *     jvp       ẏ = ∂f/∂x ẋ + ∂f/∂θ θ̇, and with it the derivative of backward along (ẋ, θ̇)
 *
 * The last is forward-over-reverse differentiation (Pearlmutter, "Fast exact multiplication by the Hessian",
 * Neural Computation 6, 1994): Hessian–vector products and mixed derivatives of a network are exact and cost a
 * few passes. A composite of layers is a layer. Gradients are nobody's task but the sites': a layer only reports
 * what entered its parameters and what came back (site.ts).
 *
 * To add a layer: one file in layers/ with a factory that returns a LayerSpec, one line in index.ts, one in description.ts,
 * by which it is made from JSON, and one in test/nets/layers.test.ts,
 * `layerProperties('conv2d', [6, 6, 2], () => conv2d(3, 4))`, which holds the verbs against each other, against finite
 * differences and against the sites.
 */

import type { Matrix } from '../linalg/matrix';
import type { Random } from '../random';
import type { Json } from '../run';
import type { ParameterSpec, Params, State, StateSpec } from './params';
import type { Site, SiteTangent } from './site';
import type { Workspace } from './workspace';

/** The shape of one example, without the batch axis: [784], [28, 28, 1] (height, width, channel). */
export type Shape = readonly number[];

/** How many numbers an example of that shape has. */
export const shapeSize = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** In 'train', a normalisation uses the batch's statistics and a dropout drops; in 'evaluate', f(x) is a function of x. */
export type Mode = 'train' | 'evaluate';

/** What a layer may use while it is applied. */
export interface Context {
  readonly params: Params;
  /** A layer may write to its own state in mode 'train' only; the caller owns the numbers. */
  readonly state: State;
  readonly mode: Mode;
  /** There when the mode is 'train' and the layer is `stochastic`. */
  readonly rng?: Random;
  readonly workspace: Workspace;
  readonly keep: Keep;
}

/**
 * What a layer keeps when it is applied: 'nothing' but its output (then neither backward nor jvp may be asked), what
 * 'backward' needs (then no jvp, and no outputs of inner layers), or 'everything'.
 */
export type Keep = 'nothing' | 'backward' | 'everything';

/** A layer's description before it knows its input's shape and its name: what the factories return. */
export interface LayerSpec {
  /** 'dense', 'relu' …; layers are named by kind and number: 'dense1', 'dense2'. */
  readonly kind: string;
  /**
   * Every argument and option of the factory by its name, with its value: what the layer's description (description.ts)
   * holds beside its kind. A layer without them can be trained and asked, but not described.
   */
  readonly options?: Readonly<Record<string, Json | readonly LayerSpec[]>>;
  /** The layer for inputs of that shape. Throws a ShapeError when it cannot take them. */
  build(inputShape: Shape, name: string): Layer;
}

export interface Layer {
  readonly kind: string;
  /** Full name: the path from the network down ('dense1', 'block1/dense2'). */
  readonly name: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Every trainable parameter, its parts' included, in the order in which they lie in Params. */
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  /** Of a composite: the layers inside. */
  readonly layers?: readonly Layer[];
  /** Whether 'train' needs random numbers. */
  readonly stochastic: boolean;
  /** y for each row of `input` (n × size of inputShape → n × size of outputShape). Must not write to `input`. */
  forward(input: Matrix, context: Context): Applied;
  /** One layer that does what this and then `next` do, faster; undefined when there is none. */
  fuse?(next: Layer): Layer | undefined;
}

/** The output of one layer of a pass. */
export interface LayerOutput {
  readonly name: string;
  readonly kind: string;
  /** n × size of the layer's outputShape. */
  readonly output: Matrix;
}

/** The output of a layer and what entered it, which the sequence that it stands in knows. */
export interface PlacedOutput extends LayerOutput {
  readonly input: Matrix;
}

/** A layer applied to a batch: the output, and everything that can be asked afterwards, any number of times. */
export interface Applied {
  readonly output: Matrix;
  /**
   * The outputs of the leaf layers inside, in order (all of them where 'everything' was kept). A composite that is not
   * one line of layers places each, itself included.
   */
  outputs(): (LayerOutput | PlacedOutput)[];
  /**
   * Cotangents of the input, n·C × d_in with row i·C + c, from those of the output, n·C × d_out (which it must not
   * write to), and a visit for each trainable parameter. Null when `request.input` is false: not wanted.
   */
  backward(cotangents: Matrix, request: BackwardRequest): Matrix | null;
  /**
   * The derivative along an input tangent ẋ (n × d_in; null: zero, only ever given to a layer with parameters) and
   * a parameter tangent θ̇ (null: zero).
   */
  jvp(inputTangent: Matrix | null, paramTangent: Params | null): AppliedTangent;
}

export interface BackwardRequest {
  /** C. */
  readonly cotangents: number;
  /** Whether the input's cotangents are wanted. */
  readonly input: boolean;
  /** Called once for each trainable parameter (a weight and its bias are one site); null when nobody asks. */
  readonly visit: ((site: Site) => void) | null;
}

/** The derivative of an applied layer along one direction: of its output, and of its backward. */
export interface AppliedTangent {
  /** ẏ, n × d_out. */
  readonly output: Matrix;
  /**
   * Cotangents of the input and their derivative, from those of the output and theirs (all n·C × …), and a visit for
   * each trainable parameter with the site's derivative. Null when `request.input` is false.
   */
  backward(cotangents: Matrix, cotangentTangents: Matrix, request: TangentBackwardRequest): DualMatrix | null;
}

export interface TangentBackwardRequest {
  readonly cotangents: number;
  readonly input: boolean;
  readonly visit: ((site: Site, tangent: SiteTangent) => void) | null;
}

/** A matrix and its derivative along the direction of the pass. */
export interface DualMatrix {
  readonly value: Matrix;
  readonly tangent: Matrix;
}
