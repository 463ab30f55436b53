/**
 * Data sets and what is done to them before a network sees them: readers, sources, subsets, splits, standardisation;
 * and grids, for functions that are known everywhere.
 */
export { type CifarBatch, parseCifar } from './cifar';
export { type ProductGrid, productGrid, type UniformGrid, uniformGrid } from './grid';
export { type Idx, parseIdx } from './idx';
export {
  type GeneratedKryptonite,
  generateKryptonite,
  type Kryptonite,
  type KryptoniteFiles,
  type KryptoniteLaw,
  type KryptoniteNoise,
  type KryptoniteOptions,
  kryptonite,
  kryptoniteFiles,
} from './kryptonite';
export {
  type MaskTrigger,
  type PatchTrigger,
  type PoisonOptions,
  poisoned,
  type Trigger,
  type TriggerOptions,
  withTrigger,
} from './poison';
export {
  available,
  cifar10,
  type Examples,
  fashionMnist,
  type ImageSet,
  type ImageSetName,
  imageSets,
  mnist,
} from './sets';
export {
  type DataFile,
  type DataSetDescription,
  debianSource,
  downloadSource,
  folderSource,
  type Located,
  locate,
  packageSource,
  type Source,
  systemSource,
} from './sources';
export { Standardisation, standardise } from './standardise';
export { shuffled, split, type TwoClasses, takeExamples, takeLabels, twoClasses } from './subset';
