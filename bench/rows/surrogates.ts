/** The kGLM on a kernel of 2000 examples, and the rank correlation that judges it. */

import { Matrix, syrk, zeros } from '../../src/lib/linalg';
import { kendallTau } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import { kernelLogistic } from '../../src/lib/surrogates';
import type { InputReader, InputWriter, Row } from '../row';

const sklearn = { script: 'by_sklearn.py', environment: 'current' } as const;
const n = 2000;
/** Where the iteration is not chaotic: at the paper's 1e-4 rounding changes the first digit, and the number of epochs. */
const alpha = 1e-2;

/** A cosine kernel of two overlapping classes in 50 dimensions, in random order. */
function writeProblem({ write }: InputWriter): void {
  const rng = random('kglm');
  const y = new Float64Array(n).map(() => rng.bernoulli(0.5));
  const X = Matrix.zeros(n, 50);
  rng.fill(X.data, 'normal');
  for (let i = 0; i < n; i++) {
    const row = X.row(i);
    for (let j = 0; j < 50; j++) row[j] += (y[i] ? 0.3 : -0.3) + 0.5;
    const size = Math.hypot(...row);
    for (let j = 0; j < 50; j++) row[j] /= size;
  }
  write('K.f64', syrk(X).data);
  write('y.f64', y);
}

const problem = ({ read }: InputReader) => ({
  K: new Matrix(n, n, read('K.f64')),
  y: Int32Array.from(read('y.f64')),
});

export const surrogateRows: Row[] = [
  {
    name: 'kglm-sgd',
    title: `kGLM by scikit-learn's SGD rules, kernel ${n} × ${n}`,
    parameters: { n, alpha },
    inputs: writeProblem,
    async ours(reader) {
      const { K, y } = problem(reader);
      const surrogate = kernelLogistic({ alpha, solver: 'sgd' });
      return () => {
        const fitted = surrogate.fit(K, y);
        const weights = Array.from(fitted.coefficients.row(0)).filter((_, i) => i % 20 === 0);
        return { weights, epochs: [fitted.iterations] };
      };
    },
    peers: { 'scikit-learn': { ...sklearn, task: 'sgd' } },
    targets: [{ against: 'scikit-learn', must: 1, stretch: 0.5 }],
    tolerance: 1e-5,
  },
  {
    name: 'kglm-newton',
    title: `kGLM at its optimum, kernel ${n} × ${n} (scikit-learn: lbfgs, to its default tolerance)`,
    parameters: { n, alpha },
    inputs: writeProblem,
    async ours(reader) {
      const { K, y } = problem(reader);
      const some = K.take(Array.from({ length: n / 20 }, (_, i) => 20 * i));
      const surrogate = kernelLogistic({ alpha });
      return () => {
        const fitted = surrogate.fit(K, y);
        return { decision: Array.from(fitted.decision(some).data) };
      };
    },
    peers: { 'scikit-learn': { ...sklearn, task: 'lbfgs' } },
    targets: [{ against: 'scikit-learn', must: 1, stretch: 0.5 }],
    tolerance: 0.02,
  },
  {
    name: 'kendall',
    title: "Kendall's τ-b of 20,000 points with ties",
    parameters: {},
    inputs({ write }) {
      const rng = random('kendall');
      const x = rng.fill(zeros(20_000, 'float64'), 'normal');
      const noise = rng.fill(zeros(20_000, 'float64'), 'normal');
      write('x.f64', x);
      write(
        'y.f64',
        x.map((v, i) => Math.round(50 * (v + noise[i])) / 50),
      );
    },
    async ours({ read }) {
      const x = read('x.f64');
      const y = read('y.f64');
      return () => ({ tau: [kendallTau(x, y)] });
    },
    peers: { scipy: { script: 'by_scipy.py', environment: 'current', task: 'kendall' } },
    targets: [{ against: 'scipy', must: 3, stretch: 1.5 }],
    tolerance: 1e-12,
  },
];
