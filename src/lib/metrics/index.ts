/** How two lists of numbers, two kernels or two subspaces compare, and what sums up one list. */
export { accuracy, type Predictions, predictedLabels, testAccuracyDifference } from './accuracy';
export { centeredKernelAlignment, kernelAlignment } from './alignment';
export { principalAngles } from './angles';
export { midRanks, pearson, rSquared, spearman } from './correlation';
export { argsort, kendallTau } from './kendall';
export { type KolmogorovSmirnov, kolmogorovTail, ksStatistic } from './kolmogorov-smirnov';
export { largest, nearestNeighbours } from './neighbours';
export { type PrecisionRecall, precisionRecall } from './precision-recall';
export {
  geometricMean,
  kurtosis,
  mean,
  median,
  quantile,
  standardDeviation,
  standardError,
  variance,
} from './summary';
export { type NodeValues, relativeError, weightedNorm } from './weighted-norm';
