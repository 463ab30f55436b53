import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import {
  castSnapshot,
  copySnapshot,
  dense,
  Layout,
  network,
  Params,
  packSnapshot,
  RecyclingWorkspace,
  tanh,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';

const net = network(2, [dense(3), tanh(), dense(1)]);

describe('parameters', () => {
  it('are views of one flat array, in the order of the layers', () => {
    const { params } = net.init(random(1));
    params.get('dense2/weight').set(1, 0, 42);
    expect(params.data[2 * 3 + 3 + 1]).toBe(42);
    expect(params.get('dense1/weight').data.buffer).toBe(params.data.buffer);
    expect([...params.layout.places.values()].map((place) => place.offset)).toEqual([0, 6, 9, 12]);
    expect(params.toString()).toContain('dense1/weight 2 × 3');
  });

  it('copies and casts have numbers of their own', () => {
    const snapshot = net.init(random(1));
    const { params } = snapshot;
    const copies = [
      params.copy(),
      params.as('float64'),
      copySnapshot(snapshot).params,
      castSnapshot(snapshot, 'float64').params,
      net.unpack(packSnapshot(snapshot)).params,
    ];
    const before = Array.from(params.data);
    params.data.fill(0);
    for (const copy of copies) expect(Array.from(copy.data)).toEqual(before);
    expect(params.as('float32')).toBe(params);
    expect(copies[1].zerosLike().data).toEqual(new Float64Array(13));
  });

  it('a packed snapshot of another network is refused', () => {
    expect(() => net.unpack({ params: Matrix.zeros(1, 5), state: Matrix.zeros(1, 0) })).toThrow(ShapeError);
  });

  it('names that occur twice are refused', () => {
    const shape = { name: 'a', rows: 1, cols: 1 };
    expect(() => new Layout([shape, shape])).toThrow(ValueError);
  });

  it('layouts are equal when every name has the same place', () => {
    const layout = (name: string, rows: number, cols: number) => new Layout([{ name, rows, cols }]);
    expect(layout('a', 2, 3).equals(layout('a', 2, 3))).toBe(true);
    expect(layout('a', 2, 3).equals(layout('a', 3, 2))).toBe(false);
    expect(layout('a', 2, 3).equals(layout('b', 2, 3))).toBe(false);
    expect(() => Params.zeros(layout('a', 2, 3), 'float32').get('b')).toThrow(/one of a/);
  });
});

describe('a recycling workspace', () => {
  it('hands the same matrices out again after a restart, and different ones within a round', () => {
    const workspace = new RecyclingWorkspace('float32');
    const first = [workspace.matrix(4, 3), workspace.matrix(4, 3)];
    expect(first[0].data.buffer).not.toBe(first[1].data.buffer);
    workspace.restart();
    expect([workspace.matrix(4, 3), workspace.matrix(4, 3)]).toEqual(first);
    workspace.restart();
    expect(workspace.matrix(4, 3)).toBe(first[0]);
  });

  it('takes the front of a buffer for fewer rows, and a new one for more', () => {
    const workspace = new RecyclingWorkspace('float64');
    const whole = workspace.matrix(4, 3);
    workspace.restart();
    const part = workspace.matrix(2, 3);
    expect(part.shape).toEqual([2, 3]);
    expect(part.data.buffer).toBe(whole.data.buffer);
    workspace.restart();
    expect(workspace.matrix(8, 3).data.buffer).not.toBe(whole.data.buffer);
  });
});
