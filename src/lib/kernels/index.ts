/** Kernels of networks, and of inputs: gram, cross and diagonal of each, written once over what a network's layers show. */

export {
  type ConjugateOptions,
  conjugateFeatures,
  conjugateKernel,
  type EmbeddingOptions,
  embeddingKernel,
} from './conjugate';
export { type CostOptions, type KernelCost, tangentKernelCost } from './cost';
export { type JacobianOptions, jacobian } from './jacobian';
export type { CrossWithDiagonals, Kernel, Preparation, Prepared } from './kernel';
export { type LinearKernelOptions, linearKernel } from './linear';
export { memoised } from './memoised';
export { center, cosine, scaled } from './normalise';
export {
  type ProjectedKernel,
  type ProjectedOptions,
  type ProjectionKind,
  projectedTangentKernel,
} from './projected';
export { type ParameterOptions, pseudoTangentKernel, type TangentOptions, tangentKernel } from './tangent';
export {
  type ReadOptions,
  TiledGram,
  type TiledNeeds,
  type TileOptions,
  tiledCross,
  tiledGram,
  tiledNeeds,
} from './tiles';
