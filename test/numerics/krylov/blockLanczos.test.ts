/** The identity A Qᵀ = Qᵀ H + Wᵀ C, with [Q; W] orthonormal, after growing, compressing and adding rows in any order. */
import { describe, expect, it } from "vitest";
import { DataError } from "../../../src/errors.ts";
import { wasmBasis } from "../../../src/numerics/krylov/basis.ts";
import {
  addRow,
  type BlockLanczos,
  compress,
  grow,
  ritzPairs,
  ritzVectors,
  startBlockLanczos,
} from "../../../src/numerics/krylov/blockLanczos.ts";
import { matrixOperator } from "../../../src/numerics/krylov/operator.ts";
import { randomDirection } from "../../../src/numerics/krylov/orthogonalize.ts";
import { referenceBasis } from "../../../src/numerics/reference/basis.ts";
import { randomStream } from "../../../src/random.ts";
import {
  multiply,
  norm,
  orthogonalityError,
  randomSymmetric,
  spectra,
  symmetricWithSpectrum,
} from "../../support/matrices.ts";

const implementations = [
  { name: "reference", newBasis: referenceBasis },
  { name: "wasm", newBasis: wasmBasis },
];
const identity = (m: number) => Float64Array.from({ length: m * m }, (_, i) => (i % (m + 1) === 0 ? 1 : 0));

describe.each(implementations)("blockLanczos, $name", ({ newBasis }) => {
  function starting(a: Float64Array, n: number, p: number): BlockLanczos {
    const random = randomStream(p);
    const fresh = newBasis(n);
    const rows: Float64Array[] = [];
    for (let i = 0; i < p; i++) {
      rows.push(randomDirection(random, n, fresh));
      fresh.append(rows[i]);
    }
    return startBlockLanczos(matrixOperator(a, n), newBasis(n), rows);
  }

  function checkIdentity(run: BlockLanczos, a: Float64Array, size: number): void {
    const n = run.operator.size;
    const m = run.basis.size;
    const q = run.basis.combine(identity(m), m);
    const all = new Float64Array((m + run.next.length) * n);
    all.set(q);
    run.next.forEach((row, r) => {
      all.set(row, (m + r) * n);
    });
    expect(orthogonalityError(all, m + run.next.length, n)).toBeLessThanOrEqual(50 * n * Number.EPSILON);
    for (let i = 0; i < m; i++) {
      const rest = multiply(a, n, q.subarray(i * n, i * n + n));
      for (let j = 0; j < m; j++) {
        expect(run.h[i][j]).toBe(run.h[j][i]);
        for (let l = 0; l < n; l++) rest[l] -= run.h[i][j] * q[j * n + l];
      }
      run.next.forEach((row, r) => {
        for (let l = 0; l < n; l++) rest[l] -= run.coupling[r][i] * row[l];
      });
      expect(norm(rest) / size).toBeLessThanOrEqual(50 * n * Number.EPSILON);
    }
  }

  it.each([1, 2, 3, 5])("block %i: grows, is compressed, takes new rows", async (p) => {
    const n = 60;
    const a = randomSymmetric(n, p);
    const run = starting(a, n, p);
    const fresh = newBasis(n);
    const random = randomStream(9);
    for (let round = 0; round < 4; round++) {
      while (run.basis.size < 30) {
        await grow(run, fresh);
        fresh.free();
      }
      checkIdentity(run, a, 20);
      const ritz = ritzPairs(run);
      const kept = [0, 1, 2, 5, 8, run.basis.size - 1];
      const vectors = ritzVectors(run, ritz, kept);
      compress(run, ritz, kept);
      checkIdentity(run, a, 20);
      // The residuals it names are those of the vectors it gives.
      kept.forEach((index, i) => {
        const v = vectors.subarray(i * n, i * n + n);
        const r = norm(multiply(a, n, v).map((value, l) => value - ritz.values[index] * v[l]));
        expect(Math.abs(ritz.residuals[index] - r)).toBeLessThan(1e-12);
      });
      for (const row of run.next) fresh.append(row);
      addRow(run, randomDirection(random, n, run.basis, fresh));
      fresh.free();
      checkIdentity(run, a, 20);
    }
    expect(run.dropped).toBeLessThan(1e-12);
  });

  it("narrows where rows depend on each other and ends where the space is invariant", async () => {
    const n = 24;
    const a = symmetricWithSpectrum(spectra["repeated"](n), 2); // 6 eigenvalues, 4 times each
    const run = starting(a, n, 3);
    const fresh = newBasis(n);
    const widths: number[] = [];
    while (run.next.length > 0) {
      widths.push(run.next.length);
      await grow(run, fresh);
      fresh.free();
      checkIdentity(run, a, 3);
    }
    expect(widths).toEqual([3, 3, 3, 3, 3, 3]);
    expect(run.applications).toBe(18);
    expect([...ritzPairs(run).values].map((value) => Math.round(value) + 0)).toEqual(
      [3, 2, 1, 0, -1, -2].flatMap((value) => [value, value, value]),
    );
    const narrow = starting(symmetricWithSpectrum([5, 1, 1, 1, 1, 1, 1], 1), 7, 3);
    await grow(narrow, newBasis(7));
    expect(narrow.next.length).toBe(1);
  });

  it("does not take what is not symmetric", async () => {
    const n = 6;
    const apply = (x: Float64Array, out: Float64Array) => {
      for (let i = 0; i < n; i++) out[i] = (i + 1) * x[(i + 1) % n];
    };
    const random = randomStream(1);
    const first = randomDirection(random, n);
    const run = startBlockLanczos({ size: n, apply }, newBasis(n), [first]);
    const fresh = newBasis(n);
    await grow(run, fresh);
    fresh.free();
    await expect(grow(run, fresh)).rejects.toThrow(DataError);
  });
});
