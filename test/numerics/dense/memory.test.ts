/** 10⁴ calls leave nothing behind in the shared memory, and neither do calls that fail. */
import { describe, expect, it } from "vitest";
import { cholesky, eigh, qr, solve, solvePositive, svd } from "../../../src/numerics/index.ts";
import { kernels } from "../../../src/numerics/wasm/load.ts";
import { gaussianMatrix, symmetricWithSpectrum } from "../../support/matrices.ts";

const n = 5;
const positive = symmetricWithSpectrum(Float64Array.of(1, 2, 3, 4, 5), 1);
const indefinite = positive.map((value) => -value);
const general = gaussianMatrix(n, n, 2);
const b = gaussianMatrix(n, 1, 3);
const calls: Record<string, () => unknown> = {
  eigh: () => eigh(positive, n),
  "eigh, values alone": () => eigh(positive, n, { vectors: false }),
  cholesky: () => cholesky(positive, n),
  "cholesky, pivoted": () => cholesky(positive, n, { pivot: true }),
  qr: () => qr(general, { m: n, n }),
  svd: () => svd(general, { m: n, n }),
  solve: () => solve(general, b, { n }),
  solvePositive: () => solvePositive(positive, b, { n }),
};
const failing: Record<string, () => unknown> = {
  cholesky: () => cholesky(indefinite, n),
  solve: () => solve(new Float64Array(n * n), b, { n }),
  solvePositive: () => solvePositive(indefinite, b, { n }),
};

describe("memory of the dense routines", () => {
  it.each(Object.keys(calls))("%s", (name) => {
    calls[name]();
    const { arena } = kernels();
    const before = [arena.bytesInUse, arena.blocks];
    const peak = arena.peakBytes;
    for (let i = 0; i < 10_000; i++) calls[name]();
    expect([arena.bytesInUse, arena.blocks]).toEqual(before);
    expect(arena.peakBytes).toBe(peak);
  });

  it.each(Object.keys(failing))("%s that fails", (name) => {
    const { arena } = kernels();
    const before = [arena.bytesInUse, arena.blocks];
    for (let i = 0; i < 100; i++) expect(failing[name]).toThrow();
    expect([arena.bytesInUse, arena.blocks]).toEqual(before);
  });
});
