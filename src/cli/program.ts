/** What the commands share: what they are given, the error that is one sentence, and running another program. */
import { spawn } from 'node:child_process';

/** What bootstrap.mjs hands to a command, whose `run` returns the exit status. */
export interface Invocation {
  /** The checkout. */
  root: string;
  /** The Python of `.venv`. */
  python: string;
  args: string[];
}

/** A mistake in the arguments: told in one sentence, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a program with this terminal, and waits for it.
 * @returns its exit status; 130 if Ctrl-C ended it. Ctrl-C goes to the program, which says when it is done.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { cwd, env }: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
    const wait = () => {};
    const pass = () => child.kill('SIGTERM');
    process.on('SIGINT', wait);
    process.on('SIGTERM', pass);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      process.off('SIGINT', wait);
      process.off('SIGTERM', pass);
      resolve(status ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

/** Runs a Node program with tsx, so that it may be TypeScript. */
export const runTypeScript = (file: string, args: readonly string[], cwd: string): Promise<number> =>
  runProgram(process.execPath, ['--import', 'tsx', file, ...args], { cwd });
