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
// # 03 · CK regression: train a network, then throw its last layer away
//
// *A reproduction of* S. Qadeer, A. Engel, A. Tsou, M. Vargas, P. Stinis and T. Chiang, "Efficient kernel surrogates
// for neural network-based regression", [arXiv:2310.18612](https://arxiv.org/abs/2310.18612).
//
// Gradient descent is bad at the end of its work: a small network fits $e^{\sin 2\pi x}$ to two digits and then
// creeps. But what it has built on the way, the activations of its last hidden layer, may be worth far more than what
// it does with them. The paper freezes the network, takes two kernels from it, the tangent kernel (NTK) and the cheap
// conjugate kernel (CK, the last hidden layer alone), and solves for the best function that each can make. It claims
// that both are orders of magnitude better than the network that they come from; that the cheap one is nearly as good
// as the expensive one; that a third way to write the cheap one (CKJ) is better than both by orders of magnitude more;
// and that all this is gone when the activation is ReLU. It proves bounds for the steps of this argument, and we hold
// their inequalities against the fits.
//
// | | |
// |---|---|
// | **Time** on two cores | quick: about two minutes · paper: about half an hour |
// | **Data** | generated: three functions of one variable, two curves in the plane |
// | **You should know** | least squares, eigenvalues, logistic regression |
// | **You will meet** | the last layer as a basis of functions; a pseudo-inverse and what rounding does to it; Newton's method where there is no minimum; theorems held against numbers |

// %% [markdown]
// ## What differs from the paper
//
// | | paper | here | why |
// |---|---|---|---|
// | networks | 100 for each experiment, 10 for each course of training | quick: 5 (of width 256: 3), and 3; paper profile: as the paper | minutes |
// | start | not said | uniform in $\pm 1/\sqrt{\text{fan-in}}$, biases too (PyTorch's default) | |
// | batches | not said | all training nodes at once, in the plane too | |
// | precision | not said | training in float32, kernels in float64 | errors of $10^{-7}$ and less cannot be seen in float32 |
// | cut of the pseudo-inverse | not said | kernels: $10^{-15}$ of the largest eigenvalue; CKJ: $4.5 \cdot 10^{-14}$ of the largest singular value | numpy's `pinv` and `lstsq`; section 5 shows what hangs on it |
// | errors | figures, without numbers | relative to the norm of the function | the three functions become comparable |
// | Newton's method | until the gradient vanishes | 6 steps, halved where they overshoot; pseudo-inverse of the Hessian | it never vanishes: section 9 |
// | means over networks | means | geometric means with their ranges | errors spread over decades |
// | course of training in the plane | up to 4,000 epochs, width not said | 2,000 epochs, width 64 | |
// | GPT-2 (section 7) | | *not tested* | weights and data are out of reach |

// %%
import * as dfd from 'danfojs-node';
import { productGrid, uniformGrid } from '#lib/data';
import { conjugateFeatures, conjugateKernel, type Kernel, tangentKernel } from '#lib/kernels';
import { blas, dot, eigh, eigvalsh, gemm, Matrix } from '#lib/linalg';
import { accuracy, mean, relativeError, weightedNorm } from '#lib/metrics';
import {
  adam,
  castSnapshot,
  dense,
  logisticLoss,
  type Network,
  network,
  packSnapshot,
  relu,
  type Snapshot,
  softmaxCrossEntropy,
  tanh,
  train,
  trainInThread,
  weightedSquaredError,
  weightedTargets,
} from '#lib/nets';
import { random } from '#lib/random';
import { cached, pick, profile, runJobs, threads } from '#lib/run';
import { chart, decisionMap, dots, lines, liveChart, overSeeds, scatter, table } from '#lib/show';
import {
  above,
  allOf,
  alwaysTrue,
  atEach,
  atLeast,
  atMost,
  below,
  between,
  claim,
  type Expectation,
  everySeed,
  geometricMeanIs,
  guard,
  meanIs,
  medianIs,
  mostlyTrue,
  pairedDifference,
  pairedRatio,
  quantity,
  scorecard,
} from '#lib/study';
import { featureRegression, kernelLogisticNewton, kernelRegression } from '#lib/surrogates';

const column = (values: Float64Array) => new Matrix(values.length, 1, values);
const upTo = (n: number) => Array.from({ length: n }, (_, seed) => seed);
const seeds = upTo(pick({ smoke: 1, quick: 5, paper: 100 }));
const fewSeeds = seeds.slice(0, pick({ smoke: 1, quick: 3, paper: 10 })); // for courses of training
const wideSeeds = seeds.slice(0, pick({ smoke: 1, quick: 3, paper: 100 })); // for width 256
const epochs = pick({ smoke: 40, quick: 2400, paper: 2400 });
console.log(`profile ${profile()}: ${seeds.length} seeds, ${epochs} epochs · linear algebra: ${blas.name}`);

// %% [markdown]
// ## The claims
//
// The figures of the paper have no numbers beside them, so a claim is a sentence of its text. Its rule puts a number
// on the words: "far" is a hundred times (ten on $f_3$), and "several orders of magnitude" at least fifty, which is
// lenient. The rules were set with a prototype in Python, whose outcome we knew, before this code ran, and have not
// moved since. Errors spread over decades from seed to seed, so a ratio is judged by its median or its geometric mean.
//
// The rows eq33 to eq64 hold each inequality of the paper against the actual fits. What is recorded is the worst
// $\log_{10}$ of its left side over its right side, so 0 or less is "holds". Where a theorem has a hypothesis and the
// fits do not meet it, the inequality may fail and the theorem is still true: the reason says so.
//
// Three rows show slips in the paper. Two pairs of rows ("beyond the paper") look into where the great gap between CK
// and CKJ comes from. `cut-explains-ckj` was set before its result. `factored-inverse` was not: we met it when a first
// version of this notebook was a thousand times worse than the prototype. `relu-erased-throughout` was added after its
// result too, since the course of training contradicts a sentence of the paper.
//
// Some things changed after first results, and no verdict with them. `ckj-far-below` now speaks of the CK alone, which
// is all that its rule had judged. The quick profile has three networks of width 256 instead of five. CKJ of width 256
// is cut where that of width 128 is. And the slope in eq61 became one that is surely not above $L$, which makes the
// row harder.

// %%
const functions = ['f1', 'f2', 'f3'] as const;
const boundaries = ['F1', 'F2'] as const;
type Method = 'network' | 'NTK' | 'CK' | 'CKJ';
/** Relative test errors of one seed. */
type Errors = Readonly<Record<Method, number>>;

const farAbove = (least: number) => [
  medianIs(atLeast(least), pairedRatio('network', 'CK')),
  medianIs(atLeast(least), pairedRatio('network', 'NTK')),
];
/** |log CK/NTK| < ½ log network/CK, for the geometric means. */
const nearEachOther = [
  geometricMeanIs(
    above(1),
    quantity('√(network/CK) ÷ (CK/NTK)', (e: Errors) => Math.sqrt(e.network / e.CK) / (e.CK / e.NTK)),
  ),
  geometricMeanIs(
    above(1),
    quantity('√(network/CK) ÷ (NTK/CK)', (e: Errors) => Math.sqrt(e.network / e.CK) / (e.NTK / e.CK)),
  ),
];
const farBelow = geometricMeanIs(atLeast(50), pairedRatio('CK', 'CKJ'));
const farOf = { f1: 100, f2: 100, f3: 10 };

const partition = allOf(
  everySeed(atLeast(0.08), pairedDifference('worse kernel', 'network')),
  everySeed(atLeast(5), pairedRatio('network’s cross-entropy', 'worse kernel’s')),
);
const notMonotone = 'No residual of a kernel is monotone between all nodes: the hypothesis is not met (section 8).';
const notMinima =
  '(52) is a theorem about the two infima, which are both 0 here. After 6 steps neither loss is there (section 11).';
const noCornerMaximum =
  'In a third of the cells (ReLU: nearly all) ψ̂ is not largest at a corner: the hypothesis is not met (section 11).';

/** Id, inequality, where, expected verdict, and why it may fail. */
const inequalities = [
  ['eq33', '‖g‖₀ ≤ √τ ‖g‖₁', 'eq. 33', 'holds', ''],
  ['eq36-left', '‖g‖₀/√τ ≤ ‖g‖₁', 'eq. 36, left', 'holds', ''],
  ['eq36-right', '‖g‖₁ ≤ √2 ‖g‖₀', 'eq. 36, right; lemma 4.1', 'differs', notMonotone],
  ['eq37', '‖g‖₁² ≤ 4 (‖g‖₀² + (b − a)³ L²/N²)', 'eq. 37; lemma 4.2', 'holds', ''],
  ['eq38', '‖f − NTK‖₀ ≤ ‖f − CK‖₀', 'eq. 38', 'holds', ''],
  ['eq44', '‖f − CK‖₀ ≤ ‖f − NTK‖₀/(1 − β)', 'eq. 44; lemma 4.4', 'holds', ''],
  ['eq45', '‖f − NTK‖₁/C₁ ≤ ‖f − CK‖₁ ≤ C₂ ‖f − NTK‖₁', 'eq. 45; theorem 4.1', 'differs', notMonotone],
  ['eq48', '‖f − NTK‖₁² ≤ D₁ ‖f − CK‖₁² + 8 (b − a)² L²/N²', 'eq. 48; theorem 4.2', 'holds', ''],
  ['eq49', '‖f − CK‖₁² ≤ D₂ ‖f − NTK‖₁² + 8 (b − a)² L²/N²', 'eq. 49; theorem 4.2', 'holds', ''],
  ['eq52', 'ℓ₀(NTK) ≤ ℓ₀(CK)', 'eq. 52', { paper: 'differs' }, notMinima],
  ['eq54', 'ℓ₀ ≤ ℓ₁', 'eq. 54', 'holds', ''],
  ['eq59', 'ℓ₁ ≤ τ₁τ₂ ℓ₀', 'eq. 59; lemma 5.1', 'differs', noCornerMaximum],
  ['eq61', 'ℓ₁ ≤ e^{hL} τ₁τ₂ ℓ₀', 'eq. 61; lemma 5.2', 'holds', ''],
  ['eq64', 'ℓ₀(CK) ≤ ω ℓ₀(NTK), ω ≥ 1', 'eqs. 63, 64', 'holds', ''],
] as const;

const card = scorecard({
  study: 'ck-regression',
  source: 'generated',
  seeds,
  claims: [
    ...functions.map((f) =>
      claim({
        id: `nn-far-above-kernels-${f}`,
        statement: `tanh, ${f}: the network's error is far above those of NTK and CK`,
        where: 'section 6, figure 3',
        paper: '“a clear separation”',
        rule: allOf(...farAbove(farOf[f])),
        expect: 'holds',
      }),
    ),
    ...functions.map((f) =>
      claim({
        id: `ntk-near-ck-${f}`,
        statement: `tanh, ${f}: NTK and CK are comparable, against that gap`,
        where: 'section 6, figure 3',
        paper: '“only marginal”',
        rule: allOf(...nearEachOther),
        expect: f === 'f2' ? 'unknown' : 'holds', // f2: near the border
        reason:
          f === 'f2'
            ? 'The NTK is some twenty times better than the CK: in decades, half of the gap between network and CK, or more.'
            : '',
      }),
    ),
    ...functions.map((f) =>
      claim({
        id: `ckj-far-below-${f}`,
        statement: `tanh, ${f}: CKJ is below CK by orders of magnitude`,
        where: 'section 6, figure 3',
        paper: '“several orders of magnitude”',
        rule: farBelow,
        expect: f === 'f3' ? 'differs' : 'holds',
        reason:
          f === 'f3'
            ? 'At the end of training what is missing is not in the span of the last layer. Between epochs 200 and 1200 CKJ is 30 ' +
              'to 120 times better (section 6).'
            : '',
      }),
    ),
    ...functions.map((f) =>
      claim({
        id: `width-same-${f}`,
        statement: `tanh, ${f}, width 256: the three conclusions above hold too`,
        where: 'section 6, figure 5',
        paper: '“also valid”',
        rule: allOf(...farAbove(farOf[f]), ...nearEachOther, farBelow),
        expect: f === 'f3' ? 'differs' : 'holds',
        reason: f === 'f3' ? 'As at width 128: CKJ is not below CK. The other two hold.' : '',
      }),
    ),
    ...functions.map((f) =>
      claim({
        id: `relu-erases-${f}`,
        statement: `ReLU, ${f}: no separation between the network and the kernels`,
        where: 'section 6, figure 6',
        paper: '“the erasure of the error segregation”',
        rule: allOf(
          geometricMeanIs(between(1 / 4, 4), pairedRatio('network', 'CK')),
          geometricMeanIs(between(1 / 4, 4), pairedRatio('network', 'NTK')),
        ),
        expect: 'holds',
      }),
    ),
    ...functions.map((f) =>
      claim({
        id: `relu-ntk-worst-${f}`,
        statement: `ReLU, ${f}: the NTK is the worst of the three`,
        where: 'section 6, figure 6',
        paper: '“perform the worst”',
        rule: mostlyTrue('NTK above network and CK'),
        expect: { f1: { paper: 'holds' }, f2: 'differs', f3: 'unknown' }[f] as Expectation, // f1: two seeds of three; f3: a coin toss
        reason: 'The three are within a factor of two of each other, now one ahead and now another.',
      }),
    ),
    ...functions.map((f) =>
      claim({
        id: `relu-erased-throughout-${f}`,
        statement: `ReLU, ${f}: there is no separation over the course of training either`,
        where: 'section 6, figure 7',
        paper: '“generally the case over the course of the NN training as well”',
        rule: atEach(
          'checkpoint',
          allOf(
            geometricMeanIs(between(1 / 4, 4), pairedRatio('network', 'CK')),
            geometricMeanIs(between(1 / 4, 4), pairedRatio('network', 'NTK')),
          ),
        ),
        expect: 'differs',
        reason:
          'Before training the kernels are ahead by ten to a thousand times, with ReLU as with tanh (section 7).',
      }),
    ),
    ...functions.map((f) =>
      claim({
        id: `gap-persists-${f}`,
        statement: `tanh, ${f}: the gap between network and CK is there all through training`,
        where: 'section 6, figure 4',
        paper: '“across … training stages” (section 8)',
        rule: atEach('checkpoint', geometricMeanIs(atLeast(10), pairedRatio('network', 'CK'))),
        expect: f === 'f3' ? 'differs' : 'holds',
        reason:
          f === 'f3' ? 'It opens with training: features that oscillate near x = 1 have to be learnt first.' : '',
      }),
    ),
    ...functions.map((f) =>
      claim({
        id: `ckj-falls-then-flat-${f}`,
        statement: `tanh, ${f}: CKJ falls, then levels off`,
        where: 'section 6, figure 4',
        paper: '“level off at a threshold”',
        rule: geometricMeanIs(
          atMost(3),
          quantity('last ÷ least over checkpoints', (e: readonly number[]) => e[e.length - 1] / Math.min(...e)),
        ),
        expect: f === 'f1' ? 'holds' : 'differs',
        reason: 'Training changes features that were good for this function already, and they get worse again.',
      }),
    ),
    ...boundaries.flatMap((F) => [
      claim({
        id: `logistic-partition-${F.toLowerCase()}`,
        statement: `${F}, tanh: both kernels are far better than the network, in accuracy and in cross-entropy`,
        where: 'section 6, figure 8',
        paper: '“a clear partition”',
        rule: partition,
        expect: 'holds',
      }),
      claim({
        id: `logistic-partition-64-${F.toLowerCase()}`,
        statement: `${F}, tanh, width 64: the same`,
        where: 'section 6, figure 9',
        paper: '“still the case”',
        rule: partition,
        expect: 'holds',
      }),
      claim({
        id: `logistic-ck-below-ntk-${F.toLowerCase()}`,
        statement: `${F}, tanh: CK is slightly worse than NTK (cross-entropy)`,
        where: 'section 6, figure 8',
        paper: '“generally outperformed”',
        rule: mostlyTrue('cross-entropy of CK above that of NTK'),
        expect: F === 'F1' ? 'holds' : { paper: 'differs' }, // F2: two seeds of five
        reason: 'The two are within a few per cent of each other, now one ahead and now the other.',
      }),
      claim({
        id: `logistic-relu-vanishes-${F.toLowerCase()}`,
        statement: `${F}, ReLU: the gap between the kernels and the network vanishes (accuracy)`,
        where: 'section 6, figure 10',
        paper: '“the clear gap in performance vanishes”',
        rule: meanIs(below(0.02), pairedDifference('better kernel', 'network')),
        expect: 'differs',
        reason:
          'The kernels stay nine to thirteen points ahead. In cross-entropy the gap closes on F2 when Newton is left to ' +
          'run for 20 steps (section 10).',
      }),
      claim({
        id: `logistic-early-${F.toLowerCase()}`,
        statement: `${F}, tanh, width 64: the CK of the untrained network is better than the network at the end`,
        where: 'section 6, figure 11',
        paper: '“minimally trained”',
        rule: everySeed(above(0), pairedDifference('CK before training', 'network after it')),
        expect: 'holds',
      }),
      claim({
        id: `logistic-gap-shrinks-${F.toLowerCase()}`,
        statement: `${F}, tanh, width 64: the gap between CK and NTK shrinks with training (cross-entropy)`,
        where: 'section 6, figure 11',
        paper: '“the gaps shrink with training”',
        rule: mostlyTrue('CK/NTK nearer to 1 at the end than at the start'),
        expect: 'unknown',
        reason: 'There is next to no gap from the start.',
      }),
    ]),
    ...inequalities.map(([id, inequality, where, expect, reason]) =>
      claim({
        id,
        statement: `${inequality}: worst log₁₀(left ÷ right)`,
        where,
        paper: 'proved',
        rule: everySeed(atMost(0)),
        expect,
        reason,
      }),
    ),
    claim({
      id: 'lemma42-length',
      statement: 'Lemma 4.2 needs (b − a)³ where it has 2 (b − a)²: a function for which the printed bound fails',
      where: 'beyond the paper; (37), (48), (49)',
      paper: '2 (b − a)²',
      rule: alwaysTrue('the printed form fails on the example, the corrected one holds'),
      expect: 'holds',
    }),
    claim({
      id: 'lemma51-constant',
      statement:
        'Lemma 5.1 needs a larger constant than τ₁τ₂: a function for which it fails, with its hypothesis met',
      where: 'beyond the paper; (59), and (61) in section 11',
      paper: 'τ₁τ₂',
      rule: alwaysTrue('the printed form fails on the example, 4 τ₁τ₂ holds'),
      expect: 'holds',
    }),
    claim({
      id: 'eq69-factor',
      statement: 'Theorem 5.2 has lost the factor τ₁τ₂ of its lemma: two functions for which its constant fails',
      where: 'beyond the paper; (69), (70)',
      paper: 'D₁ = e^{hL}',
      rule: alwaysTrue('the printed form fails on the example, the corrected one holds'),
      expect: 'holds',
    }),
    ...(['f1', 'f2'] as const).map((f) =>
      claim({
        id: `cut-explains-ckj-${f}`,
        statement: `tanh, ${f}: cut where CK is cut, at the root of 10⁻¹⁵, CKJ has the error of CK (within a factor of 3)`,
        where: 'beyond the paper; section 6 gives “much better conditioning”',
        paper: '–',
        rule: geometricMeanIs(between(1 / 3, 3), pairedRatio('CK', 'CKJ cut at the root')),
        expect: 'holds',
      }),
    ),
    ...(['f1', 'f2'] as const).map((f) =>
      claim({
        id: `factored-inverse-${f}`,
        statement: `tanh, ${f}: with the pseudo-inverse multiplied out first, CK is a hundred times worse`,
        where: 'beyond the paper; how to read (14)',
        paper: '–',
        rule: geometricMeanIs(atLeast(100), pairedRatio('multiplied out', 'factored')),
        expect: f === 'f1' ? 'holds' : 'unknown', // f2: 80 to 170 times, as rounding has it
      }),
    ),
    claim({
      id: 'gpt2-linear-probe',
      statement: 'A linear probe on pre-trained GPT-2 beats fine-tuning on 359 tweets: test accuracy, %',
      where: 'section 7, table 5',
      paper: '86.3 ± 0.55 > 83.7 ± 0.81',
      rule: meanIs(above(0), pairedDifference('probe', 'fine-tuned')),
      expect: 'not tested',
    }),
    guard({
      id: 'guard-ckj-f1',
      statement: 'log₁₀ of the error of CKJ on f1, every seed',
      band: everySeed(between(-11.5, -8.5)),
    }),
    guard({
      id: 'guard-network-f1',
      statement: 'log₁₀ of the error of the network on f1, every seed',
      band: everySeed(between(-3.5, -0.5)),
    }),
    guard({
      id: 'guard-kernels-in-the-plane',
      statement: 'Accuracy of both kernels on F1 and F2, tanh, every seed',
      band: everySeed(atLeast(0.96)),
    }),
  ],
});

// %% [markdown]
// ## 1. Three functions and two grids
//
// **The paper** (section 6, eq. 71) approximates three functions on $[-1, 1]$,
//
// $$ f_1(x) = e^{\sin 2\pi x}, \qquad f_2(x) = e^{3x}, \qquad f_3(x) = \cos e^{3x}, $$
//
// from their values at $N + 1 = 201$ equispaced *training nodes* $x_i$, and judges the result at $M + 1 = 601$ *test
// nodes* $y_i$. With $M = \tau N$ and $\tau = 3$, every third test node is a training node. A function $g$ is measured
// on either grid by the trapezoidal rule (eqs. 9 and 31),
//
// $$ \lVert g \rVert_0^2 = \sum_{i=0}^{N} w_i\, g(x_i)^2, \qquad \lVert g \rVert_1^2 = \sum_{i=0}^{M} v_i\, g(y_i)^2, $$
//
// where the weights are the step of the grid, and half of it at the two ends. Both are the $L^2$ norm, to second
// order. The training error is $\lVert f - \hat f \rVert_0$. The test error is $\lVert f - \hat f \rVert_1$; we divide
// it by $\lVert f \rVert_1$.

// %%
const training = uniformGrid(-1, 1, 200);
const test = uniformGrid(-1, 1, 600);
const tau = 3;

type Target = (typeof functions)[number];
const targets: Record<Target, (x: number) => number> = {
  f1: (x) => Math.exp(Math.sin(2 * Math.PI * x)),
  f2: (x) => Math.exp(3 * x),
  f3: (x) => Math.cos(Math.exp(3 * x)),
};
await chart(
  lines(
    functions.flatMap((f) => Array.from(training.nodes, (x) => ({ x, y: targets[f](x), f }))),
    {
      x: { field: 'x', title: 'x' },
      y: { field: 'y', title: 'f(x)' },
      facet: { field: 'f', ownAxis: true },
      points: false,
      title: 'A periodic function, an exponential, and one that oscillates near x = 1',
    },
  ),
  {
    description:
      'The three functions on [−1, 1]: f1 has two bumps, f2 rises to 20, f3 is flat on the left and oscillates faster ' +
      'and faster towards 1, where it goes through three periods.',
  },
);

// %% [markdown]
// ## 2. A network, and its two kernels
//
// **The paper** trains networks with three hidden layers of 128 for 2,400 epochs, by Adam at a rate of $10^{-3}$, on
// the loss $\sum_i w_i (f(x_i) - \hat f(x_i))^2$ (eq. 8). The weights of the nodes go into the loss.

// %%
const activations = { tanh, relu };
type Activation = keyof typeof activations;
const regressor = (activation: Activation, width: number) => {
  const layer = () => [dense(width), activations[activation]()];
  return network(1, [...layer(), ...layer(), ...layer(), dense(1)]);
};
const start = (net: Network, seed: number) => net.init(random(`ck-regression ${seed}`)); // float32

/** Eq. (8): the loss is a mean over the nodes, so their number is taken back into the weights. */
const dataOf = (f: Target) => ({
  inputs: training.inputs,
  targets: weightedTargets(
    training.nodes.map(targets[f]),
    training.weights.map((w) => w * training.weights.length),
  ),
});
const recipe = { loss: weightedSquaredError, optimizer: adam({ rate: 1e-3 }) };

const net = regressor('tanh', 128);
const { snapshot } = await train(net, start(net, 0), dataOf('f1'), { ...recipe, epochs, progress: 'one network' });
const at = castSnapshot(snapshot, 'float64'); // from here on everything is in double precision
net;

// %% [markdown]
// The *conjugate kernel* is the kernel of the last hidden layer $z(x) \in \mathbb R^{128}$ and the bias (eq. 29),
//
// $$ \mathrm{CK}(x, x') = 1 + z(x) \cdot z(x'), $$
//
// and the *tangent kernel* that of all derivatives in the parameters $\theta$ (eq. 25),
//
// $$ \mathrm{NTK}(x, x') = \sum_k \frac{\partial f(x)}{\partial \theta_k}\, \frac{\partial f(x')}{\partial \theta_k} . $$
//
// In it the last layer has exactly the share of the CK, for the network's output is linear in the last weights: its
// derivatives in them *are* $z$ and 1. So $\mathrm{NTK} = \mathrm{CK} + \mathrm E$ (eq. 30). The rest $\mathrm E$ is
// the Gram matrix of the derivatives in the layers before, and so positive semidefinite. The CK costs one pass through
// the network; $\mathrm E$ needs the way back. There a dense layer with inputs $H$ (a row for each node) and deltas
// $\Delta$ (the derivatives of $f$ in what it puts out) has the share $(HH^\top + 1) \circ (\Delta\Delta^\top)$, entry
// by entry ([notebook 02](02-trntk-surrogates.ipynb), section 2).
//
// > **Predict first.** How much of the NTK is its CK: most of it, half, little?
//
// <details><summary>Answer</summary>
//
// About a third of its trace, as the printed shares say. The CK is not the NTK with something small left out. That it
// can be "a proxy" for it needs another reason.
//
// </details>

// %%
const ones = (n: number) => new Matrix(n, 1, new Float64Array(n).fill(1));
const X = training.inputs;
const pass = net.forward(at, X);
const z = pass.outputs[pass.outputs.length - 2].output; // 201 × 128: the last hidden layer
const plusOne = (gram: Matrix) =>
  new Matrix(
    gram.rows,
    gram.cols,
    gram.data.map((value) => value + 1),
  );
const ckByHand = plusOne(gemm(z, z, { transposeB: true }));

// Layer by layer, from the way back: (H Hᵀ + 1) ∘ (Δ Δᵀ).
const { sites } = pass.backward(ones(X.rows), { sites: true });
const ntkByHand = Matrix.zeros(X.rows, X.rows, 'float64');
const shareOfTrace: Record<string, number> = {};
for (const site of sites.sites) {
  if (site.kind !== 'linear' || !(site.inputs instanceof Matrix)) continue;
  const H = plusOne(gemm(site.inputs, site.inputs, { transposeB: true }));
  const D = gemm(site.deltas, site.deltas, { transposeB: true });
  for (let k = 0; k < H.data.length; k++) ntkByHand.data[k] += H.data[k] * D.data[k];
  shareOfTrace[site.layer] = dot(H.diagonal(), D.diagonal());
}
const trace = Object.values(shareOfTrace).reduce((a, b) => a + b);
for (const layer of Object.keys(shareOfTrace)) shareOfTrace[layer] /= trace;

const kernelsOf = (net: Network, at: Snapshot) => ({
  NTK: tangentKernel(net, at),
  CK: conjugateKernel(net, at, { bias: true }),
});
const kernels = kernelsOf(net, at);
const ntk = await kernels.NTK.gram(X);
const ck = await kernels.CK.gram(X);
const minus = (A: Matrix, B: Matrix) =>
  new Matrix(
    A.rows,
    A.cols,
    A.data.map((a: number, k: number) => a - B.data[k]),
  );
const largestOf = (A: Matrix) => Math.max(...A.data.map(Math.abs));
const spectrumOfRest = eigvalsh(minus(ntk, ck));
({
  'CK by hand less the library’s, ÷ its largest entry': largestOf(minus(ckByHand, ck)) / largestOf(ck),
  'the same for NTK': largestOf(minus(ntkByHand, ntk)) / largestOf(ntk),
  'least eigenvalue of E ÷ its largest': spectrumOfRest[0] / spectrumOfRest[200],
  'shares of the trace': shareOfTrace,
});

// %% [markdown]
// ## 3. The best function that a kernel can make
//
// **The paper** (eqs. 13 and 14). Of all $\hat f(x) = \sum_j \delta_j\, \kappa(x_j, x)$ take the one of least training
// error. With $W = \operatorname{diag}(w)$ and $\hat H = W^{1/2} K W^{1/2}$,
//
// $$ \hat f(x) = y^\top W^{1/2}\, \hat H^{+}\, W^{1/2} \big(\kappa(x_j, x)\big)_j , $$
//
// where $\hat H^{+}$ is the pseudo-inverse. This is the orthogonal projection of $f$ on what the kernel's features
// span ([regression.ts](../src/lib/surrogates/regression.ts)). For the CK those are the 128 units of the last hidden
// layer and a constant, so there is nothing to it but to *solve for the last layer's weights* instead of descending to
// them. The pseudo-inverse inverts eigenvalues down to a cut and drops the rest. A kernel of smooth functions has few
// eigenvalues that matter: they fall exponentially, and below $10^{-16}$ of the largest there is only rounding.
//
// The paper has a third way, CKJ (appendix B): to solve for the last layer's weights in the features $\Phi = (z, 1)$
// themselves, with the singular values of $W^{1/2} \Phi$ and without a kernel. On paper it is the same function as CK,
// since $K = \Phi \Phi^\top$.
//
// > **Predict first.** The network has a test error of some $10^{-2}$ on $f_1$. Where will NTK, CK and CKJ be, on the
// > same 201 values of $f_1$? And can CK and CKJ differ, which are the same function?
//
// <details><summary>Answer</summary>
//
// About $10^{-6}$ for NTK and CK, and $10^{-10}$ for CKJ. They are the same function in exact arithmetic only. The
// eigenvalues of $\Phi \Phi^\top$ are the *squares* of the singular values of $\Phi$. So a direction in the space of
// functions with a singular value of $10^{-8}$ of the largest is at $10^{-16}$ in the kernel, and lost. The features
// keep it, and go on to twice as many digits.
//
// </details>

// %% tags=["cover"]
const rcond = { kernel: 1e-15, features: 201 * 2 ** -52 }; // as numpy's pinv and lstsq have it
const weights = training.weights;
/** The last hidden layer and a constant, (z, 1): the features of the CK, n × 129. */
const features = (net: Network, at: Snapshot, X: Matrix) => conjugateFeatures(net, at, X, { bias: true });

/** The four approximations to f, each a function of inputs. */
async function approximations(net: Network, at: Snapshot, f: Target) {
  const y = training.nodes.map(targets[f]);
  const ofKernel = async (kernel: Kernel) => {
    const fit = kernelRegression({ weights, rcond: rcond.kernel }).fit(await kernel.gram(training.inputs), y);
    return async (X: Matrix) => fit.predict(await kernel.cross(X, training.inputs));
  };
  const { NTK, CK } = kernelsOf(net, at);
  const last = featureRegression({ weights, rcond: rcond.features }).fit(features(net, at, training.inputs), y);
  return {
    network: async (X: Matrix) => net.predict(at, X),
    NTK: await ofKernel(NTK),
    CK: await ofKernel(CK),
    CKJ: async (X: Matrix) => last.predict(features(net, at, X)),
  };
}
const methods: Method[] = ['network', 'NTK', 'CK', 'CKJ'];

const truth = test.nodes.map(targets.f1);
const four = await approximations(net, at, 'f1');
const off: { x: number; error: number; method: string }[] = [];
const errorOf: Record<string, number> = {};
for (const method of methods) {
  const values = (await four[method](test.inputs)).data;
  errorOf[method] = relativeError(values, truth, test.weights);
  for (const [i, x] of test.nodes.entries())
    off.push({ x, error: Math.max(1e-16, Math.abs(values[i] - truth[i])), method });
}
await chart(
  lines(off, {
    x: { field: 'x', title: 'x' },
    y: { field: 'error', title: '|f₁(x) − approximation|', log: true },
    series: 'method',
    points: false,
    title: 'The same network, four ways to use it',
    subtitle: `relative test error: ${methods.map((m) => `${m} ${errorOf[m].toExponential(1)}`).join(' · ')}`,
  }),
  {
    description:
      'The error of four approximations to f1, on a logarithmic axis: the network between 0.05 and 0.1, CK and NTK ' +
      'five orders of magnitude below it, CKJ four more.',
  },
);
errorOf;

// %% [markdown]
// Nothing was trained further. The curves of CK and CKJ combine the same 129 functions as the network's own, with
// better coefficients. The dips are zeros of the error, where it changes its sign. (Seed 0 was stopped just after a
// jump of Adam, which multiplied the network's error by ten; such jumps come and go, and the kernels do not notice.)
//
// By hand: a symmetric eigen-decomposition, the values above the cut, and a sum. There is a trap in the order of the
// multiplications. Written as printed, one would make the matrix $\hat H^{+}$. Its entries are $10^{11}$ and more, so
// each carries a rounding error of $10^{-5}$ and more, and in the sum nothing takes that away again. In *factored*
// form the projections $V^\top W^{1/2} y$ come first. They are small where the eigenvalue is small, and the quotient
// has an error of its own size.

// %%
const y1 = training.nodes.map(targets.f1);
function diagonal(entries: ArrayLike<number>) {
  const D = Matrix.zeros(entries.length, entries.length, 'float64');
  for (let i = 0; i < entries.length; i++) D.row(i)[i] = entries[i];
  return D;
}
const root = diagonal(weights.map(Math.sqrt)); // W^½
/** δ of eq. (14), in both orders. */
function byHand(gram: Matrix, y: Float64Array) {
  const rootY = gemm(root, column(y));
  const { values, vectors: V } = eigh(gemm(gemm(root, gram), root)); // of Ĥ, ascending
  const largest = values[values.length - 1];
  const inverse = diagonal(
    values.map((value: number) => (Math.abs(value) > rcond.kernel * largest ? 1 / value : 0)),
  );
  return {
    kept: inverse.diagonal().filter((value: number) => value !== 0).length,
    negative: values.filter((value: number) => value < 0).length,
    largestEntry: largestOf(gemm(gemm(V, inverse), V, { transposeB: true })),
    factored: gemm(root, gemm(V, gemm(inverse, gemm(V, rootY, { transposeA: true })))),
    multipliedOut: gemm(root, gemm(gemm(gemm(V, inverse), V, { transposeB: true }), rootY)),
  };
}
const { kept, negative, largestEntry, factored, multipliedOut } = byHand(ck, y1);
const across = await kernels.CK.cross(test.inputs, X);
({
  'eigenvalues kept': kept,
  'of the others, negative': negative,
  'largest entry of Ĥ⁺': largestEntry,
  factored: relativeError(gemm(across, factored), truth, test.weights),
  multipliedOut: relativeError(gemm(across, multipliedOut), truth, test.weights),
  library: errorOf.CK,
});

// %% [markdown]
// The spectra show both effects. For each matrix, the eigenvalues of $\hat H$ in order of size, and beside them the
// *squares* of the singular values of $W^{1/2}\Phi$, which would be the CK's eigenvalues if nothing were rounded:

// %%
const byKernel = kernelRegression({ weights, rcond: rcond.kernel });
const spectra: Record<string, ArrayLike<number>> = {
  'NTK, eigenvalues': byKernel.fit(ntk, y1).singularValues,
  'CK, eigenvalues': byKernel.fit(ck, y1).singularValues,
  'CKJ, singular values squared': featureRegression({ weights, rcond: rcond.features })
    .fit(features(net, at, X), y1)
    .singularValues.map((s: number) => s * s),
};
await chart(
  lines(
    Object.entries(spectra).flatMap(([matrix, values]) =>
      Array.from(values, (value, k) => ({ k: k + 1, value: value / values[0], matrix })).filter(
        ({ value, k }) => value > 1e-36 && k <= 129,
      ),
    ),
    {
      x: { field: 'k', title: 'number, by size' },
      y: { field: 'value', title: 'value ÷ the largest', log: true },
      series: 'matrix',
      points: false,
      curves: [
        { label: 'cut of the kernels', x: [1, 129], y: [rcond.kernel, rcond.kernel] },
        { label: 'cut of CKJ, squared', x: [1, 129], y: [rcond.features ** 2, rcond.features ** 2] },
      ],
      title: 'A kernel sees half the digits of its features',
      subtitle: 'the network of seed 0, trained on f1',
    },
  ),
  {
    description:
      'Eigenvalues of CK and NTK fall exponentially, to 1e-15 of the largest at number 40 and 48, and lie flat from there. ' +
      'The squared singular values of the features follow the CK and go on falling, to a floor of their own at 1e-32.',
  },
);

// %% [markdown]
// The curves of CK and CKJ are one curve as far as the kernel's can be computed. At $10^{-16}$ that one ends in a
// floor of rounding: eigenvalues that are noise, half of them negative. The features have a floor too, at the square
// of it. So CK works with some forty functions and CKJ with nearly twice as many, from the same network.
//
// ## 4. Every seed
//
// **The paper** (figures 3 and 5): a hundred networks for each function, from a hundred starts, with hidden layers of
// 128 and of 256. Trainings this small do not fill two cores, so they run side by side, each in a thread of its own
// (`trainInThread`). Networks that have been trained are kept.

// %%
/** A network: all that its training depends on. */
type Setting = { activation: Activation; width: number; f: Target; seed: number; checkpoints: number[] };
const netOf = ({ activation, width }: Setting) => regressor(activation, width);
const checkpoints = pick({
  smoke: [0, 20, epochs],
  quick: [0, 50, 100, 200, 300, 400, 600, 800, 1200, 1600, 2000, epochs],
  paper: [0, 50, 100, 200, 300, 400, 600, 800, 1200, 1600, 2000, epochs],
});

/** Its numbers after each of the epochs `checkpoints`. */
async function trained({ activation, width, f, seed, checkpoints: at }: Setting) {
  const net = regressor(activation, width);
  const inputs = { version: 1, activation, width, f, seed, epochs, at };
  const packed = await cached('ck-regression/networks', inputs, async () => {
    const { snapshots } = await trainInThread(net, start(net, seed), dataOf(f), {
      ...recipe,
      epochs,
      snapshotsAt: { epochs: at },
    });
    return snapshots.map((s) => packSnapshot(s.snapshot));
  });
  return packed.map((p) => castSnapshot(net.unpack(p), 'float64'));
}

/** Relative test errors of the four methods at one moment of training. */
async function errorsAt(net: Network, at: Snapshot, f: Target): Promise<Errors> {
  const truth = test.nodes.map(targets[f]);
  const four = await approximations(net, at, f);
  const error = async (method: Method) =>
    relativeError(await four[method](test.inputs), column(truth), test.weights);
  return {
    network: await error('network'),
    NTK: await error('NTK'),
    CK: await error('CK'),
    CKJ: await error('CKJ'),
  };
}

/** All seeds of one kind of network; the first few with their course over training. */
async function everySeedOf(activation: Activation, width: number, its = seeds, course = true) {
  const settings = functions.flatMap((f) =>
    its.map((seed): Setting => {
      const followed = course && fewSeeds.includes(seed);
      return { activation, width, f, seed, checkpoints: followed ? checkpoints : [epochs] };
    }),
  );
  const courses = await runJobs(
    'ck-regression/errors',
    settings.map((setting) => ({ version: 2, rcond, ...setting })),
    async (setting) => {
      const course: Errors[] = [];
      for (const at of await trained(setting)) course.push(await errorsAt(netOf(setting), at, setting.f));
      return course;
    },
    { atOnce: threads(), progress: `${activation}, width ${width}` },
  );
  return settings.map((setting, k) => ({ setting, course: courses[k], errors: courses[k].at(-1)! }));
}
const narrow = await everySeedOf('tanh', 128);
const wide = await everySeedOf('tanh', 256, wideSeeds, false);

// %%
type Result = (typeof narrow)[number];
const on = (f: Target, results: readonly Result[]) => results.filter((r) => r.setting.f === f);
const rowsOf = (results: readonly Result[], which: readonly Method[] = methods) =>
  results.flatMap(({ setting, errors }) =>
    which.map((method) => ({ f: setting.f, method, error: errors[method] })),
  );

/** The geometric mean over seeds of what is read from the errors on f, and its range. */
const spreadOf = (f: Target, results: readonly Result[]) => (read: (e: Errors) => number) =>
  overSeeds(on(f, results), (r) => read(r.errors), { geometric: true });
const inWords = (results: readonly Result[]) =>
  functions
    .map((f) => `${f}: ${methods.map((m) => `${m} ${spreadOf(f, results)((e) => e[m])}`).join(', ')}`)
    .join('; ');
const errorChart = (rows: ReturnType<typeof rowsOf>, title: string, subtitle: string) =>
  dots(rows, {
    category: { field: 'method', title: '' },
    value: { field: 'error', title: 'relative test error', log: true },
    series: 'method',
    facet: 'f',
    spread: 'range',
    title,
    subtitle,
  });
await chart(
  errorChart(
    rowsOf(narrow),
    'The network, its kernels, and its last layer solved for',
    `tanh, width 128, ${epochs} epochs`,
  ),
  {
    description: `Relative test errors over ${seeds.length} seeds, geometric means and ranges. ${inWords(narrow)}.`,
  },
);

const ratios = (results: readonly Result[]) =>
  functions.map((f) => {
    const spread = spreadOf(f, results);
    return {
      f,
      network: spread((e) => e.network),
      NTK: spread((e) => e.NTK),
      CK: spread((e) => e.CK),
      CKJ: spread((e) => e.CKJ),
      'network/CK': spread((e) => e.network / e.CK),
      'CK/NTK': spread((e) => e.CK / e.NTK),
      'CK/CKJ': spread((e) => e.CK / e.CKJ),
    };
  });
table(new dfd.DataFrame(ratios(narrow)), {
  caption: `tanh, width 128: relative test errors and their ratios; geometric mean (least … most) of ${seeds.length} seeds.`,
});

// %%
table(new dfd.DataFrame(ratios(wide)), {
  caption: `tanh, width 256, ${wideSeeds.length} seeds: the same. With 257 features for 201 nodes the last layer could meet any values there.`,
});

// %% [markdown]
// On $f_1$ and $f_2$ the order is the paper's in every seed. NTK and CK are two to four orders of magnitude below the
// network, the NTK ahead of the CK by about 5 on $f_1$ and 24 on $f_2$. CKJ is another three to four orders below CK
// (of the NTK, more than three on $f_1$, but only 26 times on $f_2$). On $f_3$ the kernels win by about two orders as
// well, but the CK is ahead of the NTK in four seeds of five, and CKJ is no better than CK: what is missing there, the
// last layer's functions do not contain. Width 256 changes little. On $f_2$ the CK comes nearer to the NTK.
//
// ## 5. What hangs on the cut
//
// **The paper** (section 6) says of CKJ's advantage that it "is a consequence of the much better conditioning": the
// kernel matrix squares the singular values, and its pseudo-inverse "inflates round-off errors". Is it the inflation,
// or the directions that the kernel has to drop? Test: move the cut. Where CK drops eigenvalues below $c$ times the
// largest, let CKJ drop singular values below $\sqrt c$ times the largest, which are the same directions.
//
// > **Predict first.** With the cut of the kernel, $c = 10^{-15}$, is CKJ still better than CK? And what happens to CK
// > when its cut is moved to $10^{-20}$?
//
// <details><summary>Answer</summary>
//
// No: at any cut from $10^{-15}$ up, the two have the same error. Below $10^{-15}$ CKJ goes on to fall, down to where
// section 4 has it. CK does not follow. What it would add there is noise.
//
// </details>

// %%
const cuts = [-27, -25, -23, -21, -19, -17, -16, -15, -14, -13, -12, -11, -10, -9, -8].map((e) => Number(`1e${e}`));
/** Errors of the final network for each cut on eigenvalues; CKJ has its square root. */
async function errorsByCut(setting: Setting) {
  const net = netOf(setting);
  const at = (await trained(setting)).at(-1)!;
  const y = training.nodes.map(targets[setting.f]);
  const truth = column(test.nodes.map(targets[setting.f]));
  const { NTK, CK } = kernelsOf(net, at);
  const sweep = async (kernel: Kernel) => {
    const fit = kernelRegression({ weights }).fit(await kernel.gram(training.inputs), y);
    const across = await kernel.cross(test.inputs, training.inputs);
    return cuts.map((cut) => relativeError(fit.withCut(cut).predict(across), truth, test.weights));
  };
  const { multipliedOut } = byHand(await CK.gram(training.inputs), y);
  const last = featureRegression({ weights }).fit(features(net, at, training.inputs), y);
  const phi = features(net, at, test.inputs);
  return {
    NTK: await sweep(NTK),
    CK: await sweep(CK),
    CKJ: cuts.map((cut) => relativeError(last.withCut(Math.sqrt(cut)).predict(phi), truth, test.weights)),
    multipliedOut: relativeError(
      gemm(await CK.cross(test.inputs, training.inputs), multipliedOut),
      truth,
      test.weights,
    ),
  };
}
const swept = await runJobs(
  'ck-regression/cuts',
  narrow.map(({ setting }) => ({ version: 2, cuts, rcond, ...setting })),
  errorsByCut,
  { progress: 'cuts' },
);
const byCut = narrow.map(({ setting, errors }, k) => ({ f: setting.f, errors, ...swept[k] }));
await chart(
  lines(
    byCut.flatMap((r) =>
      cuts.flatMap((cut, k) => [
        { f: r.f, cut, error: r.errors.network, method: 'network' },
        { f: r.f, cut, error: r.NTK[k], method: 'NTK' },
        { f: r.f, cut, error: r.CK[k], method: 'CK' },
        { f: r.f, cut, error: r.CKJ[k], method: 'CKJ, cut at the root' },
      ]),
    ),
    {
      x: { field: 'cut', title: 'cut on eigenvalues, relative', log: true },
      y: { field: 'error', title: 'relative test error', log: true },
      series: 'method',
      facet: 'f',
      spread: 'range',
      title: 'With the same directions dropped, CKJ is CK',
      subtitle: `tanh, width 128, ${seeds.length} seeds`,
    },
  ),
  {
    description:
      'Errors against the cut. From 1e-15 up CK and CKJ, cut at the root, lie on each other for each function and rise with ' +
      'the cut. Below 1e-15 the kernels stay level or rise a little, and CKJ goes on falling, on f1 and f2 by orders of magnitude.',
  },
);

// %% [markdown]
// It is the directions. Where both drop the same ones, from $10^{-15}$ up, CK and CKJ have the same error within a
// factor of about two in each seed. And the kernel cannot keep more: to the left of $10^{-15}$ CKJ goes on falling and
// CK does not. Inflation of round-off is the lesser evil as long as the pseudo-inverse is used in factored form: with
// no cut at all CK is a few times worse. (Multiplied out, section 3, it costs another factor of a hundred to a
// thousand; then the paper's words are right.) Each cut of the kernels costs: on $f_1$ and $f_2$ a "safer" $10^{-10}$
// gives about two orders of magnitude away. On $f_3$ CKJ soon comes to a floor where nothing is won by keeping more.
//
// ## 6. While it trains
//
// **The paper** (figure 4): the errors over the course of training, as means over ten networks. First one network for
// each function, live: at each checkpoint its two kernels are taken, while it trains on in its thread. (Epoch 0 is
// before the first step.)
//
// > **Predict first.** Untrained, the network's outputs have nothing to do with $f$. And its kernels? What will the
// > course of CKJ on $f_2$ look like, if training makes features better?
//
// <details><summary>Answer</summary>
//
// A random network already has smooth random functions in its last layer: on $e^{3x}$ its CK is right to four digits
// or five before the first step, and its CKJ to nine. On $f_2$ CKJ is best between epochs 100 and 300 and then gets
// *worse*, by a factor of a hundred. The features change to suit the last layer that the network has, not the best
// one.
//
// </details>

// %%
type Moment = { f: Target; method: Method; epoch: number; error: number };
const courseChart = (moments: readonly Moment[], title: string, subtitle: string) =>
  lines(moments, {
    x: { field: 'epoch', title: 'epoch', domain: [0, epochs] },
    y: { field: 'error', title: 'relative test error', log: true },
    series: 'method',
    facet: { field: 'f', panels: functions },
    spread: 'range',
    title,
    subtitle,
  });
const watched: Moment[] = [];
const watching = liveChart({
  description: 'Errors of three networks, one for each function, and of their NTK, CK and CKJ, as they train.',
});
for (const f of functions) {
  const net = regressor('tanh', 128);
  let drawn = Promise.resolve();
  const follow = async (epoch: number, at: Snapshot) => {
    const errors = await errorsAt(net, castSnapshot(at, 'float64'), f);
    for (const method of methods) watched.push({ f, method, epoch, error: errors[method] });
    await watching.draw(
      courseChart(watched, 'Three networks learn, and their kernels with them', 'seed 0, tanh, width 128'),
    );
  };
  await trainInThread(net, start(net, 0), dataOf(f), {
    ...recipe,
    epochs,
    snapshotsAt: { epochs: checkpoints },
    onSnapshot: ({ epoch, snapshot }) => {
      drawn = drawn.then(() => follow(epoch, snapshot));
    },
  });
  await drawn;
}
await watching.done();

// %% [markdown]
// And the means over seeds:

// %%
const momentsOf = (results: readonly Result[], which: readonly Method[] = methods): Moment[] =>
  results
    .filter(({ setting }) => setting.checkpoints.length > 1)
    .flatMap(({ setting: { f, checkpoints }, course }) =>
      checkpoints.flatMap((epoch, k) => which.map((method) => ({ f, method, epoch, error: course[k][method] }))),
    );
await chart(
  courseChart(
    momentsOf(narrow),
    'The kernels are ahead from the start',
    `tanh, width 128, ${fewSeeds.length} seeds`,
  ),
  {
    description:
      'Errors over epochs, geometric means over seeds. f1: network from 1 to 1e-2, CK and NTK from 5e-2 to 1e-6, CKJ from ' +
      '2e-3 to 1e-10. f2: CK and NTK near 1e-5 from the start; CKJ begins near 1e-9, falls, and rises to 1e-8. f3: the ' +
      'kernels fall steeply between epochs 200 and 400, CKJ from the start until epoch 1200 or so, from where it rises.',
  },
);

// %% [markdown]
// The kernels fall faster and earlier than the network, as the paper says: at epoch 400 on $f_1$ the network has two
// digits and its last layer, solved for, has eight. CKJ on $f_1$ falls and stays. On $f_2$ it does what the answer
// above says, and on $f_3$ it rises again too, from about epoch 1600 on: the paper's "level off" is what we see for
// $f_1$ only. On $f_3$ there is a stretch, up to epoch 200 or 300, where the kernels are hardly better than the
// network: a random last layer has nothing that oscillates fast near $x = 1$, and training first has to make it.
//
// ## 7. With ReLU
//
// **The paper** (figures 6 and 7): with ReLU in place of tanh the separation is gone, also over the course of
// training, and the NTK does worst. Its features contain derivatives of the ReLU, which are *steps*: the NTK's
// functions jump, and between the nodes a combination that meets all values at the nodes can be anything.
//
// > **Predict first.** Before training, with ReLU: are the kernels ahead of the network, as with tanh?
//
// <details><summary>Answer</summary>
//
// Yes, by far. A random piecewise linear function is a fair basis too. The second chart shows what training makes of
// it.
//
// </details>

// %%
const rectified = await everySeedOf('relu', 128);
const kinked: Method[] = ['network', 'NTK', 'CK']; // CKJ is CK here
await chart(
  errorChart(
    rowsOf(rectified, kinked),
    'With ReLU the network and its kernels are alike in the end',
    `ReLU, width 128, ${epochs} epochs`,
  ),
  { description: `Relative test errors with ReLU over ${seeds.length} seeds. ${inWords(rectified)}.` },
);
table(
  new dfd.DataFrame(
    functions.map((f) => {
      const its = on(f, rectified);
      const spread = spreadOf(f, rectified);
      const worst = its.filter(({ errors: e }) => e.NTK > e.CK && e.NTK > e.network).length;
      return {
        f,
        network: spread((e) => e.network),
        NTK: spread((e) => e.NTK),
        CK: spread((e) => e.CK),
        'CK/CKJ': spread((e) => e.CK / e.CKJ),
        'network/CK': spread((e) => e.network / e.CK),
        'network/NTK': spread((e) => e.network / e.NTK),
        'NTK worst': `${worst} of ${its.length}`,
      };
    }),
  ),
  { caption: `ReLU, width 128: relative test errors; geometric mean (least … most) of ${seeds.length} seeds.` },
);

// %%
await chart(
  courseChart(
    momentsOf(rectified, kinked),
    'The separation is there at the start, and training takes it away',
    `ReLU, width 128, ${fewSeeds.length} seeds`,
  ),
  {
    description:
      'Errors over epochs with ReLU. On f1 and f2 the kernels start hundreds of times below the network, rise in the first ' +
      'hundred epochs, and fall slowly with the network from there. On f3 they start some ten times below it, and are above it at epoch 100.',
  },
);
// What the last layer of a trained ReLU network is made of: singular values of its features.
const { setting: oneOfThem } = rectified[0];
const phi = features(netOf(oneOfThem), (await trained(oneOfThem)).at(-1)!, training.inputs);
const sizes = featureRegression({ weights, rcond: rcond.features }).fit(phi, y1);
({
  'units that are 0 at every node': Array.from({ length: phi.cols }, (_, j) => j).filter((j) =>
    training.nodes.every((_, i) => phi.get(i, j) === 0),
  ).length,
  'directions kept': sizes.rank,
  'least singular value kept, ÷ the largest': sizes.singularValues[sizes.rank - 1] / sizes.singularValues[0],
});

// %% [markdown]
// At the end of training both kernels are within a factor of about two of the network, in the mean, and on $f_1$ the
// NTK is the worst of the three in most seeds. CKJ adds nothing. In the seed printed above, about half of the 128
// units are dead, and of the rest no direction is small: a singular value is above $10^{-5}$ of the largest, or it is
// rounding. So the kernel, which sees down to $3 \cdot 10^{-8}$, loses none.
//
// The course says more than the claim, and contradicts a sentence of the paper. *Before* training, the kernels are
// hundreds of times better than the network with ReLU too (on $f_3$, ten to twenty times). Then two things happen. The
// network comes down, as with tanh. And in the first hundred epochs or so the kernels get *worse*, by a factor of
// three to twenty-five, and come back only slowly; on $f_3$ the CK is for a while worse than the network. With tanh
// they got better in these very epochs, or at least no worse. So it is not only that ReLU has a lower ceiling:
// training a ReLU network first spoils its features for this use. (A guess: it moves the kinks, which were spread over
// the interval, to where the loss needs them at the moment.)
//
// ## 8. The theorems, held against the fits
//
// **The paper** (section 4) bounds the CK's error by the NTK's, and the other way. It does so in two steps. The first
// compares a residual $g = f - \hat f$ on the two grids:
//
// - (33) $\lVert g \rVert_0 \le \sqrt\tau\, \lVert g \rVert_1$ for any $g$, since the training nodes are test nodes.
// - (34), lemma 4.1: $\lVert g \rVert_1 \le \sqrt 2\, \lVert g \rVert_0$ for $g$ *monotone between neighbouring
//   training nodes*, since then $g$ is largest at training nodes. With (33) it makes (36).
// - (37), lemma 4.2: $\lVert g \rVert_1^2 \le 4 (\lVert g \rVert_0^2 + 2 (b-a)^2 L^2 / N^2)$ for $g$ with *Lipschitz
//   constant* $L$ (nowhere steeper than $L$), since then $g$ cannot grow much from a node to its neighbours.
//
// The second compares the two fits on the training nodes, where both are projections and the CK's space is part of the
// NTK's:
//
// - (38) $\lVert f - f_{\mathrm{NTK}} \rVert_0 \le \lVert f - f_{\mathrm{CK}} \rVert_0$: more functions, a smaller
//   error.
// - (44), lemma 4.4: $\lVert f - f_{\mathrm{CK}} \rVert_0 \le \lVert f - f_{\mathrm{NTK}} \rVert_0 / (1 - \beta)$,
//   where $\beta = \lVert f_{\mathrm{NTK}} \rVert_0 / \lVert f \rVert_0$.
//
// Theorem 4.1 puts (36), (38) and (44) together: $\lVert f - f_{\mathrm{NTK}} \rVert_1 / C_1 \le \lVert f -
// f_{\mathrm{CK}} \rVert_1 \le C_2 \lVert f - f_{\mathrm{NTK}} \rVert_1$ for residuals that are monotone between nodes
// (45), with $C_1 = \sqrt{2\tau}$ and $C_2 = C_1/(1-\beta)$. Theorem 4.2 does so with (37), for residuals with a
// Lipschitz constant: $D_1 = 4\tau$, $D_2 = 4\tau/(1-\beta)^2$, plus the term with $L$ (48, 49).
//
// With $e$ the relative training error of the NTK, Pythagoras gives $\lVert f \rVert_0^2 = \lVert f_{\mathrm{NTK}}
// \rVert_0^2 + \lVert f - f_{\mathrm{NTK}} \rVert_0^2$. So $\beta = \sqrt{1 - e^2}$, and $1 - \beta = e^2 / (1 +
// \sqrt{1 - e^2})$.
//
// > **Predict first.** The NTK fits $f$ at the nodes to a part in ten million. What is $1/(1-\beta)$, then? And is a
// > residual that small monotone between two nodes?
//
// <details><summary>Answer</summary>
//
// $1 - \beta \approx e^2/2$, so $1/(1-\beta)$ is about $10^{14}$: (44) and (49) are true and say nothing. And no: the
// hypothesis of lemma 4.1 fails for every kernel fit here, good or poor.
//
// </details>

// %%
const fine = uniformGrid(-1, 1, 12_000);
const length = 2; // b − a
const N = 200;

/** A residual, as the theorems see it. L is the steepest slope on a fine grid: never above the true one. */
async function residual(approximation: (X: Matrix) => Promise<Matrix>, f: Target) {
  const differences = async (grid: typeof training) => {
    const values = (await approximation(grid.inputs)).data;
    return grid.nodes.map((x, i) => targets[f](x) - values[i]);
  };
  const [coarse, finer, finest] = [await differences(training), await differences(test), await differences(fine)];
  let L = 0;
  for (let i = 1; i < finest.length; i++) L = Math.max(L, Math.abs(finest[i] - finest[i - 1]) / fine.step);
  let monotone = 0;
  for (let i = 0; i < N; i++) {
    const steps = Array.from({ length: tau }, (_, k) => Math.sign(finer[tau * i + k + 1] - finer[tau * i + k]));
    if (!(steps.includes(1) && steps.includes(-1))) monotone++;
  }
  return {
    at0: weightedNorm(coarse, training.weights),
    at1: weightedNorm(finer, test.weights),
    L,
    monotone: monotone / N,
  };
}
type Residual = Awaited<ReturnType<typeof residual>>;
const log = (left: number, right: number) => Math.log10(left / right);

/** log₁₀ of left over right of each inequality; for those of any g, the worst of the three residuals. */
function regressionBounds(g: { network: Residual; NTK: Residual; CK: Residual }, f: Target) {
  const worst = (ratio: (r: Residual) => number) => Math.max(ratio(g.network), ratio(g.NTK), ratio(g.CK));
  const e = g.NTK.at0 / weightedNorm(training.nodes.map(targets[f]), training.weights);
  const oneLessBeta = e ** 2 / (1 + Math.sqrt(Math.max(0, 1 - e ** 2)));
  const lipschitz = (r: Residual) => (8 * length ** 2 * r.L ** 2) / N ** 2;
  const C1 = Math.sqrt(2 * tau);
  return {
    eq33: worst((r) => log(r.at0, Math.sqrt(tau) * r.at1)),
    'eq36-left': worst((r) => log(r.at0 / Math.sqrt(tau), r.at1)),
    'eq36-right': worst((r) => log(r.at1, Math.SQRT2 * r.at0)),
    eq37: worst((r) => log(r.at1 ** 2, 4 * (r.at0 ** 2 + (length ** 3 * r.L ** 2) / N ** 2))),
    eq38: log(g.NTK.at0, g.CK.at0),
    eq44: log(g.CK.at0, g.NTK.at0 / oneLessBeta),
    eq45: Math.max(log(g.NTK.at1 / C1, g.CK.at1), log(g.CK.at1, (C1 / oneLessBeta) * g.NTK.at1)),
    eq48: log(g.NTK.at1 ** 2, 4 * tau * g.CK.at1 ** 2 + lipschitz(g.NTK)),
    eq49: log(g.CK.at1 ** 2, ((4 * tau) / oneLessBeta ** 2) * g.NTK.at1 ** 2 + lipschitz(g.CK)),
  };
}

const checked = await runJobs(
  'ck-regression/theorems',
  [...narrow, ...rectified].map(({ setting }) => ({ version: 2, rcond, ...setting })),
  async (setting) => {
    const at = (await trained(setting)).at(-1)!;
    const { network, NTK, CK } = await approximations(netOf(setting), at, setting.f);
    const of = (approximation: typeof NTK) => residual(approximation, setting.f);
    const g = { network: await of(network), NTK: await of(NTK), CK: await of(CK) };
    return { ...setting, g, bounds: regressionBounds(g, setting.f) };
  },
  { progress: 'theorems of regression' },
);

// %%
const lineBounds = ['eq33', 'eq36-left', 'eq36-right', 'eq37', 'eq38', 'eq44', 'eq45', 'eq48', 'eq49'] as const;
const inequalityOf = (id: string) => inequalities.find(([of]) => of === id)![1];
/** The largest, and where it is above 0 how often. */
const worstInWords = (values: readonly number[]) => {
  const broken = values.filter((value) => value > 0).length;
  return `${Math.max(...values).toFixed(3)}${broken ? ` (fails in ${broken} of ${values.length})` : ''}`;
};
const range = (values: readonly number[], digits = 0) =>
  `${Math.min(...values).toFixed(digits)} … ${Math.max(...values).toFixed(digits)}`;
const ofActivation = (activation: Activation) => checked.filter((c) => c.activation === activation);
table(
  new dfd.DataFrame([
    ...lineBounds.map((id) => ({
      '': id,
      inequality: inequalityOf(id),
      tanh: worstInWords(ofActivation('tanh').map((c) => c.bounds[id])),
      ReLU: worstInWords(ofActivation('relu').map((c) => c.bounds[id])),
    })),
    ...(['NTK', 'CK'] as const).map((kernel) => ({
      '': kernel,
      inequality: 'intervals in which the residual is monotone, %',
      tanh: range(ofActivation('tanh').map((c) => 100 * c.g[kernel].monotone)),
      ReLU: range(ofActivation('relu').map((c) => 100 * c.g[kernel].monotone)),
    })),
  ]),
  {
    caption:
      `log₁₀(left ÷ right), the worst of ${checked.length / 2} fits each: 0 or less, and the inequality holds. ` +
      'Lemma 4.1 and theorem 4.1 ask for residuals that are monotone in 100 % of the intervals.',
  },
);

// %% [markdown]
// All that is proved without a hypothesis holds, and so do the bounds with a Lipschitz constant: (37) by little for
// the network and by much for the kernels, (48) by orders of magnitude, (44) and (49) because $1/(1-\beta)$ is so
// large. (With ReLU the NTK's residual jumps and has no Lipschitz constant. There (37) and (48) promise nothing, and
// hold all the same for the steepest slope that we find.) The right half of (36) and theorem 4.1 fail in many fits,
// and may: *none* of the kernels' residuals is monotone between all nodes.
//
// Strictly, (38) and (44) are about spaces without a cut. There the NTK's 33,409 functions can meet any 201 values,
// $\beta$ is 1, and the bound is infinite. We hold them against the fits as they are. So for the good approximations
// of the paper's own figures, theorem 4.1 says nothing and theorem 4.2 little. That CK and NTK are near each other is
// what one sees, not what follows.
//
// **A slip.** The last line of the proof of lemma 4.2 turns sums into norms. A sum over both ends of all intervals is
// $2/\Delta y$ times the squared norm. The paper writes $M$, which is so only for $\Delta y = 2/M$, an interval of
// length 2. With $2/\Delta y$ the term is $(b-a)^3 L^2/N^2$, where the paper has $2(b-a)^2 L^2/N^2$. On $[-1, 1]$ the
// two are equal. For $b - a < 2$ the printed bound is true with room to spare. On a long interval it is false, for
// example for a triangle wave that vanishes at all training nodes:

// %%
function lemma42({ a, b }: { a: number; b: number }) {
  const [coarse, finer] = [uniformGrid(a, b, N), uniformGrid(a, b, tau * N)];
  // The distance to the nearest training node: slope 1, and 0 at the training nodes.
  const wave = (grid: typeof coarse, every: number) =>
    grid.nodes.map((_, i) => Math.min(i % every, every - (i % every)) * grid.step);
  const zero = weightedNorm(wave(coarse, 1), coarse.weights);
  const one = weightedNorm(wave(finer, tau), finer.weights);
  const L = 1;
  return {
    interval: `[${a}, ${b}]`,
    '‖g‖₁²': one ** 2,
    printed: 4 * (zero ** 2 + (2 * (b - a) ** 2 * L ** 2) / N ** 2),
    corrected: 4 * (zero ** 2 + ((b - a) ** 3 * L ** 2) / N ** 2),
  };
}
const lengths = [lemma42({ a: -1, b: 1 }), lemma42({ a: -100, b: 100 })];
table(new dfd.DataFrame(lengths), { caption: 'The left side of (37) for a triangle wave, and its right side.' });

// %% [markdown]
// ## 9. Two classes in the plane
//
// **The paper** (sections 5 and 6). Now the function to learn is a label. On a grid of $12 \times 8$ training nodes in
// $[-1, 1]^2$, a node has the label 1 where $F > 0$,
//
// $$ F_1 = 4x_1^2 - 3x_1 + 5x_2 - 1, \qquad F_2 = 2x_1^3 - 0.6x_1^2 - 1.94x_1 + x_2 + 0.2, $$
//
// and the test nodes are a grid of $23 \times 22$ around them. A network 2-128-128-2 is trained on the cross-entropy
// at a rate of $10^{-5}$ until it has more than 85 % of the training nodes right, or for 4,000 epochs. What counts is
// the difference of its outputs $f_1 - f_2$, the *logit* of label 1 (its sigmoid is the probability, eq. 10), and the
// kernels are those of that difference (remark 3.1). The kernel classifier is $\psi(x) = \sum_j \alpha_j \kappa(x_j,
// x)$, with the $\alpha$ that makes the training cross-entropy least (eq. 15),
//
// $$ \ell_0 = \sum_i \ln\!\big(1 + e^{\hat\psi(x_i)}\big), \qquad \hat\psi = -\psi \text{ for label 1, } +\psi \text{ for label 0.} $$
//
// $\ell_1$ is the same sum over the test nodes.

// %%
type Boundary = (typeof boundaries)[number];
const surface: Record<Boundary, (x1: number, x2: number) => number> = {
  F1: (x1, x2) => 4 * x1 ** 2 - 3 * x1 + 5 * x2 - 1,
  F2: (x1, x2) => 2 * x1 ** 3 - 0.6 * x1 ** 2 - 1.94 * x1 + x2 + 0.2,
};
const taught = productGrid(uniformGrid(-1, 1, 11), uniformGrid(-1, 1, 7));
const asked = productGrid(uniformGrid(-1, 1, 22), uniformGrid(-1, 1, 21));
const valuesOf = (F: Boundary, { inputs }: typeof taught) =>
  Float64Array.from({ length: inputs.rows }, (_, i) => surface[F](inputs.get(i, 0), inputs.get(i, 1)));
const labelsOf = (F: Boundary, grid: typeof taught) => valuesOf(F, grid).map((value) => Number(value > 0));

const classifier = (activation: Activation, width: number) =>
  network(2, [dense(width), activations[activation](), dense(width), activations[activation](), dense(2)]);

/** f₁ − f₂, and its two kernels: of all parameters, and of those of the last layer alone. */
const difference = (net: Network, at: Snapshot, X: Matrix) => gemm(net.predict(at, X), Matrix.from([[1], [-1]]));
const differenceKernels = (net: Network, at: Snapshot) => ({
  NTK: tangentKernel(net, at, { outputs: [1, -1] }),
  CK: tangentKernel(net, at, { outputs: [1, -1], layers: ['dense3'] }),
});

type PlaneSetting = { activation: Activation; width: number; F: Boundary; seed: number };
const planeNetOf = ({ activation, width }: PlaneSetting) => classifier(activation, width);
const startOf = ({ F, seed }: PlaneSetting, net: Network) => net.init(random(`plane ${F} ${seed}`));
// The first output is that of label 1; to the loss, the first class is 0.
const dataInPlane = (F: Boundary) => ({
  inputs: taught.inputs,
  targets: labelsOf(F, taught).map((label) => 1 - label),
});
const slowly = { loss: softmaxCrossEntropy, optimizer: adam({ rate: 1e-5 }) };
const mostEpochs = pick({ smoke: 40, quick: 4000, paper: 4000 });

/** The network, trained to 85 % of the training nodes, and how many epochs that took. */
async function trainedInPlane(setting: PlaneSetting) {
  const { activation, width, F, seed } = setting;
  const net = planeNetOf(setting);
  const data = dataInPlane(F);
  const inputs = { version: 1, activation, width, F, seed, mostEpochs };
  const { packed, epochs } = await cached('ck-regression/plane/networks', inputs, async () => {
    const { snapshot, history } = await trainInThread(net, startOf(setting, net), data, {
      ...slowly,
      epochs: mostEpochs,
      validation: { ...data, measure: 'accuracy', goal: 0.85, restoreBest: false },
    });
    return { packed: packSnapshot(snapshot), epochs: history.length };
  });
  return { at: castSnapshot(net.unpack(packed), 'float64'), epochs };
}

/** Accuracy and summed cross-entropy, ℓ₁, on the test nodes. */
type Quality = { accuracy: number; crossEntropy: number };
function qualityOf(psi: Matrix, F: Boundary): Quality {
  const labels = labelsOf(F, asked);
  return { accuracy: accuracy(psi, labels), crossEntropy: logisticLoss.value(psi, labels) * labels.length };
}

const first: PlaneSetting = { activation: 'tanh', width: 128, F: 'F1', seed: 0 };
const flat = planeNetOf(first);
const { at: early, epochs: needed } = await trainedInPlane(first);
({
  'label 1, share of the training nodes': mean(labelsOf('F1', taught)),
  'epochs to 85 %': needed,
  'network, test nodes': qualityOf(difference(flat, early, asked.inputs), 'F1'),
});

// %% [markdown]
// Newton's method on $\ell_0$ is a sequence of linear problems. With $H$ the kernel matrix of the training nodes, $p =
// \sigma(H\alpha)$ the probabilities, $\chi$ the labels and $D = \operatorname{diag}(p(1-p))$, the gradient in
// $\alpha$ is $H(p - \chi)$ and the Hessian $HDH$, so
//
// $$ \alpha \leftarrow \alpha - (HDH)^{+} H (p - \chi) $$
//
// ([kernel-newton.ts](../src/lib/surrogates/kernel-newton.ts)). From $\alpha = 0$, where $p = \frac12$ and $D =
// \frac14$, the first step is $\alpha = H^{+}(4\chi - 2)$: the *least-squares fit* of the numbers $\pm 2$. By hand,
// with section 3's regression:

// %%
const plane = differenceKernels(flat, early);
const H = await plane.CK.gram(taught.inputs);
const acrossPlane = await plane.CK.cross(asked.inputs, taught.inputs);
const labels1 = labelsOf('F1', taught);
const oneStep = kernelLogisticNewton({ steps: 1 }).fit(H, labels1).decision(acrossPlane);
// A cut of 1e-15 on the eigenvalues of HDH = H²/4 is its root on those of H.
const plusMinusTwo = kernelRegression({ rcond: Math.sqrt(1e-15) }).fit(
  H,
  labels1.map((chi) => 4 * chi - 2),
);
({
  'largest difference in ψ, ÷ the largest ψ':
    largestOf(minus(oneStep, plusMinusTwo.predict(acrossPlane))) / largestOf(oneStep),
});

// %% [markdown]
// > **Predict first.** Newton's method goes on until the gradient vanishes. When will that be?
//
// <details><summary>Answer</summary>
//
// Never. The labels come from a smooth $F$, and both kernels separate the 96 training nodes after a few steps. From
// then on larger $\alpha$ make the loss smaller without end. For a node that is well on its side a step adds about 1
// to the size of $\psi$, so each step divides the loss by about $e$. There is no minimiser, and whoever runs Newton
// "to convergence" gets a result that depends on when rounding stops it.
//
// </details>

// %%
const longest = 20;
const paths: { step: number; value: number; nodes: string; kernel: string }[] = [];
const testAccuracy: Record<string, number[]> = {};
for (const [name, kernel] of Object.entries(plane)) {
  const fit = kernelLogisticNewton({ steps: longest }).fit(await kernel.gram(taught.inputs), labels1);
  const across = await kernel.cross(asked.inputs, taught.inputs);
  for (const { step, loss } of fit.path) {
    const quality = qualityOf(fit.at(step).decision(across), 'F1');
    paths.push({ step, value: loss, nodes: 'training', kernel: name });
    paths.push({ step, value: quality.crossEntropy, nodes: 'test', kernel: name });
    if ([5, 6, 10, 20].includes(step)) (testAccuracy[`${name}, steps 5, 6, 10, 20`] ??= []).push(quality.accuracy);
  }
}
await chart(
  lines(paths, {
    x: { field: 'step', title: 'step of Newton’s method' },
    y: { field: 'value', title: 'cross-entropy, summed', log: true },
    series: 'nodes',
    facet: 'kernel',
    title: 'There is no minimum: the training loss falls by a factor of e in each step',
    subtitle: 'F1, tanh, width 128, seed 0',
  }),
  {
    description:
      'The training cross-entropy of both kernels falls from 66 to 3e-7 in 20 steps, on a straight line of a logarithmic ' +
      'axis from step 5 on. The test cross-entropy has its minimum at step 5 or 6 and rises from there.',
  },
);
testAccuracy;

// %% [markdown]
// From step 5 on the training loss falls on a straight line. The *test* loss is least at step 5 or 6 and rises from
// then on, because the few test nodes on the wrong side are wrong by more with each step. Test accuracy loses a point
// or two on the way to step 20. The number of steps is therefore part of the model, as the number of trees is in
// boosting. We take 6.
//
// What the classifiers look like:

// %%
const newtonSteps = 6;
/** A kernel's classifier, as a function of inputs. */
async function kernelClassifier(kernel: Kernel, F: Boundary, steps = newtonSteps) {
  const fit = kernelLogisticNewton({ steps }).fit(await kernel.gram(taught.inputs), labelsOf(F, taught));
  return async (X: Matrix) => fit.decision(await kernel.cross(X, taught.inputs));
}
type Classifier = Awaited<ReturnType<typeof kernelClassifier>>;

async function pictures(setting: PlaneSetting, title: string) {
  const { F } = setting;
  const net = planeNetOf(setting);
  const { at } = await trainedInPlane(setting);
  const { NTK, CK } = differenceKernels(net, at);
  const before = differenceKernels(net, castSnapshot(startOf(setting, net), 'float64')).CK;
  const models: Record<string, Classifier> = {
    network: async (X) => difference(net, at, X),
    NTK: await kernelClassifier(NTK, F),
    CK: await kernelClassifier(CK, F),
    'CK before training': await kernelClassifier(before, F),
  };
  const canvas = productGrid(uniformGrid(-1, 1, 80), uniformGrid(-1, 1, 80));
  const panels = [];
  for (const [name, psi] of Object.entries(models)) {
    const right = 100 * qualityOf(await psi(asked.inputs), F).accuracy;
    panels.push({
      name: `${name}: ${right.toFixed(0)} %`,
      logits: await psi(canvas.inputs),
      predicted: (await psi(taught.inputs)).data.map((value: number) => Number(value > 0)),
    });
  }
  return decisionMap(panels, {
    grid: canvas,
    training: { inputs: taught.inputs, labels: labelsOf(F, taught) },
    truth: valuesOf(F, canvas),
    columns: 4,
    width: 165,
    height: 165,
    title,
    subtitle: `tanh, width ${setting.width}, seed ${setting.seed}; in per cent: test nodes on the right side`,
  });
}
await chart(await pictures(first, 'F1: the network is almost a straight line; its kernels bend'), {
  description:
    'Probabilities and decision boundaries for F1. The network’s boundary is a nearly straight line, with wrong training ' +
    'nodes in the upper right corner; those of NTK, CK and the CK of the untrained network follow the true parabola.',
});
await chart(
  await pictures({ ...first, F: 'F2' }, 'F2: both bends are missed by the network, and followed by its kernels'),
  {
    description:
      'The same for F2, whose true boundary is a cubic: the network misses both of its bends, the kernels follow them.',
  },
);

// %% [markdown]
// The network has drawn a line, nearly straight, and was stopped. The kernels bend it where the labels bend it, with
// the network's own features. Those of the last picture are of a network that has not been trained at all.
//
// ## 10. Every seed
//
// **The paper** (figures 8 to 11): a hundred networks with tanh, at width 128 and 64, a hundred with ReLU, and the
// course of training as the mean of ten.
//
// > **Predict first.** Which of the two kernels will be ahead, and by how much?
//
// <details><summary>Answer</summary>
//
// By a few per cent of the cross-entropy, now one and now the other. On the scale of what separates both from the
// network, they are one.
//
// </details>

// %%
const three = ['network', 'NTK', 'CK'] as const;

/** The network and its kernels at one moment; `steps` of Newton's method for the kernels. */
async function qualities(net: Network, at: Snapshot, F: Boundary, steps = newtonSteps) {
  const { NTK, CK } = differenceKernels(net, at);
  const by = async (kernel: Kernel) => qualityOf(await (await kernelClassifier(kernel, F, steps))(asked.inputs), F);
  return { network: qualityOf(difference(net, at, asked.inputs), F), NTK: await by(NTK), CK: await by(CK) };
}

async function everySeedInPlane(activation: Activation, width: number) {
  const settings = boundaries.flatMap((F) => seeds.map((seed): PlaneSetting => ({ activation, width, F, seed })));
  return runJobs(
    'ck-regression/plane',
    settings.map((setting) => ({ version: 2, newtonSteps, longest, mostEpochs, ...setting })),
    async (setting) => {
      const { activation, width, F, seed } = setting;
      const net = planeNetOf(setting);
      const { at, epochs } = await trainedInPlane(setting);
      const late = await qualities(net, at, F, longest);
      return { activation, width, F, seed, epochs, ...(await qualities(net, at, F)), late };
    },
    { atOnce: threads(), progress: `plane: ${activation}, width ${width}` },
  );
}
const inPlane = {
  'tanh, 128': await everySeedInPlane('tanh', 128),
  'tanh, 64': await everySeedInPlane('tanh', 64),
  'ReLU, 128': await everySeedInPlane('relu', 128),
};
type Kind = keyof typeof inPlane;
type PlaneResult = (typeof inPlane)[Kind][number];
const ofBoundary = (kind: Kind, F: Boundary) => inPlane[kind].filter((r) => r.F === F);

// %%
await chart(
  scatter(
    inPlane['tanh, 128'].flatMap((r) =>
      three.map((method) => ({ F: r.F, method, accuracy: r[method].accuracy, loss: r[method].crossEntropy })),
    ),
    {
      x: { field: 'accuracy', title: 'test accuracy' },
      y: { field: 'loss', title: 'test cross-entropy, summed', log: true },
      series: 'method',
      facet: 'F',
      title: 'A clear partition',
      subtitle: `tanh, width 128, ${seeds.length} seeds; Newton: ${newtonSteps} steps`,
    },
  ),
  {
    description:
      'Test cross-entropy against test accuracy. The networks lie together at an accuracy of about 0.84 and a ' +
      'cross-entropy of 200 to 330; both kernels lie together at 0.97 to 0.98 and 20 to 30.',
  },
);
table(
  new dfd.DataFrame(
    (Object.keys(inPlane) as Kind[]).flatMap((kind) =>
      boundaries.map((F) => {
        const of = (read: (r: PlaneResult) => number, digits: number) =>
          overSeeds(ofBoundary(kind, F), read, digits);
        return {
          'network of': kind,
          F,
          'accuracy: network': of((r) => r.network.accuracy, 3),
          'accuracy: NTK': of((r) => r.NTK.accuracy, 3),
          'accuracy: CK': of((r) => r.CK.accuracy, 3),
          'loss: network': of((r) => r.network.crossEntropy, 0),
          'loss: NTK': of((r) => r.NTK.crossEntropy, 1),
          'loss: CK': of((r) => r.CK.crossEntropy, 1),
          [`${longest} steps: NTK`]: of((r) => r.late.NTK.crossEntropy, 0),
          [`${longest} steps: CK`]: of((r) => r.late.CK.crossEntropy, 0),
          epochs: of((r) => r.epochs, 0),
        };
      }),
    ),
  ),
  {
    caption:
      'Accuracy and loss (the summed cross-entropy) on the test nodes, after 6 steps of Newton’s method and after 20: ' +
      `mean ± standard error over ${seeds.length} seeds.`,
  },
);

// %% [markdown]
// The partition is there for tanh, at both widths and in every seed. Which of the two kernels is ahead is a matter of
// a few per cent, and changes with $F$ and the width. For ReLU, the paper's sentence, "the clear gap in performance
// vanishes", is true of one number in this table: the loss on $F_2$ of a CK whose Newton iteration was left to run for
// 20 steps, where being sure and wrong is expensive. In accuracy the kernels of a ReLU network stay nine to thirteen
// points ahead of it.
//
// But the comparison is generous to the kernels. The network was *stopped* when it had 85 % of the training nodes
// right, and the kernels have all of them. How does the network do when it may go on?

// %%
const planeCheckpoints = pick({
  smoke: [0, 40],
  quick: [0, 100, 250, 500, 1000, 1500, 2000],
  paper: [0, 100, 250, 500, 1000, 1500, 2000],
});
const planeCourses = await runJobs(
  'ck-regression/plane/course',
  boundaries.flatMap((F) => fewSeeds.map((seed) => ({ version: 1, F, seed, at: planeCheckpoints, newtonSteps }))),
  async ({ F, seed, at }) => {
    const setting: PlaneSetting = { activation: 'tanh', width: 64, F, seed };
    const net = planeNetOf(setting);
    const { snapshots } = await trainInThread(net, startOf(setting, net), dataInPlane(F), {
      ...slowly,
      epochs: at[at.length - 1],
      snapshotsAt: { epochs: at },
    });
    const course = [];
    for (const { snapshot } of snapshots) course.push(await qualities(net, castSnapshot(snapshot, 'float64'), F));
    return { F, seed, course };
  },
  { atOnce: threads(), progress: 'plane: courses of training' },
);
await chart(
  lines(
    planeCourses.flatMap(({ F, course }) =>
      course.flatMap((now, k) =>
        three.map((method) => ({ F, method, epoch: planeCheckpoints[k], loss: now[method].crossEntropy })),
      ),
    ),
    {
      x: { field: 'epoch', title: 'epoch' },
      y: { field: 'loss', title: 'test cross-entropy, summed', log: true },
      series: 'method',
      facet: 'F',
      spread: 'range',
      title: 'The kernels of an untrained network beat the trained one',
      subtitle: `tanh, width 64, ${fewSeeds.length} seeds`,
    },
  ),
  {
    description:
      'Test cross-entropy over 2,000 epochs. The network falls from 350 to about 200; CK and NTK lie at 20 to 30 from ' +
      'epoch 0 on, and on each other.',
  },
);
table(
  new dfd.DataFrame(
    boundaries.map((F) => {
      const of = (read: (course: (typeof planeCourses)[number]['course']) => number) =>
        overSeeds(
          planeCourses.filter((r) => r.F === F),
          (r) => read(r.course),
          3,
        );
      const ratio = (now: { CK: Quality; NTK: Quality }) => now.CK.crossEntropy / now.NTK.crossEntropy;
      return {
        F,
        'accuracy: network, last epoch': of((c) => c.at(-1)!.network.accuracy),
        'CK, epoch 0': of((c) => c[0].CK.accuracy),
        'CK, last epoch': of((c) => c.at(-1)!.CK.accuracy),
        'loss CK ÷ NTK, epoch 0': of((c) => ratio(c[0])),
        'loss CK ÷ NTK, last epoch': of((c) => ratio(c.at(-1)!)),
      };
    }),
  ),
  { caption: `The two ends of training: mean ± standard error over ${fewSeeds.length} seeds.` },
);

// %% [markdown]
// A rate of $10^{-5}$ hardly moves the weights in 2,000 epochs, so the features are nearly those of the start, for the
// kernels as for the network. The kernels have six Newton steps on a convex problem in these features; the network has
// many small gradient steps. That is the paper's point, and it holds: at this learning rate, *solving for the last
// layer of a barely trained network is better than training it*. That the gap between CK and NTK closes with training
// we do not see, since there is next to none from the start.
//
// ## 11. The theorems of classification
//
// **The paper** (section 5). Again, something that holds on the training nodes, and something that carries it to the
// test nodes:
//
// - (52) $\ell_0^{\mathrm{NTK}} \le \ell_0^{\mathrm{CK}}$ at the two minima, since the CK's features are among the
//   NTK's.
// - (54) $\ell_0 \le \ell_1$, since the training nodes are test nodes.
// - (59), lemma 5.1: $\ell_1 \le \tau_1 \tau_2\, \ell_0$ with $\tau_1 = 2$, $\tau_2 = 3$, if in each cell of the
//   training grid $\hat\psi$ is largest *at a corner*.
// - (61), lemma 5.2: $\ell_1 \le e^{hL}\, \tau_1 \tau_2\, \ell_0$ for $\psi$ with Lipschitz constant $L$ and $h$ the
//   diagonal of a cell, if every test node lies in a cell with a corner of its own label (the *matching property*).
// - (64) $\ell_0^{\mathrm{CK}} \le \omega\, \ell_0^{\mathrm{NTK}}$, with $\omega$ the largest of
//   $e^{\hat\psi_{\mathrm{CK}} - \hat\psi_{\mathrm{NTK}}}$ over the training nodes (63).
//
// Theorems 5.1 and 5.2 put these together. There being no minima, we hold them against the fits after 6 steps.
//
// > **Predict first.** The proof of lemma 5.1 lets every test node lean on a corner of its cell, and counts each
// > corner $\tau_1\tau_2$ times. An inner node is a corner of how many cells?

// %%
const [tau1, tau2] = [2, 3];
const h = Math.hypot(taught.axes[0].step, taught.axes[1].step);
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))); // ln(1 + eˣ)
const lossOf = (psiHat: ArrayLike<number>) => Array.from(psiHat, softplus).reduce((a, b) => a + b);

/** ψ̂ on a grid: the logit of the wrong label. */
async function wrongness(psi: Classifier, F: Boundary, grid: typeof taught) {
  const labels = labelsOf(F, grid);
  return (await psi(grid.inputs)).data.map((value: number, i: number) => (1 - 2 * labels[i]) * value);
}

/** The steepest slope of ψ along either axis, on a grid five times finer: never above L, so that (61) is not made easier. */
async function slope(psi: Classifier) {
  const grid = productGrid(uniformGrid(-1, 1, 110), uniformGrid(-1, 1, 105));
  const values = (await psi(grid.inputs)).data;
  const [n1, n2] = grid.shape;
  let L = 0;
  for (let i = 0; i + 1 < n1; i++)
    for (let j = 0; j + 1 < n2; j++) {
      const here = values[grid.index(i, j)];
      L = Math.max(L, Math.abs(values[grid.index(i + 1, j)] - here) / grid.axes[0].step);
      L = Math.max(L, Math.abs(values[grid.index(i, j + 1)] - here) / grid.axes[1].step);
    }
  return L;
}

/** The cells of the training grid: for each, the rows of its test nodes, corners first. */
const cells = Array.from({ length: taught.shape[0] - 1 }, (_, i) =>
  Array.from({ length: taught.shape[1] - 1 }, (_, j) => {
    const nodes: number[] = [];
    for (let k = 0; k <= tau1; k++)
      for (let l = 0; l <= tau2; l++) {
        const row = asked.index(tau1 * i + k, tau2 * j + l);
        if (k % tau1 === 0 && l % tau2 === 0) nodes.unshift(row);
        else nodes.push(row);
      }
    return nodes;
  }),
).flat();

/** The share of cells in which ψ̂ is largest at a corner. */
const cornerMaximum = (psiHat: ArrayLike<number>) =>
  mean(
    cells.map((nodes) => {
      const most = (rows: number[]) => Math.max(...rows.map((row) => psiHat[row]));
      return Number(most(nodes.slice(0, 4)) >= most(nodes));
    }),
  );
/** Test nodes without a cell that has a corner of their label. */
const unmatched = (labels: ArrayLike<number>) => {
  const matched = new Set<number>();
  for (const nodes of cells)
    for (const row of nodes)
      if (nodes.slice(0, 4).some((corner) => labels[corner] === labels[row])) matched.add(row);
  return labels.length - matched.size;
};

/** log₁₀ of left over right, the worse of both kernels where it is of any ψ; and what the hypotheses say. */
async function planeBoundsOf(ntk: Classifier, ck: Classifier, F: Boundary) {
  const of = async (psi: Classifier) => {
    const [at0, at1] = [await wrongness(psi, F, taught), await wrongness(psi, F, asked)];
    return { at0, loss0: lossOf(at0), loss1: lossOf(at1), hL: h * (await slope(psi)), corner: cornerMaximum(at1) };
  };
  const [N, C] = [await of(ntk), await of(ck)];
  const worst = (ratio: (psi: typeof N) => number) => Math.max(ratio(N), ratio(C));
  const logOmega = Math.max(...C.at0.map((value: number, i: number) => value - N.at0[i])) / Math.LN10;
  return {
    eq52: log(N.loss0, C.loss0),
    eq54: worst(({ loss0, loss1 }) => log(loss0, loss1)),
    eq59: worst(({ loss0, loss1 }) => log(loss1, tau1 * tau2 * loss0)),
    eq61: worst(({ loss0, loss1, hL }) => log(loss1, tau1 * tau2 * loss0) - hL / Math.LN10),
    eq64: Math.max(log(C.loss0, N.loss0) - logOmega, -logOmega),
    corner: Math.min(N.corner, C.corner),
    hL: Math.max(N.hL, C.hL),
  };
}
const planeChecked = await runJobs(
  'ck-regression/plane/theorems',
  [...inPlane['tanh, 128'], ...inPlane['ReLU, 128']].map(({ activation, width, F, seed }) => ({
    version: 2,
    newtonSteps,
    mostEpochs,
    activation,
    width,
    F,
    seed,
  })),
  async (setting) => {
    const { activation, F, seed } = setting;
    const { NTK, CK } = differenceKernels(planeNetOf(setting), (await trainedInPlane(setting)).at);
    return {
      activation,
      seed,
      ...(await planeBoundsOf(await kernelClassifier(NTK, F), await kernelClassifier(CK, F), F)),
    };
  },
  { progress: 'theorems of classification' },
);

// %%
const planeBounds = ['eq52', 'eq54', 'eq59', 'eq61', 'eq64'] as const;
const inPlaneWith = (activation: Activation) => planeChecked.filter((c) => c.activation === activation);
table(
  new dfd.DataFrame([
    ...planeBounds.map((id) => ({
      '': id,
      inequality: inequalityOf(id),
      tanh: worstInWords(inPlaneWith('tanh').map((c) => c[id])),
      ReLU: worstInWords(inPlaneWith('relu').map((c) => c[id])),
    })),
    {
      '': 'lemma 5.1',
      inequality: 'cells with the maximum at a corner, %',
      tanh: range(inPlaneWith('tanh').map((c) => 100 * c.corner)),
      ReLU: range(inPlaneWith('relu').map((c) => 100 * c.corner)),
    },
    {
      '': 'lemma 5.2',
      inequality: 'hL',
      tanh: range(inPlaneWith('tanh').map((c) => c.hL)),
      ReLU: range(inPlaneWith('relu').map((c) => c.hL)),
    },
    {
      '': 'lemma 5.2',
      inequality: 'test nodes without a matching corner: F1, F2',
      tanh: boundaries.map((F) => unmatched(labelsOf(F, asked))).join(', '),
      ReLU: 'the same',
    },
  ]),
  {
    caption: `log₁₀(left ÷ right), the worst of ${planeChecked.length / 2} fits each; and what the hypotheses say.`,
  },
);

// %% [markdown]
// As in section 8: what needs no hypothesis holds. The inequality of lemma 5.1 fails, and so does its hypothesis, in a
// third of the cells or more for tanh and in nearly all for ReLU. Lemma 5.2, whose matching property is met, holds
// thanks to its factor $e^{hL}$, of ten powers of ten and more. (52) needs a word. It compares the two *minima*, and
// in kernel space both infima are 0: it says $0 \le 0$. After six steps of Newton's method the NTK mostly has the
// smaller training loss, but nothing makes it so.
//
// **Three slips.** *Lemma 5.1.* An inner node is a corner of four cells. If it alone is high, the $(2\tau_1 -
// 1)(2\tau_2 - 1)$ test nodes strictly inside its four cells, itself among them, may be as high: 15 here, where
// $\tau_1\tau_2 = 6$. So let one training node be wrong, with everything around it as wrong as it is, and all others
// right:

// %%
const peak = [5, 3];
/** On the test grid, 20 at the training node in the peak and around it, −30 elsewhere. */
const spike = new Float64Array(asked.inputs.rows).map((_, row) => {
  const [k, l] = [Math.floor(row / asked.shape[1]), row % asked.shape[1]];
  return Math.abs(k - tau1 * peak[0]) < tau1 && Math.abs(l - tau2 * peak[1]) < tau2 ? 20 : -30;
});
/** What a function on the test grid is at the training nodes. */
const atTraining = (onTest: ArrayLike<number>) =>
  Float64Array.from({ length: taught.inputs.rows }, (_, row) => {
    const [i, j] = [Math.floor(row / taught.shape[1]), row % taught.shape[1]];
    return onTest[asked.index(tau1 * i, tau2 * j)];
  });
const spiked = {
  'cells with the maximum at a corner': cornerMaximum(spike),
  'ℓ₁': lossOf(spike),
  'τ₁τ₂ ℓ₀, printed': tau1 * tau2 * lossOf(atTraining(spike)),
  '4 τ₁τ₂ ℓ₀': 4 * tau1 * tau2 * lossOf(atTraining(spike)),
};
spiked;

// %% [markdown]
// The hypothesis is met in every cell, and the printed bound fails by a factor of 2.5. On this grid $4\tau_1\tau_2$ is
// safe. Give each test node to one of its cells, so that columns of cells own 3, 1, 3, 1, …, 3 columns of nodes, and
// rows of cells own 4, 2, 4, …, 4 rows. (That needs an odd number of cells each way, as here.) Each node leans on a
// corner of the cell that owns it, and the four cells around a corner own $2\tau_1 \cdot 2\tau_2$ nodes. In general
// $(2\tau_1 + 1)(2\tau_2 + 1)$ will do.
//
// *Lemma 5.2* counts in the same way, and fails even for a constant $\psi$. Let $\psi = -20$ everywhere, so that $L =
// 0$. Give one training node the label 1, and all test nodes of its four cells that are not training nodes; all others
// have the label 0. The matching property is met, and $e^{hL}\tau_1\tau_2 = 6$ is too small, and 24 as well:

// %%
const [bottom, top] = [peak.map((p) => p - 1), peak.map((p) => p + 1)];
const lonely = new Float64Array(asked.inputs.rows).map((_, row) => {
  const [k, l] = [Math.floor(row / asked.shape[1]), row % asked.shape[1]];
  const near = k >= tau1 * bottom[0] && k <= tau1 * top[0] && l >= tau2 * bottom[1] && l <= tau2 * top[1];
  const isTraining = k % tau1 === 0 && l % tau2 === 0;
  return Number(near && (!isTraining || (k === tau1 * peak[0] && l === tau2 * peak[1])));
});
const constantHat = lonely.map((label) => (1 - 2 * label) * -20); // ψ̂ of ψ = −20
({
  'test nodes without a matching corner': unmatched(lonely),
  'ℓ₁ ÷ ℓ₀': lossOf(constantHat) / lossOf(atTraining(constantHat)),
});

// %% [markdown]
// *Theorem 5.2.* Its proof begins with $\ell_1 \le e^{hL} \ell_0$ (69), where lemma 5.2 has $\tau_1\tau_2$ beside
// $e^{hL}$, and the factor is missing from $D_1$ and $D_2$ too. Let all labels be 0. Take for the NTK a constant
// function, whose $L$ is 0, and for the CK a function of the same values at the training nodes that is far on the
// right side at all other test nodes. All that the proof uses is there (52, 54, lemma 5.2):

// %%
const constant = -1; // ψ of the NTK, everywhere
const [nTaught, nAsked] = [taught.inputs.rows, asked.inputs.rows];
const ntkLoss = { on0: nTaught * softplus(constant), on1: nAsked * softplus(constant) };
const ckLoss = { on0: ntkLoss.on0, on1: nTaught * softplus(constant) + (nAsked - nTaught) * softplus(-30) };
({
  'ℓ₁ of the NTK': ntkLoss.on1,
  'e^{hL} ℓ₀, as (69) begins': ntkLoss.on0,
  'D₁ ℓ₁ of the CK, D₁ = e^{hL} = 1 as printed': ckLoss.on1,
  'with D₁ = τ₁τ₂ e^{hL}': tau1 * tau2 * ckLoss.on1,
});

// %% [markdown]
// ## Scorecard
//
// The committed run of the paper profile (`notebooks/results/ck-regression.paper.json`) has a hundred networks for
// each experiment and ten for each course of training, as the paper has. Its verdicts are those below, but for
// `relu-ntk-worst-f3`: 54 networks of a hundred.

// %%
for (const f of functions) {
  const errors = (results: readonly Result[]) => on(f, results).map((r) => r.errors);
  const followed = (results: readonly Result[]) =>
    on(f, results)
      .filter(({ setting }) => fewSeeds.includes(setting.seed))
      .map((r) => r.course);
  for (const id of ['nn-far-above-kernels', 'ntk-near-ck', 'ckj-far-below'] as const)
    card.record(`${id}-${f}`, errors(narrow));
  card.record(`width-same-${f}`, errors(wide), { seeds: wideSeeds });
  card.record(`relu-erases-${f}`, errors(rectified));
  card.record(
    `relu-ntk-worst-${f}`,
    errors(rectified).map((e) => e.NTK > e.CK && e.NTK > e.network),
  );
  card.record(`relu-erased-throughout-${f}`, followed(rectified), { seeds: fewSeeds });
  card.record(`gap-persists-${f}`, followed(narrow), { seeds: fewSeeds });
  card.record(
    `ckj-falls-then-flat-${f}`,
    followed(narrow).map((course) => course.map((e) => e.CKJ)),
    { seeds: fewSeeds },
  );
}
for (const F of boundaries) {
  const name = F.toLowerCase() as Lowercase<Boundary>;
  const courses = planeCourses.filter((r) => r.F === F).map((r) => r.course);
  const gap = (now: { NTK: Quality; CK: Quality }) =>
    Math.abs(Math.log(now.CK.crossEntropy / now.NTK.crossEntropy));
  const sides = (r: PlaneResult) => ({
    network: r.network.accuracy,
    'worse kernel': Math.min(r.NTK.accuracy, r.CK.accuracy),
    'better kernel': Math.max(r.NTK.accuracy, r.CK.accuracy),
    'network’s cross-entropy': r.network.crossEntropy,
    'worse kernel’s': Math.max(r.NTK.crossEntropy, r.CK.crossEntropy),
  });
  card.record(`logistic-partition-${name}`, ofBoundary('tanh, 128', F).map(sides));
  card.record(`logistic-partition-64-${name}`, ofBoundary('tanh, 64', F).map(sides));
  card.record(
    `logistic-ck-below-ntk-${name}`,
    ofBoundary('tanh, 128', F).map((r) => r.CK.crossEntropy > r.NTK.crossEntropy),
  );
  card.record(`logistic-relu-vanishes-${name}`, ofBoundary('ReLU, 128', F).map(sides));
  card.record(
    `logistic-early-${name}`,
    courses.map((course) => ({
      'CK before training': course[0].CK.accuracy,
      'network after it': course.at(-1)!.network.accuracy,
    })),
    { seeds: fewSeeds },
  );
  card.record(
    `logistic-gap-shrinks-${name}`,
    courses.map((course) => gap(course.at(-1)!) < gap(course[0])),
    { seeds: fewSeeds },
  );
}
// The worst of all fits of a seed: three functions, or two boundaries, with tanh and with ReLU.
const worstOfSeeds = <T extends { seed: number }>(fits: readonly T[], read: (fit: T) => number) =>
  seeds.map((seed) => Math.max(...fits.filter((fit) => fit.seed === seed).map(read)));
for (const id of lineBounds)
  card.record(
    id,
    worstOfSeeds(checked, (c) => c.bounds[id]),
  );
for (const id of planeBounds)
  card.record(
    id,
    worstOfSeeds(planeChecked, (c) => c[id]),
  );
const long = lengths[1];
card.recordOne('lemma42-length', long['‖g‖₁²'] > long.printed && long['‖g‖₁²'] <= long.corrected);
card.recordOne(
  'lemma51-constant',
  spiked['cells with the maximum at a corner'] === 1 &&
    spiked['ℓ₁'] > spiked['τ₁τ₂ ℓ₀, printed'] &&
    spiked['ℓ₁'] <= spiked['4 τ₁τ₂ ℓ₀'],
);
card.recordOne(
  'eq69-factor',
  ntkLoss.on1 > ntkLoss.on0 && ntkLoss.on1 > ckLoss.on1 && ntkLoss.on1 <= tau1 * tau2 * ckLoss.on1,
);
const kernelCut = cuts.indexOf(rcond.kernel);
for (const f of ['f1', 'f2'] as const) {
  const its = byCut.filter((r) => r.f === f);
  card.record(
    `cut-explains-ckj-${f}`,
    its.map((r) => ({ CK: r.CK[kernelCut], 'CKJ cut at the root': r.CKJ[kernelCut] })),
  );
  card.record(
    `factored-inverse-${f}`,
    its.map((r) => ({ 'multiplied out': r.multipliedOut, factored: r.errors.CK })),
  );
}
card.notTested(
  'gpt2-linear-probe',
  'It takes the weights of GPT-2 (124 million parameters) and the 359 hand-labelled tweets of Sentiment140.',
);
const logOf = (method: Method) => on('f1', narrow).map((r) => Math.log10(r.errors[method]));
card.record('guard-ckj-f1', logOf('CKJ'));
card.record('guard-network-f1', logOf('network'));
card.record(
  'guard-kernels-in-the-plane',
  seeds.map((seed) =>
    Math.min(
      ...inPlane['tanh, 128'].filter((r) => r.seed === seed).flatMap((r) => [r.NTK.accuracy, r.CK.accuracy]),
    ),
  ),
);
card.publish();

// %% [markdown]
// ## What to take away
//
// - The last layer of a trained tanh network, solved for and not descended to, is worth three to eight more digits. It
//   costs a singular value decomposition of a 201 × 129 matrix.
// - CK and NTK are near each other, it seems, because the last layer contains almost all that is needed. It is not
//   because the rest of the NTK is small: it is two thirds of the trace.
// - A kernel matrix squares singular values. Where features are at hand, solve with features.
// - What a fit of a smooth kernel gives depends on the cut of its pseudo-inverse and on the order of the
//   multiplications as much as on which kernel it is. A paper should say both.
// - "Until convergence" is not a recipe where there is no minimum.
// - A theorem can be true and not be about the fits in the figures: look at its hypothesis, and at the size of its
//   constants.
//
// ## Exercises
//
// In exercises 2 and 4, count `version` up in `trained`: what was trained before would be found in the cache.
//
// 1. ★ Give the NTK a ridge instead of a cut: `kernelRegression({ weights, rcond: 0, ridge })`, and
// `fit.withRidge(ridge)` for `ridge` from $10^{-16}$ to $10^{-4}$ (it is absolute; the largest eigenvalue is about
// 90). Is it better than a cut at its best? Does it help the NTK of ReLU on $f_1$?
// 2. ★ Start the networks with `{ initializer: 'glorotUniform' }`. Their biases are 0 and tanh is odd. What does that
// do to CK on $f_2$ at epoch 0, and why?
// 3. ★★ Which functions does training add to the last layer? Take the fit of CKJ at epoch 0 and at epoch 300 on $f_3$
// and draw the residuals.
// 4. ★★ Replace tanh by `softplus()` (smooth), by `elu()` (a jump in the second derivative) and by `elu({ alpha: 0.5
// })` (a kink). How many digits does CKJ have with each?
// 5. ★★ Let the networks of section 9 train for 4,000 epochs at a rate of $10^{-3}$ (without `validation`, which stops
// them). Do they catch up with their kernels?
// 6. ★★ Show that no factor 1 before $\lVert g \rVert_0^2$ will do in lemma 4.2 (add a constant to the triangle wave),
// and that any factor above 1 will, with a constant of its own before the other term.
// 7. ★★★ For which grids is $4\tau_1\tau_2$ in lemma 5.1 not enough? (Try two cells by two, and lean everything on the
// node in the middle.)
//
// ## Further reading
//
// - S. Qadeer et al., the paper itself, for figures 3 to 11 and appendix B.
// - Z. Fan and Z. Wang, "Spectra of the Conjugate Kernel and Neural Tangent Kernel for Linear-Width Neural Networks",
//   2020, arXiv:2005.11879.
// - N. Halko, P.-G. Martinsson and J. A. Tropp, "Finding Structure with Randomness", SIAM Review 53, 2011: what can be
//   known of a matrix whose singular values fall like these.
// - B. Adcock and D. Huybrechs, "Frames and Numerical Approximation", SIAM Review 61, 2019: why redundant features
//   with a cut reach so many digits.
