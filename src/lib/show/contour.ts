/**
 * Contour lines of a function that is known on a grid, by marching squares: a line crosses an edge of the grid whose two
 * ends lie on different sides of the level, at the place that linear interpolation gives, so that it is off by O(h²) for
 * a smooth function. In a cell whose corners alternate, a saddle, the mean of the corners decides which two are joined
 * (as in contourpy, which matplotlib draws with).
 */

import { ShapeError, ValueError } from '../errors';

/** A contour line. A closed one ends with the point it began with. */
export interface ContourLine {
  x: Float64Array;
  y: Float64Array;
  closed: boolean;
}

/**
 * The lines on which the function is `level` (default 0). `values` are those at the nodes (x_i, y_j), the second index
 * running fastest, as the rows of a product grid. A value equal to the level counts as below it. Throws a ShapeError for
 * values of another number and for a grid without cells, a ValueError for NaN and infinity.
 */
export function contourLines(
  values: ArrayLike<number>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  level = 0,
): ContourLine[] {
  const [nx, ny] = [x.length, y.length];
  if (nx < 2 || ny < 2 || values.length !== nx * ny)
    throw new ShapeError({
      what: 'contourLines(values, x, y), values',
      expected: 'one for each node of a grid, of 2 × 2 nodes or more',
      got: `${values.length} for ${nx} × ${ny} nodes`,
      todo: 'Give the values in the order of the grid, y running fastest.',
    });
  for (let k = 0; k < values.length; k++)
    if (!Number.isFinite(values[k]))
      throw new ValueError({
        what: `contourLines(values, x, y), node (${Math.floor(k / ny)}, ${k % ny})`,
        expected: 'a finite number',
        got: String(values[k]),
        todo: 'Find out where it comes from before drawing it.',
      });

  const pointOn = (edge: number): [number, number] => {
    const [node, up] = [edge >> 1, edge & 1];
    const [i, j] = [Math.floor(node / ny), node % ny];
    const other = up ? node + 1 : node + ny;
    const t = (level - values[node]) / (values[other] - values[node]);
    const between = (from: number, to: number) => from * (1 - t) + to * t;
    return up ? [x[i], between(y[j], y[j + 1])] : [between(x[i], x[i + 1]), y[j]];
  };
  return chainsOf(crossedEdges(values, nx, ny, level)).flatMap(({ edges, closed }) => {
    const points = edges.map(pointOn);
    if (closed) points.push(points[0]);
    // A line through a node meets it on several edges; one that only touches a node is no line.
    const apart = points.filter(([a, b], k) => k === 0 || a !== points[k - 1][0] || b !== points[k - 1][1]);
    if (apart.length < 2) return [];
    return [{ x: Float64Array.from(apart, (p) => p[0]), y: Float64Array.from(apart, (p) => p[1]), closed }];
  });
}

/**
 * The edges that a line crosses, each with those it goes on to: one in each of the cells beside it. Nodes count as the
 * values do; an edge is twice the number of its first node, and 1 more if it goes up along y.
 */
function crossedEdges(
  values: ArrayLike<number>,
  nx: number,
  ny: number,
  level: number,
): Map<number, number[]> {
  const next = new Map<number, number[]>();
  const link = (a: number, b: number) => {
    next.set(a, [...(next.get(a) ?? []), b]);
    next.set(b, [...(next.get(b) ?? []), a]);
  };
  const above = (node: number) => values[node] > level;
  for (let i = 0; i + 1 < nx; i++)
    for (let j = 0; j + 1 < ny; j++) {
      const first = i * ny + j;
      const corners = [first, first + ny, first + ny + 1, first + 1];
      const edges = [2 * first, 2 * (first + ny) + 1, 2 * (first + 1), 2 * first + 1];
      const crossed = edges.filter((_, k) => above(corners[k]) !== above(corners[(k + 1) % 4]));
      if (crossed.length === 2) link(crossed[0], crossed[1]);
      if (crossed.length < 4) continue;
      // A saddle: the two corners on the other side of the middle are cut off, each by a line of its own.
      const middle = corners.reduce((sum, node) => sum + values[node] - level, 0) > 0;
      const [a, b, c, d] = edges;
      for (const [from, to] of above(first) === middle
        ? [
            [a, b],
            [c, d],
          ]
        : [
            [d, a],
            [b, c],
          ])
        link(from, to);
    }
  return next;
}

/** The edges one after the other along each line: first the lines that end at the border, then the closed ones. */
function chainsOf(next: Map<number, number[]>): { edges: number[]; closed: boolean }[] {
  const chains: { edges: number[]; closed: boolean }[] = [];
  const seen = new Set<number>();
  const follow = (start: number, closed: boolean) => {
    const edges: number[] = [];
    for (let edge: number | undefined = start; edge !== undefined; ) {
      seen.add(edge);
      edges.push(edge);
      edge = next.get(edge)?.find((other) => !seen.has(other));
    }
    chains.push({ edges, closed });
  };
  for (const [edge, others] of next) if (others.length === 1 && !seen.has(edge)) follow(edge, false);
  for (const edge of next.keys()) if (!seen.has(edge)) follow(edge, true);
  return chains;
}

/**
 * The line with as few of its points as keep it within `tolerance` of all others (Douglas and Peucker 1973). Distances
 * are in units of `scale`, as pixels for each unit of x and y.
 */
export function simplified(
  { x, y, closed }: ContourLine,
  tolerance: number,
  scale: readonly [number, number] = [1, 1],
): ContourLine {
  const n = x.length;
  /** The distance of point k from the segment between two others. */
  const distance = (k: number, from: number, to: number) => {
    const across = (a: number, b: number) => [(x[b] - x[a]) * scale[0], (y[b] - y[a]) * scale[1]];
    const [dx, dy] = across(from, to);
    const [px, py] = across(from, k);
    const length = dx * dx + dy * dy;
    const t = length > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
    return Math.hypot(px - t * dx, py - t * dy);
  };
  const kept = new Uint8Array(n);
  kept[0] = kept[n - 1] = 1;
  const parts: [number, number][] = [[0, n - 1]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to] = part;
    let farthest = from;
    let most = 0;
    for (let k = from + 1; k < to; k++) {
      const off = distance(k, from, to);
      if (off > most) [farthest, most] = [k, off];
    }
    if (most <= tolerance) continue;
    kept[farthest] = 1;
    parts.push([from, farthest], [farthest, to]);
  }
  return { x: x.filter((_, k) => kept[k]), y: y.filter((_, k) => kept[k]), closed };
}
