import { describe, expect, it } from 'vitest';
import {
  dense,
  dropout,
  elu,
  flatten,
  identity,
  type LayerSpec,
  network,
  relu,
  sigmoid,
  softplus,
  tanh,
} from '../../src/lib/nets';
import { type Random, random } from '../../src/lib/random';
import { layerProperties, networkProperties } from './layer-properties';
import { affine, tokens } from './layers-to-come';

layerProperties('dense', [3], () => dense(3));
layerProperties('dense without bias', [3], () => dense(2, { bias: false }));
layerProperties('dense in the NTK parametrisation', [5], () =>
  dense(2, { weightScale: 'ntk', biasScale: 0.1 }),
);
layerProperties('relu', [4], () => relu({ scale: 0.1 }));
layerProperties('tanh', [4], () => tanh({ scale: 1.3 }));
layerProperties('sigmoid', [4], () => sigmoid());
layerProperties('softplus', [4], () => softplus({ scale: 2 }));
layerProperties('elu', [4], () => elu({ alpha: 0.7 }));
layerProperties('identity', [4], () => identity({ scale: -2 }));
layerProperties('flatten', [2, 2, 1], () => flatten());

layerProperties('a weight at several positions', [3, 2], () => tokens(4), { foreign: true });
layerProperties('diagonal parameters with a constant', [4], () => affine(), { foreign: true });
layerProperties('dropout', [4], () => dropout(0.4));
layerProperties('dropout', [4], () => dropout(0.4), { mode: 'train' });
layerProperties('dropout of nothing', [4], () => dropout(0), { mode: 'train' });

const activations = [relu, tanh, softplus, sigmoid, elu, identity];

/** A network of random depth, widths, activations and scales. */
function randomNetwork(rng: Random, fuse = true) {
  const some = <T>(list: readonly T[]): T => list[rng.integer(list.length)];
  const layers: LayerSpec[] = [];
  const depth = rng.integer(4);
  for (let k = 0; k < depth; k++) {
    layers.push(
      dense(1 + rng.integer(6), {
        bias: rng.bernoulli(0.7) === 1,
        weightScale: some([1, 0.5, 'ntk'] as const),
        biasScale: some([1, 0.3]),
      }),
    );
    if (rng.bernoulli(0.8)) layers.push(some(activations)({ scale: some([1, 0.1, 1.5]) }));
  }
  layers.push(dense(1 + rng.integer(3)));
  return network(1 + rng.integer(5), layers, { fuse });
}

for (let k = 0; k < 8; k++)
  networkProperties(`random architecture ${k}`, () => randomNetwork(random(`architecture ${k}`)), {
    draws: 1,
  });

networkProperties('a network inside a network', () =>
  network(3, [tanh(), network(3, [dense(4), softplus(), dense(2)]), sigmoid(), dense(2)]),
);

describe('layers', () => {
  it('throw for options that make no sense', () => {
    expect(() => dense(0)).toThrow(/dense\(units\).*whole number/);
    expect(() => dense(2.5)).toThrow(/whole number/);
    expect(() => dense(3, { weightScale: 0 })).toThrow(/weightScale.*other than 0/);
    expect(() => dense(3, { biasScale: Number.NaN })).toThrow(/biasScale/);
    expect(() => relu({ scale: Number.POSITIVE_INFINITY })).toThrow(/relu\({ scale }\).*finite/);
    expect(() => elu({ alpha: Number.NaN })).toThrow(/elu\({ alpha }\)/);
  });
});
