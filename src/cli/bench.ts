/** `npm run bench`: bench/index.ts, in a process of its own so that nothing else is measured. */
import path from 'node:path';
import { type Invocation, runTypeScript } from './program';

export const run = ({ root, args }: Invocation): Promise<number> =>
  runTypeScript(path.join(root, 'bench', 'index.ts'), args, root);
