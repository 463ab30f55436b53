/**
 * The native backend: CBLAS and LAPACK through koffi, without copies (typed arrays are passed by address).
 *
 * CBLAS takes row-major arrays as they are. LAPACK counts in columns and sees a row-major A as Aᵀ: triangles and
 * sides swap names, and where the transpose matters the method says how it is dealt with.
 */

import { NumericalError } from '../../errors';
import type { Backend, RawSvd } from '../backend';
import type { DType, Vector } from '../matrix';
import { zeros } from '../matrix';
import type { Step, Steps } from '../steps';
import { now } from '../steps';
import { clearUpper, mirrorLower, transposeInto, transposeSquare } from '../triangle';
import type { Library } from './library';
import { checkedThreads, defaultThreads, heldToOne } from './threads';

const ROW_MAJOR = 101;
const PLAIN = 111;
const TRANSPOSED = 112;
const LOWER = 122;
const LEFT = 141;
const NON_UNIT = 131;

/**
 * Multiply-adds up to which one thread does it all (about 400³). Below this a second thread saves at most two tenths
 * of a millisecond, and when another process holds its core it costs many: 201 × 128 × 128 in single precision took
 * 20 µs in place of 32 µs on two quiet cores, and 1300 µs in place of 200 µs on two busy ones; 256³ took 13 ms in place
 * of 1 ms there. A training step or a tiled Gram is dozens of such products.
 */
const ONE_THREAD = 2 ** 26;

/** Multiply-adds of about a tenth of a millisecond: not worth a trip to another thread. */
const SMALL = 2 ** 23;

type NativeFunction = ReturnType<Library['cblas']>;

/** The CBLAS functions of one precision. */
interface Cblas {
  gemm: NativeFunction;
  syrk: NativeFunction;
  gemv: NativeFunction;
  trsm: NativeFunction;
  dot: NativeFunction;
  axpy: NativeFunction;
  nrm2: NativeFunction;
}

function bindCblas(library: Library, letter: 's' | 'd'): Cblas {
  const real = letter === 's' ? 'float' : 'double';
  const int = library.int;
  const array = 'void *';
  const bind = (name: string, result: string, parameters: string[]) =>
    library.cblas(`cblas_${letter}${name}`, result, parameters);
  const option = 'int';
  return {
    gemm: bind('gemm', 'void', [
      ...[option, option, option, int, int, int],
      ...[real, array, int, array, int, real, array, int],
    ]),
    syrk: bind('syrk', 'void', [option, option, option, int, int, real, array, int, real, array, int]),
    gemv: bind('gemv', 'void', [option, option, int, int, real, array, int, array, int, real, array, int]),
    trsm: bind('trsm', 'void', [
      ...[option, option, option, option, option, int, int],
      ...[real, array, int, array, int],
    ]),
    dot: bind('dot', real, [int, array, int, array, int]),
    axpy: bind('axpy', 'void', [int, real, array, int, array, int]),
    nrm2: bind('nrm2', real, [int, array, int]),
  };
}

const dtypeOf = (A: Vector): DType => (A instanceof Float32Array ? 'float32' : 'float64');

export class NativeBackend implements Backend {
  readonly kind = 'native';
  readonly name: string;
  readonly library: string;
  /** What KERNELBOOK_BLAS said when this was opened. */
  readonly asked: string | undefined;
  private readonly lib: Library;
  private readonly single: Cblas;
  private readonly double: Cblas;
  private readonly lapackFunctions = new Map<string, NativeFunction>();
  private readonly setThreads: ((n: number) => void) | undefined;
  /** The number of threads for large operations, and the one that the library has now. */
  private wanted: number;
  private current = 0;
  /**
   * The asynchronous calls under way, with their arguments. koffi keeps no reference to the arrays while its thread works
   * on them: without this they could be collected during the call, and the process would crash. And while there are
   * any, the number of threads must not change under them.
   */
  private readonly underWay = new Map<unknown[], Promise<void>>();

  constructor(lib: Library, asked?: string) {
    this.asked = asked;
    this.lib = lib;
    this.library = lib.path;
    this.name = shortName(lib.description()) ?? lib.path.replace(/^.*[\\/]/, '');
    this.single = bindCblas(lib, 's');
    this.double = bindCblas(lib, 'd');
    this.setThreads =
      lib.openblas('set_num_threads', 'void', ['int']) ?? lib.find('MKL_Set_Num_Threads', 'void', ['int']);
    this.wanted = defaultThreads();
  }

  threads(n?: number): number {
    if (n !== undefined) this.wanted = checkedThreads('blas.threads', n);
    return this.wanted;
  }

  gemm(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    A: Vector,
    lda: number,
    B: Vector,
    ldb: number,
    beta: number,
    C: Vector,
    ldc: number,
  ): void {
    this.useThreads(m * n * k);
    const { gemm } = C instanceof Float32Array ? this.single : this.double;
    const a = transA ? TRANSPOSED : PLAIN;
    const b = transB ? TRANSPOSED : PLAIN;
    gemm(ROW_MAJOR, a, b, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc);
  }

  *gemmSteps(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    A: Vector,
    lda: number,
    B: Vector,
    ldb: number,
    beta: number,
    C: Vector,
    ldc: number,
  ): Steps<void> {
    const { gemm } = C instanceof Float32Array ? this.single : this.double;
    const a = transA ? TRANSPOSED : PLAIN;
    const b = transB ? TRANSPOSED : PLAIN;
    yield this.step(gemm, [ROW_MAJOR, a, b, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc], m * n * k);
  }

  syrk(
    trans: boolean,
    n: number,
    k: number,
    alpha: number,
    A: Vector,
    lda: number,
    beta: number,
    C: Vector,
    ldc: number,
  ): void {
    now(this.syrkSteps(trans, n, k, alpha, A, lda, beta, C, ldc));
  }

  *syrkSteps(
    trans: boolean,
    n: number,
    k: number,
    alpha: number,
    A: Vector,
    lda: number,
    beta: number,
    C: Vector,
    ldc: number,
  ): Steps<void> {
    const { syrk } = C instanceof Float32Array ? this.single : this.double;
    const t = trans ? TRANSPOSED : PLAIN;
    yield this.step(syrk, [ROW_MAJOR, LOWER, t, n, k, alpha, A, lda, beta, C, ldc], (n * n * k) / 2);
    mirrorLower(n, C, ldc);
  }

  gemv(
    trans: boolean,
    m: number,
    n: number,
    alpha: number,
    A: Vector,
    lda: number,
    x: Vector,
    beta: number,
    y: Vector,
  ): void {
    this.useThreads(m * n);
    const { gemv } = y instanceof Float32Array ? this.single : this.double;
    gemv(ROW_MAJOR, trans ? TRANSPOSED : PLAIN, m, n, alpha, A, lda, x, 1, beta, y, 1);
  }

  dot(n: number, x: Vector, y: Vector): number {
    this.useThreads(n);
    return (x instanceof Float32Array ? this.single : this.double).dot(n, x, 1, y, 1);
  }

  axpy(n: number, alpha: number, x: Vector, y: Vector): void {
    this.useThreads(n);
    (x instanceof Float32Array ? this.single : this.double).axpy(n, alpha, x, 1, y, 1);
  }

  norm(n: number, x: Vector): number {
    this.useThreads(n);
    return (x instanceof Float32Array ? this.single : this.double).nrm2(n, x, 1);
  }

  /** ?SYEVD, divide and conquer. Our lower triangle is Fortran's upper one; its columns come out as our rows. */
  *eigh(n: number, A: Vector, vectors: boolean): Steps<Vector> {
    const dtype = dtypeOf(A);
    const N = this.lib.integer(n);
    const w = zeros(n, dtype);
    const info = this.lib.integer(0);
    const job = vectors ? 'V' : 'N';
    const query = zeros(1, dtype);
    const integerQuery = this.lib.integers(1);
    const ask = this.lib.integer(-1);
    this.lapack('syevd', A, [job, 'U', N, A, N, w, query, ask, integerQuery, ask, info]).run();
    const length = Math.max(workLength(query), vectors ? 1 + 6 * n + 2 * n * n : 2 * n + 1);
    const integers = Number(integerQuery[0]);
    yield this.lapack('syevd', A, [
      ...[job, 'U', N, A, N, w],
      ...[zeros(length, dtype), this.lib.integer(length)],
      ...[this.lib.integers(integers), this.lib.integer(integers), info],
    ]);
    this.converged('eigh', info);
    if (vectors) transposeSquare(n, A);
    return w;
  }

  /** ?GESDD sees X = Aᵀ = V diag(s) Uᵀ: its left vectors, column by column, are our Vt; its right ones our U. */
  *svd(m: number, n: number, A: Vector): Steps<RawSvd> {
    const dtype = dtypeOf(A);
    const k = Math.min(m, n);
    const s = zeros(k, dtype);
    const U = zeros(m * k, dtype);
    const Vt = zeros(k * n, dtype);
    yield* this.gesdd('S', m, n, A, s, Vt, U);
    return { U, s, Vt };
  }

  *singularValues(m: number, n: number, A: Vector): Steps<Vector> {
    const dtype = dtypeOf(A);
    const s = zeros(Math.min(m, n), dtype);
    yield* this.gesdd('N', m, n, A, s, zeros(1, dtype), zeros(1, dtype));
    return s;
  }

  private *gesdd(
    job: 'S' | 'N',
    m: number,
    n: number,
    A: Vector,
    s: Vector,
    left: Vector,
    right: Vector,
  ): Steps<void> {
    const k = Math.min(m, n);
    const int = (value: number) => this.lib.integer(value);
    const info = int(0);
    const integers = this.lib.integers(8 * k);
    const call = (work: Vector, length: number) =>
      this.lapack('gesdd', A, [
        ...[job, int(n), int(m), A, int(n), s, left, int(n), right, int(k)],
        ...[work, int(length), integers, info],
      ]);
    const query = zeros(1, dtypeOf(A));
    call(query, -1).run();
    const length = workLength(query);
    yield call(zeros(length, dtypeOf(A)), length);
    this.converged('svd', info);
  }

  *cholesky(n: number, A: Vector): Steps<number> {
    const info = this.lib.integer(0);
    const N = this.lib.integer(n);
    yield this.lapack('potrf', A, ['U', N, A, N, info]);
    clearUpper(n, A);
    return Number(info[0]);
  }

  *triangularSolve(n: number, r: number, L: Vector, transpose: boolean, B: Vector): Steps<void> {
    const { trsm } = B instanceof Float32Array ? this.single : this.double;
    const t = transpose ? TRANSPOSED : PLAIN;
    yield this.step(trsm, [ROW_MAJOR, LEFT, LOWER, t, NON_UNIT, n, r, 1, L, n, B, r], (n * n * r) / 2);
  }

  /** ?GETRF factors the Aᵀ that it sees; ?GETRS with 'T' then solves (Aᵀ)ᵀ X = B, with B in columns. */
  *solve(n: number, r: number, A: Vector, B: Vector): Steps<number> {
    const N = this.lib.integer(n);
    const R = this.lib.integer(r);
    const info = this.lib.integer(0);
    const pivots = this.lib.integers(n);
    yield this.lapack('getrf', A, [N, N, A, N, pivots, info]);
    if (Number(info[0]) !== 0) return Number(info[0]);
    const columns = r === 1 ? B : zeros(n * r, dtypeOf(B));
    if (r !== 1) transposeInto(n, r, B, columns);
    yield this.lapack('getrs', A, ['T', N, R, A, N, pivots, columns, N, info]);
    if (r !== 1) transposeInto(r, n, columns, B);
    return 0;
  }

  /** ?GELSD: least squares by the SVD, divide and conquer; it wants A and B in columns. */
  *lstsq(
    m: number,
    n: number,
    r: number,
    A: Vector,
    B: Vector,
    rcond: number,
  ): Steps<{ X: Vector; rank: number; s: Vector }> {
    const dtype = dtypeOf(A);
    const int = (value: number) => this.lib.integer(value);
    const ldb = Math.max(m, n);
    const Ac = zeros(m * n, dtype);
    transposeInto(m, n, A, Ac);
    const Bc = zeros(ldb * r, dtype);
    transposeInto(m, r, B, Bc, ldb);
    const s = zeros(Math.min(m, n), dtype);
    const rank = int(0);
    const info = int(0);
    const cut = zeros(1, dtype);
    cut[0] = rcond;
    const call = (work: Vector, length: number, integers: Int32Array | BigInt64Array) =>
      this.lapack('gelsd', A, [
        ...[int(m), int(n), int(r), Ac, int(m), Bc, int(ldb), s, cut, rank],
        ...[work, int(length), integers, info],
      ]);
    const query = zeros(1, dtype);
    const integerQuery = this.lib.integers(1);
    call(query, -1, integerQuery).run();
    const length = workLength(query);
    yield call(zeros(length, dtype), length, this.lib.integers(Math.max(1, Number(integerQuery[0]))));
    this.converged('lstsq', info);
    const X = zeros(n * r, dtype);
    for (let j = 0; j < r; j++) for (let i = 0; i < n; i++) X[i * r + j] = Bc[j * ldb + i];
    return { X, rank: Number(rank[0]), s };
  }

  /** A call of a LAPACK routine in the precision of `like`; strings are its CHARACTER arguments. */
  private lapack(routine: string, like: Vector, args: unknown[]): Step {
    const letter = like instanceof Float32Array ? 's' : 'd';
    const key = letter + routine;
    let f = this.lapackFunctions.get(key);
    if (!f) {
      f = this.lib.lapack(
        letter,
        routine,
        args.map((arg) => (typeof arg === 'string' ? 'char' : 'address')),
      );
      this.lapackFunctions.set(key, f);
    }
    // Factorisations of n × n cost about n³; the arrays say n.
    return this.step(f, [...args, ...this.lib.hidden(routine)], like.length ** 1.5);
  }

  private step(f: NativeFunction, args: unknown[], work: number): Step {
    return {
      small: work <= SMALL,
      run: () => {
        this.useThreads(work);
        f(...args);
      },
      runAsync: () => {
        this.useThreads(work);
        const call = new Promise<void>((resolve, reject) => {
          f.async(...args, (error: unknown) => {
            this.underWay.delete(args);
            if (error) reject(error);
            else resolve();
          });
        });
        this.underWay.set(args, call);
        return call;
      },
    };
  }

  /** Gives the library one thread, as soon as the calls under way have ended. */
  async oneThread(): Promise<void> {
    await Promise.allSettled(this.underWay.values());
    this.useThreads(0);
  }

  private useThreads(work: number): void {
    const n = work <= ONE_THREAD || heldToOne() ? 1 : this.wanted;
    if (n === this.current || this.underWay.size > 0) return;
    this.setThreads?.(n);
    this.current = n;
  }

  private converged(what: string, info: Int32Array | BigInt64Array): void {
    if (Number(info[0]) === 0) return;
    throw new NumericalError({
      what,
      expected: 'an iteration that converges',
      got: `LAPACK's info = ${info[0]}`,
      todo: 'Look at the scale of the matrix: entries near the limits of its precision make this happen.',
    });
  }
}

/** The work space that LAPACK asks for. Single precision cannot hold large lengths exactly, so the answer is raised. */
function workLength(query: Vector): number {
  return Math.ceil(query[0] * (1 + 2 ** -20)) + 1;
}

/** `OpenBLAS 0.3.34 (Haswell)` of `OpenBLAS 0.3.34 DYNAMIC_ARCH NO_AFFINITY Haswell MAX_THREADS=64`. */
function shortName(description: string | undefined): string | undefined {
  const [name, version, ...rest] = description?.trim().split(/\s+/) ?? [];
  if (!name || !version) return description?.trim() || undefined;
  const processor = rest.find((word) => !/^[A-Z0-9_]+(=.*)?$/.test(word));
  return processor ? `${name} ${version} (${processor})` : `${name} ${version}`;
}
