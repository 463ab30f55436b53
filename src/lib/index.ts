/** What a notebook imports, as `#lib`: the stations of the road, data → nets → kernels → surrogates → spectra, and the ground. */

export * from './data';
export * from './errors';
export * from './kernels';
export * from './linalg';
export * from './metrics';
export * from './nets';
export * from './random';
export * from './run';
export * from './show';
export * from './study';
export * from './surrogates';
