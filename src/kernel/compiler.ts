/**
 * The compiler of the cells: tslab's converter, which turns a cell and the declarations of the cells before it into
 * JavaScript, with the options of this repository. tslab fixes its options in code and reads no tsconfig.json, and
 * it wants to compile every imported .ts file itself, which it cannot for files outside the notebook's folder. So
 * functions of its own TypeScript are replaced before it loads:
 *
 * - the options become strict, with the `bundler` resolution that package.json's `#lib` needs;
 * - a cell is said to depend on nothing but itself: the types of the library are still read and checked against,
 *   but tsx loads its code (main.cjs);
 * - TS6059, "not under rootDir", is no error here;
 * - files that appear or go while the kernel is open need no second timer, which tslab does not have;
 * - `{ a }` with an `a` of an earlier cell, which tslab leaves as it is, becomes `{ a: exports.a }`;
 * - `const { a: b } = f()`, where an earlier cell declared the type that has the property `a`, keeps its `a`, which
 *   tslab takes for a variable of that cell.
 */
import { createRequire } from 'node:module';
import type * as typed from '@tslab/typescript-for-tslab';
import type { Converter, ConvertResult } from 'tslab/dist/converter';

export type { Converter, ConvertResult, Diagnostic } from 'tslab/dist/converter';

const NOT_UNDER_ROOT_DIR = 6059;

type TypeScript = typeof typed;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const require = createRequire(import.meta.url);

const typescriptPath = require.resolve('@tslab/typescript-for-tslab');
const ts = require(typescriptPath) as TypeScript & {
  getPreEmitDiagnosticsOfFiles(...args: unknown[]): readonly typed.Diagnostic[]; // tslab's addition
};

/** Lets a short property `{ a }` be looked up as the variable that it reads, as every other identifier is. */
function readShorthandAsVariable(checker: typed.TypeChecker): typed.TypeChecker {
  return {
    ...checker,
    getSymbolAtLocation: (node) => {
      const parent = ts.getParseTreeNode(node)?.parent;
      return parent && ts.isShorthandPropertyAssignment(parent)
        ? checker.getShorthandAssignmentValueSymbol(parent)
        : checker.getSymbolAtLocation(node);
    },
  };
}

const visitEachChild: TypeScript['visitEachChild'] = <T extends typed.Node>(
  node: T | undefined,
  visitor: typed.Visitor,
  context: typed.TransformationContext,
  ...rest: unknown[]
) => {
  if (node && ts.isShorthandPropertyAssignment(node)) {
    const value = visitor(node.name) as typed.Expression;
    if (value !== node.name) {
      const { objectAssignmentInitializer: byDefault } = node;
      const target = byDefault
        ? ts.factory.createAssignment(value, visitor(byDefault) as typed.Expression)
        : value;
      return ts.factory.createPropertyAssignment(node.name, target) as typed.Node as T;
    }
  }
  const property = propertyOf(node);
  const visitVariables = (child: typed.Node) => (child === property ? child : visitor(child));
  return (ts.visitEachChild as (...args: unknown[]) => T)(node, visitVariables, context, ...rest);
};

/** The `a` of a binding `{ a: b }`. A computed `[a]` is no name but an expression, and reads its variables. */
function propertyOf(node: typed.Node | undefined): typed.Identifier | undefined {
  if (!node || !ts.isBindingElement(node)) return undefined;
  const { propertyName } = node;
  return propertyName && ts.isIdentifier(propertyName) ? propertyName : undefined;
}

/** Stands for a timer whose time has come already. */
const EXPIRED = {};

/**
 * tslab gives TypeScript one timer, that of an update of the program, and throws when asked for a second. TypeScript asks
 * for one when a file appears or goes (a notebook that is saved is such a file), to look again for what it had not found.
 * That is done at once instead, as TypeScript itself does where there are no timers.
 */
function keepOneTimer(host: typed.WatchHost): void {
  const { setTimeout: begin, clearTimeout: end } = host;
  host.setTimeout = (callback, ...rest) => {
    if (callback.name !== 'invalidateResolutionsOfFailedLookup') return begin?.(callback, ...rest);
    callback();
    return EXPIRED;
  };
  host.clearTimeout = (timer) => {
    if (timer !== EXPIRED) end?.(timer);
  };
}

function adaptTypeScript(): void {
  const adapted: Partial<Writable<typeof ts>> = {
    ...ts, // its exports are read-only getters: a copy takes their place
    createWatchCompilerHost: ((files: string[], options: typed.CompilerOptions, ...rest: unknown[]) =>
      (ts.createWatchCompilerHost as (...args: unknown[]) => unknown)(
        files,
        {
          ...options,
          strict: true,
          allowJs: false,
          checkJs: false,
          moduleResolution: ts.ModuleResolutionKind.Bundler,
        },
        ...rest,
      )) as TypeScript['createWatchCompilerHost'],
    createWatchProgram: ((host: typed.WatchCompilerHostOfFilesAndCompilerOptions<typed.BuilderProgram>) => {
      const { afterProgramCreate } = host;
      keepOneTimer(host);
      host.afterProgramCreate = (builder) => {
        builder.getAllDependencies = (file) => [file.fileName];
        const program = builder.getProgram();
        const { getTypeChecker } = program;
        program.getTypeChecker = () => readShorthandAsVariable(getTypeChecker());
        afterProgramCreate?.(builder);
      };
      return ts.createWatchProgram(host);
    }) as TypeScript['createWatchProgram'],
    getPreEmitDiagnosticsOfFiles: (...args) =>
      ts.getPreEmitDiagnosticsOfFiles(...args).filter(({ code }) => code !== NOT_UNDER_ROOT_DIR),
    visitEachChild,
  };
  const cached = require.cache[typescriptPath];
  if (!cached) throw new Error(`${typescriptPath} is loaded but not in require.cache`);
  cached.exports = adapted;
}

adaptTypeScript();
const tslab = require('tslab/dist/converter') as typeof import('tslab/dist/converter');

/** Whether a cell has a `for await` outside any function, which tslab does not count as an `await`. */
function hasForAwait(code: string): boolean {
  if (!/\bfor\s+await\b/.test(code)) return false;
  const visit = (node: typed.Node): boolean =>
    (ts.isForOfStatement(node) && node.awaitModifier !== undefined) ||
    (!ts.isFunctionLike(node) && (ts.forEachChild(node, visit) ?? false));
  return visit(ts.createSourceFile('cell.ts', code, ts.ScriptTarget.Latest));
}

/** A converter for cells whose imports start from the current directory. */
export function createConverter(): Converter {
  const converter = tslab.createConverter({ isJS: false, isBrowser: false });
  return {
    ...converter,
    convert: (declarations, code): ConvertResult => {
      const result = converter.convert(declarations, code);
      return hasForAwait(code) ? { ...result, hasToplevelAwait: true } : result;
    },
  };
}

export const { isCompleteCode } = tslab;
