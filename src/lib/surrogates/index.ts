/**
 * Surrogates: simple models on top of a kernel that are to follow a network. One interface of classes: fit, decision,
 * predict, score; and one of values: fit, predict.
 */

export { type AttributeOptions, Attribution, attribute, type ClassVoices, type Voice } from './attribution';
export { KernelExpansion } from './expansion';
export {
  FittedKernelNewton,
  type KernelNewtonOptions,
  kernelLogisticNewton,
  type NewtonPoint,
} from './kernel-newton';
export { FittedLogistic, type KernelLogisticOptions, kernelLogistic } from './logistic';
export {
  certificate,
  expectedTries,
  FittedParity,
  type NoisyParityOptions,
  noisyParity,
  type ParityFitAsyncOptions,
  type ParityLearner,
  type ParityProgress,
} from './parity';
export {
  countTerms,
  expandPolynomial,
  type Monomial,
  monomialName,
  type PolynomialOptions,
  polynomialTerms,
} from './polynomial';
export {
  FittedPolynomial,
  type PathPoint,
  type PathProgress,
  type PolynomialLogisticOptions,
  polynomialLogistic,
  type RegularisationPathOptions,
  regularisationPath,
  regularisationPathAsync,
  type WeightedTerm,
} from './polynomial-logistic';
export {
  FittedRegression,
  featureRegression,
  kernelRegression,
  type RegressionOptions,
  type Regressor,
} from './regression';
export { type LinearFit, type LogisticSgdOptions, logisticSgd, type Penalty } from './sgd';
export type { FitAsyncOptions, Fitted, Surrogate, SurrogateProgress } from './surrogate';
export { FittedSvm, type KernelSvmOptions, kernelSvm } from './svm';
export { walshSpectrum } from './walsh';
