/**
 * Every error that a user can meet, each of a class of its own, and each with the same three parts: what was
 * expected, what came, and what to do. Nothing here recovers: an error is thrown at the entry that noticed it,
 * before anything was computed or written.
 */

/** What an error says. The message reads `<what>: expected <expected>, got <got>. <todo>`. */
export interface Problem {
  /** The thing that is wrong: an argument, a file, an option. */
  what: string;
  expected: string;
  got: string;
  /** One sentence (or more) that tells the user what to do. */
  todo: string;
}

/** The ancestor of every error of the library. */
export class KernelbookError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem, options?: { cause?: unknown }) {
    super(`${problem.what}: expected ${problem.expected}, got ${problem.got}. ${problem.todo}`, options);
    this.name = new.target.name;
    this.problem = problem;
  }
}

/** Arrays whose sizes do not fit together. */
export class ShapeError extends KernelbookError {}
/** An argument outside its range, of the wrong kind, or not finite. */
export class ValueError extends KernelbookError {}
/** A data file that is missing, torn, foreign, or holds what it must not. */
export class DataError extends KernelbookError {}
/** A computation that cannot give a number: not positive definite, no convergence, overflow. */
export class NumericalError extends KernelbookError {}
/** A native library that was asked for and cannot be used. */
export class NativeLibraryError extends KernelbookError {}
/** A network asked to do in one mode what it can do only in another. */
export class ModeError extends KernelbookError {}
/** A profile or study that does not exist. */
export class ProfileError extends KernelbookError {}
/** A run that was stopped from outside. What it had finished is in the cache. */
export class InterruptedError extends KernelbookError {}

/** `12 × 3` */
export const shapeText = (shape: readonly number[]): string => shape.join(' × ');
