/** Runs work.ts in a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../src/lib/run';

export interface Outcome {
  /** Blocks of Grams that it began. */
  blocks: number;
  /** What it said at its end; nothing when it was killed before. */
  done?: string;
}

/** Runs the worker; `onBlock` may kill it. */
export function work(
  task: string,
  folder: string,
  onBlock: (child: ChildProcess, blocks: number) => void = () => {},
) {
  return new Promise<Outcome>((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(projectRoot(), 'test/kernels/work.ts'), task, folder],
      {
        cwd: projectRoot(),
        // Two threads on busy cores wait for each other: ten times as long.
        env: { ...process.env, KERNELBOOK_THREADS: '1' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const outcome: Outcome = { blocks: 0 };
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines)
        if (line === 'block') onBlock(child, ++outcome.blocks);
        else outcome.done = line.slice('done '.length);
    });
    child.on('error', reject);
    child.on('close', () => resolve(outcome));
  });
}
