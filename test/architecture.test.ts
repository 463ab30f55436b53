/**
 * The order of imports is the order of the science: data → nets → kernels → surrogates → spectra, on the common
 * ground. Read by the TypeScript compiler, so that a type import, a re-export and an `import()` count too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const LIBRARY = path.resolve(import.meta.dirname, '..', 'src', 'lib');

const ROAD = ['data', 'nets', 'kernels', 'surrogates', 'spectra'];
const GROUND = ['linalg', 'random', 'metrics', 'errors', 'run'];
/** What a study says and shows: they take numbers. */
const TELLING = ['study', 'show'];
const INDEX = 'index';

/** The folder, or file, right under src/lib that a file belongs to. */
const stationOf = (file: string): string =>
  path.relative(LIBRARY, file).split(path.sep)[0].replace(/\.ts$/, '');

/** Why `from` must not import `to`; `null` if it may. */
function objection(from: string, to: string): string | null {
  if (from === to || from === INDEX) return null;
  if (to === INDEX) return 'index.ts is for notebooks; a station imports the folder it means';
  if (GROUND.includes(from)) return GROUND.includes(to) ? null : 'the ground imports no station';
  if (TELLING.includes(from)) {
    return GROUND.includes(to) ? null : 'study and show take numbers: they import the ground only';
  }
  if (!ROAD.includes(from)) return `src/lib/${from} is neither a station nor ground`;
  if (GROUND.includes(to)) return null;
  if (!ROAD.includes(to)) return `a station does not import ${to}`;
  return ROAD.indexOf(to) < ROAD.indexOf(from) ? null : `${to} comes after ${from} on the road`;
}

/** The specifiers that a source file imports or re-exports, in any form. */
function importsOf(text: string): string[] {
  const found: string[] = [];
  const literal = (node: ts.Node | undefined) => {
    if (node && ts.isStringLiteralLike(node)) found.push(node.text);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) literal(node.moduleSpecifier);
    else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference))
      literal(node.moduleReference.expression);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) literal(node.argument.literal);
    else if (ts.isCallExpression(node)) {
      const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
      const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
      if (isImport || isRequire) literal(node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest));
  return found;
}

/** The file or folder in the library that a specifier means; `null` for a package. */
function target(specifier: string, file: string): string | null {
  if (specifier === '#lib') return path.join(LIBRARY, 'index.ts');
  if (specifier.startsWith('#lib/')) return path.join(LIBRARY, specifier.slice('#lib/'.length));
  return specifier.startsWith('.') ? path.resolve(path.dirname(file), specifier) : null;
}

/** What is wrong with the imports of one file. */
function complaints(file: string, text: string): string[] {
  return importsOf(text).flatMap((specifier) => {
    const to = target(specifier, file);
    if (to === null) return [];
    const where = `${path.relative(LIBRARY, file)} imports ${specifier}`;
    if (path.relative(LIBRARY, to).startsWith('..'))
      return [`${where}: the library imports nothing outside src/lib`];
    const why = objection(stationOf(file), stationOf(to));
    return why ? [`${where}: ${why}`] : [];
  });
}

const files = readdirSync(LIBRARY, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => path.join(LIBRARY, file));

test('the library imports along the road and from the ground', () => {
  expect(files.length).toBeGreaterThan(20);
  expect(files.flatMap((file) => complaints(file, readFileSync(file, 'utf8')))).toEqual([]);
});

test('no types of TensorFlow.js are imported: every notebook would read them', () => {
  const heavy = files.filter((file) =>
    importsOf(readFileSync(file, 'utf8')).some((specifier) => specifier.startsWith('@tensorflow/')),
  );
  // There by a require, at run time.
  expect(heavy.map((file) => path.relative(LIBRARY, file))).toEqual(['nets/tfjs.ts']);
  const source = readFileSync(path.join(LIBRARY, 'nets', 'tfjs.ts'), 'utf8');
  expect(source).not.toMatch(/^(import|export)\b[^;]*'@tensorflow/m);
});

test('every folder of the library has its place', () => {
  const stations = new Set(files.map(stationOf));
  const known = new Set([...ROAD, ...GROUND, ...TELLING, INDEX]);
  expect([...stations].filter((station) => !known.has(station))).toEqual([]);
});

test.each([
  ['nets/layer.ts', "import { x } from '../kernels';", 'kernels comes after nets'],
  ['nets/layer.ts', "import type { X } from '../kernels/site';", 'kernels comes after nets'],
  ['nets/deep/layer.ts', "export * from '../../spectra';", 'spectra comes after nets'],
  ['data/mnist.ts', "const x = await import('#lib/nets');", 'nets comes after data'],
  ['data/mnist.ts', "let x: import('../nets').Network;", 'nets comes after data'],
  ['kernels/tangent.ts', "import { y } from '#lib';", 'index.ts is for notebooks'],
  ['kernels/tangent.ts', "import { y } from '../show';", 'does not import show'],
  ['linalg/gemm.ts', "import { z } from '../data';", 'the ground imports no station'],
  ['show/chart.ts', "import { k } from '../kernels';", 'take numbers'],
  ['spectra/density.ts', "import { k } from '../../cli/program';", 'nothing outside src/lib'],
])('a wrong import in %s is caught: %s', (file, text, why) => {
  expect(complaints(path.join(LIBRARY, file), text)).toEqual([expect.stringContaining(why)]);
});

test.each([
  ['spectra/density.ts', "import { a } from '../kernels';\nimport { b } from '../linalg';\nimport './qq';"],
  ['data/mnist.ts', "import fs from 'node:fs';\nimport { r } from '../random'; // from '../spectra'"],
  ['index.ts', "export * from './show';\nexport * from './spectra';"],
])('a right import in %s is not', (file, text) => {
  expect(complaints(path.join(LIBRARY, file), text)).toEqual([]);
});
