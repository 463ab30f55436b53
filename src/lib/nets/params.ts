/**
 * The numbers of a network, apart from the network: every parameter lies in one flat typed array, and each has a
 * name and a Matrix view into it. An optimizer, a norm, a Hessian–vector product is then one loop over `data`,
 * and a layer still finds its own matrix by name ('dense1/weight'). `State` (running statistics of a
 * normalisation) is the same thing for numbers that training carries along but does not differentiate; a
 * Snapshot is both, and one network is evaluated at many snapshots.
 */

import { ShapeError, ValueError } from '../errors';
import { converted, type DType, Matrix, type Vector, zeros } from '../linalg/matrix';

/** What a parameter is to its layer; an initialiser decides by it. */
export type ParameterRole = 'weight' | 'bias' | 'scale' | 'shift';

/** One parameter as a layer declares it. */
export interface ParameterSpec {
  /** Full name: the layer's path, a slash, the parameter ('dense1/weight', 'block1/dense2/bias'). */
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly role: ParameterRole;
  /** How many numbers enter one output, and leave one input, of the layer that owns the parameter. */
  readonly fanIn: number;
  readonly fanOut: number;
  /** The constant by which the layer multiplies the parameter's term (weightScale, biasScale). */
  readonly multiplier: number;
}

/** One array of a layer's state, and what it starts from. */
export interface StateSpec {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly initial: number;
}

interface Place {
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
}

/** Names and places in a flat array, in the order of declaration and without gaps. */
export class Layout {
  readonly places: ReadonlyMap<string, Place>;
  readonly size: number;

  constructor(shapes: readonly { readonly name: string; readonly rows: number; readonly cols: number }[]) {
    const places = new Map<string, Place>();
    let offset = 0;
    for (const { name, rows, cols } of shapes) {
      if (places.has(name))
        throw new ValueError({
          what: 'Names of parameters',
          expected: 'each name once',
          got: `'${name}' twice`,
          todo: 'Give every layer, and every parameter of a layer, a name of its own.',
        });
      places.set(name, { offset, rows, cols });
      offset += rows * cols;
    }
    this.places = places;
    this.size = offset;
  }

  /** Whether both name the same matrices at the same places. */
  equals(other: Layout): boolean {
    if (this === other) return true;
    if (this.size !== other.size || this.places.size !== other.places.size) return false;
    for (const [name, place] of this.places) {
      const its = other.places.get(name);
      if (!its || its.offset !== place.offset || its.rows !== place.rows || its.cols !== place.cols)
        return false;
    }
    return true;
  }
}

/** Named matrices in one flat array. */
export class Params {
  readonly layout: Layout;
  /** Every number, parameter after parameter; matrices row-major. */
  readonly data: Vector;
  private readonly views = new Map<string, Matrix>();

  /** Wraps `data` (no copy). Throws a ShapeError when its length is not the layout's. */
  constructor(layout: Layout, data: Vector) {
    if (data.length !== layout.size)
      throw new ShapeError({
        what: 'Params',
        expected: `${layout.size} numbers for ${layout.places.size} parameters`,
        got: `${data.length}`,
        todo: 'Use the parameters of the same network.',
      });
    this.layout = layout;
    this.data = data;
    for (const [name, { offset, rows, cols }] of layout.places)
      this.views.set(name, new Matrix(rows, cols, data.subarray(offset, offset + rows * cols)));
  }

  static zeros(layout: Layout, dtype: DType): Params {
    return new Params(layout, zeros(layout.size, dtype));
  }

  get dtype(): DType {
    return this.data instanceof Float32Array ? 'float32' : 'float64';
  }

  /** How many numbers there are. */
  get size(): number {
    return this.layout.size;
  }

  get names(): string[] {
    return [...this.layout.places.keys()];
  }

  /** The matrix of that name, as a view of `data`. Throws a ValueError that lists the names there are. */
  get(name: string): Matrix {
    const view = this.views.get(name);
    if (view) return view;
    throw new ValueError({
      what: `Parameter '${name}'`,
      expected: this.views.size > 0 ? `one of ${this.names.join(', ')}` : 'no name, there are no parameters',
      got: `'${name}'`,
      todo: 'Use the names that network.toString() prints.',
    });
  }

  has(name: string): boolean {
    return this.views.has(name);
  }

  copy(): Params {
    return new Params(this.layout, this.data.slice());
  }

  /** In another precision: a copy, or itself when it has that precision already. */
  as(dtype: DType): Params {
    if (dtype === this.dtype) return this;
    return new Params(this.layout, converted(this.data, dtype));
  }

  zerosLike(): Params {
    return Params.zeros(this.layout, this.dtype);
  }

  toString(): string {
    const list = [...this.layout.places].map(([name, { rows, cols }]) => `  ${name} ${rows} × ${cols}`);
    return [`${this.size} numbers, ${this.dtype}`, ...list].join('\n');
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** Numbers that training carries along but does not differentiate (running means and variances). */
export type State = Params;

/** Everything that a network needs beside its description to be a function. Nothing of the library writes to it. */
export interface Snapshot {
  readonly params: Params;
  readonly state: State;
}

/** The snapshot in another precision (itself when it has that precision already). */
export function castSnapshot(snapshot: Snapshot, dtype: DType): Snapshot {
  if (snapshot.params.dtype === dtype && snapshot.state.dtype === dtype) return snapshot;
  return { params: snapshot.params.as(dtype), state: snapshot.state.as(dtype) };
}

/** A snapshot with numbers of its own. */
export function copySnapshot(snapshot: Snapshot): Snapshot {
  return { params: snapshot.params.copy(), state: snapshot.state.copy() };
}

/** A snapshot as two matrices of one row, for `cached` and files; `network.unpack` makes a snapshot of it again. */
export interface PackedSnapshot {
  readonly params: Matrix;
  readonly state: Matrix;
}

/** The snapshot's numbers, copied: 1 × the number of parameters, and 1 × that of state entries. */
export function packSnapshot({ params, state }: Snapshot): PackedSnapshot {
  const row = (its: Params) => new Matrix(1, its.size, its.data.slice());
  return { params: row(params), state: row(state) };
}
