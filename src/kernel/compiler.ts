/**
 * The compiler of the cells: tslab's converter, which turns a cell and the declarations of the cells before it into
 * JavaScript, with the options of this repository. tslab fixes its options in code and reads no tsconfig.json, and
 * it wants to compile every imported .ts file itself, which it cannot for files outside the notebook's folder. So
 * three functions of its own TypeScript are replaced before it loads:
 *
 * - the options become strict, with the `bundler` resolution that package.json's `#lib` needs;
 * - a cell is said to depend on nothing but itself: the types of the library are still read and checked against,
 *   but tsx loads its code (main.cjs);
 * - TS6059, "not under rootDir", is no error here.
 */
import { createRequire } from 'node:module';
import type { Converter } from 'tslab/dist/converter';

export type { Converter, ConvertResult, Diagnostic } from 'tslab/dist/converter';

const NOT_UNDER_ROOT_DIR = 6059;

/** The part of tslab's TypeScript (5.0) that is replaced; its own declarations are of another version than ours. */
interface TypeScript {
  ModuleResolutionKind: { Bundler: number };
  createWatchCompilerHost(files: string[], options: object, ...rest: unknown[]): WatchHost;
  createWatchProgram(host: WatchHost): unknown;
  getPreEmitDiagnosticsOfFiles(...args: unknown[]): { code: number }[];
}
interface WatchHost {
  afterProgramCreate(builder: { getAllDependencies(file: { fileName: string }): string[] }): void;
}

const require = createRequire(import.meta.url);

function adaptTypeScript(): void {
  const path = require.resolve('@tslab/typescript-for-tslab');
  const original = require(path) as TypeScript;
  const adapted: TypeScript = {
    ...original, // its exports are read-only getters: a copy takes their place
    createWatchCompilerHost: (files, options, ...rest) =>
      original.createWatchCompilerHost(
        files,
        {
          ...options,
          strict: true,
          allowJs: false,
          checkJs: false,
          moduleResolution: original.ModuleResolutionKind.Bundler,
        },
        ...rest,
      ),
    createWatchProgram: (host) => {
      const { afterProgramCreate } = host;
      host.afterProgramCreate = (builder) => {
        builder.getAllDependencies = (file) => [file.fileName];
        afterProgramCreate(builder);
      };
      return original.createWatchProgram(host);
    },
    getPreEmitDiagnosticsOfFiles: (...args) =>
      original.getPreEmitDiagnosticsOfFiles(...args).filter(({ code }) => code !== NOT_UNDER_ROOT_DIR),
  };
  const cached = require.cache[path];
  if (!cached) throw new Error(`${path} is loaded but not in require.cache`);
  cached.exports = adapted;
}

adaptTypeScript();
const converter = require('tslab/dist/converter') as typeof import('tslab/dist/converter');

/** A converter for cells whose imports start from the current directory. */
export const createConverter = (): Converter => converter.createConverter({ isJS: false, isBrowser: false });

export const { isCompleteCode } = converter;
