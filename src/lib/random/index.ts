/** Seeded random numbers. */
export { type Distribution, Random, type RandomState, random } from './random';
