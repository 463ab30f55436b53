/** Linear algebra: `Matrix`, products, factorisations, and the choice of the library behind them. */

export type { Backend } from './backend';
export { type BackendChoice, backend, blas, onNotice, useBackend } from './blas';
export { multiplyAddsOf } from './counted';
export { type Eigh, eigh, eighAsync, eigvalsh, eigvalshAsync } from './eigen';
export { BitMatrix, BitVector, type Dependence, Eliminator, type WordCount } from './gf2';
export { type DType, Matrix, type Vector, zeros } from './matrix';
export {
  axpy,
  dot,
  type GemmOptions,
  type GemvOptions,
  gemm,
  gemmAsync,
  gemv,
  norm,
  type SyrkOptions,
  syrk,
  syrkAsync,
} from './products';
export {
  type PinvOptions,
  pinv,
  pinvAsync,
  type Svd,
  singularValues,
  singularValuesAsync,
  svd,
  svdAsync,
} from './singular';
export {
  cholesky,
  choleskyAsync,
  choleskySolve,
  choleskySolveAsync,
  type Lstsq,
  type LstsqOptions,
  lstsq,
  lstsqAsync,
  solve,
  solveAsync,
} from './solve';
