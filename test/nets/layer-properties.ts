/**
 * The properties that make something a layer: its verbs held against each other, against finite differences and
 * against the definition of sites, in both precisions. A new layer is tested by one line:
 *
 *     layerProperties('conv2d', [6, 6, 2], () => conv2d(3, 4));
 *
 * With { mode: 'train' } the same is asked of training: of the function of the whole batch that one step differentiates,
 * with the same random numbers in each pass. Then examples may depend on each other, so the batch is larger, and what
 * only an example by itself has (its output alone, its sites in a Pass) is not asked.
 */

import { describe, expect, it } from 'vitest';
import { ModeError } from '../../src/lib/errors';
import { Matrix, type Vector } from '../../src/lib/linalg';
import {
  addGradient,
  addGradientTangent,
  type Context,
  castSnapshot,
  describeNetwork,
  FreshWorkspace,
  type Keep,
  type LayerSpec,
  type Mode,
  type Network,
  network,
  networkFrom,
  type Params,
  type Pass,
  RecyclingWorkspace,
  type Shape,
  type Site,
  type Sites,
  type Snapshot,
  type Workspace,
  writtenOut,
} from '../../src/lib/nets';
import { type Random, random } from '../../src/lib/random';

const dtypes = ['float32', 'float64'] as const;
/** Tolerances relative to the largest entry compared: a few hundred roundings. */
const tolerance = { float32: 3e-5, float64: 1e-12 };
/** Step of central differences: truncation h² and cancellation ε/h are then both near 1e-10. */
const h = 1e-5;
/** Values are of order 1; where a derivative is small, the difference keeps the rounding of the values. */
const expectDifference = (actual: Matrix | Vector, difference: Vector) =>
  expectNear(actual, difference, 2e-7, 1e-9);

export const gaussian = (rows: number, cols: number, rng: Random): Matrix =>
  new Matrix(rows, cols, rng.fill(new Float64Array(rows * cols), 'normal'));

export const inner = (a: Vector, b: Vector): number => {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
};

/** Entries within `rtol` of the largest entry of both, or within `atol`. */
export function expectNear(actual: Matrix | Vector, expected: Matrix | Vector, rtol: number, atol = 0): void {
  const flat = (x: Matrix | Vector) => (x instanceof Matrix ? x.data : x);
  const [a, b] = [flat(actual), flat(expected)];
  let largest = 0;
  for (const x of [a, b]) for (const value of x) largest = Math.max(largest, Math.abs(value));
  expect(a).toBeAllclose(b, { rtol: 0, atol: Math.max(atol, rtol * (largest || 1)) });
}

/** a + t·b. */
function plus(a: Vector, t: number, b: Vector): Float64Array {
  return Float64Array.from(a, (value, k) => value + t * b[k]);
}

function moved(snapshot: Snapshot, t: number, direction: Params): Snapshot {
  const params = snapshot.params.copy();
  params.data.set(plus(params.data, t, direction.data));
  return { params, state: snapshot.state };
}

const movedInput = (X: Matrix, t: number, direction: Matrix) =>
  new Matrix(X.rows, X.cols, plus(X.data, t, direction.data));

/** Central difference of a matrix-valued function of t, at 0. */
function difference(f: (t: number) => Vector): Float64Array {
  const [up, down] = [f(h), f(-h)];
  return Float64Array.from(up, (value, k) => (value - down[k]) / (2 * h));
}

/** The gradient by the definition of sites, entry by entry: Σ_i Σ_c Σ_p scale · h ⊗ δ. */
export function gradientOfSites({ examples, cotangents, sites }: Sites, like: Params): Params {
  const gradient = like.zerosLike();
  for (const site of sites) {
    const inputs = site.inputs && writtenOut(site.inputs, new FreshWorkspace(site.inputs.dtype));
    for (let i = 0; i < examples; i++)
      for (let c = 0; c < cotangents; c++)
        for (let p = 0; p < site.positions; p++) {
          const delta = site.deltas.row((i * cotangents + c) * site.positions + p);
          const input = inputs?.row(i * site.positions + p);
          if (site.kind === 'linear') {
            const W = gradient.get(site.weight);
            for (let a = 0; a < W.rows; a++)
              for (let b = 0; b < W.cols; b++)
                W.data[a * W.cols + b] += site.weightScale * (input as Vector)[a] * delta[b];
            if (site.bias !== null) {
              const bias = gradient.get(site.bias);
              for (let b = 0; b < W.cols; b++) bias.data[b] += site.biasScale * delta[b];
            }
          } else {
            const g = gradient.get(site.parameter);
            for (let b = 0; b < g.cols; b++) g.data[b] += site.scale * (input ? input[b] : 1) * delta[b];
          }
        }
  }
  return gradient;
}

/** Everything a property needs, drawn at random. */
function situation(net: Network, seed: string, mode: Mode) {
  const rng = random(seed);
  // Statistics of a few examples only would be nearly constant, and their derivatives small against their rounding.
  const n = (mode === 'train' ? 5 : 1) + rng.integer(4);
  const C = 2 + rng.integer(2);
  const snapshot = net.init(rng, {
    dtype: 'float64',
    // Every role random, and near 1 in size, so that no term vanishes.
    initializer: ({ fanIn }, out) => void rng.fill(out.data, 'normal', 0, 1 / Math.sqrt(Math.min(fanIn, 4))),
  });
  for (const { name, role } of net.body.parameters)
    if (role === 'scale' || role === 'shift') rng.fill(snapshot.params.get(name).data, 'normal');
  rng.fill(snapshot.state.data, 'uniform', 0.5, 1.5);
  const direction = snapshot.params.zerosLike();
  rng.fill(direction.data, 'normal');
  const second = snapshot.params.zerosLike();
  rng.fill(second.data, 'normal');
  return {
    rng,
    n,
    C,
    snapshot,
    X: gaussian(n, net.inputs, rng),
    inputDirection: gaussian(n, net.inputs, rng),
    cotangents: gaussian(n * C, net.outputs, rng),
    cotangentDirection: gaussian(n * C, net.outputs, rng),
    direction,
    second,
  };
}

type Situation = ReturnType<typeof situation>;

/** Row i·C + c of a matrix of n·C rows, for one c: n rows. */
const cotangent = (all: Matrix, c: number, C: number) =>
  all.take(Array.from({ length: all.rows / C }, (_, i) => i * C + c));

interface PropertyOptions {
  /** Situations that each test draws; 2 unless given. */
  draws?: number;
  /** 'evaluate' unless given. */
  mode?: Mode;
  /** Whether there is a layer in it that is not of the library, and so has no description; false unless given. */
  foreign?: boolean;
}

/** Declares the tests of one network. */
export function networkProperties(title: string, make: () => Network, options: PropertyOptions = {}): void {
  const { draws = 2, mode = 'evaluate' } = options;
  const eachDraw = (body: (s: Situation, net: Network) => void) => () => {
    const net = make();
    for (let draw = 0; draw < draws; draw++) body(situation(net, `${title} ${draw}`, mode), net);
  };
  /** The same random numbers each time: f is a function. */
  const noise = () => (mode === 'train' ? random(`${title} noise`) : undefined);
  const forward = (net: Network, snapshot: Snapshot, X: Matrix): Pass =>
    net.forward(snapshot, X, { mode, rng: noise() });
  /** f(X; θ). */
  const value = (net: Network, snapshot: Snapshot, X: Matrix): Matrix =>
    mode === 'train' ? forward(net, snapshot, X).output : net.predict(snapshot, X);
  /** ⟨u, f(X; θ)⟩ with one cotangent an example. */
  const pairing = (net: Network, snapshot: Snapshot, X: Matrix, u: Matrix) =>
    inner(value(net, snapshot, X).data, u.data);
  /** What a layer is given, as the trainer gives it. */
  const contextOf = ({ params, state }: Snapshot, keep: Keep, workspace: Workspace): Context => ({
    params,
    state: state.copy(),
    mode,
    rng: noise(),
    keep,
    workspace,
  });
  /** Input cotangents, gradient and sites; in mode 'train' those that a step sums, which a Pass does not show. */
  const backward = (net: Network, snapshot: Snapshot, X: Matrix, cotangents: Matrix, C: number) => {
    const request = { cotangents: C, sites: true, gradient: true } as const;
    if (mode === 'evaluate') return net.forward(snapshot, X).backward(cotangents, request);
    const { dtype } = snapshot.params;
    const found: Site[] = [];
    const context = contextOf(snapshot, 'everything', new FreshWorkspace(dtype));
    net.body
      .forward(X.as(dtype), context)
      .backward(cotangents.as(dtype), { cotangents: C, input: true, visit: (site) => void found.push(site) });
    const { input, gradient } = forward(net, snapshot, X).backward(cotangents, { ...request, sites: false });
    return { input, gradient, sites: { examples: X.rows, cotangents: C, sites: found.reverse() } };
  };

  describe(mode === 'train' ? `${title}, in training` : title, () => {
    it(
      'backward gives the finite differences of the output, in every parameter and input',
      eachDraw(({ snapshot, X, n, cotangents, C }, net) => {
        const u = cotangent(cotangents, 0, C);
        const back = forward(net, snapshot, X).backward(u, { gradient: true });
        const byParameter = Float64Array.from(snapshot.params.data, (_, k) => {
          const unit = snapshot.params.zerosLike();
          unit.data[k] = 1;
          return difference((t) => Float64Array.of(pairing(net, moved(snapshot, t, unit), X, u)))[0];
        });
        expectDifference(back.gradient.data, byParameter);
        const byInput = Float64Array.from(X.data, (_, k) => {
          const unit = Matrix.zeros(n, X.cols);
          unit.data[k] = 1;
          return difference((t) => Float64Array.of(pairing(net, snapshot, movedInput(X, t, unit), u)))[0];
        });
        expectDifference(back.input, byInput);
      }),
    );

    it(
      'jvp gives the finite difference along a direction of parameters, inputs, and both',
      eachDraw(({ snapshot, X, direction, inputDirection }, net) => {
        for (const along of [
          { params: direction },
          { input: inputDirection },
          { params: direction, input: inputDirection },
        ]) {
          const expected = difference((t) => {
            const at = along.params ? moved(snapshot, t, along.params) : snapshot;
            return value(net, at, along.input ? movedInput(X, t, along.input) : X).data;
          });
          const pass = forward(net, snapshot, X);
          expectDifference(pass.jvp(along).output, expected);
          expectNear(pass.output, value(net, snapshot, X), tolerance.float64);
        }
      }),
    );

    for (const dtype of dtypes) {
      it(
        `jvp and backward are adjoint: ⟨u, J v⟩ = ⟨Jᵀu, v⟩, ${dtype}`,
        eachDraw((s, net) => {
          const snapshot = castSnapshot(s.snapshot, dtype);
          const u = cotangent(s.cotangents, 0, s.C);
          const pass = forward(net, snapshot, s.X);
          const tangent = pass.jvp({ params: s.direction, input: s.inputDirection }).output;
          const back = pass.backward(u, { gradient: true });
          expect(tangent.dtype).toBe(dtype);
          expect(back.gradient.dtype).toBe(dtype);
          const left = inner(u.data, tangent.data);
          const right =
            inner(back.gradient.data, s.direction.data) + inner(back.input.data, s.inputDirection.data);
          const size = Math.sqrt(inner(u.data, u.data) * inner(tangent.data, tangent.data));
          expect(Math.abs(left - right)).toBeLessThanOrEqual(tolerance[dtype] * (size || 1));
        }),
      );

      it(
        `C cotangents at once are C cotangents one at a time, ${dtype}`,
        eachDraw((s, net) => {
          const snapshot = castSnapshot(s.snapshot, dtype);
          const { C, n, X } = s;
          const all = backward(net, snapshot, X, s.cotangents, C);
          const sum = all.gradient.zerosLike();
          for (let c = 0; c < C; c++) {
            const one = backward(net, snapshot, X, cotangent(s.cotangents, c, C), 1);
            expectNear(cotangent(all.input, c, C), one.input, tolerance[dtype]);
            one.sites.sites.forEach((site, k) => {
              const rows = Array.from({ length: n * site.positions }, (_, r) => {
                const [i, p] = [Math.floor(r / site.positions), r % site.positions];
                return (i * C + c) * site.positions + p;
              });
              expectNear(all.sites.sites[k].deltas.take(rows), site.deltas, tolerance[dtype]);
            });
            for (let k = 0; k < sum.size; k++) sum.data[k] += one.gradient.data[k];
          }
          expectNear(all.gradient.data, sum.data, tolerance[dtype]);
        }),
      );

      it(
        `the sites reproduce the gradient, and each parameter has one, ${dtype}`,
        eachDraw((s, net) => {
          const snapshot = castSnapshot(s.snapshot, dtype);
          const { sites, gradient } = backward(net, snapshot, s.X, s.cotangents, s.C);
          expectNear(gradientOfSites(sites, gradient).data, gradient.data, tolerance[dtype]);
          const owned = sites.sites.flatMap((site) =>
            site.kind === 'linear'
              ? [site.weight, ...(site.bias === null ? [] : [site.bias])]
              : [site.parameter],
          );
          expect(owned.sort()).toEqual(gradient.names.sort());
          expect([sites.examples, sites.cotangents]).toEqual([s.n, s.C]);
        }),
      );
    }

    it(
      'float32 gives what float64 gives',
      eachDraw((s, net) => {
        const results = dtypes.map((dtype) => {
          const pass = forward(net, castSnapshot(s.snapshot, dtype), s.X);
          const back = pass.backward(s.cotangents, { cotangents: s.C, gradient: true });
          const along = pass.jvp({ params: s.direction, input: s.inputDirection });
          const twice = along.backward(s.cotangents, s.cotangentDirection, {
            cotangents: s.C,
            gradient: true,
          });
          return [pass.output, back.input, back.gradient.data, along.output, twice.gradientTangent.data];
        });
        results[0].forEach((single, k) => {
          expectNear(single, results[1][k], tolerance.float32);
        });
      }),
    );

    it(
      'the tangent of backward is the finite difference of backward',
      eachDraw((s, net) => {
        const { snapshot, X, C } = s;
        for (const [a, b, c] of [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
          [1, 1, 1],
        ]) {
          const at = (t: number) =>
            forward(
              net,
              moved(snapshot, a * t, s.direction),
              movedInput(X, b * t, s.inputDirection),
            ).backward(movedInput(s.cotangents, c * t, s.cotangentDirection), {
              cotangents: C,
              gradient: true,
            });
          const along = forward(net, snapshot, X).jvp({
            ...(a ? { params: s.direction } : {}),
            ...(b ? { input: s.inputDirection } : {}),
          });
          const zero = Matrix.zeros(s.cotangents.rows, s.cotangents.cols);
          const twice = along.backward(s.cotangents, c ? s.cotangentDirection : zero, {
            cotangents: C,
            gradient: true,
          });
          const still = at(0);
          expectNear(twice.input, still.input, tolerance.float64);
          expectNear(twice.gradient.data, still.gradient.data, tolerance.float64);
          expectDifference(
            twice.inputTangent,
            difference((t) => at(t).input.data),
          );
          expectDifference(
            twice.gradientTangent.data,
            difference((t) => at(t).gradient.data),
          );
        }
      }),
    );

    for (const dtype of dtypes)
      it(
        `second derivatives are symmetric: ⟨v, H w⟩ = ⟨w, H v⟩, ${dtype}`,
        eachDraw((s, net) => {
          const pass = forward(net, castSnapshot(s.snapshot, dtype), s.X);
          const zero = Matrix.zeros(s.cotangents.rows, s.cotangents.cols);
          const product = (v: Params) =>
            pass
              .jvp({ params: v })
              .backward(s.cotangents, zero, { cotangents: s.C, gradient: true, input: false })
              .gradientTangent;
          const [v, w] = [s.direction, s.second];
          const [Hv, Hw] = [product(v), product(w)];
          const size = Math.sqrt(inner(v.data, v.data) * inner(Hw.data, Hw.data));
          expect(Math.abs(inner(v.data, Hw.data) - inner(w.data, Hv.data))).toBeLessThanOrEqual(
            tolerance[dtype] * (size || 1),
          );
        }),
      );

    if (mode === 'evaluate')
      it(
        'an example is evaluated alone as in a batch, and predict is forward',
        eachDraw(({ snapshot, X }, net) => {
          const whole = net.forward(snapshot, X).output;
          expectNear(net.predict(snapshot, X), whole, tolerance.float64);
          for (let i = 0; i < X.rows; i++)
            expectNear(net.predict(snapshot, X.slice(i, i + 1)), whole.slice(i, i + 1), tolerance.float64);
        }),
      );
    else
      it(
        'a pass shows no sites, and changes no state but its own',
        eachDraw((s, net) => {
          const before = s.snapshot.state.data.slice();
          const pass = forward(net, s.snapshot, s.X);
          expect(() => pass.backward(s.cotangents, { cotangents: s.C, sites: true })).toThrow(ModeError);
          expect(s.snapshot.state.data).toEqual(before);
          expect(pass.state).not.toBe(s.snapshot.state);
        }),
      );

    for (const dtype of dtypes)
      it(
        `what a training step keeps gives the gradient that everything gives, ${dtype}`,
        eachDraw((s, net) => {
          const snapshot = castSnapshot(s.snapshot, dtype);
          const u = cotangent(s.cotangents, 0, s.C).as(dtype);
          const workspace = new RecyclingWorkspace(dtype);
          const gradient = snapshot.params.zerosLike();
          for (let step = 0; step < 2; step++) {
            workspace.restart();
            net.body.forward(s.X.as(dtype), contextOf(snapshot, 'backward', workspace)).backward(u, {
              cotangents: 1,
              input: false,
              visit: (site) => addGradient(site, 1, gradient, true, workspace),
            });
          }
          const { gradient: expected } = forward(net, snapshot, s.X).backward(u, { gradient: true });
          expectNear(gradient.data, expected.data, tolerance[dtype]);
        }),
      );

    it(
      'what a matrix of the workspace held before does not matter',
      eachDraw((s, net) => {
        const results = [0, Number.NaN].map((before) => {
          const workspace: Workspace = {
            dtype: 'float64',
            matrix: (rows, cols) => new Matrix(rows, cols, new Float64Array(rows * cols).fill(before)),
          };
          const { C: cotangents } = s;
          const applied = net.body.forward(s.X, contextOf(s.snapshot, 'everything', workspace));
          const gradient = s.snapshot.params.zerosLike();
          const tangent = s.snapshot.params.zerosLike();
          applied.backward(s.cotangents, {
            cotangents,
            input: true,
            visit: (site) => addGradient(site, cotangents, gradient, true, workspace),
          });
          const along = applied.jvp(null, s.direction);
          const twice = along.backward(s.cotangents, s.cotangentDirection, {
            cotangents,
            input: true,
            visit: (site, its) => addGradientTangent(site, its, cotangents, tangent, true, workspace),
          });
          return [applied.output, twice?.tangent.data, gradient.data, tangent.data, along.output.data];
        });
        expect(results[1]).toEqual(results[0]);
      }),
    );

    it(
      'nothing given is written to, and a pass gives the same twice',
      eachDraw((s, net) => {
        const given = () => [
          s.snapshot.params.data,
          s.snapshot.state.data,
          s.X.data,
          s.inputDirection.data,
          s.cotangents.data,
          s.cotangentDirection.data,
          s.direction.data,
        ];
        const before = given().map((values) => values.slice());
        const pass = forward(net, s.snapshot, s.X);
        const everything = (p: Pass) => {
          const { C: cotangents } = s;
          const back = p.backward(s.cotangents, { cotangents, gradient: true });
          const along = p.jvp({ params: s.direction, input: s.inputDirection });
          const twice = along.backward(s.cotangents, s.cotangentDirection, { cotangents, gradient: true });
          return [
            p.output.data,
            back.input.data,
            back.gradient.data,
            along.output.data,
            twice.inputTangent.data,
            twice.gradientTangent.data,
          ].map((values) => values.slice());
        };
        const first = everything(pass);
        expect(everything(pass)).toEqual(first);
        expect(given()).toEqual(before);
      }),
    );
  });
}

/** Declares the tests of one kind of layer: alone, and twice in a row. */
export function layerProperties(
  title: string,
  inputShape: Shape,
  make: () => LayerSpec,
  options: PropertyOptions = {},
): void {
  networkProperties(`${title}, alone`, () => network(inputShape, [make()]), options);
  if (!options.foreign)
    it(`${title}: its description, as JSON, makes the same layer`, () => {
      const net = network(inputShape, [make()]);
      const description = describeNetwork(net);
      const again = networkFrom(JSON.parse(JSON.stringify(description)));
      expect(describeNetwork(again)).toEqual(description);
      expect(again.toString()).toBe(net.toString());
      const { snapshot, X, rng } = situation(net, title, 'evaluate');
      const [a, b] = [net, again].map((its) =>
        its.forward(snapshot, X, { mode: options.mode, rng: rng.stream('noise') }),
      );
      expect(b.output.data).toEqual(a.output.data);
      expect(b.state.data).toEqual(a.state.data);
    });
  networkProperties(
    `${title}, twice`,
    () => {
      const first = make();
      const shape = first.build(inputShape, 'probe').outputShape;
      return shape.join() === inputShape.join()
        ? network(inputShape, [first, make()])
        : network(inputShape, [network(inputShape, [first])]);
    },
    options,
  );
}
