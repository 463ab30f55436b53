/** What a run needs around its numbers: cache, jobs, progress, profile, folders, the stop button, .npy files. */
export { type CacheOptions, cached, cacheKey, isCached } from './cached';
export { hashOf, type Storable } from './canonical';
export { heedInterruption, interruption } from './interruption';
export { type JobOptions, type Json, runJobs } from './jobs';
export { type Npy, type NpyData, type NpyType, readMatrix, readNpy, writeNpy } from './npy';
export { cacheFolder, dataFolder, outFolder, projectRoot } from './paths';
export { type Profile, pick, profile, profiles } from './profile';
export {
  duration,
  onProgress,
  Progress,
  type ProgressEvent,
  type ProgressListener,
  progress,
  progressText,
} from './progress';
export { inThread, type ThreadContext, type ThreadOptions, threads } from './threads';
export { freeBytes, type Span, TiledMatrix, type TiledMatrixOptions } from './tiled-matrix';
