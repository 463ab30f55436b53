/**
 * Element-wise work at the speed of the machine: every loop over entries that is not a matrix product. Float32 and
 * float64, on any typed array; arrays of one Arena are worked on in place, without a copy or an allocation.
 */

export * from './activation';
export * from './arena';
export * from './arithmetic';
export * from './columns';
export * from './dropout';
export * from './functions';
export * from './hadamard';
export * from './likelihood';
export * from './monomials';
export * from './pairs';
export * from './thresholded';
export * from './updates';
export * from './windows';
