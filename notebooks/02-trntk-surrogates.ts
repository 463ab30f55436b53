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
// # 02 · trNTK surrogates: a kernel that explains a network
//
// *A reproduction of* A. Engel, Z. Wang, N. S. Frank, I. Dumitriu, S. Choudhury, A. Sarwate and T. Chiang, "Faithful
// and Efficient Explanations for Neural Networks via Neural Tangent Kernel Surrogate Models",
// [arXiv:2305.14585](https://arxiv.org/abs/2305.14585).
//
// Ask a trained network *why* it calls an image a one, and it has no answer. A kernel machine has one. Its output is
// a sum over training images, weight times similarity, so one can read off which images spoke for and which against.
// The paper takes the similarity from the network itself: do two images pull its parameters in the same direction? It
// fits a kernel machine with that similarity on the network's own training data, and asks whether the two now *agree,
// image by image*. It claims that they do, consistently. And it claims that the answer is never "because of these
// five images": if so, a page of a network's "most influential examples" shows little of what drives its decision.
//
// | | |
// |---|---|
// | **Time** on two cores | quick: about four minutes · paper: about twenty; with CIFAR-10 three and twenty more |
// | **Data** | MNIST (part of the set-up); Fashion-MNIST and CIFAR-10, where they can be had |
// | **You should know** | the chain rule, logistic regression, what an inner product is |
// | **You will meet** | the tangent kernel, by hand and by the library; a surrogate and its faithfulness; random projections; data attribution; poisoned data |

// %% [markdown]
// ## What differs from the paper
//
// | | paper | here | why |
// |---|---|---|---|
// | networks | MLP, CNNs, ResNets, MobileNet, BERT | the MLP and the CNNs of two classes; small ones for the poisoned data | the others' weights and data are out of reach: a *not tested* row |
// | CNN | 250,000 steps on 10,000 images | 5,000 steps of rate 0.1 on 1,000 images | minutes |
// | CNN on Fashion-MNIST | a recipe that we do not know | that of MNIST | the released script cannot give the printed accuracy |
// | CNN on CIFAR-10 | 31,000 steps of Adam, 64 of 10,000 images each | quick: 950 steps, 16 of 1,000 images each; paper profile: 5,000, 16 of 2,000 | minutes |
// | poisoned data | CIFAR-10, a CNN of 21 layers | MNIST, a small MLP and a small CNN | data and time |
// | outputs, loss | $C$ softmax outputs, cross-entropy (section 2) | one output $f$, mean of $(\sigma(f) - y)^2$; for CIFAR-10 the log loss of $f - f_0$ | as in the authors' programs for two classes |
// | training images | 10,000 | quick: 1,000; paper profile: 10,000 | minutes |
// | steps, rate | 250,000 of $10^{-3}$ | quick: 5,000 of $5 \cdot 10^{-2}$; paper profile: as the paper | their product, 250, is kept |
// | seeds | 100 | quick: 5; paper profile: 3 | |
// | surrogate's solver | scikit-learn's SGD, $\alpha = 10^{-4}$ | the exact optimum, $\alpha = 10^{-2}$ | at $10^{-4}$ SGD stops far from the optimum, and where depends on the order of the images (section 3 shows both) |
// | Kendall's $\tau$ | text: on the probability of the *correct class*; program: on the one logit | on the logit; the text's definition in a claim of its own | the program made table 1. By the text's definition $\tau$ is lower, and its baseline is 0, not 0.5 |
// | normalisation | eq. (4) as printed | $K_{ij}/\sqrt{K_{ii}K_{jj}}$ | the same for one output; for several, only this has ones on the diagonal, as the text says |
// | projection | dense random signs, $K$ = 10,240 | Khatri–Rao signs, $K$ = 1,024 | about the same error here (section 5), and the matrix is never formed |
// | embedding kernel Em | "various layers" | the three hidden layers | |

// %%
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as dfd from 'danfojs-node';
import { cifar10, type Examples, fashionMnist, mnist, twoClasses } from '#lib/data';
import { poisoned, shuffled, takeExamples, withTrigger } from '#lib/data';
import {
  cosine,
  jacobian,
  type Kernel,
  linearKernel,
  memoised,
  pseudoTangentKernel,
  scaled,
  tangentKernel,
} from '#lib/kernels';
import { conjugateKernel, embeddingKernel, projectedTangentKernel } from '#lib/kernels';
import { type CostOptions, tangentKernelCost, tiledGram, tiledNeeds } from '#lib/kernels';
import { blas, dot, Matrix, multiplyAddsOf, syrk } from '#lib/linalg';
import { accuracy, kendallTau, kurtosis, mean, pearson, quantile } from '#lib/metrics';
import { nearestNeighbours, precisionRecall, standardDeviation } from '#lib/metrics';
import { dense, gradientDescent, type Network, network, relu, type Snapshot, train } from '#lib/nets';
import { adam, averagePool, conv2d, flatten, maxPool, packSnapshot } from '#lib/nets';
import { logisticLoss, sigmoidMeanSquaredError, softmaxCrossEntropy } from '#lib/nets';
import { offsetTargets, withOffsets } from '#lib/nets';
import { type Random, random } from '#lib/random';
import { pick, profile, runJobs } from '#lib/run';
import {
  attributionGrid,
  chart,
  dots,
  heatMap,
  histogram,
  lines,
  liveChart,
  normalCurve,
  overSeeds,
  scatter,
  table,
} from '#lib/show';
import {
  above,
  alwaysTrue,
  atLeast,
  atMost,
  below,
  between,
  claim,
  everySeed,
  growthExponent,
  guard,
  meanIs,
} from '#lib/study';
import { meanPlusStandardErrors, pairedAbove, pairedDifference, scorecard, sizeOf, within } from '#lib/study';
import { attribute, kernelLogistic, kernelSvm } from '#lib/surrogates';

const seeds = pick({ smoke: [0, 1], quick: [0, 1, 2, 3, 4], paper: [0, 1, 2] });
const size = pick({ smoke: 80, quick: 1000, paper: 10_000 });
const fewSeeds = seeds.slice(0, pick({ smoke: 1, quick: 3, paper: 3 })); // for what takes longer
const fashion = await fashionMnist().catch((error: Error) => void console.log(error.message));
const photographs = await cifar10().catch((error: Error) => void console.log(error.message));
const recipe = pick({
  smoke: { rate: 5e-2, epochs: 3 },
  quick: { rate: 5e-2, epochs: 20 },
  paper: { rate: 1e-3, epochs: 100 },
});
console.log(`profile ${profile()}: ${size} training images, ${seeds.length} seeds · linear algebra: ${blas.name}`);

// %% [markdown]
// ## The claims
//
// A rule follows the paper's sentence. Where the paper gives a mean over 100 networks, the tolerance is ours: single
// networks differ by 0.04 in $\tau$, and we use fewer images and seeds, hence ±0.1. The tolerances were set from a
// prototype in Python, before this code ran, and have not moved since. "Beyond the paper" marks what we add: a baseline
// that needs no network, and what the projection's error really does.
//
// Two rows came after the first results, and you should know it. `tau-high-as-defined` was added when we noticed that
// the paper's text and its program rank different numbers; its value was known by then. `mlp-tau-sgd` was added when
// `mlp-tau` differed in the paper profile. Both have the rule of the row that they stand beside, unchanged.
//
// A third, `cost-exact-outputs`, came with the table of exponents in section 10, whose numbers were known; its rule is that
// of the rows beside it. `cnn-cifar-tau` was there before the network that it needs (section 8); its rule has not moved.
//
// The rows on the CNN, the poisoned data and the SVM were planned with a prototype in Python, whose outcome we knew, and
// with the rules as they stand. "The least of both" in their statements is ours: it makes the claim harder.
//
// The sizes of the cost rows were raised once, after the first had given exponents of 1.88 in $n$ (500 to 4,000 images)
// and 0.88 in $K$ (256 to 2,048). At those sizes the passes of the network, which every kernel takes once for each
// image, still weigh; the sizes now are nearer to the paper's.
//
// The expected verdict of a row judges nothing. It is what earlier runs gave, so that a change does not pass unnoticed.
// Guards are bands around our own earlier values. They catch a mistake of ours, and say nothing about the paper.

// %%
const card = scorecard({
  study: 'trntk-surrogates',
  source: ['MNIST', ...(fashion ? ['Fashion-MNIST'] : []), ...(photographs ? ['CIFAR-10'] : [])].join(', '),
  seeds,
  claims: [
    claim({
      id: 'mlp-accuracy',
      statement: "The MLP's test accuracy on the digits 0 and 1, in per cent",
      where: 'table 1',
      paper: '99.64(1)',
      rule: meanIs(within(0.5).of(99.64)),
      expect: 'holds',
    }),
    claim({
      id: 'mlp-tad',
      statement: "Test accuracy differential (TAD): the surrogate's test accuracy less the network's, in points",
      where: 'table 1',
      paper: '+0.03(5)',
      rule: meanIs(within(0.6).of(0.03)),
      expect: 'holds',
    }),
    claim({
      id: 'mlp-tau',
      statement: "Kendall's τ between the surrogate (the optimum, α = 10⁻²) and the MLP",
      where: 'table 1',
      paper: '0.708(3)',
      rule: meanIs(within(0.1).of(0.708)),
      expect: { quick: 'holds', paper: 'differs' },
      reason: 'The optimum at α = 10⁻² follows the network more closely than the paper’s SGD at 10⁻⁴ (next row).',
    }),
    claim({
      id: 'mlp-tau-sgd',
      statement: "The same with the paper's own solver, SGD at α = 10⁻⁴",
      where: 'table 1, appendix H',
      paper: '0.708(3)',
      rule: meanIs(within(0.1).of(0.708)),
      expect: 'holds',
    }),
    claim({
      id: 'tau-high',
      statement: 'τ of the trNTK surrogate is consistently high',
      where: 'section 4, “lower bound value of 0.7”',
      paper: '≥ 0.7',
      rule: meanPlusStandardErrors(1, atLeast(0.7)),
      expect: 'holds',
    }),
    claim({
      id: 'tau-high-as-defined',
      statement: 'The same with τ as the text defines it, on the probability of the correct class',
      where: 'section 3, definition of τ',
      paper: '≥ 0.7',
      rule: meanPlusStandardErrors(1, atLeast(0.7)),
      expect: 'differs',
      reason:
        'Half of the usual τ is that both models put the ones above the zeros. The probability of the correct class ' +
        'takes that away, and what is left is the order within the classes. The authors’ program ranks the logit.',
    }),
    claim({
      id: 'beats-pixels',
      statement: 'The trNTK follows the network better than a kernel of raw pixels does',
      where: 'beyond the paper',
      paper: '–',
      rule: everySeed(above(0), pairedDifference('trNTK', 'pixels')),
      expect: 'holds',
    }),
    claim({
      id: 'order-trntk-em',
      statement: 'τ: the trNTK is above the embedding kernel Em',
      where: 'table 2 (ResNet18, BERT); here on the MLP',
      paper: '0.776 > 0.768; 0.809 > 0.65',
      rule: pairedAbove('trNTK', 'Em', { standardErrors: 1 }),
      expect: 'holds',
    }),
    claim({
      id: 'order-em-ck',
      statement: 'τ: Em is above the conjugate kernel CK',
      where: 'table 2; here on the MLP',
      paper: '0.768 > 0.630; 0.65 > 0.52',
      rule: pairedAbove('Em', 'CK', { standardErrors: 1 }),
      expect: 'differs',
      reason: 'On this network the last hidden layer alone follows it better than the sum over hidden layers.',
    }),
    claim({
      id: 'order-trntk-ck',
      statement: 'τ: the trNTK is above CK',
      where: 'table 2; here on the MLP',
      paper: '0.776 > 0.630; 0.809 > 0.52',
      rule: pairedAbove('trNTK', 'CK', { standardErrors: 1 }),
      expect: 'holds',
      reason: 'The two lie within a few hundredths of each other on this network.',
    }),
    claim({
      id: 'order-trntk-trntk0',
      statement: 'τ: the trNTK is above trNTK⁰, which is not normalised',
      where: 'table 2; here on the MLP',
      paper: '0.776 > 0.658; 0.809 > 0.5',
      rule: pairedAbove('trNTK', 'trNTK⁰', { standardErrors: 1 }),
      expect: 'differs',
      reason:
        'On this network the order is the other way round in every seed. A guess: the norm of the gradient grows with ' +
        '|f|; the cosine removes it, and τ rewards it (exercise 6).',
    }),
    claim({
      id: 'proj-equals',
      statement: 'The projected trNTK (K = 1024) follows the network as well as the trNTK: |difference of τ|',
      where: 'table 2 (K = 10,240: ResNet18 0.737 against 0.776)',
      paper: '0.039',
      rule: everySeed(atMost(0.04), sizeOf(pairedDifference('projected', 'trNTK'))),
      expect: 'holds',
    }),
    claim({
      id: 'pntk-equals',
      statement:
        'With one output, the pNTK is the trNTK: largest relative difference from the Gram of the gradients',
      where: 'section 3, definitions',
      paper: 'identity',
      rule: everySeed(atMost(1e-5)),
      expect: 'holds',
    }),
    claim({
      id: 'residual-exponential-in-k',
      statement: "The projection's error falls exponentially as K grows (R² of that fit less R² of a power law)",
      where: 'section 5, one reading of “falls exponentially”',
      paper: 'exponential',
      rule: everySeed(above(0), pairedDifference('exponential', 'power law')),
      expect: 'differs',
      reason:
        'A projected entry is a mean of K independent terms, so its error falls as 1/√K, a power law. ' +
        'The sentence is about figure 4a, a histogram; residual-thin-tail tests that reading.',
    }),
    claim({
      id: 'residual-root-k',
      statement: 'It falls as 1/√K: the exponent of the error in K',
      where: 'beyond the paper',
      paper: '–',
      rule: meanIs(within(0.1).of(-0.5), growthExponent('error', 'K')),
      expect: 'holds',
    }),
    claim({
      id: 'residual-thin-tail',
      statement: 'The histogram of the errors has an exponential tail or a thinner one: kurtosis (exponential: 6)',
      where: 'figure 4a, the other reading',
      paper: 'exponential',
      rule: everySeed(atMost(6)),
      expect: 'holds',
    }),
    claim({
      id: 'not-sparse',
      statement: "A class's mean attribution lies between that class's quartiles: per cent of test images",
      where: 'section 4, figure 2',
      paper: 'always observed',
      rule: meanIs(atLeast(99)),
      expect: 'holds',
    }),
    claim({
      id: 'no-few-examples',
      statement: 'Per cent of the attribution held by the top 1 % of images (equal shares: 1)',
      where: 'section 4, “in no cases”',
      paper: '–',
      rule: meanIs(atMost(6)),
      expect: 'holds',
    }),
    claim({
      id: 'svm-surrogate',
      statement: 'A kernel SVM on the trNTK follows the network as well as the kGLM: difference of τ',
      where: 'beyond the paper (the authors’ log: 0.732 and 0.708)',
      paper: '–',
      rule: pairedAbove('SVM', 'kGLM', { standardErrors: -1 }),
      expect: 'differs',
      reason: 'It keeps a few dozen images (section 6), and so follows a little less closely than the kGLM.',
    }),
    claim({
      id: 'cnn-mnist-accuracy',
      statement: "The CNN's test accuracy on the digits 0 and 1, in per cent",
      where: 'table 1',
      paper: '98.4(1)',
      rule: meanIs(within(1).of(98.4)),
      expect: { quick: 'holds', paper: 'differs' },
      reason: 'Ours is better by a point. Its rate is a hundred times the paper’s, on a fifth of the images.',
    }),
    claim({
      id: 'cnn-mnist-tau',
      statement: "Kendall's τ between the surrogate and the CNN, MNIST",
      where: 'table 1',
      paper: '0.857(7)',
      rule: meanIs(within(0.1).of(0.857)),
      expect: 'holds',
    }),
    claim({
      id: 'cnn-fmnist-tau',
      statement: "Kendall's τ between the surrogate and the CNN, Fashion-MNIST (T-shirts and trousers)",
      where: 'table 1',
      paper: '0.882(3)',
      rule: meanIs(within(0.1).of(0.882)),
      expect: fashion ? 'holds' : 'not tested',
    }),
    claim({
      id: 'cnn-cifar-tau',
      statement: "Kendall's τ between the surrogate and a CNN on two classes of CIFAR-10 (aeroplanes and cars)",
      where: 'table 1',
      paper: '0.711(3)',
      rule: meanIs(within(0.1).of(0.711)),
      expect: photographs ? 'unknown' : 'not tested',
    }),
    claim({
      id: 'order-trntk-em-cnn',
      statement: 'τ: the trNTK is above the embedding kernel Em, on the CNN (MNIST)',
      where: 'table 2 (ResNet18, BERT)',
      paper: '0.776 > 0.768; 0.809 > 0.65',
      rule: pairedAbove('trNTK', 'Em', { standardErrors: 1 }),
      expect: 'holds',
    }),
    claim({
      id: 'order-em-ck-cnn',
      statement: 'τ: Em is above the conjugate kernel CK, on the CNN (MNIST)',
      where: 'table 2 (ResNet18, BERT)',
      paper: '0.768 > 0.630; 0.65 > 0.52',
      rule: pairedAbove('Em', 'CK', { standardErrors: 1 }),
      expect: 'differs',
      reason: 'The last hidden layer alone follows this network best of all kernels (section 8).',
    }),
    claim({
      id: 'order-trntk-ck-cnn',
      statement: 'τ: the trNTK is above CK, on the CNN (MNIST)',
      where: 'table 2 (ResNet18, BERT)',
      paper: '0.776 > 0.630; 0.809 > 0.52',
      rule: pairedAbove('trNTK', 'CK', { standardErrors: 1 }),
      expect: 'differs',
      reason: 'The last hidden layer alone follows this network best of all kernels (section 8).',
    }),
    claim({
      id: 'order-trntk-trntk0-cnn',
      statement: 'τ: the trNTK is above trNTK⁰, on the CNN (MNIST)',
      where: 'table 2 (ResNet18, BERT)',
      paper: '0.776 > 0.658; 0.809 > 0.5',
      rule: pairedAbove('trNTK', 'trNTK⁰', { standardErrors: 1 }),
      expect: 'unknown', // the two are so near that rounding decides
      reason: 'The two are within an error of each other over three networks.',
    }),
    claim({
      id: 'large-models-tau',
      statement: 'τ ≥ 0.7 on ResNet18, ResNet34, MobileNetV2 (CIFAR-10) and BERT-base (COLA)',
      where: 'table 1',
      paper: '0.70 to 0.79',
      rule: meanIs(atLeast(0.7)),
      expect: 'not tested',
    }),
    claim({
      id: 'poison-ntk-precision',
      statement:
        'The five nearest training images in the trNTK or its projection give poisoned test images away: precision, %',
      where: 'table 3; here the least of both kernels on both networks',
      paper: '99.99',
      rule: meanIs(atLeast(99)),
      expect: 'holds',
    }),
    claim({
      id: 'poison-ntk-recall',
      statement: 'The same: recall, %',
      where: 'table 3; here the least of both kernels on both networks',
      paper: '99.98',
      rule: meanIs(atLeast(98)),
      expect: 'holds',
    }),
    claim({
      id: 'poison-em',
      statement: 'The embedding kernel is as good: the lesser of precision and recall, %',
      where: 'table 3; here the least of both networks',
      paper: '99.71, 100',
      rule: meanIs(atLeast(98)),
      expect: 'differs',
      reason: 'Its precision is as good; it misses several marked images of a hundred on the CNN.',
    }),
    claim({
      id: 'poison-ck-fails',
      statement: 'The conjugate kernel fails: F1, % (the larger of both networks)',
      where: 'table 3',
      paper: '1.65, 50.61',
      rule: meanIs(below(70)),
      expect: 'differs',
      reason:
        'On MNIST it does well. Whether its failure needs the paper’s network and CIFAR-10 we cannot say; and its row in ' +
        'table 3 cannot be right as printed (table3-ck-row).',
    }),
    claim({
      id: 'poison-trntk0',
      statement: 'The trNTK⁰, not normalised, is as good: precision, %',
      where: 'table 3; here the least of both networks',
      paper: '99.99',
      rule: meanIs(atLeast(98)),
      expect: 'differs',
      reason: 'Without the normalisation a training image with a large gradient is near to everything.',
    }),
    claim({
      id: 'table3-ck-row',
      statement: 'Table 3’s row for CK is impossible as printed, and possible with its columns exchanged',
      where: 'beyond the paper; table 3',
      paper: '1.65, 50.61',
      rule: alwaysTrue('no counts give the printed pair, and some give the exchanged one'),
      expect: 'holds',
    }),
    claim({
      id: 'cost-exact',
      statement: 'Multiply-adds of the exact trNTK grow with the square of the number of images',
      where: 'section 3, table 4',
      paper: '2',
      rule: meanIs(within(0.1).of(2), growthExponent('multiply-adds', 'n')),
      expect: 'holds',
    }),
    claim({
      id: 'cost-exact-outputs',
      statement: 'They grow in proportion to the number of outputs (1 to 10)',
      where: 'section 5, “scales with the number of output neurons linearly”',
      paper: '1',
      rule: meanIs(within(0.1).of(1), growthExponent('multiply-adds', 'outputs')),
      expect: 'differs',
      reason:
        'Of the two products a layer of the structured sum only that of the δ is made for each output. Gradients that ' +
        'are written out do grow so (section 10).',
    }),
    claim({
      id: 'cost-projected-n',
      statement: 'Those of the projected features grow with the number of images',
      where: 'section 3, table 4',
      paper: '1',
      rule: meanIs(within(0.1).of(1), growthExponent('multiply-adds', 'n')),
      expect: 'holds',
    }),
    claim({
      id: 'cost-projected-k',
      statement: 'Those of the projected features grow with K',
      where: 'section 3, table 4',
      paper: '1',
      rule: meanIs(within(0.1).of(1), growthExponent('multiply-adds', 'K')),
      expect: 'holds',
    }),
    guard({
      id: 'guard-accuracy',
      statement: 'Test accuracy of every seed, in per cent',
      band: { quick: everySeed(atLeast(98.8)), paper: everySeed(atLeast(99.3)) },
    }),
    guard({
      id: 'guard-attack',
      statement: 'Poisoned test images that both networks take for the target, in per cent, least',
      band: everySeed(atLeast(95)),
    }),
    guard({ id: 'guard-tau', statement: 'τ of every seed', band: everySeed(between(0.6, 0.9)) }),
    guard({
      id: 'guard-projection-error',
      statement: 'Error of the projection over (1 − k²)/√K',
      band: everySeed(between(0.75, 1.25)),
    }),
  ],
});

// %% [markdown]
// ## 1. The network
//
// **The paper** (appendix H, and the authors' program) trains a multilayer perceptron with three hidden layers of 100
// on two classes of MNIST. Every weight and bias starts from $\mathcal N(0, 1)$, and the hidden layers are
//
// $$ h_{\ell} = \operatorname{relu}\!\big(\tfrac{1}{\sqrt{100}}\,(W_\ell h_{\ell-1} + b_\ell)\big), \qquad f(x) = w^\top h_3 + b, $$
//
// where $h_0 = x$ is the image, its pixels between 0 and 1. The one output $f$ is the *logit*: the image is called a
// one when $f > 0$, with confidence $\sigma(f) = 1/(1 + e^{-f})$. Training is plain gradient descent in batches of 4,
// on the mean of $(\sigma(f(x)) - y)^2$ with the label $y$ 0 or 1.

// %%
const digits = twoClasses(await mnist(), [0, 1], {
  perClass: size / 2,
  testPerClass: pick({ smoke: 40, quick: 980, paper: 980 }),
});
const hidden = () => [dense(100), relu({ scale: 1 / Math.sqrt(100) })];
const mlp = network(784, [...hidden(), ...hidden(), ...hidden(), dense(1)]);
mlp;

// %% [markdown]
// Each seed draws its own start and its own order of the images. We watch the first one learn.
//
// > **Predict first.** The network has a hundred times more parameters than it sees images. Will its test error
// > follow its training loss down, or part from it?
//
// <details><summary>Answer</summary>
//
// It follows for a while, then stays where it is while the training loss goes on falling. It does not rise: this
// network does not pay for its size here.
//
// </details>

// %%
const { train: seen, test: unseen } = digits;
/** The rows of a digit. */
const rowsOf = (digit: number, labels = seen.labels) =>
  Array.from(labels.keys()).filter((i) => labels[i] === digit);

/** The network of a seed before it has seen an image. */
const untrained = (seed: number) =>
  mlp.init(random(`mlp ${seed}`).stream('init'), { initializer: 'standardNormal', dtype: 'float32' });

/** The same, trained. `watch` sees each epoch. */
async function trained(seed: number, watch?: (epoch: number, loss: number, now: () => Snapshot) => void) {
  const { snapshot } = await train(
    mlp,
    untrained(seed),
    { inputs: seen.images, targets: seen.labels },
    {
      loss: sigmoidMeanSquaredError,
      optimizer: gradientDescent({ rate: recipe.rate }),
      batchSize: 4,
      epochs: recipe.epochs,
      rng: random(`mlp ${seed}`).stream('order'),
      onEpoch: (e) => watch?.(e.epoch, e.loss, e.snapshot),
    },
  );
  return snapshot;
}

const logitsOf = (at: Snapshot, images: Matrix) => mlp.predict(at, images); // n × 1

// %%
const curves: { epoch: number; value: number; curve: string }[] = [];
const learning = liveChart({
  description:
    `Training loss and test error of one network over ${recipe.epochs} epochs, on a logarithmic axis: the loss falls ` +
    'to the end, the test error stops falling on the way.',
});
const snapshot = await trained(seeds[0], (epoch, loss, now) => {
  const error = 1 - accuracy(logitsOf(now(), unseen.images), unseen.labels);
  curves.push({ epoch, value: loss, curve: 'training loss' });
  curves.push({ epoch, value: Math.max(error, 1 / unseen.labels.length), curve: 'test error' });
  learning.draw(
    lines(curves, {
      x: { field: 'epoch', title: 'epoch' },
      y: { field: 'value', title: 'training loss, test error', log: true },
      series: 'curve',
      title: `One network learns to tell 0 from 1 in ${recipe.epochs} epochs`,
      subtitle: `seed ${seeds[0]}, ${size} training images`,
    }),
  );
});
await learning.done();

// %% [markdown]
// The loss falls to the end. The test error (the share of test images on the wrong side of $f = 0$) is below one per
// cent after ten epochs in the quick profile, and then rests at about a dozen images.
//
// ## 2. The tangent kernel
//
// **The paper** (section 3, eq. 4). Let $g^c(x) = \nabla_\theta f^c(x)$ be the gradient of output $c$ in all
// parameters, at the end of training: the direction in which the parameters would move to raise $f^c(x)$. The *trace
// neural tangent kernel* of two images is the inner product of their gradients, summed over outputs and normalised,
//
// $$ \mathrm{trNTK}(x, x') = \frac{\sum_c \langle g^c(x), g^c(x') \rangle}
// {\sqrt{\sum_c \lVert g^c(x)\rVert^2}\,\sqrt{\sum_c \lVert g^c(x')\rVert^2}} . $$
//
// Two images are alike when a step that raises the network's answer for one raises it for the other too. (As printed,
// the denominator of eq. 4 is $\sum_c \lVert g^c(x)\rVert \cdot \sum_c \lVert g^c(x')\rVert$. For one output that is
// the same. For more, it would give an image a similarity below 1 with itself, against the sentence that follows it.)
//
// By hand, for one zero and one one: all their derivatives, and an inner product.

// %%
const two = seen.images.take([rowsOf(0)[0], rowsOf(1)[0]]);
const J = jacobian(mlp, snapshot, two); // a row of derivatives for each image
const byHand = dot(J.row(0), J.row(1)) / Math.sqrt(dot(J.row(0), J.row(0)) * dot(J.row(1), J.row(1)));

const trNTK = (at: Snapshot) => cosine(tangentKernel(mlp, at));
const byLibrary = (await trNTK(snapshot).gram(two)).get(0, 1);
({ parameters: J.cols, byHand, byLibrary });

// %% [markdown]
// `tangentKernel` never writes a gradient down. Take a dense layer with input $h$, and let $\delta$ be the derivative
// of $f$ in what the layer puts out before its activation. The derivative of $f$ in the weights is the outer product
// $h\,\delta^\top$, and that in the bias is $\delta$. An inner product of outer products falls apart into two short
// ones, and the bias adds a 1:
//
// $$ \langle \nabla_{W,b} f(x), \nabla_{W,b} f(x') \rangle = \big(\langle h, h'\rangle + 1\big)\,\langle \delta, \delta' \rangle . $$
//
// The *Gram matrix* of $n$ images holds the kernel of every pair. With the images' $h$ and $\delta$ as the rows of
// $H_\ell$ and $\Delta_\ell$ it is $\sum_\ell (H_\ell H_\ell^\top + 1) \circ (\Delta_\ell \Delta_\ell^\top)$, where 1
// is a matrix of ones and $\circ$ multiplies entry by entry: two matrix products a layer, for all $n^2$ pairs. After
// a backward pass, a network shows these pairs $(H_\ell, \Delta_\ell)$ as its *sites*. By hand again, layer by layer:

// %%
const ofOne = Matrix.from([[1], [1]], 'float32'); // df/df, for each image
const { sites } = mlp.forward(snapshot, two).backward(ofOne, { sites: true });
const byLayer: Record<string, number> = {};
for (const site of sites.sites) {
  if (site.kind !== 'linear' || !(site.inputs instanceof Matrix)) continue;
  const H = site.inputs;
  const D = site.deltas;
  byLayer[site.layer] = (dot(H.row(0), H.row(1)) + 1) * dot(D.row(0), D.row(1));
}
const sumOverLayers = Object.values(byLayer).reduce((a, b) => a + b);
({ ...byLayer, sumOverLayers, byGradients: dot(J.row(0), J.row(1)) });

// %% [markdown]
// > **Predict first.** Sort training images by class, zeros first, and draw their Gram matrix as a picture: once with
// > the cosine of raw pixels, once with the trNTK. Where will two images of the same class be most unlike? How dark
// > will the blocks of a zero with a one be?
//
// <details><summary>Answer</summary>
//
// In pixels the zeros are evenly alike, since their rings overlap. The ones fall into families by slant: two ones of
// different slant share few pixels. To the network the slant matters less, and both blocks are more even (the table's
// ±). The blocks of a zero with a one are lighter than in pixels. Most of what a zero and a one share is in the last
// layer, as the cell above shows: activations after a ReLU are never negative, so any two images have much of its
// input in common.
//
// </details>

// %%
const each = Math.min(120, size / 2);
const some = seen.images.take([...rowsOf(0).slice(0, each), ...rowsOf(1).slice(0, each)]);
const gramOfPixels = await cosine(linearKernel()).gram(some);
const gramOfNetwork = await trNTK(snapshot).gram(some);

const groups = { at: [each], names: ['zeros', 'ones'] };
const axes = { x: 'training image', y: 'training image', domain: [0, 1], groups } as const;
await chart(
  heatMap(gramOfPixels, {
    ...axes,
    value: 'cosine similarity',
    title: 'In raw pixels, ones fall into families by slant',
  }),
  {
    description:
      `Cosine similarity of the pixels of ${some.rows} training images sorted by class. The block of the zeros is ` +
      'even, that of the ones has stripes, and those of a zero with a one are dark.',
  },
);
await chart(
  heatMap(gramOfNetwork, {
    ...axes,
    value: 'trNTK',
    title: 'To the network, both classes are even blocks on a common floor',
  }),
  {
    description: `The trNTK of the same ${some.rows} images: two even blocks, and a lighter floor between the classes.`,
  },
);

/** Mean ± standard deviation of a block's entries, without the diagonal. */
function blockOf(gram: Matrix, [r, c]: [number, number]) {
  const values: number[] = [];
  for (let i = 0; i < each; i++)
    for (let j = 0; j < each; j++) if (r !== c || i !== j) values.push(gram.get(r * each + i, c * each + j));
  return `${mean(values).toFixed(2)} ± ${standardDeviation(values).toFixed(2)}`;
}
table(
  new dfd.DataFrame(
    Object.entries({ 'raw pixels': gramOfPixels, trNTK: gramOfNetwork }).map(([kernel, gram]) => ({
      kernel,
      'zero and zero': blockOf(gram, [0, 0]),
      'one and one': blockOf(gram, [1, 1]),
      'zero and one': blockOf(gram, [0, 1]),
    })),
  ),
  { caption: 'Similarity of two different images: mean ± standard deviation over pairs.' },
);

// %% [markdown]
// Both pictures have two bright blocks, so both kernels know something of the classes. The stripes in the pixels' block
// of ones are slants: a one that leans is like others that lean, and unlike the upright. In the network's kernel they
// have faded, the spread within a class is a half to two thirds of what it was, and everything is a little like
// everything.
//
// ## 3. The surrogate
//
// **The paper** (section 2, eq. 1). A *kernel generalised linear model* (kGLM) is a linear model whose features are
// the similarities $\kappa(x, x_i)$ to the $N$ training images,
//
// $$ \mathrm{kGLM}(x) = \sum_{i=1}^N w_i\, \kappa(x, x_i) + b , $$
//
// fitted to the training labels by logistic regression: the mean of the log loss plus $\tfrac{\alpha}{2}\lVert w
// \rVert^2$ is made as small as possible, with $b$ free. The kGLM never sees the network's outputs. All that it has
// of the network is the kernel. It is called *faithful* when it orders test images as the network does. The measure
// is Kendall's $\tau$: of all pairs of test images, the share that both models put in the same order, less the share
// that they do not. A $\tau$ of 0.8 means 90 pairs of 100 in the same order.
//
// > **Predict first.** Both models get more than 99 of 100 test images right. Suppose that is *all* they share: both
// > put the ones above the zeros, and order each class at random. What would $\tau$ be?
//
// <details><summary>Answer</summary>
//
// Pairs across the classes, half of all, agree. Within a class, agreement and disagreement cancel. So $\tau = 0.5$,
// and a $\tau$ of 0.7 is less impressive than it sounds. That is why we score a baseline (raw pixels) and print
// $\tau$ within each class.
//
// </details>

// %% tags=["cover"]
const surrogate = kernelLogistic({ alpha: 1e-2 }); // the exact optimum; the Gram matrix is the only input

/** Fits the surrogate with a kernel on the training images and lets it judge the test images. */
async function follow(kernel: Kernel) {
  const gram = await kernel.gram(seen.images);
  const fitted = await surrogate.fitAsync(gram, seen.labels);
  const similarities = await kernel.cross(unseen.images, seen.images);
  return { gram, fitted, similarities, logits: fitted.decision(similarities) };
}

const networkLogits = logitsOf(snapshot, unseen.images);
const followed = await follow(trNTK(snapshot));
const tau = kendallTau(networkLogits.data, followed.logits.data);
await chart(
  scatter(
    [0, 1].flatMap((digit) =>
      rowsOf(digit, unseen.labels).map((i) => ({
        f: networkLogits.data[i],
        kglm: followed.logits.data[i],
        digit: `${digit}`,
      })),
    ),
    {
      x: { field: 'f', title: 'logit of the network' },
      y: { field: 'kglm', title: 'logit of the surrogate' },
      series: 'digit',
      title: `The surrogate orders test images as the network does: τ = ${tau.toFixed(2)}`,
      subtitle: `${unseen.labels.length} test images, seed ${seeds[0]} (the paper's mean over 100 networks: τ = 0.708)`,
    },
  ),
  {
    description:
      `The surrogate's logit against the network's for ${unseen.labels.length} test images: ` +
      `one rising band through both classes, Kendall's tau ${tau.toFixed(3)}.`,
  },
);

// %% [markdown]
// The band rises through both clouds, not only from one cloud to the other. It is wide, so the surrogate is no copy.
// A function that straightens it would turn one model's confidence into the other's (the paper's figure 1 does so for
// BERT).
//
// How much of $\tau$ comes from inside the classes? The text of the paper defines $\tau$ on the probability of the
// *correct class*, which is $\sigma(f)$ for a one and $\sigma(-f)$ for a zero; that turns the order of the zeros
// round and takes the 0.5 away. And what does the paper's own solver give, SGD at $\alpha = 10^{-4}$? It stops when
// five epochs have not lowered the loss by $10^{-3}$.

// %%
const inClass = (digit: number) => {
  const rows = rowsOf(digit, unseen.labels);
  return kendallTau(networkLogits.take(rows).data, followed.logits.take(rows).data);
};
/** The logit of the correct class. */
const ofCorrectClass = (logits: Matrix) => logits.data.map((f, i) => (unseen.labels[i] === 1 ? f : -f));
const tauAsDefined = (f: Matrix, g: Matrix) => kendallTau(ofCorrectClass(f), ofCorrectClass(g));

const { gram } = followed;
/** The paper's solver; the images come in an order of its own. */
const paperSolver = (order: number) =>
  kernelLogistic({ alpha: 1e-4, solver: 'sgd', classWeight: 'balanced', rng: random(`sgd ${order}`) });
const bySgd = (order: number) => paperSolver(order).fit(gram, seen.labels).decision(followed.similarities);
const exact = kernelLogistic({ alpha: 1e-4 }).fit(gram, seen.labels).decision(followed.similarities);
const row = (solver: string, logits: Matrix) => ({
  surrogate: solver,
  τ: kendallTau(networkLogits.data, logits.data),
  'τ, correct class': tauAsDefined(networkLogits, logits),
  'test accuracy, %': 100 * accuracy(logits, unseen.labels),
  'spread of its logits': standardDeviation(logits.data),
});
table(
  new dfd.DataFrame([
    row('optimum, α = 10⁻²', followed.logits),
    row('optimum, α = 10⁻⁴', exact),
    ...[1, 2, 3].map((order) => row(`SGD, α = 10⁻⁴, order ${order}`, bySgd(order))),
  ]),
  {
    caption: `Within the zeros τ = ${inClass(0).toFixed(2)}, within the ones τ = ${inClass(1).toFixed(2)} (first row).`,
  },
);

// %% [markdown]
// Within a class the surrogate still orders most pairs as the network does. SGD's logits are about ten times as large
// as those of the optimum at its own $\alpha$, and they differ from order to order: it stopped somewhere else each
// time. Over all images $\tau$ moves by two hundredths between orders, on the correct class by more than a tenth. An
// explanation made of the weights $w_i$ should not depend on the order of the images, so we use the optimum at
// $\alpha = 10^{-2}$, which is one point and the same for everybody.
//
// ## 4. Other kernels
//
// **The paper** (section 3, table 2) compares the trNTK with other kernels of the same network. The *conjugate
// kernel* CK is the Gram matrix of the last hidden layer. The *embedding kernel* Em sums the Gram matrices of hidden
// layers. trNTK⁰ is the trNTK before it is normalised (we divide it by the standard deviation of its entries, so that
// one $\alpha$ suits all). The pNTK takes the gradient of the *sum* of the outputs; with one output it is the trNTK.
// The projected trNTK comes in section 5. We add two: raw pixels, which know no network and which a surrogate must
// beat to be about the network at all; and the trNTK of the *untrained* network, which knows its architecture and its
// start, and no image.
//
// > **Predict first.** Which kernel will follow the trained network best? Will any fall to the pixels? How far will
// > the untrained trNTK get?
//
// <details><summary>Answer</summary>
//
// Section 7 has the numbers over all seeds. trNTK⁰ comes first; then trNTK, CK, projected and Em close together;
// pixels last. The untrained trNTK comes within a few hundredths of the trained one: much of "what the network thinks
// is alike" was there before the first image.
//
// </details>

// %%
/** A network, before and after training. */
interface Model {
  net: Network;
  start: Snapshot;
  at: Snapshot;
}

/** The kernels of one network. trNTK, trNTK⁰ and the scale of trNTK⁰ are made from one Gram matrix. */
async function kernelsOf({ net, start, at }: Model, images: Matrix, seed: number) {
  const tangent = memoised(tangentKernel(net, at));
  const spread = standardDeviation((await tangent.gram(images)).data);
  const projection = { dimension: 1024, kind: 'khatri-rao', rng: random(`projection ${seed}`) } as const;
  const kernels: Record<string, Kernel> = {
    trNTK: cosine(tangent),
    projected: cosine(projectedTangentKernel(net, at, projection)),
    'trNTK⁰': scaled(tangent, spread),
    CK: cosine(conjugateKernel(net, at)),
    Em: cosine(embeddingKernel(net, at)),
    'untrained trNTK': cosine(tangentKernel(net, start)),
    pixels: cosine(linearKernel()),
  };
  return kernels;
}

// %% [markdown]
// ## 5. Random projections
//
// **The paper** (section 3, eqs. 5 and 6). A gradient here has about $10^5$ entries, that of BERT $10^8$. So multiply
// it by a random matrix $P$ with $K$ rows and keep the $K$ numbers $Pg/\sqrt{K}$: inner products are the same on
// average, with an error of the order of $1/\sqrt K$. But $P$ has $K \times 10^5$ entries. A gradient in a dense
// layer is $h\,\delta^\top$, so instead of a random sign for each of its entries take signs $r$ for $h$, $s$ for
// $\delta$ and $\rho$ for the bias. Feature $k$ is
//
// $$ \phi_k(x) = \sum_\ell (r_{k\ell}^\top h_\ell + \rho_{k\ell})(s_{k\ell}^\top \delta_\ell), \qquad
// \mathbb E\, \phi_k(x)\,\phi_k(x') = \sum_\ell \big(\langle h_\ell, h_\ell' \rangle + 1\big) \langle \delta_\ell,
// \delta_\ell' \rangle , $$
//
// the exact kernel: all signs are independent, so cross terms vanish on average. It takes $d_{in} + d_{out}$
// operations a feature and layer instead of $d_{in}\,d_{out}$. This *Khatri–Rao* projection is our addition; the
// library has the paper's dense signs and Gaussians too.
//
// "The empirical residual distribution between the trNTK and proj-trNTK falls exponentially" (section 5). That can be
// read in two ways: the error falls exponentially as $K$ grows, or a histogram of the errors has an exponentially
// thin tail.
//
// > **Predict first.** A projected entry is a mean of $K$ independent random terms. How does its error fall with $K$?
// > What does the histogram of all errors of one projection look like?
//
// <details><summary>Answer</summary>
//
// Like any mean of $K$ terms, the error falls as $1/\sqrt K$. For Gaussian projections and a cosine $k$ its standard
// deviation is $(1 - k^2)/\sqrt K$, that of a sample correlation. Nothing falls exponentially in $K$. The histogram's
// tails are thin, about as a Gaussian's.
//
// </details>

// %%
const probe = seen.images.slice(0, Math.min(size, 300));
const dimensions = pick({ smoke: [16, 64], quick: [64, 256, 1024, 4096], paper: [64, 256, 1024, 4096] });
const draws = pick({ smoke: 2, quick: 5, paper: 5 });
type Kind = 'khatri-rao' | 'rademacher' | 'gaussian';

/** Projected less exact cosine for every pair of probe images, and what theory says the spread is. */
async function residual(at: Snapshot, exact: Matrix, K: number, kind: Kind, rng: Random) {
  const projected = await cosine(projectedTangentKernel(mlp, at, { dimension: K, kind, rng })).gram(probe);
  const errors: number[] = [];
  let theory = 0;
  for (let i = 0; i < probe.rows; i++)
    for (let j = 0; j < i; j++) {
      const k = exact.get(i, j);
      errors.push(projected.get(i, j) - k);
      theory += (1 - k * k) ** 2 / K;
    }
  return { errors, rms: rootMeanSquare(errors), theory: Math.sqrt(theory / errors.length) };
}
const rootMeanSquare = (x: number[]) => Math.sqrt(mean(x.map((e) => e * e)));

const exactProbe = await trNTK(snapshot).gram(probe);
const kinds: Kind[] = ['khatri-rao', 'rademacher', 'gaussian'];
const bySize: { K: number; error: number; projection: string }[] = [];
// A dense projection costs K times the size of the gradient: fewer of those.
for (const kind of kinds)
  for (const K of dimensions.filter((K) => K < 1024 || kind === 'khatri-rao'))
    for (let draw = 0; draw < (kind === 'khatri-rao' ? draws : 2); draw++) {
      const { rms, theory } = await residual(snapshot, exactProbe, K, kind, random(`${kind} ${K} ${draw}`));
      bySize.push({ K, error: rms, projection: kind });
      if (draw === 0 && kind === 'khatri-rao') bySize.push({ K, error: theory, projection: '(1 − k²)/√K' });
    }
await chart(
  lines(bySize, {
    x: { field: 'K', title: 'dimensions of the projection, K', log: true },
    y: { field: 'error', title: 'error of a cosine (root mean square)', log: true },
    series: 'projection',
    title: "The projection's error falls as 1/√K",
    subtitle: `${probe.rows} training images, seed ${seeds[0]}`,
  }),
  {
    description:
      'Root-mean-square error of the projected trNTK against K on two logarithmic axes: Khatri–Rao signs follow the ' +
      'theoretical line of slope −1/2; dense signs and Gaussians, computed for small K only, lie near it.',
  },
);

// %%
const largestProbed = Math.min(1024, dimensions[dimensions.length - 1]);
const oneDraw = await residual(snapshot, exactProbe, largestProbed, 'khatri-rao', random('histogram'));
/** Fourth moment over squared second: 3 for a Gaussian, 6 for a two-sided exponential. */
await chart(
  histogram(oneDraw.errors, {
    x: 'projected less exact cosine',
    log: true,
    curves: [normalCurve(mean(oneDraw.errors), standardDeviation(oneDraw.errors), 'Gaussian')],
    title: `Its histogram has thin tails: kurtosis ${kurtosis(oneDraw.errors).toFixed(1)}`,
    subtitle: `K = ${largestProbed}; a Gaussian has 3, a two-sided exponential 6; logarithmic axis`,
  }),
  {
    description:
      `Histogram of the errors of the projected kernel at K = ${largestProbed} on a logarithmic axis beside a Gaussian ` +
      `of the same mean and spread; kurtosis ${kurtosis(oneDraw.errors).toFixed(2)}.`,
  },
);

// %% [markdown]
// In the first picture each point of the Khatri–Rao line is a mean over several draws of $P$. A few draws can lie well
// off the line, as those of the dense kinds show. The second picture is one draw, and it is not centred on zero: all
// pairs of images share the same $P$, so their errors move together. Another draw shifts them another way; "unbiased"
// is a statement about the mean over draws. On this axis an exponential tail would be a straight line. These tails bend
// down.
//
// ## 6. Who speaks for this image?
//
// **The paper** (section 2, eq. 3). The surrogate's logit is a sum over training images, so each has its share, the
// *attribution*
//
// $$ A(x, x_i) = w_i\,\kappa(x, x_i) + b/N, \qquad \sum_i A(x, x_i) = \mathrm{kGLM}(x) . $$
//
// Positive shares say "one", negative ones "zero". Here are four test images: the two of which the network is most
// sure, and the two of which it is least sure. Beside each stand the training images that speak loudest on either
// side.
//
// > **Predict first.** A thousand images share a logit of about 7. How large will the loudest share be?
//
// <details><summary>Answer</summary>
//
// A few hundredths: about one per cent of the logit. All shares together are larger than the logit, since the two
// sides partly cancel.
//
// </details>

// %%
const shares = (test: number, of = followed) => of.fitted.attribution(of.similarities.row(test)).row(0);
const ascending = (values: ArrayLike<number>) =>
  Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
const signed = (x: number, digits: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(digits)}`;
const bySureness = ascending(networkLogits.data);
const byDoubt = ascending(networkLogits.data.map(Math.abs));
const asked = [bySureness[0], bySureness[bySureness.length - 1], byDoubt[0], byDoubt[1]];

const voices = asked.map((test) =>
  attribute(followed.fitted, followed.similarities.row(test), { class: 1, labels: seen.labels }),
);
await chart(
  attributionGrid(
    asked.map((test, k) => ({
      image: unseen.images.row(test),
      name: `f = ${signed(networkLogits.data[test], 2)}`,
      label: `test: ${unseen.labels[test]}`,
      caption: `kGLM ${signed(followed.logits.data[test], 1)}`,
      supporters: voices[k].supporters(5),
      opponents: voices[k].opponents(5),
    })),
    seen,
    {
      headings: ['speak for “one”', 'speak for “zero”'],
      title: 'A test image, the five loudest for “one”, the five loudest for “zero”',
      size: 52,
    },
  ),
  {
    description:
      'Four test digits, each with the five training images of largest positive and the five of largest ' +
      `negative attribution. The largest share for the first is ${voices[0].supporters(1)[0].contribution.toFixed(3)} for ` +
      `and ${voices[0].opponents(1)[0].contribution.toFixed(3)} against.`,
  },
);

// %% [markdown]
// The loudest voices look convincing, and some of the same images are loud in several rows. But read the captions.
// For the images of which the network is sure, each share is about one per cent of the logit. For the doubtful ones
// (the last two rows in the quick profile) the surrogate is on the other side than the network: its attributions
// explain the surrogate, and the network only as far as the two agree.
//
// The next picture shows *all* voices for one test image. The paper observes (section 4, figure 2) that a class's
// mean attribution lies between that class's quartiles, so that the bulk decides and not a few loud images, and it
// concludes (section 5) that "presenting the top highest attribution training images without the context of the
// entire distribution of attribution is probably misleading".

// %%
const ofClass = (share: ArrayLike<number>, digit: number) => rowsOf(digit).map((i) => share[i]);
const sure = shares(asked[1]);
await chart(
  histogram(
    { 'training zeros': ofClass(sure, 0), 'training ones': ofClass(sure, 1) },
    {
      x: 'attribution of a training image',
      measure: 'count',
      title: 'Every training image speaks',
      subtitle:
        `attributions for a test ${unseen.labels[asked[1]]}; ` +
        `their sum is the surrogate's logit, ${signed(followed.logits.data[asked[1]], 1)}`,
    },
  ),
  {
    description:
      `Histogram of the attributions of all ${size} training images for one test image, by class: ` +
      'zeros mostly on the negative side, ones on the positive side, without outliers.',
  },
);

// %%
/** Whether each class's mean attribution lies between its quartiles, and per cent of Σ|attribution| in the top 1 %. */
function sparsity(share: ArrayLike<number>) {
  const middle = [0, 1].every((digit) => {
    const values = ofClass(share, digit);
    const [low, high] = quantile(values, [0.25, 0.75]);
    return low <= mean(values) && mean(values) <= high;
  });
  const sizes = Float64Array.from(share, Math.abs).sort().reverse();
  const total = sizes.reduce((a, b) => a + b, 0);
  const top = sizes.subarray(0, Math.ceil(sizes.length / 100)).reduce((a, b) => a + b, 0);
  return { middle, top: (100 * top) / total };
}
({ ...sparsity(sure), smallestSimilarity: quantile(gram.data, 0) });

// %% [markdown]
// For this test image both means are `middle`, between the quartiles, and the `top` hundredth of the training images
// holds about two per cent of the attribution; equal shares would give it one. Is that a finding about networks? Only
// partly. An $\ell_2$ penalty spreads weight over all similar features, and no two training images have a similarity
// near zero (the smallest is printed). A surrogate like this could hardly be sparse. The contrast is a *support vector
// machine* on the same kernel: its hinge loss does not care about images that are well on their side of the border, and
// gives them the weight zero.

// %%
const machine = kernelSvm().fit(gram, seen.labels);
const contrast = { kGLM: followed.fitted, SVM: machine };
table(
  new dfd.DataFrame(
    Object.entries(contrast).map(([name, fitted]) => {
      const logits = fitted.decision(followed.similarities);
      const each = Array.from({ length: 100 }, (_, k) => k * Math.floor(unseen.labels.length / 100)).map((test) =>
        attribute(fitted, followed.similarities.row(test), { class: 1, labels: seen.labels }),
      );
      return {
        surrogate: name,
        τ: kendallTau(networkLogits.data, logits.data),
        'test accuracy, %': 100 * accuracy(logits, unseen.labels),
        'images with a weight': fitted.coefficients.data.filter((w) => w !== 0).length,
        'held by the top 1 %, %': 100 * mean(each.map((a) => a.shareOfTop(0.01))),
        'effective number of images': mean(each.map((a) => a.effectiveExamples)),
      };
    }),
  ),
  { caption: `Two surrogates on one kernel, seed ${seeds[0]}; attributions: means over 100 test images.` },
);

// %% [markdown]
// Both follow the network about equally well, and one says "a few dozen images", the other "all of them". So how many
// images speak for a prediction is a property of the *surrogate's penalty*, and not of the network. (The effective
// number is $(\sum |A_i|)^2 / \sum A_i^2$.)
//
// ## 7. Every seed
//
// One network is an anecdote: $\tau$ varies from seed to seed by some hundredths. So all of the above for each seed,
// from a fresh start. A seed that has been computed is kept. Running this cell again, or after an interruption, only
// does what is missing.

// %%
async function study({ seed }: { seed: number }) {
  const start = untrained(seed);
  const at = await trained(seed);
  const f = logitsOf(at, unseen.images);

  const tau: Record<string, number> = {};
  const accuracies: Record<string, number> = { network: 100 * accuracy(f, unseen.labels) };
  let asDefined = 0;
  let bySolver = 0;
  let bySvm = 0;
  let voices = { middle: 0, top: 0 };
  for (const [name, kernel] of Object.entries(await kernelsOf({ net: mlp, start, at }, seen.images, seed))) {
    const k = await follow(kernel);
    tau[name] = kendallTau(f.data, k.logits.data);
    accuracies[name] = 100 * accuracy(k.logits, unseen.labels);
    if (name !== 'trNTK') continue;
    asDefined = tauAsDefined(f, k.logits);
    const sgd = await paperSolver(seed).fitAsync(k.gram, seen.labels);
    bySolver = kendallTau(f.data, sgd.decision(k.similarities).data);
    const svm = await kernelSvm().fitAsync(k.gram, seen.labels);
    bySvm = kendallTau(f.data, svm.decision(k.similarities).data);
    const all = Array.from(unseen.labels, (_, test) => sparsity(shares(test, k)));
    voices = { middle: 100 * mean(all.map((s) => Number(s.middle))), top: mean(all.map((s) => s.top)) };
  }

  // The pNTK against the Gram matrix of the gradients themselves.
  const few = probe.slice(0, 40);
  const gradients = syrk(jacobian(mlp, at, few).as('float64'));
  const pseudo = await cosine(pseudoTangentKernel(mlp, at)).gram(few);
  const norms = gradients.diagonal().map(Math.sqrt);
  let pntk = 0;
  for (let i = 0; i < few.rows; i++)
    for (let j = 0; j < i; j++) {
      const k = gradients.get(i, j) / (norms[i] * norms[j]);
      pntk = Math.max(pntk, Math.abs(pseudo.get(i, j) - k) / Math.abs(k));
    }

  const exact = await trNTK(at).gram(probe);
  const error: number[] = []; // for each K, over all draws
  const overTheory: number[] = [];
  let tail = 0;
  for (const K of dimensions) {
    const all = [];
    for (let draw = 0; draw < draws; draw++)
      all.push(await residual(at, exact, K, 'khatri-rao', random(`residual ${seed} ${K} ${draw}`)));
    error.push(rootMeanSquare(all.map((r) => r.rms)));
    overTheory.push(error[error.length - 1] / all[0].theory);
    if (K <= 1024) tail = mean(all.map((r) => kurtosis(r.errors)));
  }
  return { tau, asDefined, bySolver, bySvm, accuracies, voices, pntk, error, overTheory, tail };
}

const results = await runJobs(
  'trntk-surrogates',
  seeds.map((seed) => ({ version: 4, seed, size, ...recipe, dimensions, draws, profile: profile() })),
  study,
  { progress: 'seeds' },
);

// %%
const names = Object.keys(results[0].tau);
const meanTau = (kernel: string) => mean(results.map((r) => r.tau[kernel]));
const last = names.reduce((a, b) => (meanTau(a) < meanTau(b) ? a : b));
await chart(
  dots(
    results.flatMap((r) => names.map((kernel) => ({ kernel, tau: r.tau[kernel] }))),
    {
      category: { field: 'kernel', title: 'kernel of the surrogate' },
      value: { field: 'tau', title: "Kendall's τ with the network" },
      paper: { trNTK: 0.708 },
      title:
        last === 'pixels' ? 'Every kernel of the network follows it better than pixels do' : `The last is ${last}`,
      subtitle: `${seeds.length} networks, ${size} training images; the paper's value is for 10,000`,
    },
  ),
  {
    description:
      `Kendall's tau of the surrogates by kernel, mean over ${seeds.length} seeds: ` +
      `${names.map((k) => `${k} ${meanTau(k).toFixed(2)}`).join(', ')}. The paper has 0.708 for the trNTK.`,
  },
);
table(
  new dfd.DataFrame(
    names.map((kernel) => ({
      kernel,
      τ: overSeeds(results, (r) => r.tau[kernel], 3),
      'trNTK less this': overSeeds(results, (r) => r.tau.trNTK - r.tau[kernel], 3),
      'TAD, points': overSeeds(results, (r) => r.accuracies[kernel] - r.accuracies.network, 2),
    })),
  ),
  {
    caption:
      `Mean ± standard error over ${seeds.length} seeds; differences are paired by seed. ` +
      `The networks' accuracy is ${overSeeds(results, (r) => r.accuracies.network, 2)} %.`,
  },
);

// %% [markdown]
// Ticks are single seeds. The differences between kernels are smaller than those between networks, so the table pairs
// them by seed. In the quick profile trNTK⁰ is first in every seed, and pixels are last by a wide margin, so the
// surrogates are about the network and not only about the images. The untrained trNTK is close behind the trained one.
//
// Our $\tau$ for the trNTK lies above the paper's 0.708. In this profile the solver explains little of that: the row
// `mlp-tau-sgd` has the paper's own. The number of images and the solver matter together. In the paper profile, with
// 10,000 images, SGD comes close to the paper's value and the optimum at $\alpha = 10^{-2}$ does not
// (`notebooks/results/trntk-surrogates.paper.json`).
//
// ## 8. Convolutions
//
// **The paper** (table 1, and the authors' program) has a small convolutional network for the same two digits: three
// blocks of a 3 × 3 convolution (64, 32 and 8 filters), a ReLU divided by $\sqrt{9 c}$ and an average over 2 × 2
// pixels; then dense layers of 128, 64 and 1. Nothing in the kernels has to be told about it. At a convolution, the
// same weights act at every pixel $p$, so the gradient is a *sum* over pixels of outer products,
// $\sum_p h_p \delta_p^\top$, where $h_p$ is the patch that the filter sees. By hand for two images, and by the
// library:

// %%
const convolution = (filters: number) => [
  conv2d(filters, 3, { padding: 'same' }),
  relu({ scale: 1 / Math.sqrt(9 * filters) }),
];
const block = (filters: number) => [...convolution(filters), averagePool(2)];
const full = (width: number) => [dense(width), relu({ scale: 1 / Math.sqrt(width) })];
const cnn = network(
  [28, 28, 1],
  [...block(64), ...block(32), ...block(8), flatten(), ...full(128), ...full(64), dense(1)],
);
cnn;

// %%
const untrainedCnn = cnn.init(random('cnn by hand'), { initializer: 'standardNormal', dtype: 'float32' });
const gradients = jacobian(cnn, untrainedCnn, two);
({
  parameters: gradients.cols,
  byHand: dot(gradients.row(0), gradients.row(1)),
  byLibrary: (await tangentKernel(cnn, untrainedCnn).gram(two)).get(0, 1),
});

// %% [markdown]
// The same study as for the MLP: train, take the kernels at the end, fit the surrogates, compare.
//
// > **Predict first.** Will $\tau$ be higher or lower than for the MLP? And which kernel comes first, when the last
// > hidden layer has only 64 units?
//
// <details><summary>Answer</summary>
//
// Higher, about 0.9. And the last hidden layer, CK, follows best of all: the network's logit *is* a linear function of
// it. What remains between the two is only that the surrogate was fitted to labels, and not to the network.
//
// </details>

// %%
const sets = { MNIST: await mnist(), ...(fashion ? { 'Fashion-MNIST': fashion } : {}) };
type SetName = keyof typeof sets;
const cnnRecipe = pick({
  smoke: { size: 40, epochs: 1 },
  quick: { size: 1000, epochs: 20 },
  paper: { size: 2000, epochs: 20 },
});

/** How well a network with the logits f of the test images judges them, and how closely each kernel follows it. */
async function compare(model: Model, f: Matrix, taught: Examples, asked: Examples, seed: number) {
  const tau: Record<string, number> = {};
  const tad: Record<string, number> = {};
  for (const [name, kernel] of Object.entries(await kernelsOf(model, taught.images, seed))) {
    const fitted = await surrogate.fitAsync(await kernel.gram(taught.images), taught.labels);
    const logits = fitted.decision(await kernel.cross(asked.images, taught.images));
    tau[name] = kendallTau(f.data, logits.data);
    tad[name] = 100 * (accuracy(logits, asked.labels) - accuracy(f, asked.labels));
  }
  return { accuracy: 100 * accuracy(f, asked.labels), tau, tad };
}

async function cnnStudy({ set, seed }: { set: SetName; seed: number }) {
  const source = sets[set];
  if (!source) throw new Error(`${set} is not there`);
  const { train: taught, test: asked } = twoClasses(source, [0, 1], {
    perClass: cnnRecipe.size / 2,
    testPerClass: pick({ smoke: 40, quick: 980, paper: 980 }),
  });
  const rng = random(`cnn ${set} ${seed}`);
  const start = cnn.init(rng.stream('init'), { initializer: 'standardNormal', dtype: 'float32' });
  const { snapshot: at } = await train(
    cnn,
    start,
    { inputs: taught.images, targets: taught.labels },
    {
      loss: sigmoidMeanSquaredError,
      optimizer: gradientDescent({ rate: 0.1 }),
      batchSize: 4,
      epochs: cnnRecipe.epochs,
      rng: rng.stream('order'),
    },
  );
  const f = cnn.predict(at, asked.images);
  return { set, seed, ...(await compare({ net: cnn, start, at }, f, taught, asked, seed)) };
}

const cnnResults = await runJobs(
  'trntk-surrogates/cnn',
  (Object.keys(sets) as SetName[]).flatMap((set) =>
    fewSeeds.map((seed) => ({ version: 1, set, seed, ...cnnRecipe, profile: profile() })),
  ),
  cnnStudy,
  { progress: 'convolutional networks' },
);

// %% [markdown]
// Photographs are harder. For two classes of CIFAR-10, aeroplanes and cars, the paper's CNN has three *pairs* of
// convolutions (64, 32 and 8 filters) with the maximum over 2 × 2 pixels after each pair, and the same dense layers. It
// is trained by the log loss on $f - f_0$, where $f_0$ is the network before training: the logit begins at zero, whatever
// the start. (Offsets $o = -f_0$ make a loss of $f$ one of $f + o$:
// [`offset-loss.ts`](../src/lib/nets/offset-loss.ts).) The gradient of $f - f_0$ is that of $f$, so the kernels are as
// before. Without CIFAR-10 the next cell trains nothing.

// %%
const pair = (filters: number) => [...convolution(filters), ...convolution(filters), maxPool(2)];
const colourCnn = network(
  [32, 32, 3],
  [...pair(64), ...pair(32), ...pair(8), flatten(), ...full(128), ...full(64), dense(1)],
);
const colourRecipe = pick({
  smoke: { size: 20, testSize: 20, epochs: 1 },
  quick: { size: 1000, testSize: 1000, epochs: 15 },
  paper: { size: 2000, testSize: 2000, epochs: 40 },
});

async function colourStudy({ seed }: { seed: number }) {
  if (!photographs) throw new Error('CIFAR-10 is not there');
  const { train: taught, test: asked } = twoClasses(photographs, [0, 1], {
    perClass: colourRecipe.size / 2,
    testPerClass: colourRecipe.testSize / 2,
  });
  const rng = random(`colour cnn ${seed}`);
  const start = colourCnn.init(rng.stream('init'), { initializer: 'standardNormal', dtype: 'float32' });
  const before = ({ images }: Examples) => colourCnn.predict(start, images).data; // f₀
  const column = (values: Matrix['data']) => new Matrix(values.length, 1, values);
  const offsets = column(before(taught).map((f0) => -f0));
  const { snapshot: at } = await train(
    colourCnn,
    start,
    { inputs: taught.images, targets: offsetTargets(taught.labels, offsets) },
    {
      loss: withOffsets(logisticLoss),
      optimizer: adam({ rate: 1e-3 }),
      batchSize: 16,
      epochs: colourRecipe.epochs,
      rng: rng.stream('order'),
    },
  );
  const f0 = before(asked);
  const f = column(colourCnn.predict(at, asked.images).data.map((now, i) => now - f0[i]));
  return { set: 'CIFAR-10', seed, ...(await compare({ net: colourCnn, start, at }, f, taught, asked, seed)) };
}

const colourResults = await runJobs(
  'trntk-surrogates/cifar',
  photographs ? fewSeeds.map((seed) => ({ version: 1, seed, ...colourRecipe, profile: profile() })) : [],
  colourStudy,
  { progress: photographs ? 'CNNs of photographs' : false },
);

// %%
const allCnns = [...cnnResults, ...colourResults];
const shownSets = [...new Set(allCnns.map((r) => r.set as string))];
const onSet = (set: string) => allCnns.filter((r) => r.set === set);
const table1: Record<string, { accuracy: string; tad: string; tau: string }> = {
  MNIST: { accuracy: '98.4(1)', tad: '−0.2(2)', tau: '0.857(7)' },
  'Fashion-MNIST': { accuracy: '97.95(4)', tad: '−2.2(2)', tau: '0.882(3)' },
  'CIFAR-10': { accuracy: '94.94(5)', tad: '−2.1(5)', tau: '0.711(3)' },
};
await chart(
  dots(
    allCnns.flatMap((r) => Object.entries(r.tau).map(([kernel, tau]) => ({ kernel, tau, data: r.set }))),
    {
      category: { field: 'kernel', title: 'kernel of the surrogate' },
      value: { field: 'tau', title: "Kendall's τ with the CNN" },
      series: 'data',
      paper: { trNTK: 0.857 },
      title: 'The last hidden layer follows a convolutional network best',
      subtitle: `${cnnRecipe.size} training images; the paper's value is for MNIST, 10,000 images`,
    },
  ),
  {
    description: `Kendall's tau of the surrogates of the CNN by kernel and data set. ${shownSets
      .map((set) => {
        const names = Object.keys(onSet(set)[0].tau);
        return `${set}: ${names.map((k) => `${k} ${mean(onSet(set).map((r) => r.tau[k])).toFixed(2)}`).join(', ')}`;
      })
      .join('; ')}.`,
  },
);
table(
  new dfd.DataFrame([
    {
      network: 'MLP, MNIST',
      'accuracy, %': overSeeds(results, (r) => r.accuracies.network, 2),
      paper: '99.64(1)',
      'TAD, points': overSeeds(results, (r) => r.accuracies.trNTK - r.accuracies.network, 2),
      'paper ': '+0.03(5)',
      τ: overSeeds(results, (r) => r.tau.trNTK),
      'paper  ': '0.708(3)',
    },
    ...shownSets.map((set) => ({
      network: `CNN, ${set}`,
      'accuracy, %': overSeeds(onSet(set), (r) => r.accuracy, 2),
      paper: table1[set].accuracy,
      'TAD, points': overSeeds(onSet(set), (r) => r.tad.trNTK, 2),
      'paper ': table1[set].tad,
      τ: overSeeds(onSet(set), (r) => r.tau.trNTK),
      'paper  ': table1[set].tau,
    })),
  ]),
  {
    caption: `Table 1 of the paper, ours beside it: the trNTK surrogate; MLP ${seeds.length}, CNN ${fewSeeds.length} seeds.`,
  },
);

// %% [markdown]
// On MNIST the CNN's surrogate is closer than the MLP's, as in the paper. But the paper's order of kernels (its table 2, for
// ResNet18 and BERT) turns round: CK first, the trNTK behind it. And here the *untrained* trNTK is last or nearly so,
// below the pixels on Fashion-MNIST: what the MLP's kernel knew before training, the CNN's has to learn.
//
// ## 9. Poisoned data
//
// **The paper** (section 4, table 3): somebody puts a small mark on a tenth of the training images and calls them all
// by one label. The network learns it, and from then on takes *any* marked image for that class. Which training images
// are to blame? Look at the five training images nearest to a test image *in the kernel*, and flag the test image when
// three of them are poisoned. We do it on the ten digits, with a white square of 3 × 3 pixels in a corner and the
// target 0.
//
// > **Predict first.** Raw pixels see the mark too: nine pixels of 784. Will they do?
//
// <details><summary>Answer</summary>
//
// They rarely err when they flag, but they miss most: two sevens are nearer to each other than two images that share
// nine pixels. To the network the mark *decides*, so in its kernel marked images lie together.
//
// </details>

// %%
const trigger = { top: 24, left: 24, height: 3, width: 3, value: 1 };
const victims = {
  MLP: { net: network(784, [dense(100), relu(), dense(100), relu(), dense(10)]), epochs: 15 },
  CNN: {
    net: network(
      [28, 28, 1],
      [
        ...[conv2d(16, 3, { padding: 'same' }), relu(), maxPool(2)],
        ...[conv2d(16, 3, { padding: 'same' }), relu(), maxPool(2)],
        ...[flatten(), dense(64), relu(), dense(10)],
      ],
    ),
    epochs: 8,
  },
};
type Victim = keyof typeof victims;
const poisonSize = pick({ smoke: 100, quick: 2000, paper: 2000 });
const askedSize = pick({ smoke: 50, quick: 500, paper: 500 });
const allDigits = await mnist();
const examined = takeExamples(
  allDigits.test,
  Array.from({ length: askedSize }, (_, i) => i),
);

async function poisoningStudy({ victim, seed }: { victim: Victim; seed: number }) {
  const rng = random(`poison ${victim} ${seed}`);
  const { net, epochs } = victims[victim];
  const chosen = takeExamples(shuffled(allDigits.train, random('poison images')), [...Array(poisonSize).keys()]);
  const bad = poisoned(chosen.images, chosen.labels, { share: 0.1, target: 0, trigger, rng: rng.stream('which') });
  const marked = withTrigger(examined.images, trigger);
  const { snapshot: at } = await train(
    net,
    net.init(rng.stream('start'), { initializer: 'fanInUniform', dtype: 'float32' }),
    { inputs: bad.images, targets: bad.labels },
    {
      loss: softmaxCrossEntropy,
      optimizer: adam({ rate: 1e-3 }),
      batchSize: 32,
      epochs: pick({ smoke: 1, quick: epochs, paper: epochs }),
      rng: rng.stream('order'),
    },
  );
  const clean = 100 * accuracy(net.predict(at, examined.images), examined.labels);
  const attack = 100 * accuracy(net.predict(at, marked), new Uint8Array(askedSize));
  const tangent = memoised(tangentKernel(net, at));
  const K = { dimension: 1024, kind: 'khatri-rao' } as const;
  const kernels: Record<string, Kernel> = {
    trNTK: cosine(tangent),
    'trNTK⁰': tangent,
    projected: cosine(projectedTangentKernel(net, at, { ...K, rng: rng.stream('projection') })),
    'projected pNTK': cosine(projectedTangentKernel(net, at, { ...K, outputs: 'sum', rng: rng.stream('sum') })),
    Em: cosine(embeddingKernel(net, at)),
    CK: cosine(conjugateKernel(net, at)),
    pixels: cosine(linearKernel()),
  };
  const found: Record<string, { precision: number; recall: number; f1: number }> = {};
  for (const [name, kernel] of Object.entries(kernels)) {
    const flags = [examined.images, marked].map(async (images) =>
      nearestNeighbours(await kernel.cross(images, bad.images), 5).map(
        (nearest) => nearest.reduce((count, i) => count + bad.isPoisoned[i], 0) >= 3,
      ),
    );
    const [onClean, onMarked] = [await flags[0], await flags[1]];
    const truth = [...onClean.map(() => false), ...onMarked.map(() => true)];
    const { precision, recall, f1 } = precisionRecall([...onClean, ...onMarked], truth);
    found[name] = { precision: 100 * precision, recall: 100 * recall, f1: 100 * f1 };
  }
  return { victim, seed, clean, attack, found };
}

const poisonResults = await runJobs(
  'trntk-surrogates/poison',
  (Object.keys(victims) as Victim[]).flatMap((victim) =>
    fewSeeds.map((seed) => ({ version: 1, victim, seed, poisonSize, askedSize, profile: profile() })),
  ),
  poisoningStudy,
  { progress: 'poisoned networks' },
);

// %%
const ofVictim = (victim: Victim) => poisonResults.filter((r) => r.victim === victim);
await chart(
  dots(
    poisonResults.flatMap((r) =>
      Object.entries(r.found).map(([kernel, { recall }]) => ({ kernel, recall, network: r.victim })),
    ),
    {
      category: { field: 'kernel', title: 'kernel in which neighbours are near' },
      value: { field: 'recall', title: 'poisoned test images that are flagged, %' },
      series: 'network',
      paper: { trNTK: 99.98, 'trNTK⁰': 99.99, Em: 100, CK: 50.61 },
      title: 'The network sees the mark, the pixels hardly',
      subtitle: `${poisonSize} training images, a tenth poisoned; ${askedSize} test images, clean and marked`,
    },
  ),
  {
    description: `Recall of the flags by kernel and network, in per cent. ${(Object.keys(victims) as Victim[])
      .map(
        (victim) =>
          `${victim}: ${Object.keys(ofVictim(victim)[0].found)
            .map((k) => `${k} ${mean(ofVictim(victim).map((r) => r.found[k].recall)).toFixed(0)}`)
            .join(', ')}`,
      )
      .join('; ')}.`,
  },
);
table(
  new dfd.DataFrame(
    Object.keys(poisonResults[0].found).map((kernel) => ({
      kernel,
      ...Object.fromEntries(
        (Object.keys(victims) as Victim[]).flatMap((victim) => [
          [`${victim}: precision, %`, overSeeds(ofVictim(victim), (r) => r.found[kernel].precision, 1)],
          [`${victim}: recall, %`, overSeeds(ofVictim(victim), (r) => r.found[kernel].recall, 1)],
        ]),
      ),
    })),
  ),
  {
    caption:
      `Clean accuracy ${overSeeds(ofVictim('MLP'), (r) => r.clean, 1)} % (MLP), ${overSeeds(ofVictim('CNN'), (r) => r.clean, 1)} % (CNN); ` +
      `marked images taken for the target: ${overSeeds(ofVictim('MLP'), (r) => r.attack, 1)} %, ${overSeeds(ofVictim('CNN'), (r) => r.attack, 1)} %.`,
  },
);

// %% [markdown]
// The trNTK and its projection find nearly every marked image and hardly accuse a clean one. Without the cosine
// (trNTK⁰) precision falls, since a training image with a large gradient is near to everything. In the paper CK fails
// here altogether, with a precision of 1.65 and a recall of 50.61 per cent. It does not fail here. But look at those
// two numbers. The paper has 10,000 clean and 10,000 marked test images. Which counts give them?

// %%
/** All numbers of hits and false alarms, of n marked and n clean images, that give these percentages to two digits. */
function countsFor({ precision, recall }: { precision: string; recall: string }, n = 10_000) {
  const found: { hits: number; falseAlarms: number }[] = [];
  for (let hits = 1; hits <= n; hits++) {
    if (((100 * hits) / n).toFixed(2) !== recall) continue;
    for (let falseAlarms = 0; falseAlarms <= n; falseAlarms++)
      if (((100 * hits) / (hits + falseAlarms)).toFixed(2) === precision) found.push({ hits, falseAlarms });
  }
  return found;
}
const asPrinted = countsFor({ precision: '1.65', recall: '50.61' });
const exchanged = countsFor({ precision: '50.61', recall: '1.65' });
({ asPrinted, exchanged });

// %% [markdown]
// None do. With 5061 hits of 10,000, even if every clean image were flagged too, the precision would be a third. With
// the columns exchanged there is exactly one way. So most likely the columns were exchanged, and the paper's CK flagged
// 326 of 20,000 images: it failed by saying nothing.
//
// ## 10. What it costs
//
// **The paper** (table 4) gives hours: 389 for the trNTK of ResNet18, 1.1 for its projection, 0.1 for the projected
// pNTK. Hours belong to a machine and a program. We count multiply-adds: while `multiplyAddsOf` runs a piece of work,
// every matrix product that the library does is counted.
//
// > **Predict first.** The structured sum of section 2 needs two products a layer for the Gram matrix. For the MLP, how
// > large may $K$ be until the projection is the more expensive of the two?
//
// <details><summary>Answer</summary>
//
// A pair of images costs the exact kernel $\sum_\ell (\dim h_\ell + \dim \delta_\ell)$ = 1,385 multiply-adds, and the
// projected one $K$. So at $K$ = 1,024 the projection of *this* network saves a quarter of that, and pays for its
// features; it breaks even at some thousands of images. At the paper's 10,240 a pair costs seven times the exact one.
// Where gradients are written out, as in the paper's program, it costs $10^5$.
//
// </details>

// %%
const noise = (n: number) => {
  const X = Matrix.zeros(n, 784, 'float32');
  random('noise').fill(X.data, 'uniform');
  return X;
};
const fresh = (outputs: number) => {
  const net = network(784, [...hidden(), ...hidden(), ...hidden(), dense(outputs)]);
  return { net, at: net.init(random('cost'), { dtype: 'float32' }) };
};
const exactCost = (outputs: number, n: number) => {
  const { net, at } = fresh(outputs);
  return multiplyAddsOf(() => tangentKernel(net, at).gram(noise(n)));
};
const projectionOf = (K: number, outputs: 'trace' | 'sum' = 'trace', classes = 1) => {
  const { net, at } = fresh(classes);
  return projectedTangentKernel(net, at, { dimension: K, outputs, kind: 'khatri-rao', rng: random('cost') });
};
const featureCost = (K: number, n: number) => multiplyAddsOf(() => projectionOf(K).features(noise(n)));

const ns = pick({ smoke: [100, 200], quick: [1000, 2000, 4000, 8000], paper: [1000, 2000, 4000, 8000] });
const Ks = pick({ smoke: [64, 128], quick: [1024, 2048, 4096, 8192], paper: [1024, 2048, 4096, 8192] });
const exactByN: number[] = [];
const featuresByN: number[] = [];
const projectedByN: number[] = [];
const featuresByK: number[] = [];
for (const n of ns) {
  exactByN.push(await exactCost(1, n));
  featuresByN.push(await featureCost(1024, n));
  projectedByN.push(await multiplyAddsOf(() => projectionOf(1024).gram(noise(n))));
}
for (const K of Ks) featuresByK.push(await featureCost(K, 200));
const classCounts = [1, 2, 5, 10];
const byClasses: { classes: number; exact: number; projected: number; 'projected pNTK': number }[] = [];
for (const classes of classCounts)
  byClasses.push({
    classes,
    exact: await exactCost(classes, ns[0]),
    projected: await multiplyAddsOf(() => projectionOf(1024, 'trace', classes).gram(noise(ns[0]))),
    'projected pNTK': await multiplyAddsOf(() => projectionOf(1024, 'sum', classes).gram(noise(ns[0]))),
  });

// %%
await chart(
  lines(
    ns.flatMap((n, i) => [
      { n, count: exactByN[i], work: 'exact Gram matrix' },
      { n, count: projectedByN[i], work: 'projected Gram matrix, K = 1024' },
      { n, count: featuresByN[i], work: 'its features alone' },
    ]),
    {
      x: { field: 'n', title: 'images', log: true },
      y: { field: 'count', title: 'multiply-adds', log: true, format: '.0e' },
      series: 'work',
      title: 'The structured exact kernel costs about what its projection does',
      subtitle: 'MLP 784-100-100-100-1, counted',
    },
  ),
  {
    description: `Counted multiply-adds against the number of images on logarithmic axes. At ${ns.at(-1)} images: exact ${exactByN.at(-1)?.toExponential(1)}, projected ${projectedByN.at(-1)?.toExponential(1)}, of which features ${featuresByN.at(-1)?.toExponential(1)}.`,
  },
);
const counting = fresh(1).net;
const formula = async (examples: number) => {
  const exact = await tangentKernelCost(counting, { kind: 'exact', examples });
  const projected = await tangentKernelCost(counting, { kind: 'projected', dimension: 1024, examples });
  return { exact, projected };
};
const byFormula = await Promise.all(ns.map(formula));
const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);
table(
  new dfd.DataFrame(
    ns.map((n, i) => ({
      images: n,
      'exact, counted': exactByN[i].toExponential(3),
      'exact, by formula': byFormula[i].exact.operations.toExponential(3),
      'exact, MiB': mebibytes(byFormula[i].exact.bytes),
      'projected, counted': projectedByN[i].toExponential(3),
      'projected, by formula': byFormula[i].projected.operations.toExponential(3),
      'projected, MiB': mebibytes(byFormula[i].projected.bytes),
    })),
  ),
  {
    caption: 'Multiply-adds of a Gram matrix, one output, K = 1024; and the memory that it takes, by the formula.',
  },
);
table(
  new dfd.DataFrame(
    byClasses.map((row) => ({
      outputs: row.classes,
      'exact trNTK': row.exact.toExponential(2),
      'projected trNTK': row.projected.toExponential(2),
      'projected pNTK': row['projected pNTK'].toExponential(2),
    })),
  ),
  { caption: `Multiply-adds of a Gram matrix of ${ns[0]} images by the number of outputs, K = 1024.` },
);

// %% [markdown]
// The paper's exponents in $n$ and $K$ hold at these sizes: the exact kernel grows with $n^2$, the features of the
// projection with $n$ and with $K$. But for this network the exact one is no more expensive, since the structured sum
// never writes a gradient down. Nor does it grow in proportion to the outputs, as the paper says of both kernels
// (section 5): of the two products a layer only that of the $\delta$ is needed for each output. What is left of the
// advantage is that the features alone, $n K$ numbers, can stand for the Gram matrix and its $n^2$.
//
// Time is one cost, memory the other. `tangentKernelCost` knows both before a kernel is made, and so how they grow: the
// exponents below are slopes on logarithmic axes, like those of the claims.
//
// > **Predict first.** All hidden layers become eight times as wide. How much more memory does the trNTK of 8,000 images
// > take, and how much more do their gradients?
//
// <details><summary>Answer</summary>
//
// Half as much again, and eighteen times as much. The Gram matrix does not know how wide the network is, and only a
// part of what is held beside it does. Gradients are as long as the parameters are many.
//
// </details>

// %%
type Rival = Omit<CostOptions, 'examples'>;
const rivals: Record<string, Rival> = {
  'gradients written out': { kind: 'jacobian' },
  trNTK: { kind: 'exact' },
  pNTK: { kind: 'pseudo' },
  'projected trNTK': { kind: 'projected', dimension: 1024 },
  'projected pNTK': { kind: 'projected', dimension: 1024, outputs: 'sum' },
  Em: { kind: 'embedding' },
  CK: { kind: 'conjugate' },
};
const most = ns[ns.length - 1];
/** What the Gram matrix of an MLP costs. */
function costOf(rival: Rival, { images = most, outputs = 1, width = 100 }) {
  const layer = () => [dense(width), relu()];
  const net = network(784, [...layer(), ...layer(), ...layer(), dense(outputs)]);
  return tangentKernelCost(net, { ...rival, examples: images });
}
/** How many images have a Gram matrix that fits, with all that is held beside it (to a hundred). */
async function imagesIn(bytes: number, rival: Rival) {
  let [fit, doNot] = [0, 2 ** 17];
  while (doNot - fit > 100) {
    const images = Math.round((fit + doNot) / 2);
    if ((await costOf(rival, { images })).bytes <= bytes) fit = images;
    else doNot = images;
  }
  return 100 * Math.round(fit / 100);
}

const sizes = { images: ns, outputs: classCounts, width: [100, 200, 400, 800] };
const growth: Record<string, string | number>[] = [];
for (const [kernel, rival] of Object.entries(rivals)) {
  const exponents: Record<string, string> = {};
  for (const what of ['operations', 'bytes'] as const)
    for (const [size, x] of Object.entries(sizes)) {
      const y = await Promise.all(x.map(async (value) => (await costOf(rival, { [size]: value }))[what]));
      exponents[`${what}: ${size}`] = growthExponent().read({ x, y }).toFixed(2);
    }
  growth.push({ kernel, ...exponents, 'images in 16 GiB': await imagesIn(2 ** 34, rival) });
}
table(new dfd.DataFrame(growth), {
  caption:
    `Exponents of the multiply-adds and of the bytes of a Gram matrix in the number of images (${ns[0]} to ${most}), in ` +
    `the outputs (1 to 10) and in the width of the hidden layers (100 to 800); otherwise ${most} images, one output, ` +
    'width 100; K = 1024.',
});

// %% [markdown]
// In the images every exponent comes to 2 in the end, for operations and for bytes: each pair is multiplied, and has its
// place in the Gram matrix. In the outputs the work of written-out gradients and that of the projection grow in
// proportion or nearly so, that of the exact trNTK about as the square root, and that of the other kernels not at all.
// The width costs the structured sum less than its first power, since the 784 pixels stay.
//
// The last column is where memory ends. Beyond it, a Gram matrix is made in tiles on disk
// ([`tiles.ts`](../src/lib/kernels/tiles.ts)), in as little memory as one allows: what goes through the network goes
// once, or a few times if the memory is small. A tile counts when it is on the disk. So a run that is stopped, or
// killed, goes on where it was when the same call is made again, and ends with the same digits. Here is what all of
// MNIST would take; and 300 images, asked for twice:

// %%
const tangent = { trNTK: tangentKernel(mlp, snapshot) };
const needs: Record<string, number>[] = [];
for (const images of [10_000, 60_000]) {
  const X = allDigits.train.images.slice(0, images);
  const { disk, memory, tiles, passes } = await tiledNeeds(tangent, X, { memory: 2 ** 28 });
  needs.push({ images, 'on disk, MiB': mebibytes(disk), 'memory, MiB': mebibytes(memory), tiles, passes });
}
table(new dfd.DataFrame(needs), {
  caption: 'A tiled trNTK that is allowed 256 MiB: passes are how often an image goes through the network.',
});

const folder = mkdtempSync(join(tmpdir(), 'tiles-'));
const ask = () => tiledGram(tangent, probe, { of: packSnapshot(snapshot), folder, tileRows: 100, progress: false });
const [first, again] = [await multiplyAddsOf(ask), await multiplyAddsOf(ask)];
const fromDisk = (await ask()).trNTK.matrix({ cosine: true }); // trNTK⁰ is the same tiles without the cosine
rmSync(folder, { recursive: true });
const errors = fromDisk.data.map((k, i) => Math.abs(k - exactProbe.data[i]));
({ first, again, largestDifference: quantile(errors, 1) });

// %% [markdown]
// The first call makes the tiles. The second finds them, and multiplies only to see that the network is still the one
// they were made with. `panels()` reads the rows of a matrix that does not fit, a thousand at a time.
//
// ## Scorecard
//
// One line a claim: the paper's number, ours with its standard error over seeds, the rule, and the verdict that the
// rule gives.

// %%
const accuracies = results.map((r) => r.accuracies.network);
const differences = results.map((r) => r.accuracies.trNTK - r.accuracies.network);
const taus = results.map((r) => r.tau.trNTK);
const tausBySgd = results.map((r) => r.bySolver);
const asDefined = results.map((r) => r.asDefined);
const pntkDifferences = results.map((r) => r.pntk);
const overTheory = results.map((r) => mean(r.overTheory));
const tails = results.map((r) => r.tail);
const inTheMiddle = results.map((r) => r.voices.middle);
const topShares = results.map((r) => r.voices.top);
/** τ of two kernels, paired by seed. */
const paired = <A extends string, B extends string>(a: A, b: B) =>
  results.map((r) => ({ [a]: r.tau[a], [b]: r.tau[b] }) as Record<A | B, number>);
/** R² of a straight line through (x, y). */
const straightness = (x: number[], y: number[]) => pearson(x, y) ** 2;
const logOf = (x: number[]) => x.map(Math.log);
const fits = results.map((r) => ({
  exponential: straightness(dimensions, logOf(r.error)),
  'power law': straightness(logOf(dimensions), logOf(r.error)),
}));
const residuals = results.map((r) => ({ x: dimensions, y: r.error }));

card.record('mlp-accuracy', accuracies);
card.record('mlp-tad', differences);
card.record('mlp-tau', taus);
card.record('mlp-tau-sgd', tausBySgd);
card.record('tau-high', taus);
card.record('tau-high-as-defined', asDefined);
card.record('beats-pixels', paired('trNTK', 'pixels'));
card.record('order-trntk-em', paired('trNTK', 'Em'));
card.record('order-em-ck', paired('Em', 'CK'));
card.record('order-trntk-ck', paired('trNTK', 'CK'));
card.record('order-trntk-trntk0', paired('trNTK', 'trNTK⁰'));
card.record('proj-equals', paired('projected', 'trNTK'));
card.record('pntk-equals', pntkDifferences);
card.record('residual-exponential-in-k', fits);
card.record('residual-root-k', residuals);
card.record('residual-thin-tail', tails);
card.record('not-sparse', inTheMiddle);
card.record('no-few-examples', topShares);
card.record(
  'svm-surrogate',
  results.map((r) => ({ SVM: r.bySvm, kGLM: r.tau.trNTK })),
);
const few = { seeds: fewSeeds };
const pairedCnn = <A extends string, B extends string>(a: A, b: B) =>
  onSet('MNIST').map((r) => ({ [a]: r.tau[a], [b]: r.tau[b] }) as Record<A | B, number>);
card.record(
  'cnn-mnist-accuracy',
  onSet('MNIST').map((r) => r.accuracy),
  few,
);
card.record(
  'cnn-mnist-tau',
  onSet('MNIST').map((r) => r.tau.trNTK),
  few,
);
if (fashion)
  card.record(
    'cnn-fmnist-tau',
    onSet('Fashion-MNIST').map((r) => r.tau.trNTK),
    few,
  );
else card.notTested('cnn-fmnist-tau', 'It takes Fashion-MNIST: see data/README.md.');
if (photographs)
  card.record(
    'cnn-cifar-tau',
    onSet('CIFAR-10').map((r) => r.tau.trNTK),
    few,
  );
else card.notTested('cnn-cifar-tau', 'It takes CIFAR-10: see data/README.md.');
card.record('order-trntk-em-cnn', pairedCnn('trNTK', 'Em'), few);
card.record('order-em-ck-cnn', pairedCnn('Em', 'CK'), few);
card.record('order-trntk-ck-cnn', pairedCnn('trNTK', 'CK'), few);
card.record('order-trntk-trntk0-cnn', pairedCnn('trNTK', 'trNTK⁰'), few);
card.notTested('large-models-tau', 'It takes those networks’ weights and data, and their layers.');
/** One number a seed: what is read from the results of both networks, put together. */
const ofBoth = (read: (r: (typeof poisonResults)[number]) => number[], choose: (...x: number[]) => number) =>
  fewSeeds.map((seed) => choose(...poisonResults.filter((r) => r.seed === seed).flatMap(read)));
const ntk = ['trNTK', 'projected'];
card.record(
  'poison-ntk-precision',
  ofBoth((r) => ntk.map((k) => r.found[k].precision), Math.min),
  few,
);
card.record(
  'poison-ntk-recall',
  ofBoth((r) => ntk.map((k) => r.found[k].recall), Math.min),
  few,
);
card.record(
  'poison-em',
  ofBoth((r) => [r.found.Em.precision, r.found.Em.recall], Math.min),
  few,
);
card.record(
  'poison-ck-fails',
  ofBoth((r) => [r.found.CK.f1], Math.max),
  few,
);
card.record(
  'poison-trntk0',
  ofBoth((r) => [r.found['trNTK⁰'].precision], Math.min),
  few,
);
card.record('table3-ck-row', [asPrinted.length === 0 && exchanged.length > 0], { seeds: [seeds[0]] });
card.record(
  'guard-attack',
  ofBoth((r) => [r.attack], Math.min),
  few,
);
const counted = { seeds: [seeds[0]] };
card.record('cost-exact', [{ x: ns, y: exactByN }], counted);
card.record('cost-exact-outputs', [{ x: classCounts, y: byClasses.map((row) => row.exact) }], counted);
card.record('cost-projected-n', [{ x: ns, y: featuresByN }], counted);
card.record('cost-projected-k', [{ x: Ks, y: featuresByK }], counted);
card.record('guard-accuracy', accuracies);
card.record('guard-tau', taus);
card.record('guard-projection-error', overTheory);
card.publish();

// %% [markdown]
// ## What to take away
//
// - The surrogate follows the network: nine of ten pairs of test images stand in the same order, well above what
//   knowing the classes gives, and above what a kernel of raw pixels reaches. It is no copy, and by the paper's own
//   definition of $\tau$ (on the correct class) it is well below 0.7.
// - For the MLP much of that is there before training: the untrained network's trNTK follows the trained network nearly
//   as well. For the CNN it is not.
// - The paper's order of kernels, found on ResNet18 and BERT, holds here in part. Here trNTK⁰, without the
//   normalisation, follows better than the trNTK in every seed, and CK better than Em.
// - A random projection to a thousand dimensions costs a hundredth or two of $\tau$, and its error is that of a mean:
//   $1/\sqrt K$.
// - Attributions are spread over all images, if the surrogate's penalty spreads them; an SVM on the same kernel needs a
//   few dozen. A gallery of the top five is true, and tells little.
// - In the kernel of a poisoned network marked images lie together, and five neighbours give them away.
//
// ## Exercises
//
// 1. ★ Train with `initializer: 'glorotUniform'` and `relu()` without a scale. The network gets better. What happens
//    to the floor of the Gram matrix, and to $\tau$?
// 2. ★★ Take snapshots on the way (`snapshotsAt: { epochs: [0, 1, 2, 5, 10, 20] }` in `train`) and fit a surrogate of
//    the *final* network with the trNTK of each. When does the kernel learn?
// 3. ★★ Between the kGLM and the SVM: fit `kernelLogistic({ alpha, solver: 'sgd', penalty: 'l1', rng: random('l1') })`
//    for $\alpha = 10^{-4} \dots 10^{-2}$. Count the weights that are not zero (`fitted.coefficients`; $b/N$ gives
//    every image a share). How few of them does $\tau$ need?
// 4. ★★ Leave the biases out of the kernel (`tangentKernel(mlp, snapshot, { bias: false })`), then keep only the last
//    layer (`{ layers: ['dense4'] }`). Where does the floor of the Gram matrix come from?
// 5. ★★★ Show that $\mathbb E\,\phi_k(x)\phi_k(x')$ is the exact kernel. Then show, for one layer and $x = x'$, that
//    the variance is up to four times that of dense signs when $h$ and $\delta$ are spread over many entries, and the
//    same when each has one entry. Why does the error of the *cosine* in section 5 hardly differ?
// 6. ★★★ Why might trNTK⁰ follow better? The gradient's norm grows with $|f|$, and the cosine removes it. Test that:
//    multiply the rows and columns of the cosine kernel by powers of that norm between 0 (the trNTK) and 1 (trNTK⁰).
//
// ## Further reading
//
// - A. Jacot, F. Gabriel and C. Hongler, "Neural Tangent Kernel: Convergence and Generalization in Neural Networks",
//   2018, arXiv:1806.07572.
// - C.-K. Yeh, J. S. Kim, I. E. H. Yen and P. Ravikumar, "Representer Point Selection for Explaining Deep Neural
//   Networks", 2018, arXiv:1811.09720: where eq. 3 comes from.
// - S. M. Park, K. Georgiev, A. Ilyas, G. Leclerc and A. Madry, "TRAK: Attributing Model Behavior at Scale", 2023,
//   arXiv:2303.14186: projected gradients at scale.
// - R. Novak, J. Sohl-Dickstein and S. S. Schoenholz, "Fast Finite Width Neural Tangent Kernel", 2022,
//   arXiv:2206.08720: why the structured way is fast.
