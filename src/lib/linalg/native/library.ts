/**
 * Finds and opens a BLAS/LAPACK library. Libraries differ in how they spell their names and in the size of their
 * integers; `Library` hides both. CBLAS and the Fortran LAPACK are used because every library has them (Accelerate
 * and Debian's OpenBLAS have no LAPACKE).
 *
 * Order: KERNELBOOK_BLAS (a path; nothing else is then tried); Accelerate on macOS; the `scipy-openblas32` wheel
 * in `.venv` of this folder or one above it, or in $VIRTUAL_ENV; OpenBLAS of the system.
 */

import { readdirSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import koffi from 'koffi';
import { NativeLibraryError } from '../../errors';

type NativeFunction = ReturnType<ReturnType<typeof koffi.load>['func']>;

/** How a library spells names: `prefix + 'cblas_dgemm' + suffix`, `prefix + 'dsyevd' + fortran`. */
interface Spelling {
  prefix: string;
  suffix: string;
  fortran: string;
  /** 64-bit integers. */
  wide: boolean;
}

const SPELLINGS: Spelling[] = [
  { prefix: 'scipy_', suffix: '', fortran: '_', wide: false }, // scipy-openblas32
  { prefix: 'scipy_', suffix: '64_', fortran: '_64_', wide: true }, // scipy-openblas64, the one inside numpy
  { prefix: '', suffix: '$NEWLAPACK', fortran: '$NEWLAPACK', wide: false }, // Accelerate, macOS 13.3 and later
  { prefix: '', suffix: '', fortran: '_', wide: false }, // OpenBLAS of a Linux distribution, MKL, old Accelerate
  { prefix: '', suffix: '64_', fortran: '_64_', wide: true }, // libopenblas64_ of a Linux distribution
];

/** How many CHARACTER arguments a routine has: Fortran passes their lengths, hidden, at the end. */
const CHARACTERS: Record<string, number> = { syevd: 2, potrf: 1, gesdd: 1, gelsd: 0, getrf: 0, getrs: 1 };

export class Library {
  readonly path: string;
  private readonly handle: ReturnType<typeof koffi.load>;
  private readonly spelling: Spelling;

  /** Throws a NativeLibraryError when the file cannot be loaded or holds no BLAS and LAPACK. */
  constructor(path: string) {
    this.path = path;
    try {
      this.handle = load(path);
    } catch (cause) {
      throw new NativeLibraryError(
        {
          what: 'BLAS library',
          expected: 'a shared library that loads',
          got: `${path} (${(cause as Error).message})`,
          todo: TODO,
        },
        { cause },
      );
    }
    const has = (name: string) => this.find(name, 'void', []) !== undefined;
    const spelling = SPELLINGS.find(
      (s) => has(`${s.prefix}cblas_dgemm${s.suffix}`) && has(`${s.prefix}dsyevd${s.fortran}`),
    );
    if (!spelling)
      throw new NativeLibraryError({
        what: 'BLAS library',
        expected: 'a library with CBLAS and LAPACK (cblas_dgemm, dsyevd)',
        got: `${path}, which has none of their names`,
        todo: TODO,
      });
    this.spelling = spelling;
    // Some builds hide 64-bit integers behind the plain names; OpenBLAS says so.
    if (/USE64BITINT/.test(this.description() ?? '')) this.spelling = { ...spelling, wide: true };
  }

  /** OpenBLAS's own description of itself, when it is OpenBLAS. */
  description(): string | undefined {
    return this.openblas('get_config', 'str', [])?.() as string | undefined;
  }

  /** The integer type of CBLAS arguments. */
  get int(): string {
    return this.spelling.wide ? 'int64_t' : 'int';
  }

  /** An integer, or room for n, as LAPACK takes them: by address. */
  integer(value: number): Int32Array | BigInt64Array {
    return this.spelling.wide ? BigInt64Array.of(BigInt(value)) : Int32Array.of(value);
  }
  integers(n: number): Int32Array | BigInt64Array {
    return this.spelling.wide ? new BigInt64Array(n) : new Int32Array(n);
  }

  /** A CBLAS function, such as `cblas_dgemm`. */
  cblas(name: string, result: string, parameters: string[]): NativeFunction {
    return this.need(`${this.spelling.prefix}${name}${this.spelling.suffix}`, result, parameters);
  }

  /** A LAPACK routine, such as `syevd` in precision `d`: every argument by address, characters as strings. */
  lapack(precision: 's' | 'd', routine: string, parameters: ('char' | 'address')[]): NativeFunction {
    const { prefix, fortran } = this.spelling;
    return this.need(`${prefix}${precision}${routine}${fortran}`, 'void', [
      ...parameters.map((kind) => (kind === 'char' ? 'str' : 'void *')),
      ...new Array<string>(CHARACTERS[routine]).fill('size_t'),
    ]);
  }

  /** The values of the hidden lengths of `routine`. */
  hidden(routine: string): number[] {
    return new Array<number>(CHARACTERS[routine]).fill(1);
  }

  /** A function of OpenBLAS's own, when the library has it. */
  openblas(name: string, result: string, parameters: string[]): NativeFunction | undefined {
    const { prefix, suffix } = this.spelling;
    return this.find(`${prefix}openblas_${name}${suffix}`, result, parameters);
  }

  /** A function by its exact name, when the library has it. */
  find(name: string, result: string, parameters: string[]): NativeFunction | undefined {
    try {
      return this.handle.func(name, result, parameters);
    } catch {
      return undefined;
    }
  }

  private need(name: string, result: string, parameters: string[]): NativeFunction {
    const found = this.find(name, result, parameters);
    if (found) return found;
    throw new NativeLibraryError({
      what: 'BLAS library',
      expected: `a library with ${name}`,
      got: `${this.path}, which has no such function`,
      todo: TODO,
    });
  }
}

function load(path: string): ReturnType<typeof koffi.load> {
  // LAPACK and threaded BLAS put work space on the stack, and koffi's default for asynchronous calls is 128 KiB.
  // koffi takes its settings only before the first load of the process, and throws afterwards.
  try {
    koffi.config({ sync_stack_size: 8 << 20, async_stack_size: 4 << 20, max_async_calls: 64 });
  } catch {}
  // Accelerate has no function that sets the number of its threads; it reads its environment while it loads.
  if (process.platform === 'darwin' && process.env.KERNELBOOK_THREADS)
    process.env.VECLIB_MAXIMUM_THREADS ??= process.env.KERNELBOOK_THREADS;
  return koffi.load(path);
}

const TODO =
  'Set KERNELBOOK_BLAS to the path of an OpenBLAS (with LAPACK) of this machine, to `none` for plain JavaScript, ' +
  'or leave it unset.';

/** The library that KERNELBOOK_BLAS names, or else the first that loads; undefined when there is none. */
export function openLibrary(asked = process.env.KERNELBOOK_BLAS): Library | undefined {
  if (asked) {
    // A bare name is for the system's loader to find; anything with a folder in it is a file.
    return new Library(/[\\/]/.test(asked) ? resolve(asked) : asked);
  }
  for (const path of candidates()) {
    try {
      return new Library(path);
    } catch {
      // Not for this machine (another architecture, no LAPACK inside): the next may be.
    }
  }
  return undefined;
}

const WHEEL = /^(lib)?scipy_openblas.*\.(so|dylib|dll)$/;

/** The paths that are tried when nobody named one, best first. */
export function candidates(from = process.cwd()): string[] {
  const found: string[] = [];
  if (process.platform === 'darwin') found.push('/System/Library/Frameworks/Accelerate.framework/Accelerate');
  const environments: string[] = [];
  for (let folder = from; ; folder = dirname(folder)) {
    environments.push(join(folder, '.venv'));
    if (folder === dirname(folder)) break;
  }
  if (process.env.VIRTUAL_ENV) environments.push(process.env.VIRTUAL_ENV);
  for (const environment of environments)
    for (const packages of sitePackages(environment))
      for (const wheel of ['scipy_openblas32', 'scipy_openblas64']) {
        const folder = join(packages, wheel, 'lib');
        for (const file of list(folder)) if (WHEEL.test(file)) found.push(join(folder, file));
      }
  if (process.platform === 'linux') found.push('libopenblas.so.0', 'libopenblas.so');
  if (process.platform === 'win32') found.push('libopenblas.dll');
  return found.filter((path) => path.startsWith('lib') || isAbsolute(path));
}

/** The site-packages of a virtual environment, found without running its Python. */
function sitePackages(environment: string): string[] {
  const lib = join(environment, 'lib');
  const pythons = list(lib).filter((name) => /^python3/.test(name));
  return [
    ...pythons.map((name) => join(lib, name, 'site-packages')),
    join(environment, 'Lib', 'site-packages'),
  ];
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // no such folder: nothing to find in it
  }
}
