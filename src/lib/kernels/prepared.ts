/**
 * Examples prepared for the blocks of a Gram, by any kernel: by its own way where it has one, and otherwise by asking it
 * for each block. The second is right for every κ(x, x′) that depends on x and x′ only, as kernels do.
 */

import type { Matrix, Vector } from '../linalg/matrix';
import type { Kernel, Preparation, Prepared } from './kernel';
import type { Panel } from './panels';

/** Rows `panel` of X, prepared by `kernel`. Throws as the kernel's methods do. */
export async function prepared(kernel: Kernel, X: Matrix, panel: Panel, by: Preparation): Promise<Prepared> {
  if (kernel.prepare) return kernel.prepare(X, panel, by);
  by.heed();
  const rows = X.slice(panel.start, panel.end);
  return new AskedForBlocks(kernel, rows, await kernel.diagonal(rows));
}

class AskedForBlocks implements Prepared {
  constructor(
    readonly kernel: Kernel,
    readonly rows: Matrix,
    readonly diagonal: Vector,
  ) {}

  /** The rows are a part of X. */
  get bytes(): number {
    return this.diagonal.byteLength;
  }

  async cross(other: Prepared, out: Matrix): Promise<void> {
    const { kernel, rows } = this;
    const K = await (other === this ? kernel.gram(rows) : kernel.cross(rows, (other as this).rows));
    out.data.set(K.data);
  }
}
