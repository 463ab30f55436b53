/** Networks: layers with three verbs and sites, snapshots of their numbers, losses, optimisers, training. */

export { type Description, describeNetwork, networkFrom } from './description';
export * from './init';
export * from './layer';
export { elu, identity, relu, sigmoid, softplus, tanh } from './layers/activation';
export { batchNorm } from './layers/batch-norm';
export { conv2d } from './layers/conv2d';
export { dense } from './layers/dense';
export { dropout } from './layers/dropout';
export { flatten } from './layers/flatten';
export { averagePool, globalAveragePool, maxPool } from './layers/pooling';
export { residual } from './layers/residual';
export * from './losses';
export * from './network';
export { offsetTargets, withOffsets } from './offset-loss';
export * from './optimizers';
export * from './params';
export * from './site';
export * from './tfjs';
export type { TfjsModel, TfjsModule } from './tfjs-module';
export {
  type Checkpoint,
  type EpochEvent,
  type EpochRecord,
  type SnapshotRecord,
  TrainingInterrupted,
  type TrainOptions,
  type TrainResult,
  train,
} from './train';
export { type ThreadTrainOptions, trainInThread } from './train-in-thread';
export type { BestRecord, Measure, PackedBest, Validation } from './validation';
export { weightedSquaredError, weightedTargets } from './weighted-loss';
export * from './workspace';
