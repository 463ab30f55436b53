import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { random } from '../../src/lib/random';
import { type ContourLine, contourLines, simplified } from '../../src/lib/show/contour';
import fixture from '../fixtures/show-contour.json';

const axis = (a: number, b: number, N: number) =>
  Float64Array.from({ length: N + 1 }, (_, i) => a + ((b - a) * i) / N);
const on = (x: Float64Array, y: Float64Array, f: (x: number, y: number) => number) =>
  Float64Array.from({ length: x.length * y.length }, (_, k) =>
    f(x[Math.floor(k / y.length)], y[k % y.length]),
  );
const points = ({ x, y }: ContourLine) => Array.from(x, (v, k) => [v, y[k]] as const);
const pieces = (lines: readonly ContourLine[]) =>
  lines.flatMap((line) =>
    points(line)
      .slice(1)
      .map((to, k) => [points(line)[k], to].sort(([a, b], [c, d]) => a - c || b - d).flat()),
  );

describe('contour lines', () => {
  it.each(fixture.cases)(
    'of random values at $level are contourpy’s, piece by piece, saddles included',
    ({ level, lines }) => {
      const { x, y, values } = fixture;
      const ours = contourLines(values, x, y, level);
      const theirs = lines.map((line) => ({
        x: Float64Array.from(line, (p) => p[0]),
        y: Float64Array.from(line, (p) => p[1]),
        closed: false,
      }));
      expect(ours).toHaveLength(theirs.length);
      const left = pieces(theirs);
      expect(left.length).toBeGreaterThan(20);
      for (const piece of pieces(ours)) {
        const at = left.findIndex((other) => other.every((v, k) => Math.abs(v - piece[k]) < 1e-12));
        expect(at).toBeGreaterThanOrEqual(0);
        left.splice(at, 1);
      }
      expect(left).toEqual([]);
    },
  );

  it('of a circle are one closed line, whose distance from the circle falls as h²', () => {
    const errors = [20, 40, 80].map((N) => {
      const [x, y] = [axis(-1.5, 1.5, N), axis(-1.4, 1.6, N)];
      const lines = contourLines(
        on(x, y, (a, b) => Math.exp(a * a + b * b)),
        x,
        y,
        Math.E,
      );
      expect(lines).toHaveLength(1);
      const [line] = lines;
      expect(line.closed).toBe(true);
      expect(points(line)[0]).toEqual(points(line)[line.x.length - 1]);
      return Math.max(...points(line).map(([a, b]) => Math.abs(Math.hypot(a, b) - 1)));
    });
    expect(errors[0]).toBeLessThan(0.02);
    for (const k of [1, 2]) expect(errors[k - 1] / errors[k]).toBeGreaterThan(3);
  });

  it('of a linear function lie on the straight line, and end where the grid does', () => {
    const [x, y] = [axis(0, 2, 7), axis(-1, 1, 5)];
    const lines = contourLines(
      on(x, y, (a, b) => a - 2 * b - 0.63),
      x,
      y,
    );
    expect(lines).toHaveLength(1);
    expect(lines[0].closed).toBe(false);
    for (const [a, b] of points(lines[0])) expect(a - 2 * b).toBeCloseTo(0.63, 14);
    const ends = [points(lines[0])[0], points(lines[0]).at(-1)];
    expect(ends.flat().filter((v) => v === 0 || v === 2)).toHaveLength(2);
  });

  it('go through a node where the function is the level there', () => {
    const [x, y] = [axis(-1, 1, 4), axis(-1, 1, 4)];
    const [line, ...none] = contourLines(
      on(x, y, (a) => a),
      x,
      y,
    );
    expect(none).toEqual([]);
    expect([...line.x]).toEqual([0, 0, 0, 0, 0]);
    expect([...line.y].sort((a, b) => a - b)).toEqual([...y]);
    const diagonal = contourLines(
      on(x, y, (a, b) => a - b),
      x,
      y,
    );
    expect(diagonal).toHaveLength(1);
    expect(points(diagonal[0]).sort(([a], [b]) => a - b)).toEqual(Array.from(x, (v) => [v, v]));
  });

  it('at a saddle follow the mean of the corners', () => {
    const cell = (a: number, b: number, c: number, d: number) =>
      contourLines([a, d, b, c], [0, 1], [0, 1]).map((line) => points(line).sort(([p], [q]) => p - q));
    // Corners by turns, the first at the origin: (0, 0) and (1, 1) above, joined by a middle that is above.
    expect(cell(3, -1, 3, -1).sort(([[a]], [[b]]) => a - b)).toEqual([
      [
        [0, 0.75],
        [0.25, 1],
      ],
      [
        [0.75, 0],
        [1, 0.25],
      ],
    ]);
    expect(cell(1, -3, 1, -3).sort(([[a]], [[b]]) => a - b)).toEqual([
      [
        [0, 0.25],
        [0.25, 0],
      ],
      [
        [0.75, 1],
        [1, 0.75],
      ],
    ]);
  });

  it('are none where the function stays on one side, or only touches the level', () => {
    const [x, y] = [axis(-1, 1, 6), axis(-1, 1, 6)];
    expect(
      contourLines(
        on(x, y, (a, b) => 1 + a * a + b * b),
        x,
        y,
      ),
    ).toEqual([]);
    expect(contourLines(new Float64Array(49), x, y)).toEqual([]);
    // The contour of a² + b² at 0 is a point.
    expect(
      contourLines(
        on(x, y, (a, b) => a * a + b * b),
        x,
        y,
      ),
    ).toEqual([]);
  });

  it('leave no crossed edge out: as many ends at the border as the border has changes of side', () => {
    const rng = random('contours');
    for (let draw = 0; draw < 30; draw++) {
      const [x, y] = [axis(0, 1, 2 + (draw % 5)), axis(0, 1, 3 + (draw % 4))];
      const values = rng.fill(new Float64Array(x.length * y.length), 'normal');
      const at = (i: number, j: number) => values[i * y.length + j] > 0;
      const [p, q] = [x.length - 1, y.length - 1];
      const border = [
        ...Array.from({ length: p }, (_, i) => at(i, 0)),
        ...Array.from({ length: q }, (_, j) => at(p, j)),
        ...Array.from({ length: p }, (_, i) => at(p - i, q)),
        ...Array.from({ length: q }, (_, j) => at(0, q - j)),
      ];
      const changes = border.filter((side, k) => side !== border[(k + 1) % border.length]).length;
      const lines = contourLines(values, x, y);
      expect(2 * lines.filter((line) => !line.closed).length).toBe(changes);
      for (const line of lines) expect(line.x.length).toBeGreaterThan(line.closed ? 3 : 1);
    }
  });

  it('refuse NaN by its node, another number of values, and no cells', () => {
    const values = [0, 1, 2, 3, Number.NaN, 5];
    expect(() => contourLines(values, [0, 1, 2], [0, 1])).toThrow(
      /node \(2, 0\): expected a finite number, got NaN/,
    );
    expect(() => contourLines(values, [0, 1, 2], [0, 1])).toThrow(ValueError);
    expect(() => contourLines([1, 2, 3], [0, 1], [0, 1])).toThrow(/got 3 for 2 × 2 nodes/);
    expect(() => contourLines([1, 2], [0], [0, 1])).toThrow(ShapeError);
  });
});

describe('a simplified line', () => {
  const circle: ContourLine = {
    x: Float64Array.from({ length: 401 }, (_, k) => Math.cos((k * Math.PI) / 200)),
    y: Float64Array.from({ length: 401 }, (_, k) => Math.sin((k * Math.PI) / 200)),
    closed: true,
  };
  /** The distance of a point from a line. */
  const distance = ([px, py]: readonly [number, number], line: ContourLine) =>
    Math.min(
      ...points(line)
        .slice(1)
        .map(([bx, by], k) => {
          const [ax, ay] = points(line)[k];
          const [dx, dy] = [bx - ax, by - ay];
          const t = Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy)));
          return Math.hypot(px - ax - t * dx, py - ay - t * dy);
        }),
    );

  it.each([0.1, 0.01, 0.001])(
    'keeps within %d of every point it drops, and begins and ends as it did',
    (tolerance) => {
      const few = simplified(circle, tolerance);
      for (const point of points(circle)) expect(distance(point, few)).toBeLessThanOrEqual(tolerance);
      expect(points(few)[0]).toEqual(points(circle)[0]);
      expect(points(few).at(-1)).toEqual(points(circle).at(-1));
      // The sagitta of n equal arcs is 1 − cos(π/n): about π/√(2 · tolerance) of them are enough.
      expect(few.x.length).toBeLessThan((2 * Math.PI) / Math.sqrt(2 * tolerance) + 3);
      expect(few.closed).toBe(true);
    },
  );

  it('measures in units of the scale', () => {
    const wave: ContourLine = { x: Float64Array.of(0, 1, 2), y: Float64Array.of(0, 0.1, 0), closed: false };
    expect(simplified(wave, 0.2).x).toHaveLength(2);
    expect(simplified(wave, 0.2, [1, 10]).x).toHaveLength(3);
  });

  it('is the line itself at tolerance 0, less what lies straight between its neighbours', () => {
    const straight: ContourLine = {
      x: Float64Array.of(0, 1, 2, 2),
      y: Float64Array.of(0, 1, 2, 3),
      closed: false,
    };
    expect([...simplified(straight, 0).x]).toEqual([0, 2, 2]);
    expect(simplified(circle, 0).x).toHaveLength(401);
  });
});
