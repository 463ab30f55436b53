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
// *A reproduction of* A. Engel, Z. Wang, N. S. Frank, I. Dumitriu, S. Choudhury, A. Sarwate and T. Chiang,
// "Faithful and Efficient Explanations for Neural Networks via Neural Tangent Kernel Surrogate Models",
// [arXiv:2305.14585](https://arxiv.org/abs/2305.14585).
//
// Ask a trained network *why* it calls an image a one, and it has no answer. A kernel machine has one: its output is a
// sum over training images, weight times similarity, so one can read off which of them spoke for and which against.
// The paper takes the similarity from the network itself (do two images pull its parameters in the same direction?),
// fits a kernel machine with it on the network's own training data, and asks whether the two now *agree, image by
// image*. It claims that they do, consistently, and that the answer is never "because of these five images". If that
// holds, a page of a network's "most influential examples" shows very little of what drives its decision.
//
// | | |
// |---|---|
// | **Time** on two cores | quick: one to two minutes · paper: about half an hour |
// | **Data** | MNIST, the digits 0 and 1 (part of the set-up) |
// | **You should know** | the chain rule, logistic regression, what an inner product is |
// | **You will meet** | the tangent kernel, by hand and by the library; a surrogate and its faithfulness; random projections; data attribution |

// %% [markdown]
// ## What differs from the paper
//
// | | paper | here | why |
// |---|---|---|---|
// | networks | MLP, CNNs, ResNets, MobileNet, BERT | the MLP | it is the one that everybody can train; the others' claims are not scored here |
// | training images | 10,000 | quick: 1,000; paper profile: 10,000 | minutes instead of half an hour |
// | steps, rate | 250,000 of 10⁻³ | quick: 5,000 of 5·10⁻²; paper profile: as the paper | their product, 250, is kept |
// | seeds | 100 | quick: 5; paper profile: 3 | |
// | surrogate's solver | scikit-learn's SGD, $\alpha = 10^{-4}$ | the exact optimum, $\alpha = 10^{-2}$ | at $10^{-4}$ SGD stops far from the optimum, and its result depends on the order of the images (section 3 shows both) |
// | Kendall's $\tau$ | on probabilities | on logits | the same order, without the ties that rounding to 0 and 1 makes |
// | normalisation | eq. (4) as printed | $K_{ij}/\sqrt{K_{ii}K_{jj}}$ | the same for one output; for several, only this has ones on the diagonal, as the text says |
// | projection | dense random signs, $K$ = 10,240 | Khatri–Rao signs, $K$ ≤ 4,096 | unbiased with the same error, and the matrix is never formed (section 5) |

// %%
import * as dfd from 'danfojs-node';
import { mnist, twoClasses } from '#lib/data';
import {
  cosine,
  jacobian,
  type Kernel,
  linearKernel,
  pseudoTangentKernel,
  scaled,
  tangentKernel,
} from '#lib/kernels';
import { conjugateKernel, embeddingKernel, projectedTangentKernel } from '#lib/kernels';
import { blas, dot, Matrix } from '#lib/linalg';
import { accuracy, kendallTau, mean, pearson, quantile, standardDeviation, standardError } from '#lib/metrics';
import { dense, gradientDescent, network, relu, type Snapshot, sigmoidMeanSquaredError, train } from '#lib/nets';
import { type Random, random } from '#lib/random';
import { pick, profile, runJobs } from '#lib/run';
import {
  chart,
  dots,
  heatMap,
  histogram,
  imageGrid,
  lines,
  liveChart,
  normalCurve,
  scatter,
  table,
} from '#lib/show';
import { above, atLeast, atMost, between, claim, everySeed, growthExponent, guard, meanIs } from '#lib/study';
import { meanPlusStandardErrors, pairedDifference, scorecard, sizeOf, within } from '#lib/study';
import { kernelLogistic } from '#lib/surrogates';

const seeds = pick({ smoke: [0, 1], quick: [0, 1, 2, 3, 4], paper: [0, 1, 2] });
const size = pick({ smoke: 80, quick: 1000, paper: 10_000 });
const recipe = pick({
  smoke: { rate: 5e-2, epochs: 3 },
  quick: { rate: 5e-2, epochs: 20 },
  paper: { rate: 1e-3, epochs: 100 },
});
console.log(`profile ${profile()}: ${size} training images, ${seeds.length} seeds · linear algebra: ${blas.name}`);

// %% [markdown]
// ## The claims, before any number
//
// The rules come from the paper, or, where it gives none, from what its sentence says in so many words. "Beyond the
// paper" marks what we add: a baseline that needs no network, and what the projection's error really does. Guards at the
// end are bands around our own earlier values; they catch a mistake of ours, and say nothing about the paper.

// %%
const card = scorecard({
  study: 'trntk-surrogates',
  source: 'MNIST',
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
      statement: "The surrogate's test accuracy less the network's, in points",
      where: 'table 1',
      paper: '+0.03(5)',
      rule: meanIs(within(0.6).of(0.03)),
      expect: 'holds',
    }),
    claim({
      id: 'mlp-tau',
      statement: "Kendall's τ between the surrogate and the MLP",
      where: 'table 1',
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
      id: 'beats-pixels',
      statement: 'The trNTK follows the network better than a kernel of raw pixels does',
      where: 'beyond the paper',
      paper: '–',
      rule: everySeed(above(0), pairedDifference('trNTK', 'pixels')),
      expect: 'holds',
    }),
    claim({
      id: 'proj-equals',
      statement: 'The projected trNTK (K = 1024) follows the network as well as the trNTK',
      where: 'table 2 (ResNet18: 0.737 against 0.776)',
      paper: '−0.039',
      rule: everySeed(atMost(0.04), sizeOf(pairedDifference('projected', 'trNTK'))),
      expect: 'holds',
    }),
    claim({
      id: 'pntk-equals',
      statement: 'With one output, pNTK and trNTK are the same kernel: largest relative difference',
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
      statement: 'The histogram of the errors has an exponential tail or a thinner one: its kurtosis',
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
      statement: 'No few images carry the prediction: per cent of the attribution held by the top 1 % of images',
      where: 'section 4, “in no cases”',
      paper: '–',
      rule: meanIs(atMost(6)),
      expect: 'holds',
    }),
    guard({
      id: 'guard-accuracy',
      statement: 'Test accuracy of every seed, in per cent',
      band: { quick: everySeed(atLeast(98.8)), paper: everySeed(atLeast(99.3)) },
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
// **The paper** (appendix H) trains a multilayer perceptron with three hidden layers of 100 on two MNIST classes, "MNIST2".
// The recipe that gives its numbers: every weight and bias drawn from $\mathcal N(0, 1)$, hidden layers
//
// $$ h_{\ell} = \operatorname{relu}\!\big(\tfrac{1}{\sqrt{100}}\,(W_\ell h_{\ell-1} + b_\ell)\big), \qquad f(x) = w^\top h_3 + b, $$
//
// one output $f$, and plain gradient descent in batches of 4 on the mean of $(\sigma(f(x)) - y)^2$. The image is a one when $f > 0$.

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

// %%
/** One network, trained from its seed. `watch` sees each epoch. */
async function trained(seed: number, watch?: (epoch: number, loss: number, snapshot: () => Snapshot) => void) {
  const rng = random(`mlp ${seed}`);
  const start = mlp.init(rng.stream('init'), { initializer: 'standardNormal', dtype: 'float32' });
  const { snapshot } = await train(
    mlp,
    start,
    { inputs: digits.train.images, targets: digits.train.labels },
    {
      loss: sigmoidMeanSquaredError,
      optimizer: gradientDescent({ rate: recipe.rate }),
      batchSize: 4,
      epochs: recipe.epochs,
      rng: rng.stream('order'),
      onEpoch: (e) => watch?.(e.epoch, e.loss, e.snapshot),
    },
  );
  return snapshot;
}

const { train: seen, test: unseen } = digits;
/** The rows of a digit. */
const rowsOf = (digit: number, labels = seen.labels) =>
  Array.from(labels.keys()).filter((i) => labels[i] === digit);
const logitsOf = (at: Snapshot, images: Matrix) => mlp.predict(at, images); // n × 1

// %%
const curves: { epoch: number; value: number; curve: string }[] = [];
const learning = liveChart({
  description: `Training loss and test error of one network over ${recipe.epochs} epochs, on a logarithmic axis: both fall.`,
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
// ## 2. The tangent kernel
//
// **The paper** (section 3, eq. 4). Let $g^c(x) = \nabla_\theta f^c(x)$ be the gradient of output $c$ in all parameters, at
// the end of training: the direction in which the parameters would move to raise $f^c(x)$. The *trace neural tangent
// kernel* of two images is the inner product of their gradients, summed over outputs and normalised,
//
// $$ \mathrm{trNTK}(x, x') = \frac{\sum_c \langle g^c(x), g^c(x') \rangle}
// {\sqrt{\sum_c \lVert g^c(x)\rVert^2}\,\sqrt{\sum_c \lVert g^c(x')\rVert^2}} . $$
//
// Two images are alike when a step that raises the network's answer for one raises it for the other too. (As printed,
// the denominator of eq. 4 is $\sum_c \lVert g^c(x)\rVert \cdot \sum_c \lVert g^c(x')\rVert$. For one output that is the same; for more, it would give an image
// a similarity below 1 with itself, against the sentence that follows it.)
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
// The library never writes a gradient down. For a dense layer with input $h$, the derivative of $f$ in the weights is an outer
// product $h\,\delta^\top$, where $\delta$ is the derivative of $f$ in the layer's pre-activation. An inner product of outer products falls apart
// into two short ones (the 1 is the bias):
//
// $$ \langle \nabla_{W,b} f(x), \nabla_{W,b} f(x') \rangle = \big(\langle h, h'\rangle + 1\big)\,\langle \delta, \delta' \rangle . $$
//
// So the Gram matrix of $n$ images is $\sum_\ell (H_\ell H_\ell^\top + 1) \circ (\Delta_\ell \Delta_\ell^\top)$, two matrix products a layer. After a backward
// pass, a network shows these pairs $(H_\ell, \Delta_\ell)$ as its *sites*. By hand again:

// %%
const ofOne = Matrix.from([[1], [1]], 'float32'); // df/df, for each image
const { sites } = mlp.forward(snapshot, two).backward(ofOne, { sites: true });
let sumOverSites = 0;
for (const site of sites.sites) {
  if (site.kind !== 'linear') continue;
  const { inputs: H, deltas: D } = site;
  sumOverSites += (dot(H.row(0), H.row(1)) + 1) * dot(D.row(0), D.row(1));
}
({ sumOverSites, byGradients: dot(J.row(0), J.row(1)) });

// %% [markdown]
// > **Predict first.** Sort training images by class, zeros first, and draw their Gram matrix as a picture: once with the
// > cosine of raw pixels, once with the trNTK. Where will the blocks be sharper? Will zeros or ones be more alike?
//
// <details><summary>Answer</summary>
//
// In pixels the ones are much alike and the zeros less so; a zero and a one share few bright pixels. The network's kernel evens the two blocks out: what
// differs between two zeros but does not matter to the decision weighs less. The off-diagonal blocks are *not* near zero. All gradients share
// something (the output's bias, to begin with), so similarities start from a common floor.
//
// </details>

// %%
const some = seen.images.take([...rowsOf(0).slice(0, 120), ...rowsOf(1).slice(0, 120)]);
const groups = { at: [some.rows / 2], names: ['zeros', 'ones'] };
await chart(
  heatMap(await cosine(linearKernel()).gram(some), {
    x: 'training image',
    y: 'training image',
    value: 'cosine similarity',
    domain: [0, 1],
    groups,
    title: 'In raw pixels, ones are alike and zeros less so',
  }),
  {
    description:
      `Cosine similarity of the pixels of ${some.rows} training images sorted by class. ` +
      'The block of the ones is bright, that of the zeros less.',
  },
);
await chart(
  heatMap(await trNTK(snapshot).gram(some), {
    x: 'training image',
    y: 'training image',
    value: 'trNTK',
    domain: [0, 1],
    groups,
    title: 'To the trained network, both classes are blocks',
  }),
  {
    description: `The trNTK of the same ${some.rows} images: two bright blocks, one for each class, on a common floor.`,
  },
);

// %% [markdown]
// ## 3. The surrogate
//
// **The paper** (section 2, eq. 1). A *kernel generalised linear model* is a linear model whose features are the similarities
// to the $N$ training images,
//
// $$ \mathrm{kGLM}(x) = \sum_{i=1}^N w_i\, \kappa(x, x_i) + b , $$
//
// fitted to the training labels by logistic regression with a penalty $\tfrac{\alpha}{2}\lVert w \rVert^2$. It never sees the network's outputs: all that it
// has of the network is the kernel. It is called *faithful* when it orders test images as the network does. The measure is Kendall's $\tau$: of all pairs
// of test images, the share that both models put in the same order, less the share that they do not.
//
// > **Predict first.** Both models get more than 99 of 100 test images right. Suppose that is *all* they share: both put the
// > ones above the zeros, and order each class at random. What would $\tau$ be?
//
// <details><summary>Answer</summary>
//
// Pairs across the classes, half of all, agree. Within a class, agreement and disagreement cancel. So $\tau = 0.5$, and a $\tau$ of 0.7 is less impressive than it
// sounds. That is why we score a baseline (raw pixels) and print $\tau$ within each class too.
//
// </details>

// %% tags=["cover"]
const surrogate = kernelLogistic({ alpha: 1e-2 }); // the exact optimum; the Gram matrix is the only input

/** Fits the surrogate with a kernel on the training images and lets it judge the test images. */
async function follow(kernel: Kernel) {
  const fitted = await surrogate.fitAsync(await kernel.gram(seen.images), seen.labels);
  const similarities = await kernel.cross(unseen.images, seen.images);
  return { fitted, similarities, logits: fitted.decision(similarities) };
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
    name: 'trntk-surrogates',
    description:
      `The surrogate's logit against the network's for ${unseen.labels.length} test images: ` +
      `one rising band through both classes, Kendall's tau ${tau.toFixed(3)}.`,
  },
);

// %% [markdown]
// The band rises through both clouds, not only from one cloud to the other; it is wide, so the surrogate is no copy. A function
// that straightens the band would turn one model's confidence into the other's (the paper's figure 1 does so for BERT).
//
// How much of $\tau$ comes from inside the classes? And what does the paper's own solver, SGD at $\alpha = 10^{-4}$, give? It stops when
// the loss no longer falls by $10^{-3}$ in five epochs, far from the optimum, and so it depends on the order in which it sees the images.

// %%
const inClass = (digit: number) => {
  const rows = rowsOf(digit, unseen.labels);
  return kendallTau(networkLogits.take(rows).data, followed.logits.take(rows).data);
};
const gram = await trNTK(snapshot).gram(seen.images);
const bySgd = (order: number) =>
  kernelLogistic({ alpha: 1e-4, solver: 'sgd', classWeight: 'balanced', rng: random(`sgd ${order}`) })
    .fit(gram, seen.labels)
    .decision(followed.similarities);
const exact = kernelLogistic({ alpha: 1e-4 }).fit(gram, seen.labels).decision(followed.similarities);
const row = (surrogateIs: string, logits: Matrix) => ({
  surrogate: surrogateIs,
  τ: kendallTau(networkLogits.data, logits.data),
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
// ## 4. Other kernels, other seeds
//
// **The paper** (section 3; tables 1 and 2) compares the trNTK with cheaper kernels of the same network. The *conjugate kernel* CK
// is the Gram matrix of the last hidden layer; the *embedding kernel* Em sums the Gram matrices of all hidden layers; trNTK⁰ is the
// trNTK before normalisation (we divide it by the standard deviation of its entries, so that one $\alpha$ suits all).
// The projected trNTK comes in section 5. We add raw pixels, a kernel that knows no network: what a surrogate must beat to be about the network at all.
//
// > **Predict first.** Which kernel will follow the network best? Will any of them fall to the pixels?

// %%
/** The kernels of one network. trNTK⁰ needs its Gram matrix once, for the scale. */
async function kernelsOf(at: Snapshot, seed: number): Promise<Record<string, Kernel>> {
  const tangent = tangentKernel(mlp, at);
  const spread = standardDeviation((await tangent.gram(seen.images)).data);
  const projection = { dimension: 1024, kind: 'khatri-rao', rng: random(`projection ${seed}`) } as const;
  return {
    trNTK: cosine(tangent),
    projected: cosine(projectedTangentKernel(mlp, at, projection)),
    'trNTK⁰': scaled(tangent, spread),
    CK: cosine(conjugateKernel(mlp, at)),
    Em: cosine(embeddingKernel(mlp, at)),
    pixels: cosine(linearKernel()),
  };
}

// %% [markdown]
// ## 5. Random projections
//
// **The paper** (section 3, eqs. 5 and 6). A gradient here has some 10⁵ entries, that of BERT 10⁸. So multiply it by a random matrix $P$ with $K$ rows
// and keep the $K$ numbers $Pg/\sqrt{K}$: inner products survive on average (Johnson and Lindenstrauss). The matrix itself would be
// $K \times 10^5$. But a gradient in a dense layer is $h\,\delta^\top$, so instead of random signs for each entry take signs $r$ for $h$ and $s$ for $\delta$: feature $k$ is
//
// $$ \phi_k(x) = \sum_\ell (r_{k\ell}^\top h_\ell)(s_{k\ell}^\top \delta_\ell), \qquad \mathbb E\, \phi_k(x)\,\phi_k(x') = \sum_\ell \langle h_\ell, h_\ell' \rangle \langle \delta_\ell, \delta_\ell' \rangle , $$
//
// the exact kernel, at $d_{in} + d_{out}$ operations instead of $d_{in}\,d_{out}$.
// This *Khatri–Rao* projection is our addition; the library has the paper's dense signs and Gaussians too, and the next cell compares all three.
//
// "The empirical residual distribution between the trNTK and proj-trNTK falls exponentially" (section 5). That can be read in two ways: the error falls
// exponentially as $K$ grows, or a histogram of the errors has an exponentially thin tail.
//
// > **Predict first.** A projected entry is a mean of $K$ independent random terms. How does its error fall with $K$? How does its histogram look?
//
// <details><summary>Answer</summary>
//
// As any mean of $K$ terms: like $1/\sqrt K$, with a nearly Gaussian histogram. For a cosine $k$ of two Gaussian projections the standard deviation is
// $(1 - k^2)/\sqrt K$, that of a sample correlation. Nothing falls exponentially in $K$; the histogram's tail is thinner than exponential.
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
const bySize: { K: number; error: number; kind: string }[] = [];
for (const kind of kinds)
  for (const K of dimensions.filter((K) => K < 1024 || kind === 'khatri-rao')) // a dense one costs K times the gradient
    for (let draw = 0; draw < (kind === 'khatri-rao' ? draws : 2); draw++) {
      const { rms, theory } = await residual(snapshot, exactProbe, K, kind, random(`${kind} ${K} ${draw}`));
      bySize.push({ K, error: rms, kind });
      if (draw === 0 && kind === 'khatri-rao') bySize.push({ K, error: theory, kind: 'theory, (1 − k²)/√K' });
    }
await chart(
  lines(bySize, {
    x: { field: 'K', title: 'dimensions of the projection, K', log: true },
    y: { field: 'error', title: 'error of a cosine (root mean square)', log: true },
    series: 'kind',
    title: "The projection's error falls as 1/√K, whatever the signs",
    subtitle: `${probe.rows} training images, seed ${seeds[0]}`,
  }),
  {
    description:
      'Root-mean-square error of the projected trNTK against K on two logarithmic axes: ' +
      'straight lines of slope −1/2 for three kinds of random projection, on the theoretical line.',
  },
);

// %%
const at1024 = await residual(
  snapshot,
  exactProbe,
  Math.min(1024, dimensions[dimensions.length - 1]),
  'khatri-rao',
  random('histogram'),
);
const kurtosis = (x: ArrayLike<number>) => {
  const m = mean(x);
  const moment = (p: number) => mean(Array.from(x, (v) => (v - m) ** p));
  return moment(4) / moment(2) ** 2;
};
await chart(
  histogram(at1024.errors, {
    x: 'projected less exact cosine',
    log: true,
    curves: [normalCurve(mean(at1024.errors), standardDeviation(at1024.errors), 'Gaussian')],
    title: `Its histogram has a thin tail: kurtosis ${kurtosis(at1024.errors).toFixed(1)}`,
    subtitle: 'a Gaussian has 3, an exponential (Laplace) tail 6; logarithmic axis',
  }),
  {
    description:
      'Histogram of the errors of the projected kernel at K = 1024 on a logarithmic axis beside a Gaussian ' +
      `of the same spread; kurtosis ${kurtosis(at1024.errors).toFixed(2)}.`,
  },
);

// %% [markdown]
// ## 6. Who speaks for this image?
//
// **The paper** (section 2, eq. 3). The surrogate's logit is a sum over training images, so each has its share, the *attribution*
//
// $$ A(x, x_i) = w_i\,\kappa(x, x_i) + b/N, \qquad \sum_i A(x, x_i) = \mathrm{kGLM}(x) . $$
//
// Positive shares say "one", negative ones "zero". Here are test images with the training images that speak loudest on either side: two of which the network is
// sure, and the two of which it is least sure.

// %%
const shares = (test: number, of = followed) => of.fitted.attribution(of.similarities.row(test)).row(0);
const ascending = (values: ArrayLike<number>) =>
  Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
const bySureness = ascending(networkLogits.data);
const byDoubt = ascending(networkLogits.data.map(Math.abs));
const asked = [bySureness[0], bySureness[bySureness.length - 1], byDoubt[0], byDoubt[1]];

const loudest = asked.map((test) => {
  const a = shares(test);
  const order = ascending(a);
  return { test, share: a, forZero: order.slice(0, 5), forOne: order.slice(-5).reverse() };
});
await chart(
  imageGrid(
    loudest.flatMap(({ test, forOne, forZero }) => [
      unseen.images.row(test),
      ...[...forOne, ...forZero].map((i) => seen.images.row(i)),
    ]),
    {
      columns: 11,
      rowLabels: asked.map((test) => `f = ${networkLogits.data[test].toFixed(1)}`),
      labels: loudest.flatMap(({ test, forOne, forZero }) => [
        `test: ${unseen.labels[test]}`,
        ...[...forOne, ...forZero].map((i) => seen.labels[i]),
      ]),
      captions: loudest.flatMap(({ test, share, forOne, forZero }) => [
        `kGLM ${followed.logits.data[test].toFixed(1)}`,
        ...[...forOne, ...forZero].map((i) => `${share[i] > 0 ? '+' : '−'}${Math.abs(share[i]).toFixed(3)}`),
      ]),
      size: 56,
      title: 'A test image, the five loudest for “one”, the five loudest for “zero”',
    },
  ),
  {
    description:
      'Four test digits, each with the five training images of largest positive and the five of largest ' +
      `negative attribution. The loudest share for the first is ${Math.max(...loudest[0].share.map(Math.abs)).toFixed(3)}.`,
  },
);

// %% [markdown]
// The loudest voices look convincing. Now look at their captions: each is a small fraction of the logit. The next picture shows *all* voices for one test
// image. The paper's observation (figure 2): the mean of a class's attributions lies between that class's quartiles, so it is the bulk that decides, not
// a few loud images, and "presenting the top highest attribution training images without the context of the entire distribution … is probably misleading".

// %%
const ofClass = (share: ArrayLike<number>, digit: number) => rowsOf(digit).map((i) => share[i]);
const one = shares(asked[1]);
await chart(
  histogram(
    { 'training zeros': ofClass(one, 0), 'training ones': ofClass(one, 1) },
    {
      x: 'attribution of a training image',
      measure: 'count',
      title: 'All training images speak, and none shouts',
      subtitle:
        `attributions for a test ${unseen.labels[asked[1]]}; ` +
        `their sum is the surrogate's logit, ${followed.logits.data[asked[1]].toFixed(1)}`,
    },
  ),
  {
    description:
      `Histogram of the attributions of all ${size} training images for one test image, by class: ` +
      'zeros on the negative side, ones on the positive side, no outliers.',
  },
);

// %%
/** Whether each class's mean attribution lies between its quartiles, and the share of |attribution| in the top 1 %. */
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
sparsity(one);

// %% [markdown]
// Is that a finding about networks? Partly. An $\ell_2$ penalty spreads weight over all similar features, and this kernel has no entry near zero: it could
// hardly be sparse. A surrogate with a sparse penalty, or a support vector machine on the same kernel, is the contrast to try (exercise 3).
//
// ## 7. Every seed
//
// One network is an anecdote: $\tau$ varies from seed to seed by some hundredths. So all of the above for each seed, from a fresh start. A seed that has been
// computed is kept; running this cell again, or after an interruption, only does what is missing.

// %%
async function study({ seed }: { seed: number }) {
  const at = await trained(seed);
  const f = logitsOf(at, unseen.images);
  const kernels = await kernelsOf(at, seed);

  const tau: Record<string, number> = {};
  const accuracies: Record<string, number> = { network: 100 * accuracy(f, unseen.labels) };
  let voices = { middle: 0, top: 0 };
  for (const [name, kernel] of Object.entries(kernels)) {
    const k = await follow(kernel);
    tau[name] = kendallTau(f.data, k.logits.data);
    accuracies[name] = 100 * accuracy(k.logits, unseen.labels);
    if (name !== 'trNTK') continue;
    const each = Array.from(unseen.labels, (_, test) => sparsity(shares(test, k)));
    voices = { middle: 100 * mean(each.map((s) => Number(s.middle))), top: mean(each.map((s) => s.top)) };
  }

  const exact = await trNTK(at).gram(probe);
  const pseudo = await cosine(pseudoTangentKernel(mlp, at)).gram(probe);
  const pntk = Math.max(...exact.data.map((k, i) => Math.abs(pseudo.data[i] - k) / Math.abs(k)));

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
  return { tau, accuracies, voices, pntk, error, overTheory, tail };
}

const results = await runJobs(
  'trntk-surrogates',
  seeds.map((seed) => ({ version: 1, seed, size, ...recipe, dimensions, draws, profile: profile() })),
  study,
  { progress: 'seeds' },
);

// %%
const names = Object.keys(results[0].tau);
await chart(
  dots(
    results.flatMap((r) => names.map((kernel) => ({ kernel, tau: r.tau[kernel] }))),
    {
      category: { field: 'kernel', title: 'kernel of the surrogate' },
      value: { field: 'tau', title: "Kendall's τ with the network" },
      paper: { trNTK: 0.708 },
      title: 'All kernels of the network follow it better than pixels do',
      subtitle: `${seeds.length} networks; the paper's value is for 10,000 training images`,
    },
  ),
  {
    description:
      `Kendall's tau of the surrogates by kernel, mean over ${seeds.length} seeds: ` +
      `${names.map((k) => `${k} ${mean(results.map((r) => r.tau[k])).toFixed(2)}`).join(', ')}. ` +
      'The paper has 0.708 for the trNTK.',
  },
);
const overSeeds = (read: (r: (typeof results)[number]) => number, digits: number) => {
  const x = results.map(read);
  return `${mean(x).toFixed(digits)} ± ${standardError(x).toFixed(digits)}`;
};
table(
  new dfd.DataFrame(
    names.map((kernel) => ({
      kernel,
      τ: overSeeds((r) => r.tau[kernel], 3),
      'trNTK less this': overSeeds((r) => r.tau.trNTK - r.tau[kernel], 3),
      'TAD, points': overSeeds((r) => r.accuracies[kernel] - r.accuracies.network, 2),
    })),
  ),
  {
    caption:
      `Mean ± standard error over ${seeds.length} seeds; differences are paired by seed. ` +
      `The networks' accuracy is ${overSeeds((r) => r.accuracies.network, 2)} %.`,
  },
);

// %% [markdown]
// ## Scorecard

// %%
const perSeed = <T>(read: (r: (typeof results)[number]) => T): T[] => results.map(read);
/** R² of a straight line through (x, y). */
const straightness = (x: number[], y: number[]) => pearson(x, y) ** 2;

card.record(
  'mlp-accuracy',
  perSeed((r) => r.accuracies.network),
);
card.record(
  'mlp-tad',
  perSeed((r) => r.accuracies.trNTK - r.accuracies.network),
);
card.record(
  'mlp-tau',
  perSeed((r) => r.tau.trNTK),
);
card.record(
  'tau-high',
  perSeed((r) => r.tau.trNTK),
);
card.record(
  'beats-pixels',
  perSeed((r) => ({ trNTK: r.tau.trNTK, pixels: r.tau.pixels })),
);
card.record(
  'proj-equals',
  perSeed((r) => ({ projected: r.tau.projected, trNTK: r.tau.trNTK })),
);
card.record(
  'pntk-equals',
  perSeed((r) => r.pntk),
);
card.record(
  'residual-exponential-in-k',
  perSeed((r) => ({
    exponential: straightness(dimensions, r.error.map(Math.log)),
    'power law': straightness(dimensions.map(Math.log), r.error.map(Math.log)),
  })),
);
card.record(
  'residual-root-k',
  perSeed((r) => ({ x: dimensions, y: r.error })),
);
card.record(
  'residual-thin-tail',
  perSeed((r) => r.tail),
);
card.record(
  'not-sparse',
  perSeed((r) => r.voices.middle),
);
card.record(
  'no-few-examples',
  perSeed((r) => r.voices.top),
);
card.record(
  'guard-accuracy',
  perSeed((r) => r.accuracies.network),
);
card.record(
  'guard-tau',
  perSeed((r) => r.tau.trNTK),
);
card.record(
  'guard-projection-error',
  perSeed((r) => mean(r.overTheory)),
);
card.publish();

// %% [markdown]
// ## What to take away
//
// - The surrogate follows the network: it shares most of its order of the test images, well above the 0.5 that knowing the classes gives, and above
//   what a kernel of raw pixels reaches. It is no copy.
// - Which of the network's kernels follows it best is another question. On this network the un-normalised trNTK⁰ does better than the trNTK, against the
//   paper's table 2 (ResNet18 and BERT). A later version of this notebook scores that order on more networks.
// - A random projection to a thousand dimensions costs next to nothing in faithfulness, and its error is that of a mean: $1/\sqrt K$.
// - Attributions are spread over all images. A gallery of the top five is true, and tells little.
//
// ## Exercises
//
// 1. ★ Train with `initializer: 'glorotUniform'` and no scale in `relu()`. Does $\tau$ change? Does the Gram matrix?
// 2. ★★ Compute the trNTK at *initialisation* (snapshot of epoch 0) and fit a surrogate of the trained network with it. How much of $\tau$ comes from what was learnt?
// 3. ★★ Fit the surrogate with `solver: 'sgd', penalty: 'l1'`. How sparse can the attribution become before $\tau$ suffers?
// 4. ★★ Leave the bias out of the kernel (`tangentKernel(mlp, snapshot, { bias: false })`). What happens to the floor of the Gram matrix, and to $\tau$?
// 5. ★★★ Show that the Khatri–Rao feature is unbiased, and that its variance exceeds that of dense signs when $h$ and $\delta$ are each concentrated on few entries. Build such a case and measure it.
// 6. ★★★ Why might trNTK⁰ follow better? The gradient's norm varies with $|f|$; the cosine removes it. Test that: scale the cosine kernel's rows and columns by other functions of $|f|$.
//
// ## Further reading
//
// - A. Jacot, F. Gabriel and C. Hongler, "Neural Tangent Kernel: Convergence and Generalization in Neural Networks", 2018, arXiv:1806.07572.
// - C.-K. Yeh, J. S. Kim, I. E. H. Yen and P. Ravikumar, "Representer Point Selection for Explaining Deep Neural Networks", 2018, arXiv:1811.09720: eq. 3's origin.
// - S. M. Park, K. Georgiev, A. Ilyas, G. Leclerc and A. Madry, "TRAK: Attributing Model Behavior at Scale", 2023, arXiv:2303.14186: projected gradients at scale.
// - R. Novak, J. Sohl-Dickstein and S. S. Schoenholz, "Fast Finite Width Neural Tangent Kernel", 2022, arXiv:2206.08720: why the structured way is fast.
