/** Kernels of networks, and of inputs: gram, cross and diagonal of each, written once over what a network's layers show. */

export type { CrossWithDiagonals, Kernel } from './kernel';
export { type ParameterOptions, pseudoTangentKernel, type TangentOptions, tangentKernel } from './tangent';
