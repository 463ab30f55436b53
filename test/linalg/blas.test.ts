import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { backend, blas, useBackend } from '../../src/lib/linalg';
import { candidates } from '../../src/lib/linalg/native/library';
import { hasNative, onEachBackend } from './backends';

const run = promisify(execFile);
const library = resolve('src/lib/linalg/index.ts');
const empty = mkdtempSync(join(tmpdir(), 'kernelbook-'));
afterAll(() => rmSync(empty, { recursive: true }));

/** Runs a program in a process of its own, with these variables only. */
async function alone(program: string, variables: Record<string, string>, cwd = process.cwd()) {
  const { KERNELBOOK_BLAS, KERNELBOOK_THREADS, VIRTUAL_ENV, OPENBLAS_NUM_THREADS, OMP_NUM_THREADS, ...rest } =
    process.env;
  const tsx = import.meta.resolve('tsx');
  const source = `const la = await import(${JSON.stringify(library)}); const { blas, gemm, Matrix } = la; ${program}`;
  const args = ['--import', tsx, '--input-type=module', '--eval', source];
  return run(process.execPath, args, { env: { ...rest, ...variables }, cwd }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout: stdout.trim(), stderr: stderr.trim() }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      stdout: error.stdout.trim(),
      stderr: error.stderr.trim(),
    }),
  );
}

const product = 'console.log(String(gemm(Matrix.identity(2), Matrix.identity(2)).data), blas.name)';

describe('the choice of the library', () => {
  test('KERNELBOOK_BLAS=none is plain JavaScript without a word', async () => {
    const { stdout, stderr } = await alone(product, { KERNELBOOK_BLAS: 'none' });
    expect(stdout).toBe('1,0,0,1 portable JavaScript');
    expect(stderr).toBe('');
  });

  test('a KERNELBOOK_BLAS that does not exist is one NativeLibraryError that names it', async () => {
    const missing = join(empty, 'libmissing.so');
    const { code, stderr } = await alone(product, { KERNELBOOK_BLAS: missing });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `NativeLibraryError: BLAS library: expected a shared library that loads, got ${missing}`,
    );
    expect(stderr).toContain('Set KERNELBOOK_BLAS to');
  });

  test('so is one that is no library, and one that holds no BLAS', async () => {
    const torn = join(empty, 'libtorn.so');
    writeFileSync(torn, 'not a library');
    const { stderr } = await alone(product, { KERNELBOOK_BLAS: torn });
    expect(stderr).toContain('NativeLibraryError');
    if (process.platform === 'linux') {
      const foreign = await alone(product, { KERNELBOOK_BLAS: 'libm.so.6' });
      expect(foreign.stderr).toContain('expected a library with CBLAS and LAPACK');
    }
  });

  test.skipIf(!hasNative)('KERNELBOOK_BLAS takes a path, also a relative one', async () => {
    useBackend('native');
    const path = blas.library;
    const { stdout } = await alone('console.log(blas.library)', { KERNELBOOK_BLAS: path });
    expect(stdout).toBe(path);
    if (path.includes('/')) {
      const folder = resolve(path, '..');
      const relative = await alone(
        'console.log(blas.library)',
        { KERNELBOOK_BLAS: `./${path.slice(folder.length + 1)}` },
        folder,
      );
      expect(relative.stdout).toBe(path);
    }
  });

  test('where no library is found, one line says so once, and how to get one', async (context) => {
    const { stdout, stderr } = await alone(`${product}; la.useBackend('auto'); ${product}`, {}, empty);
    if (!stdout.includes('portable')) context.skip(`this machine has one everywhere: ${stdout}`);
    expect(stderr.split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/no native BLAS found.*npm.*KERNELBOOK_BLAS/);
    const insisting = await alone("la.useBackend('native')", {}, empty);
    expect(insisting.stderr).toContain('NativeLibraryError');
  });

  test('onNotice hears that line in place of stderr', async (context) => {
    const program = `const heard = []; la.onNotice((line) => heard.push(line)); ${product}; console.log(heard.length);`;
    const { stdout, stderr } = await alone(program, {}, empty);
    if (!stdout.includes('portable')) context.skip(`this machine has one everywhere: ${stdout}`);
    expect(stdout.split('\n')[1]).toBe('1');
    expect(stderr).toBe('');
  });

  test('the folder of the project and those above it are searched for .venv', () => {
    const here = candidates(process.cwd());
    const below = candidates(join(process.cwd(), 'notebooks', 'exercises'));
    expect(below).toEqual(here);
  });

  test('an unknown backend is refused', () => {
    expect(() => useBackend('fast' as 'native')).toThrow(ValueError);
  });
});

describe('threads', () => {
  onEachBackend(() => {
    test('are set and told', () => {
      const before = blas.threads();
      expect(before).toBeGreaterThanOrEqual(1);
      expect(blas.threads(1)).toBe(1);
      expect(blas.threads(2)).toBe(backend().kind === 'native' ? 2 : 1);
      blas.threads(before);
    });
    test('must be a whole number from 1', () => {
      for (const bad of [0, -1, 1.5, Number.NaN]) expect(() => blas.threads(bad)).toThrow(ValueError);
    });
  });

  test.skipIf(!hasNative)('KERNELBOOK_THREADS sets the default, and nonsense in it is refused', async () => {
    expect((await alone('console.log(blas.threads())', { KERNELBOOK_THREADS: '3' })).stdout).toBe('3');
    expect((await alone('console.log(blas.threads())', { OMP_NUM_THREADS: '1' })).stdout).toBe('1');
    const { stderr } = await alone('blas.threads()', { KERNELBOOK_THREADS: 'many' });
    expect(stderr).toContain('ValueError: KERNELBOOK_THREADS');
  });
});
