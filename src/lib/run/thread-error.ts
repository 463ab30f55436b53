/** How an error crosses from a thread to its caller: structured clone keeps its text and forgets its class. */

import * as errors from '../errors';
import { KernelbookError, type Problem } from '../errors';

export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** There for an error of the library. */
  readonly problem?: Problem;
}

export function packed(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { message, stack } = error;
  const name = error.constructor.name;
  return error instanceof KernelbookError
    ? { name, message, stack, problem: error.problem }
    : { name, message, stack };
}

/** The error again, of its class where that is one of the library's, and with the stack of where it was thrown. */
export function unpacked({ name, message, stack, problem }: PackedError): Error {
  const Kind = (errors as Record<string, unknown>)[name] as (new (problem: Problem) => Error) | undefined;
  const error = problem && Kind ? new Kind(problem) : new Error(message);
  if (stack) error.stack = stack;
  return error;
}
