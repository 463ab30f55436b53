/** `npm run lab`: JupyterLab on notebooks/, with the kernel of `.venv`; arguments go to JupyterLab. */
import path from 'node:path';
import { type Invocation, runProgram } from './program';

export function run({ root, python, args }: Invocation): Promise<number> {
  const cwd = path.join(root, 'notebooks');
  return runProgram(python, ['-m', 'jupyterlab', ...args], { cwd });
}
