/** The version of the TypeScript that checks the cells, read without loading it. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const typescriptVersion = (require('@tslab/typescript-for-tslab/package.json') as { version: string })
  .version;
