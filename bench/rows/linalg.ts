/** Products and eigenvalues: the ground that everything else stands on. */

import { eigh, gemm, Matrix, syrk, type Vector, zeros } from '../../src/lib/linalg';
import { random } from '../../src/lib/random';
import type { Row } from '../row';
import { corner } from './corner';

type Width = 'f32' | 'f64';
const widths: Width[] = ['f64', 'f32'];
const dtypeOf = (width: Width) => (width === 'f32' ? 'float32' : 'float64');
const peer = { script: 'by_torch.py', environment: 'current' } as const;
const scipy = { script: 'by_scipy.py', environment: 'current' } as const;

const normal = (length: number, width: Width, seed: string): Vector =>
  random(seed).fill(zeros(length, dtypeOf(width)), 'normal');

const gemmRow = (width: Width, n: number): Row => ({
  name: `gemm-${width}`,
  title: `GEMM ${n} × ${n} × ${n}, ${dtypeOf(width)}`,
  parameters: { n, width },
  inputs({ write }) {
    write(`A.${width}`, normal(n * n, width, 'A'));
    write(`B.${width}`, normal(n * n, width, 'B'));
  },
  async ours({ read }) {
    const A = new Matrix(n, n, read(`A.${width}`));
    const B = new Matrix(n, n, read(`B.${width}`));
    const out = Matrix.zeros(n, n, dtypeOf(width));
    return () => ({ corner: corner(gemm(A, B, { out })) });
  },
  peers: { torch: { ...peer, task: 'gemm' } },
  targets: [{ against: 'torch', must: 1.15, stretch: 1.05 }],
});

const syrkRow = (width: Width, n: number): Row => ({
  name: `syrk-${width}`,
  title: `A Aᵀ, ${n} × ${n}, ${dtypeOf(width)} (torch: mm)`,
  parameters: { n, width },
  inputs({ write }) {
    write(`A.${width}`, normal(n * n, width, 'A'));
  },
  async ours({ read }) {
    const A = new Matrix(n, n, read(`A.${width}`));
    const out = Matrix.zeros(n, n, dtypeOf(width));
    return () => ({ corner: corner(syrk(A, { out })) });
  },
  peers: { torch: { ...peer, task: 'syrk' } },
  targets: [{ against: 'torch', must: 1.1, stretch: 0.65 }],
});

const eighRow = (width: Width, n: number): Row => ({
  name: `eigh-${width}`,
  title: `eigenvalues and vectors, symmetric ${n} × ${n}, ${dtypeOf(width)}`,
  parameters: { n, width },
  inputs({ write }) {
    const B = new Matrix(n, n, normal(n * n, width, 'eigh'));
    const A = B.transpose();
    for (let i = 0; i < A.data.length; i++) A.data[i] += B.data[i];
    write(`A.${width}`, A.data);
  },
  async ours({ read }) {
    const A = new Matrix(n, n, read(`A.${width}`));
    return () => ({ values: Array.from(eigh(A).values).filter((_, i) => i % 50 === 0) });
  },
  peers: { torch: { ...peer, task: 'eigh' }, scipy: { ...scipy, task: 'eigh' } },
  targets: [{ against: 'torch', must: 1.1, stretch: 1 }],
});

export const linalgRows: Row[] = [
  ...widths.map((width) => gemmRow(width, 2048)),
  ...widths.map((width) => syrkRow(width, 2048)),
  ...widths.map((width) => eighRow(width, 2000)),
];
