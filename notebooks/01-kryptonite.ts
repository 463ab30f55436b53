// ---
// jupyter:
//   jupytext:
//     formats: ipynb,ts:percent
//     notebook_metadata_filter: -jupytext.text_representation.jupytext_version
//     text_representation:
//       extension: .ts
//       format_name: percent
//       format_version: '1.3'
//   kernelspec:
//     display_name: TypeScript (Kernelbook)
//     language: typescript
//     name: tslab
// ---

// %% [markdown]
// # 01 · Kryptonite-N: the data that were to break learning
//
// *A reproduction of* A. Li, N. Bailey, W. Sumerfield and K. Kim, "Kryptonite-N: Machine Learning Strikes Back",
// [arXiv:2412.20588](https://arxiv.org/abs/2412.20588).
//
// Networks can approximate any continuous function, and one might conclude that there is no classification task that
// they cannot learn. Kryptonite-N, $N$ numbers a row and a label 0 or 1, was said to be a counterexample. The paper
// looks inside. Each number is a bit with noise on it. The label is the *parity* of some of the bits: whether the
// number of ones among them is odd. A third of the columns is redundant. Logistic regression on products of columns
// learns it, and so does a network with one small hidden layer. Nothing is broken.
//
// Why care? Parity is the classical hard case of learning: it cannot be seen in any few columns, and yet a school
// algorithm solves it. The same table of numbers is impossible for one method and trivial for another, and here one can
// say exactly why. By the end you will have found the rule in 45 columns in a fraction of a second, from the labels
// alone.
//
// | | |
// |---|---|
// | **Time** on two cores | quick: about three minutes · paper: about fifteen |
// | **Data** | generated from a seed, by the law of the public files; your own files in `data/kryptonite/` are used instead |
// | **You should know** | logistic regression, what a hidden layer is, expectation and variance |
// | **You will meet** | parities and the Walsh spectrum; the ℓ₁ penalty and its path; why a loss can be blind; elimination over GF(2) |

// %% [markdown]
// ## What differs from the paper
//
// We worked from a summary of the paper (its key results, section numbers and open questions), not from its full text.
// "The paper" means what that summary reports.
//
// | | paper | here | why |
// |---|---|---|---|
// | data | public files for $N$ = 9 … 45 | drawn from a seed, by the law that we measured on those files for $N$ = 9, 12, 15, 18 | the files are not ours to hand on. A file `kryptonite-N-X.npy` with its `-y.npy` in `data/kryptonite/` is used instead, for any $N$ |
// | larger $N$ | 24, 30, 45 | the same law; its noise follows the trend of the smaller four | no measurement there |
// | terms of the polynomial | all monomials | $N$ = 9: all 5005, and the 466 *square-free* (no column twice in a product); $N$ = 12, 15: square-free; 18: selected columns | in 12 columns there are 125,970 monomials of degree at most 8, and the parity is a square-free one |
// | flipped labels | – | with $m$ redundant bits at 1, flipped with probability $c\,m$ | a line through what we measured, e.g. $N$ = 9: 0, .031, .057, .073 for $m$ = 0 … 3 |
// | solver | scikit-learn's `SGDClassifier`, ℓ₁ | the same rules, at most 12 passes over the data (paper profile: 30) | with a small $\alpha$ its own stopping rule takes hundreds |
// | penalty's weight $\alpha$ | tuned | chosen on the validation part; $N$ = 15: 0.1, the choice at $N$ = 12 | a fit of 30,827 terms takes seconds |
// | network | 72 hidden units, ELU or tanh, dropout | the same; Adam $3\cdot10^{-3}$, batch 128, He-uniform start; ELU without and tanh with dropout 0.1, the better on the validation part | the paper's other settings are not in the summary |
// | networks at $N$ = 24, 30, 45 | to the target | tanh only, a fifth of the epochs, 2 seeds (paper profile: 3) | what happens, not a claim |
// | seeds | one data set for each $N$ | 5 (quick), 10 (paper profile): data, division and start all new | errors |
//
// The recipe of the network was found in a pilot on other seeds than those scored here, before the claims were judged.

// %%
import * as dfd from 'danfojs-node';
import { generateKryptonite, type Kryptonite, kryptonite, kryptoniteFiles } from '#lib/data';
import { type Standardisation, split, standardise, takeLabels } from '#lib/data';
import { BitMatrix, dot, Matrix } from '#lib/linalg';
import { accuracy, kurtosis, mean } from '#lib/metrics';
import { adam, dense, dropout, elu, logisticLoss, network, tanh, train } from '#lib/nets';
import { random } from '#lib/random';
import { pick, profile, runJobs, threads } from '#lib/run';
import { chart, histogram, lines, overSeeds, scatter, table } from '#lib/show';
import {
  allOf,
  alwaysTrue,
  atLeast,
  atMost,
  claim,
  type Expected,
  equalTo,
  everySeed,
  growthExponent,
  guard,
  meanIs,
  pairedAbove,
  quantity,
  scorecard,
  within,
} from '#lib/study';
import { countTerms, expandPolynomial, monomialName, polynomialLogistic, polynomialTerms } from '#lib/surrogates';
import { regularisationPathAsync } from '#lib/surrogates';
import { certificate, expectedTries, noisyParity, walshSpectrum } from '#lib/surrogates';

const seeds = pick({ smoke: [0, 1], quick: [0, 1, 2, 3, 4], paper: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
const rows = pick<number | undefined>({ smoke: 600, quick: undefined, paper: undefined }); // all: 2000·N
const labelled = [9, 12, 15, 18];
const larger = [24, 30, 45];
const target: Record<number, number> = { 9: 0.95, 12: 0.925, 15: 0.9, 18: 0.875, 24: 0.8, 30: 0.75, 45: 0.7 };

const ofUser = kryptoniteFiles().map((files) => files.features);
const everyN = [...new Set([...labelled, ...larger, ...ofUser])].sort((a, b) => a - b);
const source = ofUser.length === 0 ? 'generated' : `files for N = ${ofUser.join(', ')}`;
console.log(`profile ${profile()} · ${seeds.length} seeds · ${threads()} threads`);
/** What the results of an N depend on, for the cache: the checksums of a user's files. */
const origin: Record<number, string> = {};
for (const N of everyN) {
  const { source, checksums } = kryptonite(N, { rng: random('kryptonite 0'), rows });
  origin[N] = checksums ? `${checksums.inputs} ${checksums.labels}` : 'generated';
  console.log(`N = ${N}: ${source}${checksums ? `, SHA-256 ${checksums.inputs.slice(0, 12)}…` : ''}`);
}
/** A job for each N and seed. */
const jobs = (version: number, sizes: readonly number[]) =>
  sizes.flatMap((N) => seeds.map((seed) => ({ version, N, seed, origin: origin[N], rows: rows ?? 0 })));

// %% [markdown]
// ## The claims
//
// A rule follows the paper's sentence. You should know what was known when the rules were written:
//
// - We had measured the public files. So the outcomes of `third-redundant`, `xor-perfect`, `redundant-carries-noise` and
//   `targets-24` to `-45` were foreseeable. On generated data they follow from the law that we put in, and test our
//   program rather than the paper.
// - A fit or two had been tried for `targets-lr-9` and `targets-lr-12`.
// - `low-degree-exists` and `network-exists` came from playing with other seeds.
// - `selection-helps` was one row in our plan, and was split in two by $N$ before it was first run.
//
// And what changed after a first run: `network-exists-9` was set apart when the sawtooth had missed the target at
// $N = 9$; below degree $2N/3$ weak penalties took the place of the $\alpha$ of $2N/3$, which had left no weights to
// judge; the networks' patience was cut from 100 epochs to 60, for time. No rule was moved.
//
// "Beyond the paper" marks what we add. Expected verdicts judge nothing: they are what earlier runs on generated data
// gave, so that a change does not pass unnoticed. Guards are bands around values that we measured on the public files.

// %%
/** The verdict that earlier runs on generated data gave; nobody knows that of a user's files. */
const expecting = (quick: Expected, paper: Expected = quick) => ({
  quick: { generated: quick },
  paper: { generated: paper },
});

const reachesTarget = <Id extends string>(id: Id, N: number, how: string) =>
  claim({
    id: `targets-${id}` as const,
    statement: `N = ${N}: ${how} reaches the target`,
    where: id.startsWith('nn') ? 'section 4.1' : 'key results',
    paper: `${target[N]}`,
    rule: meanIs(atLeast(target[N])),
    expect: expecting('holds'),
  });

const card = scorecard({
  study: 'kryptonite',
  source,
  seeds,
  claims: [
    reachesTarget(
      'lr-9',
      9,
      'logistic regression on all monomials, and on the square-free (the lower of the two),',
    ),
    reachesTarget('lr-12', 12, 'logistic regression on square-free monomials, ℓ₁,'),
    reachesTarget('lr-15', 15, 'logistic regression on square-free monomials, ℓ₁,'),
    reachesTarget('lr-18', 18, 'logistic regression on the selected columns'),
    reachesTarget('nn-9', 9, 'one hidden layer of 72'),
    reachesTarget('nn-12', 12, 'one hidden layer of 72'),
    reachesTarget('nn-15', 15, 'one hidden layer of 72'),
    reachesTarget('nn-18', 18, 'one hidden layer of 72'),
    reachesTarget('24', 24, 'the XOR of the selected columns'),
    reachesTarget('30', 30, 'the XOR of the selected columns'),
    reachesTarget('45', 45, 'the XOR of the selected columns'),
    claim({
      id: 'low-degree-fails',
      statement:
        'Logistic regression of any degree below 2N/3 is useless (best test accuracy over degrees; N = 9, 12)',
      where: 'open question 1',
      paper: '–',
      rule: everySeed(atMost(0.6)),
      expect: expecting('holds'),
    }),
    claim({
      id: 'minimum-degree-9',
      statement: 'N = 9: the smallest degree at which logistic regression reaches the target is 2N/3',
      where: 'open question 1',
      paper: '6',
      rule: everySeed(equalTo(6)),
      expect: expecting('holds'),
    }),
    claim({
      id: 'minimum-degree-12',
      statement: 'N = 12: the smallest degree at which logistic regression reaches the target is 2N/3',
      where: 'open question 1',
      paper: '– (2N/3)',
      rule: everySeed(equalTo(8)),
      expect: expecting('holds'),
    }),
    claim({
      id: 'low-degree-exists',
      statement: 'N = 9: a polynomial of degree 2N/3 − 1, written by hand, has test accuracy 0.9 all the same',
      where: 'beyond the paper',
      paper: '–',
      rule: everySeed(atLeast(0.9)),
      expect: expecting('holds'),
    }),
    claim({
      id: 'third-redundant',
      statement: 'The shape of the columns shows which third is redundant, at every N',
      where: 'section 6.1',
      paper: '1/3',
      rule: alwaysTrue('exactly N/3 columns, and the right ones'),
      expect: expecting('holds'),
    }),
    claim({
      id: 'xor-perfect',
      statement: 'The XOR of the discretised selected columns is the label (accuracy, mean over N = 9 … 18)',
      where: 'section 6.2',
      paper: '“perfectly”',
      rule: everySeed(equalTo(1)),
      expect: expecting('differs'),
      reason:
        'Three to four labels of a hundred are not the parity of the informative bits. No function of those bits ' +
        'is right more often.',
    }),
    claim({
      id: 'selection-helps-9',
      statement: 'N = 9: logistic regression on the selected columns beats that on all',
      where: 'section 6.2, “LR with FSO” (feature selection)',
      paper: '“irrelevant features can impair”',
      rule: pairedAbove('selected', 'all'),
      expect: expecting('differs', 'unknown'),
      reason:
        'With α chosen on the validation part both fits end with the one right term, and differ by single rows. At a ' +
        'weaker penalty selection does help (section 3.1).',
    }),
    claim({
      id: 'selection-helps-12',
      statement: 'N = 12: logistic regression on the selected columns beats that on all',
      where: 'section 6.2, “LR with FSO” (feature selection)',
      paper: '“irrelevant features can impair”',
      rule: pairedAbove('selected', 'all'),
      expect: expecting('holds', 'unknown'),
    }),
    claim({
      id: 'redundant-carries-noise',
      statement: 'Labels flip more often the more redundant bits are 1 (slope in standard errors, least over N)',
      where: 'beyond the paper',
      paper: '–',
      rule: everySeed(atLeast(3)),
      expect: expecting('holds'),
    }),
    claim({
      id: 'network-exists',
      statement:
        'A network with one hidden layer of at most 72, written by hand, reaches the target for N = 12 … 45',
      where: 'open question 2; beyond the paper',
      paper: '–',
      rule: allOf(
        ...[12, 15, 18, ...larger].map((N) =>
          meanIs(
            atLeast(target[N]),
            quantity(`N = ${N}`, (accuracies: Record<string, number>) => accuracies[N]),
          ),
        ),
      ),
      expect: expecting('holds'),
    }),
    claim({
      id: 'network-exists-9',
      statement: 'N = 9: the same',
      where: 'open question 2; beyond the paper',
      paper: '–',
      rule: meanIs(atLeast(target[9])),
      expect: expecting('differs'),
      reason:
        'The noise of six columns adds up in their sum, which the sawtooth rounds. The same 72 units can do better, as ' +
        'training shows (targets-nn-9).',
    }),
    claim({
      id: 'parity-gf2',
      statement: 'The informative columns are found from bits and labels alone (elimination modulo 2), N up to 45',
      where: 'beyond the paper',
      paper: '–',
      rule: alwaysTrue('certified, and the support is the true one'),
      expect: expecting('holds'),
    }),
    claim({
      id: 'footprint',
      statement: 'Of the methods, selection + XOR grows slowest with N (exponents of counted operations)',
      where: 'open question 3',
      paper: 'up to N = 18',
      rule: allOf(
        pairedAbove('logistic regression', 'selection + XOR'),
        pairedAbove('network', 'selection + XOR'),
        pairedAbove('GF(2)', 'selection + XOR'),
      ),
      expect: expecting('differs'),
      reason:
        'Elimination over GF(2) grows as slowly. Both read the training part once, 1200·N² numbers, and that is nearly ' +
        'all that they do. Against the other two the claim holds by a wide margin.',
    }),
    ...(
      [
        [9, 0.958],
        [12, 0.964],
        [15, 0.967],
        [18, 0.971],
      ] as const
    ).map(([N, ceiling]) =>
      guard({
        id: `guard-ceiling-${N}` as const,
        statement: `N = ${N}: accuracy of the XOR, against that measured on the public file`,
        band: everySeed(within(0.01).of(ceiling)),
      }),
    ),
  ],
});

// %% [markdown]
// ## 1. The data
//
// **The paper** (section 6): the label is an XOR of the bits of two thirds of the columns, and the other third is
// redundant. 60 % of the rows are for training, 20 % for validation, 20 % for the test, and columns are standardised on
// the training part. **From the public files** we measured the rest. A row has $N$ numbers $x_j = b_j + \varepsilon_j$:
// bits that are 0 or 1 with equal chance and independent, plus noise. With $S$ the *informative* columns, the label is
//
// $$ y = \sum_{j \in S} b_j \bmod 2 , $$
//
// with a few labels flipped. There are $2000\,N$ rows. Columns count from 0, as in the library.

// %%
interface Part {
  X: Matrix;
  labels: Uint8Array;
}
interface Problem {
  N: number;
  data: Kryptonite;
  train: Part;
  validation: Part;
  test: Part;
}

/** Kryptonite-N of a seed, divided. The numbers are as they came. */
function problem(N: number, seed: number): Problem {
  const data = kryptonite(N, { rng: random(`kryptonite ${seed}`), rows });
  const shares = { train: 0.6, validation: 0.2, test: 0.2 };
  const parts = split(data.labels.length, shares, random(`split ${seed}`).stream(N));
  const part = (which: Uint32Array) => ({ X: data.inputs.take(which), labels: takeLabels(data.labels, which) });
  return { N, data, train: part(parts.train), validation: part(parts.validation), test: part(parts.test) };
}

/** The same with X of the three parts changed alike. */
const changed = (p: Problem, change: (X: Matrix) => Matrix): Problem => ({
  ...p,
  train: { ...p.train, X: change(p.train.X) },
  validation: { ...p.validation, X: change(p.validation.X) },
  test: { ...p.test, X: change(p.test.X) },
});
/** Columns of mean 0 and standard deviation 1 on the training part: what learners see. */
const standardised = (p: Problem) => {
  const scale = standardise(p.train.X);
  return changed(p, (X) => scale.apply(X));
};
/** Some of the columns only. */
const onColumns = (p: Problem, columns: readonly number[]) =>
  changed(p, (X) => X.transpose().take(columns).transpose());

const nine = problem(9, seeds[0]);
table(
  new dfd.DataFrame(
    Array.from({ length: 6 }, (_, i) => ({
      ...Object.fromEntries(Array.from(nine.data.inputs.row(i), (x, j) => [`x${j}`, x.toFixed(3)])),
      label: nine.data.labels[i],
    })),
  ),
  {
    caption: `N = 9: the first of ${nine.data.labels.length} rows. Shares of label 1: ${mean(nine.data.labels).toFixed(3)}.`,
  },
);

// %% [markdown]
// > **Predict first.** Take one column and compare its mean over rows of label 0 with that over rows of label 1. How far
// > apart are they? What if you take the product of two columns, or of five?
//
// <details><summary>Answer</summary>
//
// Not apart at all. To know the parity of six bits, five of them are worth nothing: whatever they are, the sixth makes
// the sum even or odd with equal chance. So no column, no pair, no five columns are correlated with the label. Only all
// six together are.
//
// </details>
//
// ### All parities at once
//
// There is a picture of that. Each of the $2^N$ subsets $T$ of columns has its own parity, and one can ask how much it
// is correlated with the label:
//
// $$ \hat y(T) = \frac1n \sum_{i=1}^n (-1)^{\,y_i + \sum_{j\in T} b_{ij}} . $$
//
// This is the *Walsh spectrum* of the labels: a Fourier transform over subsets instead of frequencies. By hand it is
// one sum for each subset; a fast transform does all 512 with $N 2^N$ additions
// ([`walsh.ts`](../src/lib/surrogates/walsh.ts)).

// %%
const bits = BitMatrix.threshold(nine.data.inputs); // 1 where x > 1/2
const spectrum = walshSpectrum(bits, nine.data.labels);

/** ŷ(T) by its definition. T is a set of columns, given as the bits of a number. */
function byDefinition(subset: number) {
  let sum = 0;
  for (let i = 0; i < bits.rows; i++) {
    let exponent = nine.data.labels[i];
    for (let j = 0; j < bits.cols; j++) if (subset & (1 << j)) exponent += bits.get(i, j);
    sum += exponent % 2 ? -1 : 1;
  }
  return sum / bits.rows;
}
const fewSubsets = [0, 1, 37, 300, 511];
({
  byDefinition: fewSubsets.map(byDefinition),
  byLibrary: fewSubsets.map((subset) => spectrum[subset]),
});

// %%
const sizeOfSubset = (subset: number) => subset.toString(2).replaceAll('0', '').length;
const namesOfSubset = (subset: number) =>
  Array.from({ length: bits.cols }, (_, j) => j)
    .filter((j) => subset & (1 << j))
    .map((j) => `x${j}`)
    .join(' ');
const jitter = random('jitter');
const loudestSubset = spectrum.reduce((best, v, T) => (Math.abs(v) > Math.abs(spectrum[best]) ? T : best), 0);
await chart(
  scatter(
    Array.from(spectrum, (v, subset) => ({
      size: sizeOfSubset(subset) + jitter.uniform(-0.25, 0.25),
      correlation: Math.abs(v),
      columns: namesOfSubset(subset),
      subset: subset === loudestSubset ? namesOfSubset(subset) : 'the other 511',
    })),
    {
      x: { field: 'size', title: 'number of columns in the subset' },
      y: { field: 'correlation', title: '|ŷ(T)|, correlation with the label' },
      series: 'subset',
      tooltip: ['columns'],
      opacity: 0.7,
      title: 'One parity of 512 knows the label, and it has six columns',
      subtitle: `N = 9, ${bits.rows} rows; points are spread sideways a little`,
    },
  ),
  {
    description:
      'Absolute correlation of each of the 512 parities with the label, by the number of columns. All but one lie ' +
      `below ${Math.max(...Array.from(spectrum, (v, T) => (T === loudestSubset ? 0 : Math.abs(v)))).toFixed(2)}; ` +
      `that of ${namesOfSubset(loudestSubset)} is ${Math.abs(spectrum[loudestSubset]).toFixed(2)}.`,
  },
);

// %% [markdown]
// One point stands alone. The others lie near the floor: chance alone gives about $1/\sqrt n = 0.0075$, and up to three
// times that among 511. Three points with seven columns are a little higher; section 2 finds the cause. Everything else
// in this notebook is about how to find that point without looking at $2^N$ of them.
//
// ## 2. What the shape of a column gives away
//
// **The paper** (section 6.1) found that histograms of the columns come in three shapes, which it calls *burst*,
// *spread* and *gaussian*, and that the burst-like ones are the redundant ones. Our source gives no rule for telling
// them apart. We want one that a program can follow, does not depend on scale, and has an error rate that can be
// stated. Take away the nearest bit, $e = x - [x > \tfrac12]$, and look at the *kurtosis* of what is left,
//
// $$ \kappa = \frac{\operatorname{E}(e - \operatorname{E} e)^4}{\big(\operatorname{E}(e - \operatorname{E} e)^2\big)^2}
//    \qquad \text{uniform } 1.8, \quad \text{normal } 3, \quad \text{Laplace } 6 . $$
//
// The thresholds lie half way: below 2.4 a column is called uniform, and redundant; above 4.5, Laplace.

// %%
type Shape = 'burst' | 'gaussian' | 'spread';

/** What is left of a column without its bit. */
const noiseOf = (x: ArrayLike<number>) => Float64Array.from(x, (v) => v - Number(v > 0.5));

function shapeOf(x: ArrayLike<number>): Shape {
  const k = kurtosis(noiseOf(x));
  return k < 2.4 ? 'burst' : k < 4.5 ? 'gaussian' : 'spread';
}

/** The shape of each column, from the training part, and the columns that it leaves in. */
function select({ train }: Problem) {
  const each = train.X.transpose(); // a row is a column
  const shapes = Array.from({ length: each.rows }, (_, j) => shapeOf(each.row(j)));
  const columns = shapes.flatMap((shape, j) => (shape === 'burst' ? [] : [j]));
  return { shapes, columns };
}

const { shapes, columns } = select(nine);
const columnsOfNine = nine.train.X.transpose();
table(
  new dfd.DataFrame(
    shapes.map((shape, j) => ({
      column: `x${j}`,
      'kurtosis of its noise': kurtosis(noiseOf(columnsOfNine.row(j))).toFixed(2),
      shape,
      'drawn as': nine.data.law?.columns[j] ?? 'unknown (your file)',
    })),
  ),
  { caption: 'The nine columns by the shape of their noise.' },
);

// %% tags=["cover"]
const byShape = (shape: Shape) => {
  const j = shapes.indexOf(shape);
  return j < 0 ? [] : Array.from(columnsOfNine.row(j)).filter((x) => x > -0.5 && x < 1.5);
};
const threeShapes = Object.fromEntries(
  (['burst', 'spread', 'gaussian'] as const)
    .map((shape) => [`${shape} (x${shapes.indexOf(shape)})`, byShape(shape)] as const)
    .filter(([, values]) => values.length > 0),
);
await chart(
  histogram(threeShapes, {
    x: 'value',
    bins: 160,
    log: true,
    title: 'Two bits in every column, and three shapes of noise',
    subtitle: `N = 9: one column of each shape, ${nine.train.X.rows} training rows`,
  }),
  {
    description:
      'Densities of one column of each shape on a logarithmic axis: two narrow boxes at 0 and 1 for burst, two tents ' +
      'with straight sides for spread, two parabolas for gaussian.',
  },
);

// %% [markdown]
// On a logarithmic axis the three laws have three outlines: a box, a tent and a parabola. How many rows does the test
// need? We draw columns of each kind, and count how often one is put into the wrong class of the two that matter.

// %%
const draws = pick({ smoke: 40, quick: 1000, paper: 4000 });
const errorRates: { rows: number; error: string; rate: number }[] = [];
for (const n of [8, 16, 32, 64, 128, 256, 512]) {
  const wrong = { uniform: 0, normal: 0, laplace: 0 };
  for (const kind of ['uniform', 'normal', 'laplace'] as const) {
    const rng = random(`shape test ${kind} ${n}`);
    for (let draw = 0; draw < draws; draw++) {
      const k = kurtosis(rng.fill(new Float64Array(n), kind));
      if (kind === 'uniform' ? k >= 2.4 : k < 2.4) wrong[kind]++;
    }
  }
  const rate = (count: number) => Math.max(count, 0.5) / draws; // none at all is drawn as half a case
  errorRates.push({ rows: n, error: 'a redundant column is kept', rate: rate(wrong.uniform) });
  errorRates.push({ rows: n, error: 'a gaussian column is dropped', rate: rate(wrong.normal) });
  errorRates.push({ rows: n, error: 'a spread column is dropped', rate: rate(wrong.laplace) });
}
await chart(
  lines(errorRates, {
    x: { field: 'rows', title: 'rows', log: true },
    y: { field: 'rate', title: 'share of columns judged wrongly', log: true },
    series: 'error',
    title: 'A few hundred rows settle the shape of a column',
    subtitle: `${draws} simulated columns a point; no error at all is drawn as half of one`,
  }),
  {
    description:
      `Error rates of the shape test against the number of rows, falling from ${Math.min(...errorRates.slice(0, 3).map((r) => r.rate)).toFixed(2)} ` +
      `to ${Math.max(...errorRates.slice(0, 3).map((r) => r.rate)).toFixed(2)} at 8 rows to none or nearly none of ${draws} columns at 512.`,
  },
);

// %% [markdown]
// Gaussian columns are the last to be told from uniform ones, and at 512 rows no simulated column was judged wrongly.
// We have thousands: the sample kurtosis of $n$ normal numbers has standard deviation $\sqrt{24/n}$, so with the 10,800
// training rows of $N = 9$ the threshold is thirteen of them away. What decides here is the *noise*, which the
// generator of the data could have made alike everywhere. Section 5 finds the columns without it.
//
// ### The XOR, and its ceiling
//
// **The paper** (section 6.2): discretise the selected columns, take their XOR, and the label is reproduced "perfectly".

// %%
/** The parity of the selected columns in each row. */
function parities(inputs: Matrix, selected: readonly number[]) {
  return Uint8Array.from({ length: inputs.rows }, (_, i) => {
    const row = inputs.row(i);
    let parity = 0;
    for (const j of selected) parity ^= Number(row[j] > 0.5);
    return parity;
  });
}

/** How often the label is the parity. A complemented label is as good. */
function xorAccuracy(inputs: Matrix, labels: Uint8Array, selected: readonly number[]) {
  const agreement = accuracy(parities(inputs, selected), labels);
  return Math.max(agreement, 1 - agreement);
}

xorAccuracy(nine.data.inputs, nine.data.labels, columns);

// %% [markdown]
// Not perfectly. About four labels in a hundred are not the parity, and no function of the informative bits does better
// than the parity in the long run, since flipped rows look like all the others. This number, the *ceiling*, is what
// every method below is to be held against.
//
// > **Predict first.** Where are the flipped labels? Everywhere alike, or does something in the row tell of them?
//
// <details><summary>Answer</summary>
//
// The more redundant bits are 1, the more often the label is flipped; with none, (almost) never. The redundant third is
// redundant for the rule, and not for its noise. Our source of the paper does not mention it; we measured it on the
// public files. (In generated data it is there because we put it there, as a straight line through those measurements.
// The chart shows our law; with your own files, theirs.) It does not help to predict the label, as the share of flips
// stays far below one half for every $m$, and it is why three points of the spectrum in section 1 stood above chance:
// for the six informative columns with *one* redundant column, $\hat y = c = 0.027$ in the mean.
//
// </details>

// %%
/** The share of labels that are not the parity, by the number m of redundant bits that are 1. */
function flips({ inputs, labels, features }: Kryptonite, selected: readonly number[]) {
  const redundant = Array.from({ length: features }, (_, j) => j).filter((j) => !selected.includes(j));
  const parity = parities(inputs, selected);
  const complement = Number(accuracy(parity, labels) < 0.5);
  const count = new Array<number>(redundant.length + 1).fill(0);
  const flipped = [...count];
  parity.forEach((value, i) => {
    const row = inputs.row(i);
    const m = redundant.filter((j) => row[j] > 0.5).length;
    count[m]++;
    flipped[m] += value ^ complement ^ labels[i];
  });
  return count.map((rows, m) => ({ m, rows, rate: rows > 0 ? flipped[m] / rows : 0 }));
}

/** The slope of the flips in m by weighted least squares through the rows, in standard errors. */
function slopeOfFlips(law: ReturnType<typeof flips>) {
  const n = law.reduce((sum, { rows }) => sum + rows, 0);
  const average = (f: (row: (typeof law)[number]) => number) =>
    law.reduce((sum, row) => sum + row.rows * f(row), 0) / n;
  const [m, rate] = [average((r) => r.m), average((r) => r.rate)];
  const spread = average((r) => (r.m - m) ** 2);
  const slope = average((r) => (r.m - m) * (r.rate - rate)) / spread;
  const residual = average((r) => r.rate * (1 - r.rate)); // variance of a flip around its rate
  return { slope, standardErrors: slope / Math.sqrt(residual / (n * spread)) };
}

const shapeResults = await runJobs(
  'kryptonite/shapes',
  jobs(2, everyN),
  ({ N, seed }) => {
    const p = problem(N, seed);
    const began = performance.now();
    const selected = select(p).columns;
    const seconds = (performance.now() - began) / 1000;
    const informative = p.data.law ? [...p.data.law.informative] : null;
    const xor = xorAccuracy(p.data.inputs, p.data.labels, selected);
    const xorOnTest = xorAccuracy(p.test.X, p.test.labels, selected);
    return { N, seed, selected, informative, xor, xorOnTest, flips: flips(p.data, selected), seconds };
  },
  { progress: 'shapes' },
);
const resultsOf = <R extends { N: number }>(results: readonly R[], N: number) => results.filter((r) => r.N === N);

await chart(
  lines(
    labelled.flatMap((N) =>
      resultsOf(shapeResults, N).flatMap((r) =>
        r.flips.filter(({ rows }) => rows >= 100).map(({ m, rate }) => ({ m, rate: 100 * rate, N: String(N) })),
      ),
    ),
    {
      x: { field: 'm', title: 'ones among the redundant bits' },
      y: { field: 'rate', title: 'labels that are not the parity, %', zero: true },
      series: 'N',
      title: 'The more redundant ones, the more flipped labels',
    },
  ),
  {
    description: `Per cent of flipped labels against the number of redundant ones, rising in a line from zero: ${labelled
      .map(
        (N) =>
          `N = ${N} by ${(100 * mean(resultsOf(shapeResults, N).map((r) => slopeOfFlips(r.flips).slope))).toFixed(1)}`,
      )
      .join(', ')} points for each.`,
  },
);
table(
  new dfd.DataFrame(
    everyN.map((N) => {
      const of = resultsOf(shapeResults, N);
      return {
        N,
        'selected columns': [...new Set(of.map((r) => r.selected.length))].join(', '),
        'the informative ones': of.every(
          (r) => r.informative === null || String(r.informative) === String(r.selected),
        )
          ? of[0].informative
            ? 'yes, in every seed'
            : 'not known for a file'
          : 'not in every seed',
        'accuracy of the XOR': overSeeds(of, (r) => r.xor, 4),
        target: target[N] ?? '–',
      };
    }),
  ),
  { caption: `Selection by shape, then XOR, over ${seeds.length} seeds.` },
);

// %% [markdown]
// In the chart, a straight line for each $N$ from (almost) zero, and no point near one half. In the table, the test
// finds the right third at every $N$ and in every seed, and the XOR reaches each target with room to spare. As $N$
// grows the targets fall (0.95 to 0.70) while the ceiling *rises*. So the targets were not set by the noise of the
// labels; section 4 has a guess where they come from.

// %% [markdown]
// ## 3. Logistic regression on products
//
// **The paper** (section 6.1). A linear model of the columns cannot read a parity, but one of their *products* can. Give
// it all monomials of degree up to $d$ as features,
//
// $$ f(x) = b + \sum_{|T| \le d} w_T\, m_T(x), \qquad m_T(x) = \prod_{j \in T} x_j , $$
//
// ($T$ may name a column several times; in the square-free expansion it does not)
//
// and let an $\ell_1$ penalty $\alpha \lVert w \rVert_1$ beside the mean log loss choose among them. Once the columns
// are standardised, a bit is about $\pm 1$, and the parity of $S$ is, up to its sign, the one monomial $m_S$. The paper
// found degree 6 enough for $N = 9$, and asks (open question 1) what the smallest degree is.
//
// A toy first. The monomials of three columns to degree 2, as the library orders them, and those without squares:

// %%
({
  all: polynomialTerms(3, { degree: 2 }).map(monomialName),
  squareFree: polynomialTerms(3, { degree: 2, squareFree: true }).map(monomialName),
  byHand: [1, 2, 3, 5, 2 * 3, 2 * 5, 3 * 5],
  byLibrary: Array.from(expandPolynomial(Matrix.from([[2, 3, 5]]), { degree: 2, squareFree: true }).data),
});

// %% [markdown]
// The fit ([`polynomial-logistic.ts`](../src/lib/surrogates/polynomial-logistic.ts)) is stochastic gradient descent by
// the rules of scikit-learn's `SGDClassifier`, since that is what the paper ran. Step $t$ takes one example at the rate
// $\eta_t = 1/(\alpha(t_0 + t - 1))$, $t_0 = \alpha^{-3/4}$, then every weight pays the penalty that it owes since the
// beginning, but never past zero: that is what makes zeros exact. By hand, for one pass over a few rows:

// %%
function onePass(X: Matrix, y: ArrayLike<number>, alpha: number) {
  const w = new Float64Array(X.cols);
  const paid = new Float64Array(X.cols); // of the penalty, by each weight; negative for positive weights
  let [b, due] = [0, 0];
  const t0 = alpha ** -0.75;
  for (let i = 0; i < X.rows; i++) {
    const x = X.row(i);
    const eta = 1 / (alpha * (t0 + i));
    const f = b + dot(w, x);
    const step = eta * (y[i] - 1 / (1 + Math.exp(-f))); // against the slope of the log loss
    b += step;
    due += eta * alpha;
    for (let j = 0; j < w.length; j++) {
      const z = w[j] + step * x[j];
      w[j] = z > 0 ? Math.max(0, z - (due + paid[j])) : Math.min(0, z + (due - paid[j]));
      paid[j] += w[j] - z;
    }
  }
  return { w, b };
}

const nineScaled = standardised(nine);
const first200 = nineScaled.train.X.slice(0, 200);
const labels200 = nine.train.labels.subarray(0, 200);
const degreeTwo = { degree: 2, squareFree: true } as const;
const byHandFit = onePass(expandPolynomial(first200, degreeTwo), labels200, 0.01);
const byLibraryFit = polynomialLogistic({ ...degreeTwo, alpha: 0.01, maxIterations: 1 }).fit(first200, labels200);
({
  largestDifference: Math.max(...byHandFit.w.map((v, j) => Math.abs(v - byLibraryFit.coefficients[j]))),
  zeros: [byHandFit.w.filter((v) => v === 0).length, byLibraryFit.coefficients.length - byLibraryFit.nonZero],
});

// %% [markdown]
// ### Why the degree has to be 2N/3
//
// > **Predict first.** The parity of six bits, and products of at most five columns. Is there a polynomial of degree 5
// > whose *sign* is the parity? On all $2^6 = 64$ patterns of bits? On most? And will logistic regression find it?
//
// <details><summary>Answer</summary>
//
// On all 64: no. (Were the sign of $p$ right everywhere, $\sum_b p(b) \prod_j s_j$ over the patterns would not be 0.
// But for every monomial of degree below 6 it is.) On 63 of the 64: yes, and in section 3.2 you can see one. Logistic
// regression will not find it. It finds nothing at all.
//
// </details>
//
// Let $s_j = \pm 1$ stand for the bits and take any monomial in the *columns*, with any exponents, in which some
// informative column $k$ does not occur. Given everything else in the row, $s_k$ is $+1$ or $-1$ with equal chance, so
//
// $$ \operatorname{E}\Big[ \prod_{j \ne k} x_j^{a_j} \cdot \prod_{j\in S} s_j \Big]
//    = \operatorname{E}\Big[ \prod_{j \ne k} x_j^{a_j} \prod_{j\in S\setminus k} s_j \Big]\, \operatorname{E}[s_k] = 0
// . $$
//
// (Flips that depend only on redundant bits change nothing in this.) A monomial of degree below $|S| = 2N/3$ always
// leaves one out. So at $f = 0$ the slope of the expected log loss in *every* weight,
// $\operatorname{E}[(\tfrac12 - y)\, m_T]$, is zero, and the loss is convex: $f = 0$ is its minimum. It is the only
// one, so the best model of such a degree says "one half" always. That holds for any $N$, with squares or without, and
// for the squared loss too. (For any convex loss the best constant is a minimum, though perhaps not the only one.) At
// degree $2N/3$ the one monomial $m_S$ comes in, and suffices. The smallest degree is $2N/3$ exactly.

// %%
const maxIterations = pick({ smoke: 2, quick: 12, paper: 30 });
const alphas = [0.003, 0.01, 0.03, 0.1];

/** Fits for each α, and of those the one that is best on the validation part. */
async function tuned(
  { train, validation, test }: Problem,
  terms: { degree: number; squareFree: boolean },
  tried: readonly number[],
  seed: number,
) {
  const rng = random(`order ${seed}`);
  const began = performance.now();
  const path = await regularisationPathAsync(train.X, train.labels, {
    ...terms,
    alphas: tried,
    maxIterations,
    rng,
  });
  const points = path.map(({ alpha, fitted }) => ({
    alpha,
    validation: fitted.score(validation.X, validation.labels),
    test: fitted.score(test.X, test.labels),
    nonZero: fitted.nonZero,
    iterations: fitted.iterations,
    operations: fitted.operations,
  }));
  const best = points.reduce((a, b) => (b.validation > a.validation ? b : a));
  return { points, best, seconds: (performance.now() - began) / 1000 };
}

/** Everything with logistic regression, for an N and a seed. */
async function logisticStudy({ N, seed }: { N: number; seed: number }) {
  const raw = problem(N, seed);
  const selected = select(raw).columns;
  const p = standardised(raw);
  const degree = (2 * N) / 3;
  const squareFree = { degree, squareFree: true };
  // N = 15: 30,827 terms, and the one α that the validation part chose for N = 12. N = 18: 249,528, minutes a fit.
  const all = N > 15 ? null : await tuned(p, squareFree, N < 15 ? alphas : [0.1], seed);
  const onSelected = await tuned(onColumns(p, selected), { ...squareFree, degree: selected.length }, alphas, seed);
  const monomials = N === 9 ? await tuned(p, { degree, squareFree: false }, alphas, seed) : null;
  const sweep: { degree: number; accuracy: number; nonZero: number }[] = [];
  if (all && N <= 12)
    for (let d = 1; d <= N; d++) {
      // Below 2N/3 weak penalties, so that there are weights to judge.
      const tried = d < degree ? [0.001, 0.003, 0.01] : [all.best.alpha];
      const { best } = d === degree ? all : await tuned(p, { degree: d, squareFree: true }, tried, seed);
      sweep.push({ degree: d, accuracy: best.test, nonZero: best.nonZero });
    }
  return { N, seed, all, onSelected, monomials, sweep };
}

const logisticResults = await runJobs('kryptonite/logistic', jobs(2, labelled), logisticStudy, {
  progress: 'logistic regression',
  atOnce: threads(), // each fit has a thread of its own
});

// %%
await chart(
  lines(
    [9, 12].flatMap((N) =>
      resultsOf(logisticResults, N).flatMap((r) => r.sweep.map((point) => ({ ...point, N: String(N) }))),
    ),
    {
      x: { field: 'degree', title: 'degree of the polynomial' },
      y: { field: 'accuracy', title: 'test accuracy', domain: [0.45, 1] },
      series: 'N',
      paper: [
        { axis: 'x', value: 6, label: '2·9/3' },
        { axis: 'x', value: 8, label: '2·12/3' },
      ],
      interpolate: 'step-after',
      title: 'Nothing below degree 2N/3, everything from there on',
      subtitle: 'square-free; below 2N/3 the best of three weak α, then the α of 2N/3; dashed: theory',
    },
  ),
  {
    description: `Test accuracy of logistic regression by degree. ${[9, 12]
      .map((N) => {
        const at = (d: number) =>
          mean(resultsOf(logisticResults, N).map((r) => r.sweep[d - 1].accuracy)).toFixed(2);
        const k = (2 * N) / 3;
        return `N = ${N}: ${at(k - 1)} at degree ${k - 1}, ${at(k)} at degree ${k}`;
      })
      .join('; ')}.`,
  },
);
/** The bytes of the training rows' terms in float64, in words. */
function sizeInWords(terms: bigint, N: number) {
  const bytes = Number(terms) * 1200 * N * 8;
  const power = Math.floor(Math.log10(bytes) / 3);
  return `${(bytes / 1000 ** power).toPrecision(3)} ${['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'][power]}`;
}
table(
  new dfd.DataFrame(
    everyN
      .filter((N) => N % 3 === 0)
      .map((N) => {
        const degree = (2 * N) / 3;
        const [all, free] = [false, true].map((squareFree) => countTerms(N, { degree, squareFree }));
        const best = resultsOf(logisticResults, N).map((r) => (r.all ?? r.onSelected).best);
        return {
          N,
          degree,
          'all monomials': all.toLocaleString('en'),
          'without squares': free.toLocaleString('en'),
          'as a table in float64': sizeInWords(free, N),
          fitted: best.length === 0 ? 'no' : N > 15 ? 'selected: 4,096' : N === 9 ? 'both' : 'without squares',
          'test accuracy': overSeeds(best, (b) => b.test),
          'terms that are not zero': overSeeds(best, (b) => b.nonZero, 1),
        };
      }),
  ),
  { caption: 'Terms of a polynomial of degree 2N/3, and what logistic regression does with them.' },
);

// %% [markdown]
// Two steps, each where the theory has it. Below, the test accuracy is that of a coin, with hundreds of weights, all of
// them noise that was learnt. (The few points above one half at the highest of these degrees for $N = 12$ are, we
// think, the finite sample: with three or four rows for each of the 4096 patterns some are fuller than others, and only
// over all patterns alike is a low degree exactly blind.) At $2N/3$ the fit jumps to the ceiling, and often with a
// single term that is not zero: the ℓ₁ penalty has *found the columns*, in one number of 466 or of 3797. Higher degrees
// add terms and nothing else.
//
// The counts are where this road ends. The square-free terms of $N = 45$ would fill a table of exabytes.
//
// ### 3.1 The path of the penalty
//
// What does $\alpha$ do? The same fit for eleven of them:

// %%
const pathAlphas = [0.0003, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.6];
const path = await regularisationPathAsync(nineScaled.train.X, nine.train.labels, {
  degree: 6,
  squareFree: true,
  alphas: pathAlphas,
  maxIterations,
  rng: random('path'),
});
const isParity = ({ term }: { term: readonly number[] }) => String(term) === String(columns);
const weakest = path[path.length - 1].fitted;
const followed = weakest.largest(6).filter((t) => !isParity(t));
const pathRows = path.map(({ alpha, fitted }) => {
  const weights = new Map(fitted.largest(512).map((t) => [t.name, t]));
  const parity = Math.abs([...weights.values()].find(isParity)?.weight ?? 0);
  return {
    alpha,
    parity,
    others: followed.map(({ name }) => ({ name, weight: Math.abs(weights.get(name)?.weight ?? 0) })),
    nonZero: fitted.nonZero,
    accuracy: fitted.score(nineScaled.test.X, nine.test.labels),
  };
});
await chart(
  lines(
    pathRows
      .filter(({ parity }) => parity > 0)
      .flatMap(({ alpha, parity, others }) => [
        { alpha, share: 1, term: 'the product of the six' },
        ...others.map(({ name, weight }) => ({ alpha, share: weight / parity, term: name })),
      ]),
    {
      x: { field: 'alpha', title: 'weight α of the ℓ₁ penalty', log: true },
      y: { field: 'share', title: '|weight|, over that of the product', zero: true },
      series: 'term',
      title: 'With enough penalty, one term is left: the right one',
      subtitle: `N = 9, degree 6, 466 terms, at most ${maxIterations} passes`,
    },
  ),
  {
    description:
      'Weights against the penalty, relative to that of the product of the six informative columns. Five others, the ' +
      'largest at the weakest penalty, fall to exactly zero as the penalty grows.',
  },
);
table(
  new dfd.DataFrame(
    pathRows.map(({ alpha, parity, nonZero, accuracy }) => ({
      α: String(alpha),
      'terms that are not zero': nonZero,
      '|weight| of the product': parity.toPrecision(3),
      'test accuracy': accuracy.toFixed(4),
    })),
  ),
  { caption: 'Accuracy rises as terms go, until the last one goes.' },
);

// %% [markdown]
// Every weight but one is noise that was learnt, and a penalty above the slope of the loss at zero leaves none at all.
// The paper's *feature selection* does the same job before the fit, and so it helps a lot where the penalty is too
// weak, and little or not at all where it is right. (The row for $N = 12$ holds because its rule asks for a positive
// mean only; look at its error.) Both are in the table: $\alpha$ as the validation part chooses it, and $\alpha = 0.01$
// for both sides.

// %%
const pairsAt = (N: number, how: (points: Awaited<ReturnType<typeof tuned>>) => number) =>
  resultsOf(logisticResults, N).flatMap((r) => (r.all ? [{ all: how(r.all), selected: how(r.onSelected) }] : []));
const ways = {
  'by validation': ({ best }: Awaited<ReturnType<typeof tuned>>) => best.test,
  '0.01': ({ points }: Awaited<ReturnType<typeof tuned>>) => points.find(({ alpha }) => alpha === 0.01)?.test ?? 0,
};
table(
  new dfd.DataFrame(
    [9, 12].flatMap((N) =>
      Object.entries(ways).map(([α, how]) => ({
        N,
        α,
        'all columns': overSeeds(pairsAt(N, how), (pair) => pair.all, 4),
        'selected columns': overSeeds(pairsAt(N, how), (pair) => pair.selected, 4),
        'selected less all': overSeeds(pairsAt(N, how), (pair) => pair.selected - pair.all, 4),
      })),
    ),
  ),
  { caption: 'Test accuracy of logistic regression, degree 2N/3, square-free; differences are paired by seed.' },
);

// %% [markdown]
// ### 3.2 A polynomial of degree 5 that is nearly right
//
// Is it that no polynomial of degree 5 can do it? Sum the six columns: $s = \sum_{j\in S} x_j$ is a whole number from 0
// to 6, plus noise, and the label is whether it is odd. A polynomial in $s$ that changes sign between 0 and 1, between 1
// and 2, …, between 4 and 5 has five roots, hence degree 5:
//
// $$ p(x) = \Big(s - \tfrac12\Big)\Big(s - \tfrac32\Big)\Big(s - \tfrac52\Big)\Big(s - \tfrac72\Big)\Big(s - \tfrac92\Big) . $$
//
// Its sign is right for $s = 0 \dots 5$, and wrong for $s = 6$, which is one pattern of bits in 64.

// %%
const sumOf = (x: ArrayLike<number>, selected: readonly number[]) => selected.reduce((sum, j) => sum + x[j], 0);
/** The polynomial in s with a root half way between each two of the whole numbers 0 … roots. Positive where s is odd. */
const alternating = (s: number, roots: number) => {
  let p = roots % 2 ? 1 : -1;
  for (let r = 0; r < roots; r++) p *= s - (r + 0.5);
  return p;
};
const handPolynomial = ({ test }: Problem, selected: readonly number[], degree: number) => {
  const odd = (x: ArrayLike<number>) => Number(alternating(sumOf(x, selected), degree) > 0);
  return accuracy(
    Uint8Array.from({ length: test.X.rows }, (_, i) => odd(test.X.row(i))),
    test.labels,
  );
};

const grid = Array.from({ length: 265 }, (_, i) => -0.3 + i * 0.025);
await chart(
  lines(
    [5, 6].flatMap((degree) =>
      grid.map((s) => ({ s, p: Math.asinh(alternating(s, degree)), degree: `degree ${degree}` })),
    ),
    {
      x: { field: 's', title: 'sum s of the six informative columns' },
      y: { field: 'p', title: 'asinh p(s); above 0 the label is called 1' },
      series: 'degree',
      curves: [{ label: 'odd: above, even: below', x: grid, y: grid.map((s) => (Math.round(s) % 2 ? 2 : -2)) }],
      title: 'Five changes of sign serve all sums but one',
      height: 260,
    },
  ),
  {
    description:
      'Two polynomials of the sum of the informative columns. Both change sign between neighbouring whole numbers from 0 ' +
      'to 5; that of degree 6 also between 5 and 6, where that of degree 5 goes on upwards.',
  },
);
({
  byHand: handPolynomial(nine, columns, 5),
  learnt: (await tuned(nineScaled, { degree: 5, squareFree: false }, [0.003, 0.01], seeds[0])).best.test,
});

// %% [markdown]
// A polynomial of degree 5 is right on more than nine test rows in ten. Logistic regression on all 2002 monomials of
// degree 5 does not find one like it, and by the proof above would not with any amount of data. So below $2N/3$ the
// *loss* is blind: its slope points nowhere, and as it is convex there is no other valley. (At $N = 9$ the model is too
// weak as well, by a little: a polynomial of degree 5 errs on one pattern of 64 at least, so its accuracy is at most
// $0.9595\cdot\tfrac{63}{64} + 0.0405\cdot\tfrac1{64} = 0.945$, below the target. At $N = 12$ the same bound is 0.961,
// above it.) (For the number of patterns that a low-degree sign can get right see J. Aspnes, R. Beigel, M. Furst and S.
// Rudich, "The expressive power of voting polynomials", 1994.) Keep this in mind for networks, whose loss is not
// convex.

// %% [markdown]
// ## 4. A network with one hidden layer
//
// **The paper** (section 4.1) trains networks with *one* hidden layer of 72 units, ELU or tanh, with dropout, and
// reaches the target for $N$ = 9, 12, 15 and 18. A network has no list of monomials to choose from. It has to turn its
// 72 directions $w$ until a sum of bent functions of $w\cdot x$ is the parity.
//
// > **Predict first.** At the start the validation accuracy is one half. Will it rise from the first epoch on?
//
// <details><summary>Answer</summary>
//
// At $N = 9$ almost; from $N = 12$ on, no. At $N = 18$ nothing is to be seen for tens of epochs, and then it rises over
// a hundred. All directions are equally bad until some of them fit the parity a little; from there on the slope leads
// down. A training that is stopped on the plateau, because nothing happens, would conclude that networks cannot learn
// parity.
//
// </details>

// %%
const candidates = {
  'ELU, no dropout': { activation: elu, rate: 0 },
  'tanh, dropout 0.1': { activation: tanh, rate: 0.1 },
};
type Candidate = keyof typeof candidates;
const epochs = pick({ smoke: 3, quick: 300, paper: 1000 });
const patience = pick({ smoke: 3, quick: 60, paper: 200 });
const correct = { name: 'accuracy', value: accuracy, better: 'larger' } as const;

const networkOf = (N: number, { activation, rate }: (typeof candidates)[Candidate]) =>
  network(N, [dense(72), activation(), dropout(rate), dense(1)]);

/** One training: the numbers of the epoch with the best validation accuracy, and how it came there. */
async function trained(
  p: Problem,
  candidate: Candidate,
  seed: number,
  limits: { epochs: number; patience: number; every?: number },
) {
  const net = networkOf(p.N, candidates[candidate]);
  const rng = random(`network ${seed}`).stream(candidate).stream(p.N);
  const began = performance.now();
  const { best, history } = await train(
    net,
    net.init(rng.stream('start'), { initializer: 'heUniform' }),
    { inputs: p.train.X, targets: p.train.labels },
    {
      loss: logisticLoss,
      optimizer: adam({ rate: 3e-3 }),
      batchSize: 128,
      epochs: limits.epochs,
      rng: rng.stream('order'),
      validation: {
        inputs: p.validation.X,
        targets: p.validation.labels,
        measure: correct,
        patience: limits.patience,
        every: limits.every,
      },
    },
  );
  const curve = history.flatMap(({ epoch, validation }) =>
    validation === undefined ? [] : [{ epoch, validation }],
  );
  return {
    candidate,
    validation: best!.value,
    test: accuracy(net.predict(best!.snapshot, p.test.X), p.test.labels),
    epochs: history.length,
    /** The first epoch whose validation accuracy is at the target; null if there was none. */
    toTarget: curve.find(({ validation }) => validation >= (target[p.N] ?? 1))?.epoch ?? null,
    curve,
    seconds: (performance.now() - began) / 1000,
  };
}

async function networkStudy({ N, seed }: { N: number; seed: number }) {
  const p = standardised(problem(N, seed));
  const runs: Awaited<ReturnType<typeof trained>>[] = [];
  if (N <= 18) {
    for (const candidate of Object.keys(candidates) as Candidate[])
      runs.push(await trained(p, candidate, seed, { epochs, patience }));
  } else runs.push(await trained(p, 'tanh, dropout 0.1', seed, { epochs: Math.ceil(epochs / 5), patience }));
  return { N, seed, runs, best: runs.reduce((a, b) => (b.validation > a.validation ? b : a)) };
}

const networkResults = await runJobs('kryptonite/network', jobs(1, labelled), networkStudy, {
  progress: 'networks',
});
const fewSeeds = pick({ smoke: 1, quick: 2, paper: 3 });
const largerNetworks = await runJobs(
  'kryptonite/network',
  jobs(1, larger).filter(({ seed }) => seeds.indexOf(seed) < fewSeeds),
  networkStudy,
  { progress: 'networks at larger N' },
);

// %%
await chart(
  lines(
    [...labelled, 24].flatMap((N) =>
      [...networkResults, ...largerNetworks]
        .filter((r) => r.N === N && r.seed === seeds[0])
        .flatMap((r) => r.best.curve.map((point) => ({ ...point, N: String(N) }))),
    ),
    {
      x: { field: 'epoch', title: 'epoch' },
      y: { field: 'validation', title: 'validation accuracy' },
      series: 'N',
      points: false,
      title: 'A plateau, then a rise: both longer for larger N',
      subtitle: `seed ${seeds[0]}; the better of the two candidates, until it stopped`,
    },
  ),
  {
    description:
      'Validation accuracy over epochs for one seed and N = 9, 12, 15, 18, 24: each stays at one half at first, then ' +
      'rises, later and more slowly for larger N; N = 24 stays at one half.',
  },
);
table(
  new dfd.DataFrame(
    [...labelled, ...larger].map((N) => {
      const of = resultsOf([...networkResults, ...largerNetworks], N);
      const test = (candidate: Candidate) =>
        overSeeds(
          of.flatMap((r) => r.runs.filter((run) => run.candidate === candidate)),
          (run) => run.test,
        );
      return {
        N,
        target: target[N],
        'ELU, no dropout': test('ELU, no dropout'),
        'tanh, dropout 0.1': test('tanh, dropout 0.1'),
        'better on validation': overSeeds(of, (r) => r.best.test),
        'epochs to the target': of.map((r) => r.best.toTarget ?? '–').join(', '),
        seeds: of.length,
      };
    }),
  ),
  { caption: 'Test accuracy of one hidden layer of 72.' },
);

// %% [markdown]
// Tanh with dropout is the safer of the two: at $N = 18$ ELU may stay on the plateau. There the mean is above the
// target, and single seeds are not always.
//
// ### 4.1 A network written by hand
//
// For $N$ = 24, 30 and 45 the network still guesses after 60 epochs (quick profile; one candidate, two seeds). $N = 18$
// needs about a hundred or more, so this does not show that it would never learn. Is a layer of 72 too small? No (open
// question 2). Let $s = \sum_{j \in S} x_j$ again, and give one tanh to each place where the parity changes:
//
// $$ f(x) = -1 + \sum_{u=0}^{2N/3 - 1} (-1)^u\, \tanh\!\big(\beta\,(s - u - \tfrac12)\big), \qquad \beta \text{ large} . $$
//
// That is a sawtooth: it is negative near even sums and positive near odd ones, with $2N/3$ hidden units. For $N = 45$
// that is 30 of the 72. We put these numbers into the library's network; nothing is trained.

// %%
/** The sawtooth as a network on standardised columns: x_j = mean_j + deviation_j z_j. */
function sawtooth(
  N: number,
  { mean: means, deviation: deviations }: Standardisation,
  selected: readonly number[],
  complement: boolean,
) {
  const units = selected.length;
  const net = network(N, [dense(units), tanh(), dense(1)]);
  const snapshot = net.init(random('not used'));
  const [W, b, v, c] = ['dense1/weight', 'dense1/bias', 'dense2/weight', 'dense2/bias'].map((name) =>
    snapshot.params.get(name),
  );
  const beta = 20;
  const sumOfMeans = sumOf(means, selected);
  const sign = complement ? -1 : 1;
  W.data.fill(0);
  for (let u = 0; u < units; u++) {
    for (const j of selected) W.set(j, u, beta * deviations[j]);
    b.data[u] = beta * (sumOfMeans - u - 0.5);
    v.data[u] = sign * (u % 2 ? -1 : 1);
  }
  // At s = 0 the tanhs sum to 0 for an even number of units (2N/3 is even), to −1 for an odd one (your own files).
  c.data[0] = -sign * (units % 2 ? 0 : 1);
  return { net, snapshot };
}

const sawtoothResults = await runJobs(
  'kryptonite/sawtooth',
  jobs(2, everyN),
  ({ N, seed }) => {
    const p = problem(N, seed);
    const selected = select(p).columns;
    const complement = accuracy(parities(p.train.X, selected), p.train.labels) < 0.5;
    const scale = standardise(p.train.X);
    const { net, snapshot } = sawtooth(N, scale, selected, complement);
    const outputs = net.predict(snapshot, scale.apply(p.test.X));
    return { N, seed, units: selected.length, accuracy: accuracy(outputs, p.test.labels) };
  },
  { progress: 'networks by hand' },
);
table(
  new dfd.DataFrame(
    everyN.map((N) => ({
      N,
      'hidden units': resultsOf(sawtoothResults, N)[0].units,
      'sawtooth, not trained': overSeeds(resultsOf(sawtoothResults, N), (r) => r.accuracy, 4),
      "the paper's target": target[N] ?? '–',
      'XOR of the columns': overSeeds(resultsOf(shapeResults, N), (r) => r.xorOnTest, 4),
    })),
  ),
  { caption: 'Test accuracy of a network that was written down.' },
);

// %% [markdown]
// For $N$ = 12 to 45 a network of at most 30 hidden units reaches the target. (At $N = 9$ the sawtooth stops just below
// it, and the trained network shows that 72 units can do better.) So Kryptonite says nothing against universal
// approximation, which is a statement about what networks *can be*; it is about what gradient descent *finds* from a
// given number of rows. The classical result here is that of S. Shalev-Shwartz, O. Shamir and S. Shammah
// ([arXiv:1703.07950](https://arxiv.org/abs/1703.07950), theorem 1): at any fixed weights, the variance of the expected
// gradient over the $2^N$ parities of $N$ bits is at most $2^{-N}$ times the mean squared gradient of the network's
// output. The gradient hardly depends on *which* parity made the labels.
//
// And look at the columns of the table. The sawtooth does not reach the XOR, because the noise of $2N/3$ columns adds
// up in $s$, which then rounds to the wrong whole number. What is left is within 0.01 of the paper's target at five of
// the seven $N$, and 0.03 and 0.04 above it at 24 and 30. We do not know how the targets were set; a rounded sum is one
// guess. (For $N \ge 24$ the noise is our assumption.)
//
// ## 5. From the labels alone
//
// Section 2 read the columns off their noise, which the maker of the data could have hidden. Can the rule be found from
// bits and labels only? Over the field of two elements, GF(2), where $1 + 1 = 0$, the rule is a *linear equation* in the
// unknowns $s_j$ (is column $j$ in $S$?) and $c$ (is the label complemented?):
//
// $$ \sum_{j=1}^N s_j\, b_{ij} + c = y_i \pmod 2, \qquad i = 1, \dots, n . $$
//
// $N + 1$ independent rows determine $s$ and $c$ by the elimination that one learns at school, if their labels are
// right. Some are not. But $N + 1$ rows drawn at random are *all* right with probability $(1-\eta)^{N+1}$, where $\eta$
// is the share of wrong labels. So: draw, solve, look how many *other* rows agree, and draw again until nearly all do
// ([`parity.ts`](../src/lib/surrogates/parity.ts)). (E. Prange, 1962, *information-set decoding*; the problem is called
// *learning parity with noise*.) By hand, a row as the bits of one number, from twenty rows of which the first ten that
// are independent count, and accepted when 80 % of other rows agree:

// %%
const ones = (word: number) => word.toString(2).replaceAll('0', '').length;

/** Solves the equations. A row is a number: bits 0 … unknowns − 1 are its coefficients, the next its right side. */
function solveMod2(equations: readonly number[], unknowns: number): number | null {
  const pivots = new Map<number, number>(); // by the lowest coefficient
  for (let row of equations)
    for (let j = 0; j < unknowns; j++) {
      if (!((row >> j) & 1)) continue;
      const pivot = pivots.get(j);
      if (pivot === undefined) {
        pivots.set(j, row);
        break;
      }
      row ^= pivot; // row + pivot, mod 2
    }
  if (pivots.size < unknowns) return null; // not enough independent rows
  let solution = 0;
  for (let j = unknowns - 1; j >= 0; j--) {
    const row = pivots.get(j) as number;
    const sum = ones(row & solution) + ((row >> unknowns) & 1);
    if (sum % 2) solution |= 1 << j;
  }
  return solution;
}

const nineBits = BitMatrix.threshold(nine.train.X);
const columnsInNine = nineBits.cols;
/** b_i1 … b_iN, a 1 for c, and y_i. */
const equation = (i: number) =>
  nineBits.words[i] | (1 << columnsInNine) | (nine.train.labels[i] << (columnsInNine + 1));
const agrees = (solution: number, i: number) => (ones(equation(i) & solution) & 1) === nine.train.labels[i];

const draw = random('draw');
let byElimination: { columns: string; complement: boolean; agreement: number; tries: number } | null = null;
for (let tries = 1; byElimination === null && tries <= 1000; tries++) {
  const twenty = Array.from(draw.permutation(5000).subarray(0, 20), equation);
  const solution = solveMod2(twenty, columnsInNine + 1);
  if (solution === null) continue;
  const heldOut = Array.from({ length: 300 }, (_, i) => nine.train.labels.length - 1 - i);
  const agreement = mean(heldOut.map((i) => Number(agrees(solution, i))));
  const found = Array.from({ length: columnsInNine }, (_, j) => j).filter((j) => (solution >> j) & 1);
  if (agreement > 0.8)
    byElimination = {
      columns: String(found),
      complement: Boolean((solution >> columnsInNine) & 1),
      agreement,
      tries,
    };
}
const byLibrary = noisyParity({ rng: random('nine') }).fit(nine.train.X, nine.train.labels);
({
  byElimination,
  byLibrary: { columns: String(byLibrary.support), complement: byLibrary.complement, tries: byLibrary.tries },
  byShape: String(columns),
});

// %% [markdown]
// Three ways, one answer. How sure is it? If flips do not depend on the bits, a wrong parity agrees with half of all
// rows in the long run. That any of the $2^{N+1}$ candidates agrees with more than a share $\tfrac12 + t$ of $m$
// held-out rows by chance has probability at most $2^{N+1} e^{-2mt^2}$ (Hoeffding's inequality for each, and the sum
// over all). For a probability of one in a million,
//
// $$ t = \sqrt{\frac{(N+1)\ln 2 + \ln 10^6}{2m}} . $$
//
// An agreement above $\tfrac12 + t$ is then a *certificate*: the answer shows that it is right, without knowing the
// truth. In Kryptonite the flips *do* depend on bits (section 2), and a wrong parity, $S$ with one redundant column,
// agrees with 51 % of the rows. But two different parities of fair bits are equal on half of the rows only, so no two
// of them can both be right on more than three quarters. An agreement above $\tfrac34 + t$ is a certificate whatever
// the flips depend on.

// %%
({
  byHand: 0.5 + Math.sqrt(((columnsInNine + 1) * Math.LN2 + Math.log(1e6)) / (2 * byLibrary.heldOut)),
  byLibrary: certificate(byLibrary.heldOut, columnsInNine),
  agreement: byLibrary.agreement,
  aboveThreeQuartersPlusT: byLibrary.unique,
});

// %% [markdown]
// > **Predict first.** At $N = 45$ there are $2^{46}$ candidates, and two labels of a hundred are wrong. How many draws
// > of 46 rows will it take?
//
// <details><summary>Answer</summary>
//
// $(1 - 0.019)^{-46} = 2.4$ on average. The number of *candidates* does not matter. What matters is that a small sample
// is free of errors.
//
// </details>

// %%
const gf2Results = await runJobs(
  'kryptonite/gf2',
  jobs(2, everyN),
  ({ N, seed }) => {
    const { data, train, test } = problem(N, seed);
    const began = performance.now();
    const fitted = noisyParity({ rng: random(`gf2 ${seed}`) }).fit(train.X, train.labels);
    const seconds = (performance.now() - began) / 1000;
    return {
      N,
      seed,
      support: [...fitted.support],
      // Certified, and the true one. Of a file nobody knows the truth; the certificate stands in for it.
      right: fitted.unique && (!data.law || String(fitted.support) === String(data.law.informative)),
      agreement: fitted.agreement,
      bound: fitted.bound,
      tries: fitted.tries,
      noise: fitted.noise.estimate,
      test: fitted.score(test.X, test.labels),
      // Reading the bits is an operation a number; the learner counts the rest.
      operations: train.X.data.length + fitted.operations.elimination + fitted.operations.verification,
      seconds,
    };
  },
  { progress: 'elimination' },
);
table(
  new dfd.DataFrame(
    everyN.map((N) => {
      const of = resultsOf(gf2Results, N);
      return {
        N,
        candidates: `2^${N + 1}`,
        'columns found': [...new Set(of.map((r) => r.support.length))].join(', '),
        'the right ones': `${of.filter((r) => r.right).length} of ${of.length} seeds`,
        agreement: overSeeds(of, (r) => r.agreement, 4),
        'needed (¾ + t)': (of[0].bound + 0.25).toFixed(3),
        draws: overSeeds(of, (r) => r.tries, 1),
        'expected draws': mean(of.map((r) => expectedTries(r.noise, N))).toFixed(1),
        milliseconds: (1000 * mean(of.map((r) => r.seconds))).toFixed(0),
      };
    }),
  ),
  { caption: 'The parity from labels alone, by elimination over GF(2).' },
);

// %% [markdown]
// The price is in the noise. Each draw is right with probability $(1-\eta)^{N+1}$, which falls exponentially in $N$ for
// a fixed $\eta$. With a quarter of the labels wrong, $N = 45$ would take $(3/4)^{-46}$ = 560,000 draws, and $N = 450$
// about $10^{56}$. No algorithm is known for that whose time is polynomial in $N$; the best need $2^{O(N/\log N)}$ (A.
// Blum, A. Kalai and H. Wasserman, 2003), and cryptosystems rest on the belief that there is none. Kryptonite has two
// to four per cent, and fewer for larger $N$. Here is what would have happened with more:

// %%
const noises = pick({
  smoke: [0.05],
  quick: [0.01, 0.02, 0.05, 0.1, 0.15, 0.2],
  paper: [0.01, 0.02, 0.05, 0.1, 0.15, 0.2],
});
const noiseRepeats = pick({ smoke: 1, quick: 10, paper: 40 });
const noisyTries = await runJobs(
  'kryptonite/noise',
  [24, 45].flatMap((N) =>
    noises
      .filter((noise) => expectedTries(noise, N) < 5000)
      .map((noise) => ({ version: 1, N, noise, repeats: noiseRepeats })),
  ),
  ({ N, noise, repeats }) => {
    const tries: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const rng = random(`noise ${N} ${noise} ${repeat}`);
      const { inputs, law } = generateKryptonite(N, { rng, rows: 4000, flipPerOne: 0 });
      const labels = parities(inputs, law.informative).map((label) => label ^ rng.bernoulli(noise));
      const fitted = noisyParity({ rng, maxTries: 2_000_000 }).fit(inputs, labels);
      if (String(fitted.support) !== String(law.informative))
        throw new Error(`N = ${N}, noise ${noise}: not found`);
      tries.push(fitted.tries);
    }
    return { N, noise, tries };
  },
  { progress: 'noise' },
);
const noiseGrid = Array.from({ length: 40 }, (_, i) => 0.005 + (i * 0.2) / 40);
await chart(
  lines(
    noisyTries.map(({ N, noise, tries }) => ({ N: String(N), noise: 100 * noise, tries: mean(tries) })),
    {
      x: { field: 'noise', title: 'labels that are wrong, %' },
      y: { field: 'tries', title: 'mean number of draws', log: true, format: '~s' },
      series: 'N',
      curves: [24, 45].map((N) => ({
        label: `(1 − η)^−${N + 1}`,
        x: noiseGrid.map((noise) => 100 * noise),
        y: noiseGrid.map((noise) => expectedTries(noise, N)),
      })),
      title: 'Draws grow exponentially with the noise',
      subtitle: `points: mean of ${noiseRepeats} data sets of 4000 rows; lines: theory`,
    },
  ),
  {
    description:
      'Mean number of draws until the parity is found against the share of wrong labels, on a logarithmic axis: a few at one per cent, ' +
      'hundreds for N = 24 at twenty per cent and thousands for N = 45 at fifteen, along the law (1 − η)^−(N+1).',
  },
);

// %% [markdown]
// The points follow $(1-\eta)^{-(N+1)}$: each per cent of noise multiplies the draws by about 1.6 at $N = 45$, and by
// 1.3 at $N = 24$.
//
// ## 6. How many rows?
//
// All the methods above had 10,800 training rows for $N = 9$. How many do they need?

// %%
const sizes = pick({
  smoke: [100, 300],
  quick: [100, 200, 500, 1000, 2000, 5000, 10_800],
  paper: [100, 200, 500, 1000, 2000, 5000, 10_800],
});
const sampleSeeds = seeds.slice(0, pick({ smoke: 1, quick: 3, paper: 5 }));

async function sampleStudy({ N, seed, size }: { N: number; seed: number; size: number }) {
  const raw = problem(N, seed);
  const p = standardised(raw);
  const n = Math.min(size, p.train.labels.length);
  const labels = p.train.labels.subarray(0, n);
  p.train = { X: p.train.X.slice(0, n), labels };
  const logistic = await tuned(p, { degree: (2 * N) / 3, squareFree: true }, alphas, seed);
  // As many steps for every size, and as many looks at the validation part.
  const steps = pick({ smoke: 10, quick: 12_000, paper: 40_000 });
  const rounds = Math.ceil(steps / Math.ceil(n / 128));
  const every = Math.max(1, Math.floor(rounds / 150));
  const net = await trained(p, 'tanh, dropout 0.1', seed, { epochs: rounds, patience: rounds, every });
  const parity = noisyParity({ rng: random(`parity ${seed}`), maxTries: 10_000 }).fit(
    raw.train.X.slice(0, n),
    labels,
  );
  return {
    size: n,
    'logistic regression, 466 products': logistic.best.test,
    network: net.test,
    'elimination over GF(2)': parity.score(raw.test.X, raw.test.labels),
  };
}

const sampleResults = await runJobs(
  'kryptonite/samples',
  jobs(2, [9])
    .filter(({ seed }) => sampleSeeds.includes(seed))
    .flatMap((job) => sizes.map((size) => ({ ...job, size }))),
  sampleStudy,
  { progress: 'rows' },
);
const methodsOf = ({ size: _, ...methods }: (typeof sampleResults)[number]) =>
  Object.keys(methods) as (keyof typeof methods)[];
const sampleMeans = (method: ReturnType<typeof methodsOf>[number]) =>
  [...new Set(sampleResults.map((r) => r.size))]
    .map((n) => `${mean(sampleResults.filter((r) => r.size === n).map((r) => r[method])).toFixed(2)} at ${n}`)
    .join(', ');
await chart(
  lines(
    sampleResults.flatMap(({ size, ...methods }) =>
      Object.entries(methods).map(([method, accuracy]) => ({ size, method, accuracy })),
    ),
    {
      x: { field: 'size', title: 'training rows', log: true },
      y: { field: 'accuracy', title: 'test accuracy', domain: [0.45, 1] },
      series: 'method',
      title: 'The network needs ten times the rows of logistic regression',
      subtitle: 'N = 9; α and the epoch are chosen on the whole validation part',
    },
  ),
  {
    description: `Test accuracy against the number of training rows for N = 9, mean over seeds. ${methodsOf(
      sampleResults[0],
    )
      .map((method) => `${method}: ${sampleMeans(method)}`)
      .join('; ')}.`,
  },
);

// %% [markdown]
// The parity of some of nine columns, or its complement, is one of 1024 rules: ten bits of information. Elimination is
// at the ceiling with 100 rows, the fewest that we tried. Logistic regression is nearly as frugal, although it has 466
// weights: an $\ell_1$ penalty pays for the terms that matter, and for the others only by their logarithm (A. Ng,
// "Feature selection, L1 vs. L2 regularization, and rotational invariance", ICML 2004). The network, which has to find
// its features first, takes ten times the rows of logistic regression.
//
// ## 7. What it costs
//
// **The paper** (open question 3) measured emissions up to $N = 18$, and asks how they grow. Seconds depend on the
// machine and on the program; the *number of operations* does not. We count multiply-adds, and word operations for
// GF(2), of finding the rule in the training part:
//
// - *logistic regression*: passes × rows × (2 × terms + products), at the $\alpha$ that was chosen (the passes are
//   mostly our cap; $N$ = 9 to 15; the joules are for all $\alpha$ that were tried);
// - *network*: epochs until the target × rows × $(2 \cdot 72\,N + 3 \cdot 72)$; all epochs where it is not reached,
//   which is too few;
// - *selection + XOR*: five a number, for the moments of each column;
// - *GF(2)*: one a number to read its bit, elimination, and looking at held-out rows.

// %%
const trainingRows = (N: number) => Math.round(0.6 * 2000 * N);
const costs = [
  ...logisticResults.flatMap(({ N, seed, all }) =>
    all ? [{ method: 'logistic regression', N, seed, operations: all.best.operations, seconds: all.seconds }] : [],
  ),
  ...networkResults.map(({ N, seed, best }) => {
    const needed = best.toTarget ?? best.epochs;
    return {
      method: 'network',
      N,
      seed,
      operations: needed * trainingRows(N) * (2 * 72 * N + 3 * 72),
      seconds: (best.seconds * needed) / best.epochs,
    };
  }),
  ...shapeResults.map(({ N, seed, seconds }) => ({
    method: 'selection + XOR',
    N,
    seed,
    operations: 5 * trainingRows(N) * N,
    seconds,
  })),
  ...gf2Results.map(({ N, seed, operations, seconds }) => ({ method: 'GF(2)', N, seed, operations, seconds })),
];
const methods = ['logistic regression', 'network', 'selection + XOR', 'GF(2)'] as const;

/** The exponent of operations in N for a seed, over the sizes of the paper. */
function exponentOf(method: string, seed: number) {
  const points = costs.filter((c) => c.method === method && c.seed === seed && c.N in target);
  return growthExponent('operations', 'N').read({
    x: points.map((c) => c.N),
    y: points.map((c) => c.operations),
  });
}
const exponents = seeds.map(
  (seed) =>
    Object.fromEntries(methods.map((m) => [m, exponentOf(m, seed)])) as Record<(typeof methods)[number], number>,
);

// %%
const termsOf = (N: number) => Number(countTerms(N, { degree: (2 * N) / 3, squareFree: true }));
await chart(
  lines(costs, {
    x: { field: 'N', title: 'N', log: true },
    y: { field: 'operations', title: 'operations to find the rule', log: true, format: '.0e' },
    series: 'method',
    curves: [
      {
        label: `logistic regression, by its terms, ${maxIterations} passes`,
        x: [15, 18, 24, 30, 45],
        y: [15, 18, 24, 30, 45].map((N) => maxIterations * trainingRows(N) * 3 * termsOf(N)),
      },
    ],
    title: 'Two ways grow as N², two far faster',
  }),
  {
    description: `Operations against N on logarithmic axes. Exponents: ${methods
      .map((m) => `${m} ${mean(exponents.map((e) => e[m])).toFixed(1)}`)
      .join(', ')}.`,
  },
);

// %%
const watts = 15; // a laptop's core at work: a round number, not a measurement
table(
  new dfd.DataFrame(
    methods.map((method) => {
      const of = costs.filter((c) => c.method === method);
      const at = (N: number) => of.filter((c) => c.N === N);
      const show = (N: number) => (at(N).length > 0 ? mean(at(N).map((c) => c.operations)).toExponential(1) : '–');
      const joules = (N: number) =>
        at(N).length > 0 ? (watts * mean(at(N).map((c) => c.seconds))).toPrecision(2) : '–';
      return {
        method,
        exponent: overSeeds(exponents, (e) => e[method], 2),
        ...Object.fromEntries([9, 15, 18, 45].map((N) => [`N = ${N}`, show(N)])),
        ...Object.fromEntries([15, 45].map((N) => [`joules, N = ${N}`, joules(N)])),
      };
    }),
  ),
  {
    caption:
      'Counted operations of finding the rule; the exponent is that of N over the sizes that the method did. Joules: ' +
      `seconds on this machine times ${watts} W, an estimate that is not judged.`,
  },
);

// %% [markdown]
// Selection and elimination read the training part about once. Logistic regression pays for a list of terms that grows
// exponentially, and the network for its plateau. An exponent is the wrong word for logistic regression: on logarithmic
// axes its line bends upwards. (The exponents are over different ranges: 9 to 15, 9 to 18, and 9 to 45 for the other
// two.)
//
// ## 8. All methods, all N
//
// Everything above in one chart, beside the paper's targets.

// %%
const accuracies = [
  ...logisticResults.map(({ N, seed, all, onSelected }) => ({
    method: 'logistic regression (N = 18: after selection)',
    N,
    seed,
    accuracy: (all ?? onSelected).best.test,
  })),
  ...[...networkResults, ...largerNetworks].map(({ N, seed, best }) => ({
    method: 'network of 72, trained',
    N,
    seed,
    accuracy: best.test,
  })),
  ...sawtoothResults.map(({ N, seed, accuracy }) => ({ method: 'sawtooth, by hand', N, seed, accuracy })),
  ...gf2Results.map(({ N, seed, test }) => ({ method: 'GF(2), and XOR after selection', N, seed, accuracy: test })),
];
await chart(
  lines(accuracies, {
    x: { field: 'N', title: 'N' },
    y: { field: 'accuracy', title: 'test accuracy', domain: [0.45, 1] },
    series: 'method',
    paperPoints: [...labelled, ...larger].map((N) => ({ x: N, y: target[N] })),
    title: 'Every target is reached; not by every method',
    subtitle: "diamonds: the paper's targets",
  }),
  {
    description: `Test accuracy by N and method, with the paper's targets. ${[
      ...new Set(accuracies.map((a) => a.method)),
    ]
      .map((method) => {
        const last = Math.max(...accuracies.filter((a) => a.method === method).map((a) => a.N));
        const at = accuracies.filter((a) => a.method === method && a.N === last).map((a) => a.accuracy);
        return `${method}: ${mean(at).toFixed(2)} at N = ${last}`;
      })
      .join('; ')}.`,
  },
);

// %% [markdown]
// Below $N = 18$ all roads lead to the ceiling. Beyond it the trained network falls to a coin, the sawtooth goes down
// with the noise of its sum, and what treats the bits as bits goes on as if nothing had happened.
//
// ## Scorecard
//
// One line a claim: the paper's number, ours with its standard error over seeds, the rule, and the verdict that the
// rule gives.

// %%
const logisticOf = (N: number) => resultsOf(logisticResults, N);
const tests = (N: number) => logisticOf(N).map((r) => (r.all ?? r.onSelected).best.test);
const ofNetwork = (N: number) => resultsOf(networkResults, N).map((r) => r.best.test);
const xorOf = (N: number) => resultsOf(shapeResults, N).map((r) => r.xor);
const everySize = <R extends { N: number; seed: number }>(results: readonly R[], seed: number) =>
  results.filter((r) => r.seed === seed);

card.record(
  'targets-lr-9',
  logisticOf(9).map((r) => Math.min(r.all!.best.test, r.monomials!.best.test)),
);
card.record('targets-lr-12', tests(12));
card.record('targets-lr-15', tests(15));
card.record(
  'targets-lr-18',
  logisticOf(18).map((r) => r.onSelected.best.test),
);
card.record('targets-nn-9', ofNetwork(9));
card.record('targets-nn-12', ofNetwork(12));
card.record('targets-nn-15', ofNetwork(15));
card.record('targets-nn-18', ofNetwork(18));
const xorOnTest = (N: number) => resultsOf(shapeResults, N).map((r) => r.xorOnTest);
card.record('targets-24', xorOnTest(24));
card.record('targets-30', xorOnTest(30));
card.record('targets-45', xorOnTest(45));
const smallestDegree = (r: (typeof logisticResults)[number]) =>
  r.sweep.find(({ accuracy }) => accuracy >= target[r.N])?.degree ?? 0;
card.record(
  'low-degree-fails',
  seeds.map((seed) =>
    Math.max(
      ...everySize(logisticResults, seed).flatMap(({ N, sweep }) =>
        sweep.filter(({ degree }) => degree < (2 * N) / 3).map(({ accuracy }) => accuracy),
      ),
    ),
  ),
);
card.record('minimum-degree-9', logisticOf(9).map(smallestDegree));
card.record('minimum-degree-12', logisticOf(12).map(smallestDegree));
card.record(
  'low-degree-exists',
  seeds.map((seed) => {
    const p = problem(9, seed);
    return handPolynomial(p, select(p).columns, 5);
  }),
);
const truth = (N: number, seed: number) => gf2Results.find((r) => r.N === N && r.seed === seed);
card.record(
  'third-redundant',
  seeds.map((seed) =>
    everySize(shapeResults, seed).every(
      ({ N, selected, informative }) =>
        selected.length === (2 * N) / 3 && String(selected) === String(informative ?? truth(N, seed)?.support),
    ),
  ),
);
card.record(
  'xor-perfect',
  seeds.map((seed) =>
    mean(
      everySize(shapeResults, seed)
        .filter((r) => labelled.includes(r.N))
        .map((r) => r.xorOnTest),
    ),
  ),
);
card.record('selection-helps-9', pairsAt(9, ways['by validation']));
card.record('selection-helps-12', pairsAt(12, ways['by validation']));
card.record(
  'redundant-carries-noise',
  seeds.map((seed) =>
    Math.min(
      ...everySize(shapeResults, seed)
        .filter((r) => labelled.includes(r.N))
        .map((r) => slopeOfFlips(r.flips).standardErrors),
    ),
  ),
);
card.record(
  'network-exists',
  seeds.map((seed) =>
    Object.fromEntries(everySize(sawtoothResults, seed).map(({ N, accuracy }) => [String(N), accuracy])),
  ),
);
card.record(
  'network-exists-9',
  resultsOf(sawtoothResults, 9).map((r) => r.accuracy),
);
card.record(
  'parity-gf2',
  seeds.map((seed) => everySize(gf2Results, seed).every((r) => r.right)),
);
card.record('footprint', exponents);
card.record('guard-ceiling-9', xorOf(9));
card.record('guard-ceiling-12', xorOf(12));
card.record('guard-ceiling-15', xorOf(15));
card.record('guard-ceiling-18', xorOf(18));
card.publish();

// %% [markdown]
// ## What to take away
//
// - Kryptonite-N is learnable by plain means, as the paper says. That it is a parity with a redundant third we checked
//   on the public files for $N$ = 9 to 18; generated data have it by construction. "Perfectly" is not right: three to
//   four labels of a hundred are flipped.
// - A parity is invisible in every part of its columns. So the log loss of a model of low degree sees *nothing*,
//   although models of low degree that are nearly right exist. Degree $2N/3$ is where the slope begins.
// - Whether a network can *represent* a function and whether descent *finds* it are two questions. Here the first has an
//   answer of one line (the sawtooth), and the second a plateau that grows with $N$.
// - Known structure beats capacity. Elimination over GF(2) uses the one fact that the rule is linear there. It takes
//   milliseconds and next to no rows, and at $N = 45$ nothing else here finds the columns from the labels.
// - The redundant third carries the noise: labels flip more often the more redundant bits are 1.
//
// ## Exercises
//
// 1. ★ Give logistic regression the *bits* instead of the columns (`BitMatrix.threshold`, ±1). What changes in the table
//    of section 3, and why so little?
// 2. ★ Which degree would the *complement* of the parity need? And the parity of all $N$ columns?
// 3. ★★ Train the network with `initializer: 'glorotUniform'` and a rate of $10^{-3}$ for 200 epochs. Where on the
//    plateau is $N = 18$ then? How would you have decided that it will never learn?
// 4. ★★ Start the training from the sawtooth. Does it stay there? Does it get nearer to the XOR?
// 5. ★★ Make the noise of all columns alike (threshold `generateKryptonite`'s columns and add your own noise). Which of
//    the methods notice?
// 6. ★★★ Degree 5 errs on one pattern of 64. Place four roots so that degree 4 errs on two. How few errors can a
//    polynomial in $s$ of degree 3 make?
// 7. ★★★ The flips depend on the redundant bits. Use that: given $m$, weigh each row of the elimination. How many draws
//    does it save if rows with few redundant ones are drawn first?
//
// ## Further reading
//
// - S. Shalev-Shwartz, O. Shamir and S. Shammah, "Failures of gradient-based deep learning", 2017, arXiv:1703.07950.
// - R. O'Donnell, *Analysis of Boolean Functions*, Cambridge 2014: parities as a Fourier basis.
// - A. Esser, R. Kübler and A. May, "LPN decoded", CRYPTO 2017: elimination with noise, taken seriously.
// - Y. Tsuruoka, J. Tsujii and S. Ananiadou, "Stochastic gradient descent training for L1-regularized log-linear models
//   with cumulative penalty", ACL 2009: the rule that section 3 does by hand.
