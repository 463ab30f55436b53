import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

/** The TypeScript blocks of a document, each as a file of its own that stands beside the document. */
function blocks(document: string): { name: string; text: string }[] {
  const text = readFileSync(path.join(root, document), 'utf8');
  return [...text.matchAll(/^( *)```ts\n([\s\S]*?)^\1```/gm)].map(([, indent, code], i) => ({
    name: path.join(root, `${document}.${i + 1}.ts`),
    text: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

function diagnostics(files: readonly { name: string; text: string }[]): string[] {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  const here = new Map(files.map(({ name, text }) => [name, text]));
  host.fileExists = (name) => here.has(name) || fileExists.call(host, name);
  host.readFile = (name) => here.get(name) ?? readFile.call(host, name);
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const text = here.get(name);
    return text === undefined
      ? getSourceFile.call(host, name, languageVersion, ...rest)
      : ts.createSourceFile(name, text, languageVersion);
  };
  const program = ts.createProgram({ rootNames: [...here.keys()], options, host });
  return files.flatMap(({ name }) => {
    const file = program.getSourceFile(name);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(
      ({ messageText }) => `${path.basename(name)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
}

describe('the documents', () => {
  it('hold TypeScript that type-checks as it stands', () => {
    const files = ['README.md', 'CONTRIBUTING.md'].flatMap(blocks);
    expect(files.length).toBeGreaterThanOrEqual(2);
    const unused = /is declared but its value is never read/; // a first cell declares what later ones use
    expect(diagnostics(files).filter((line) => !unused.test(line))).toEqual([]);
  });

  it('would be caught if they did not', () => {
    const wrong = {
      name: path.join(root, 'wrong.ts'),
      text: "import { nothing } from '#lib';\nnothing();\n",
    };
    expect(diagnostics([wrong])).toEqual([expect.stringContaining('nothing')]);
  });
});
