import { averagePool, conv2d } from '../../src/lib/nets';
import { layerProperties } from './layer-properties';

layerProperties('conv2d', [4, 3, 2], () => conv2d(3, [2, 3]));
layerProperties('conv2d, padded', [3, 4, 1], () => conv2d(2, 3, { padding: 'same' }));
layerProperties('conv2d with strides, padded unevenly', [5, 4, 2], () =>
  conv2d(2, [2, 4], { stride: [2, 3], padding: 'same', bias: false }),
);
layerProperties('conv2d in the NTK parametrisation', [3, 3, 2], () =>
  conv2d(2, 2, { weightScale: 'ntk', biasScale: 0.1 }),
);
layerProperties('conv2d of single pixels', [2, 3, 3], () => conv2d(2, 1));
layerProperties('conv2d of single pixels with a stride', [4, 3, 2], () => conv2d(2, 1, { stride: 2 }));
layerProperties('conv2d of whole images', [3, 2, 2], () => conv2d(3, [3, 2]));
layerProperties('averagePool', [5, 4, 2], () => averagePool(2));
