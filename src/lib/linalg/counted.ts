/**
 * Counts multiply-adds: what products of matrices cost, whatever the machine. While somebody counts, the backend in use
 * is wrapped, so that nothing in the library has to know of it and nothing is slower when nobody does.
 *
 * A product of m × k and k × n counts m·n·k, a symmetric one of n × k half of that, n(n+1)/2·k, whatever the library does
 * inside; a matrix times a vector its entries, a dot product its length. Element-wise work and factorisations do not count.
 */

import type { Backend } from './backend';
import { backend, exchangeBackend } from './blas';

/**
 * The multiply-adds of all products that begin while `work` runs: `await multiplyAddsOf(() => kernel.gram(X))`. Other work
 * that runs at the same time is counted too. Throws what `work` throws.
 */
export async function multiplyAddsOf(work: () => unknown): Promise<number> {
  const stop = startCounting();
  try {
    await work();
  } finally {
    stop();
  }
  return stop();
}

/** Counts from now on, until the function that it returns is called, which returns the count (also when called again). */
export function startCounting(): () => number {
  const tally = { count: 0, running: true };
  if (tallies.size === 0) {
    counted = backend();
    wrapper = counting(counted);
    exchangeBackend(wrapper);
  }
  tallies.add(tally);
  return () => {
    tallies.delete(tally);
    // Whoever has chosen another backend in between keeps it.
    if (tally.running && tallies.size === 0 && backend() === wrapper) exchangeBackend(counted as Backend);
    tally.running = false;
    return tally.count;
  };
}

const tallies = new Set<{ count: number }>();
let counted: Backend | undefined;
let wrapper: Backend | undefined;

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

/** The same backend, which adds what each call costs to every tally. */
function counting(inner: Backend): Backend {
  const methods = new Map<string | symbol, unknown>();
  for (const [name, cost] of Object.entries(costs)) {
    const method = inner[name as keyof Backend] as (...args: unknown[]) => unknown;
    methods.set(name, (...args: never[]) => {
      const count = (cost as (...args: never[]) => number)(...args);
      for (const tally of tallies) tally.count += count;
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
