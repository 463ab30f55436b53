/** `npm test`: types, lint and format, then the tests; arguments go to vitest. All three run, to tell all at once. */
import path from 'node:path';
import { type Invocation, runProgram } from './program';

export async function run({ root, args }: Invocation): Promise<number> {
  const module = (...parts: string[]) => path.join(root, 'node_modules', ...parts);
  const steps: [string, string[]][] = [
    ['types', [module('typescript', 'bin', 'tsc'), '-p', '.']],
    ['lint and format', [module('@biomejs', 'biome', 'bin', 'biome'), 'check', '.']],
    ['tests', [module('vitest', 'vitest.mjs'), 'run', ...args]],
  ];
  const failed: string[] = [];
  for (const [name, command] of steps) {
    console.log(`— ${name}`);
    const status = await runProgram(process.execPath, command, { cwd: root });
    if (status === 130) return status;
    if (status !== 0) failed.push(name);
  }
  if (failed.length > 0) console.error(`kernelbook: not right: ${failed.join(', ')}.`);
  return failed.length > 0 ? 1 : 0;
}
