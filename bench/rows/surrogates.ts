/**
 * The kGLM and the SVM on a kernel of 2000 examples, the rank correlation that judges them, and polynomial logistic
 * regression on data of the size of the training part of Kryptonite-9.
 */

import { generateKryptonite, standardise } from '../../src/lib/data';
import { Matrix, syrk, zeros } from '../../src/lib/linalg';
import { kendallTau } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import {
  expandPolynomial,
  kernelLogistic,
  kernelSvm,
  type LinearFit,
  type LogisticSgdOptions,
  logisticSgd,
  polynomialLogistic,
} from '../../src/lib/surrogates';
import type { Check, InputReader, InputWriter, Parameters, Row } from '../row';

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

const examples = 10_800;
const variables = 9;
const degree = 6;

function writeKryptonite({ write }: InputWriter): void {
  const { inputs, labels } = generateKryptonite(variables, { rng: random('kryptonite'), rows: examples });
  const X = inputs.as('float64');
  write('X.f64', standardise(X).apply(X).data);
  write('y.f64', Float64Array.from(labels));
}

const parity = ({ read }: InputReader) => ({
  X: new Matrix(examples, variables, read('X.f64')),
  y: read('y.f64') as Float64Array,
});

/** The fit of one epoch, whatever its objective. */
const onePass = {
  alpha: 1e-2,
  penalty: 'l1',
  maxIterations: 1,
  tolerance: Number.NEGATIVE_INFINITY,
} as const;

function fitOnce(features: Matrix, y: Float64Array, rules: LogisticSgdOptions): LinearFit {
  const fitting = logisticSgd(features)(y, rules);
  for (;;) {
    const next = fitting.next();
    if (next.done) return next.value;
  }
}

const someWeights = (weights: Float64Array, intercept: number): Check => ({
  weights: Array.from(weights).filter((_, j) => j % 7 === 0),
  intercept: [intercept],
});

/** One row for the 466 square-free monomials and one for all 5005. */
const polynomialRows = (
  name: string,
  title: (terms: string) => string,
  rest: Omit<Row, 'name' | 'title' | 'parameters' | 'inputs'>,
): Row[] =>
  [true, false].map((squareFree) => ({
    name: `polynomial-${name}-${squareFree ? 466 : 5005}`,
    title: title(squareFree ? '466 square-free monomials' : '5005 monomials'),
    parameters: { variables, degree, squareFree: squareFree ? 1 : 0, alpha: onePass.alpha },
    inputs: writeKryptonite,
    ...rest,
  }));

const expansion = ({ squareFree }: Parameters) => ({ degree, squareFree: squareFree === 1 });

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
    name: 'svm',
    title: `kernel SVM, C = 1, kernel ${n} × ${n}, both to a tolerance of 1e-3`,
    parameters: { n, C: 1 },
    inputs: writeProblem,
    async ours(reader) {
      const { K, y } = problem(reader);
      const some = K.take(Array.from({ length: n / 20 }, (_, i) => 20 * i));
      const surrogate = kernelSvm({ C: 1 });
      return () => {
        const fitted = surrogate.fit(K, y);
        return { decision: Array.from(fitted.decision(some).data) };
      };
    },
    peers: { 'scikit-learn': { ...sklearn, task: 'svc' } },
    targets: [{ against: 'scikit-learn', must: 1.5, stretch: 1 }],
    tolerance: 1e-2,
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
  ...polynomialRows('sgd', (terms) => `l1 logistic SGD, one epoch, ${examples} × ${terms}`, {
    async ours(reader, parameters) {
      const { X, y } = parity(reader);
      const features = expandPolynomial(X, expansion(parameters));
      return () => {
        const { weights, intercept } = fitOnce(features, y, onePass);
        return someWeights(weights, intercept);
      };
    },
    peers: { 'scikit-learn': { ...sklearn, task: 'polynomial-sgd' } },
    targets: [{ against: 'scikit-learn', must: 1, stretch: 0.6 }],
    tolerance: 1e-6,
  }),
  ...polynomialRows('features', (terms) => `the values of ${terms} for ${examples} rows`, {
    async ours(reader, parameters) {
      const { X } = parity(reader);
      return () => {
        const P = expandPolynomial(X, expansion(parameters));
        return { row: Array.from(P.row(examples - 1)) };
      };
    },
    peers: { 'scikit-learn': { ...sklearn, task: 'polynomial-features' } },
    targets: [{ against: 'scikit-learn', stretch: 1 }],
    tolerance: 1e-15,
  }),
  ...polynomialRows('logistic', (terms) => `from 9 variables to that fit: ${examples} × ${terms}`, {
    async ours(reader, parameters) {
      const { X, y } = parity(reader);
      const model = polynomialLogistic({ ...onePass, ...expansion(parameters) });
      return () => {
        const { coefficients, intercept } = model.fit(X, y);
        return someWeights(coefficients, intercept);
      };
    },
    peers: { 'scikit-learn': { ...sklearn, task: 'polynomial-logistic' } },
    targets: [{ against: 'scikit-learn', stretch: 0.6 }],
    tolerance: 1e-6,
  }),
];
