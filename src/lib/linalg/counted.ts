/**
 * Counts multiply-adds: what products of matrices cost, whatever the machine. While somebody counts, the backend in use
 * is wrapped, so that nothing in the library has to know of it and nothing is slower when nobody does.
 *
 * A product of m × k and k × n counts m·n·k, a symmetric one of n × k half of that, n(n+1)/2·k, whatever the library does
 * inside; a matrix times a vector its entries, a dot product its length. Element-wise work, factorisations and what
 * runs in other threads do not count.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Backend } from './backend';
import { backend, exchangeBackend } from './blas';

/**
 * The multiply-adds of all products that `work` makes: `await multiplyAddsOf(() => kernel.gram(X))`. What else goes on at
 * the same time is not counted. Throws what `work` throws.
 */
export async function multiplyAddsOf(work: () => unknown): Promise<number> {
  const tally: Tally = { count: 0, outer: running.getStore() };
  begin();
  try {
    await running.run(tally, work);
  } finally {
    end();
  }
  return tally.count;
}

/** The multiply-adds of work that is over when it returns, and its result. */
export function multiplyAddsNow<T>(work: () => T): [number, T] {
  const tally: Tally = { count: 0, outer: running.getStore() };
  begin();
  try {
    const result = running.run(tally, work);
    return [tally.count, result];
  } finally {
    end();
  }
}

interface Tally {
  count: number;
  /** Of the work that this is a part of. */
  readonly outer: Tally | undefined;
}

/** The tally of the work that runs, through all that it awaits. */
const running = new AsyncLocalStorage<Tally>();
let open = 0;
let plain: Backend | undefined;
let wrapper: Backend | undefined;

function begin(): void {
  if (open++ > 0) return;
  plain = backend();
  wrapper = counting(plain);
  exchangeBackend(wrapper);
}

function end(): void {
  if (--open > 0) return;
  running.disable();
  // Whoever has chosen another backend in between keeps it.
  if (backend() === wrapper) exchangeBackend(plain as Backend);
}

type Costs = { readonly [method in keyof Backend]?: (...args: never[]) => number };

const product = (...[, , m, n, k]: Parameters<Backend['gemm']>) => m * n * k;
const symmetric = (...[, n, k]: Parameters<Backend['syrk']>) => ((n * (n + 1)) / 2) * k;
const costs: Costs = {
  gemm: product,
  gemmSteps: product,
  syrk: symmetric,
  syrkSteps: symmetric,
  gemv: (...[, m, n]: Parameters<Backend['gemv']>) => m * n,
  dot: (n: number) => n,
  axpy: (n: number) => n,
  norm: (n: number) => n,
};

/** The same backend, which adds what each call costs to the tallies of the work that calls. */
function counting(inner: Backend): Backend {
  const methods = new Map<string | symbol, unknown>();
  for (const [name, cost] of Object.entries(costs)) {
    const method = inner[name as keyof Backend] as (...args: unknown[]) => unknown;
    methods.set(name, (...args: never[]) => {
      const count = (cost as (...args: never[]) => number)(...args);
      for (let tally = running.getStore(); tally; tally = tally.outer) tally.count += count;
      return method.apply(inner, args);
    });
  }
  return new Proxy(inner, {
    get(target, name) {
      if (methods.has(name)) return methods.get(name);
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
