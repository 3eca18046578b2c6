/** Softmax, normalisation and their Jacobians on every backend, against their formulas in float64. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backend, ScoreGroups } from "../../src/numerics/backend.ts";
import { backendRows, expectWithin, gaussian, SIDES } from "../support/backendTable.ts";

const masks = [
  { causal: false, window: 0 },
  { causal: true, window: 0 },
  { causal: true, window: 1 },
  { causal: true, window: 5 },
];
const sees = (i: number, j: number, { causal, window }: { causal: boolean; window: number }) =>
  !causal || (j <= i && (window === 0 || i - j < window));

/** One block of every size, a gap of 3 between them. */
function blocks(mask: { causal: boolean; window: number }): { groups: ScoreGroups; size: number } {
  const table: number[] = [];
  let offset = 2;
  for (const [rows, columns] of [...SIDES.map((n) => [n, n]), [3, 20], [20, 3]]) {
    table.push(offset, rows, columns);
    offset += rows * columns + 3;
  }
  return { groups: { table: Int32Array.from(table), ...mask }, size: offset };
}

function eachSeenRow(groups: ScoreGroups, visit: (places: number[]) => void): void {
  for (let g = 0; g < groups.table.length; g += 3) {
    const [offset, rows, columns] = groups.table.subarray(g, g + 3);
    for (let i = 0; i < rows; i++) {
      const places = Array.from({ length: columns }, (_, j) => j).filter((j) => sees(i, j, groups));
      visit(places.map((j) => offset + i * columns + j));
    }
  }
}

describe.each(backendRows)("rows on $name", ({ create, epsilon, sumEpsilon }) => {
  let backend: Backend;
  beforeEach(() => {
    backend = create();
  });
  afterEach(() => backend.dispose());

  describe.each(masks)("causal $causal, window $window", (mask) => {
    it("softmax", async () => {
      const { groups, size } = blocks(mask);
      const scores = gaussian(size, 1).map((x) => 5 * x + 300); // e³⁰⁰ overflows float32: the maximum must come off
      const expected = new Float64Array(size);
      const allowed = new Float64Array(size);
      eachSeenRow(groups, (places) => {
        const top = Math.max(...places.map((at) => scores[at]));
        const sum = places.reduce((s, at) => s + Math.exp(scores[at] - top), 0);
        for (const at of places) {
          expected[at] = Math.exp(scores[at] - top) / sum;
          // an error of ε in the exponent's argument, in units of the argument, besides a few roundings
          allowed[at] = (6 + Math.abs(scores[at] - top)) * epsilon * expected[at];
        }
      });
      const out = await backend.read(backend.softmax(backend.upload(scores, [size]), groups));
      expectWithin(out, expected, (i) => allowed[i]);
    });

    it.each([1, 3])("softmaxTangent of %i copies", async (copies) => {
      const { groups, size } = blocks(mask);
      const p = backend.softmax(backend.upload(gaussian(size, 2), [size]), groups);
      const probabilities = await backend.read(p);
      const d = gaussian(copies * size, 3);
      const expected = new Float64Array(copies * size);
      const allowed = new Float64Array(copies * size);
      for (let c = 0; c < copies; c++) {
        eachSeenRow(groups, (places) => {
          const mean = places.reduce((s, at) => s + probabilities[at] * d[c * size + at], 0);
          const reach = places.reduce((s, at) => s + Math.abs(probabilities[at] * d[c * size + at]), 0);
          for (const at of places) {
            expected[c * size + at] = probabilities[at] * (d[c * size + at] - mean);
            allowed[c * size + at] = 8 * epsilon * probabilities[at] * (Math.abs(d[c * size + at]) + reach);
          }
        });
      }
      const out = backend.softmaxTangent(p, backend.upload(d, [copies, size]), groups);
      expect(out.shape).toEqual([copies, size]);
      expectWithin(await backend.read(out), expected, (i) => allowed[i]);
    });
  });

  it("softmax of equal, of far and of −∞ scores", async () => {
    const scores = Float32Array.of(7, 7, 7, 7, 0, -200, -2000, Number.NEGATIVE_INFINITY);
    const groups = { table: Int32Array.of(0, 2, 4), causal: false, window: 0 };
    const out = await backend.read(backend.softmax(backend.upload(scores, [8]), groups));
    expect([...out.subarray(0, 5)]).toEqual([0.25, 0.25, 0.25, 0.25, 1]);
    expect(out[5]).toBeLessThan(1e-38);
    expect([...out.subarray(6)]).toEqual([0, 0]);
  });

  it("softmax of a row with NaN is NaN, and the next row is not", async () => {
    const scores = Float32Array.of(1, Number.NaN, 3, 4, 5, 5, 5, 5, 5, 5);
    const groups = { table: Int32Array.of(0, 2, 5), causal: false, window: 0 };
    const out = await backend.read(backend.softmax(backend.upload(scores, [10]), groups));
    expect([...out.subarray(0, 5)]).toEqual(new Array(5).fill(Number.NaN));
    expectWithin(out.subarray(5), new Array(5).fill(0.2), () => epsilon);
  });

  describe.each([{ centred: true }, { centred: false }])("centred $centred", ({ centred }) => {
    const options = { epsilon: 1e-5, centred };
    const stats = (row: ArrayLike<number>) => {
      const F = row.length;
      const mean = centred ? Array.from(row).reduce((s, x) => s + x, 0) / F : 0;
      const variance = Array.from(row).reduce((s, x) => s + (x - mean) ** 2, 0) / F;
      return { mean, inverse: 1 / Math.sqrt(variance + options.epsilon) };
    };

    it.each(SIDES)("normalize rows of %i", async (F) => {
      const R = 5;
      // far from 0: in float32 alone the deviations would lose two digits
      const x = gaussian(R * F, 4).map((value) => value + 100);
      const { normalized, inverse } = backend.normalize(backend.upload(x, [R, F]), options);
      expect([normalized.shape, inverse.shape]).toEqual([[R, F], [R]]);
      const expected = Array.from({ length: R }, (_, r) => stats(x.subarray(r * F, (r + 1) * F)));
      if (F > 0) {
        const inverses = expected.map((row) => row.inverse);
        expectWithin(
          await backend.read(inverse),
          inverses,
          (r) => 4 * epsilon * inverses[r] * (1 + 1e-8 / epsilon),
        );
      }
      const values = Float64Array.from(x, (value, i) => {
        const { mean, inverse } = expected[Math.floor(i / F)];
        return (value - mean) * inverse;
      });
      // Float64 rounding of a mean near 100, times `inverse`, is all that is lost besides the last rounding. Sums in float32 lose
      // some roundings of the deviations themselves (of size 1/inverse), in the mean and in the scale.
      const allowed = (i: number) =>
        2 * epsilon * Math.abs(values[i]) +
        1e-11 * expected[Math.floor(i / F)].inverse +
        4 * sumEpsilon * (1 + Math.abs(values[i]));
      expectWithin(await backend.read(normalized), values, allowed);
    });

    it.each(SIDES)("normalizeTangent rows of %i, 3 copies", async (F) => {
      const [R, C] = [4, 3];
      const tensors = backend.normalize(backend.upload(gaussian(R * F, 5), [R, F]), options);
      const [y, s] = [await backend.read(tensors.normalized), await backend.read(tensors.inverse)];
      const d = gaussian(C * R * F, 6);
      const expected = new Float64Array(C * R * F);
      const allowed = new Float64Array(C * R * F);
      for (let row = 0; row < C * R; row++) {
        const r = row % R;
        const at = Array.from({ length: F }, (_, f) => row * F + f);
        const mean = centred ? at.reduce((sum, i) => sum + d[i], 0) / F : 0;
        const along = at.reduce((sum, i, f) => sum + d[i] * y[r * F + f], 0) / F;
        at.forEach((i, f) => {
          expected[i] = s[r] * (d[i] - mean - y[r * F + f] * along);
          allowed[i] =
            8 *
            epsilon *
            s[r] *
            (Math.abs(d[i]) + Math.abs(mean) + Math.abs(y[r * F + f]) * (Math.abs(along) + 1));
        });
      }
      const out = backend.normalizeTangent(
        tensors.normalized,
        tensors.inverse,
        backend.upload(d, [C, R, F]),
        options,
      );
      expect(out.shape).toEqual([C, R, F]);
      expectWithin(await backend.read(out), expected, (i) => allowed[i]);
    });
  });

  it("normalizes a constant row to zeros, whatever its size", async () => {
    const x = backend.upload(new Float32Array(34).fill(1000), [2, 17]);
    const { normalized, inverse } = backend.normalize(x, { epsilon: 1e-5, centred: true });
    // what float64 rounding of the mean leaves: 17 additions near 1000, times 1/√ε
    expectWithin(await backend.read(normalized), new Float64Array(34), () => 17 * 2 ** -53 * 1000 * 317);
    expectWithin(
      await backend.read(inverse),
      [1, 1].map(() => 1 / Math.sqrt(1e-5)),
      () => 316 * epsilon,
    );
  });

  it("names what does not fit", () => {
    const x = backend.upload(gaussian(12, 1), [3, 4]);
    const groups = (...table: number[]) => ({ table: Int32Array.from(table), causal: true, window: 0 });
    expect(() => backend.softmax(x, groups(0, 3, 5))).toThrow(/softmax, group 0: .* got one that ends at 15/);
    expect(() => backend.softmax(x, groups(0, 3))).toThrow(/3 fields a group/);
    expect(() => backend.softmax(x, { ...groups(0, 3, 4), window: -1 })).toThrow(/window of 0 or more/);
    expect(() => backend.softmaxTangent(x, backend.zeros([5]), groups(0, 3, 4))).toThrow(/multiple of 12/);
    expect(() => backend.normalize(x, { epsilon: -1, centred: true })).toThrow(/epsilon of 0 or more/);
    expect(() => backend.normalizeTangent(x, backend.zeros([4]), x, { centred: true })).toThrow(/3 inverse/);
  });
});
