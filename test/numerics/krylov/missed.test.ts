/** Whether something is missing, asked of answers that are right, that lack a copy, and that are cut inside a cluster. */
import { describe, expect, it } from "vitest";
import { wasmBasis } from "../../../src/numerics/krylov/basis.ts";
import type { BlockLanczos } from "../../../src/numerics/krylov/blockLanczos.ts";
import { anyMissed } from "../../../src/numerics/krylov/missed.ts";
import { sidesOf, type Which } from "../../../src/numerics/krylov/wanted.ts";
import { randomStream } from "../../../src/random.ts";

/** A diagonal matrix whose basis is the coordinate vectors `kept` (in the order of their values, largest first). */
function answered(diagonal: readonly number[], kept: readonly number[]): BlockLanczos {
  const n = diagonal.length;
  const basis = wasmBasis(n);
  const h = kept.map((index, i) => {
    const row = new Float64Array(n);
    row[index] = 1;
    basis.append(row);
    return Float64Array.from(kept, (_, j) => (i === j ? diagonal[index] : 0));
  });
  const operator = {
    size: n,
    apply: (x: Float64Array, out: Float64Array) =>
      void diagonal.forEach((value, i) => {
        out[i] = value * x[i];
      }),
  };
  const norm = Math.max(...diagonal.map(Math.abs));
  return { operator, basis, h, next: [], coupling: [], applications: 0, norm, dropped: 0 };
}

async function ask(run: BlockLanczos, which: Which, k: number, seed = 1, maxIterations = 10_000) {
  const random = randomStream(seed);
  const pause = async () => {};
  try {
    return await anyMissed(run, sidesOf(which, k), { random, tolerance: 1e-12, maxIterations, pause });
  } finally {
    run.basis.free();
  }
}

describe("anyMissed", () => {
  const falling = Array.from({ length: 300 }, (_, i) => 1 / (1 + i));

  it("sees a copy that is missing, whatever the seed, in a few applications", async () => {
    const diagonal = [...falling];
    diagonal[7] = diagonal[2]; // a copy of the third
    for (let seed = 0; seed < 50; seed++) {
      const run = answered(diagonal, [0, 1, 2, 3, 4]);
      expect(await ask(run, "largest", 4, seed)).toBe(true);
      expect(run.applications).toBeLessThan(40);
    }
  });

  it("calls what is complete complete, sooner where more of the next are known", async () => {
    const near = answered(falling, [0, 1, 2, 3]);
    expect(await ask(near, "largest", 4)).toBe(false);
    const far = answered(falling, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await ask(far, "largest", 4)).toBe(false);
    expect(far.applications).toBeLessThan(near.applications);
    expect(far.applications).toBeLessThan(25);
  });

  it("asks each end that is wanted, and no other", async () => {
    const diagonal = [3, 2, ...Array.from({ length: 100 }, (_, i) => Math.sin(i)), -2, -3, -3];
    const [second, third, inner] = [2, 1, 3].map((back) => diagonal.length - back);
    expect(await ask(answered(diagonal, [0, 1, inner]), "both", 3)).toBe(true);
    expect(await ask(answered(diagonal, [0, 1, inner]), "largest", 2)).toBe(false);
    expect(await ask(answered(diagonal, [0, 1, second]), "both", 3)).toBe(false); // the other −3 is its copy
    expect(await ask(answered(diagonal, [0, 1, second, third]), "both", 4)).toBe(false);
  });

  it("is content with any members of a cluster longer than the answer, and with the whole space", async () => {
    const flat = [...new Array<number>(20).fill(5), ...falling];
    expect(await ask(answered(flat, [3, 4, 5]), "largest", 3)).toBe(false);
    expect(await ask(answered([3, 2, 1], [0, 1, 2]), "smallest", 1)).toBe(false);
    expect(await ask(answered([0, 0, 0, 0], [0]), "largest", 1)).toBe(false);
  });

  it("does not know when applications run out", async () => {
    expect(await ask(answered(falling, [0, 1, 2, 3]), "largest", 4, 1, 3)).toBeUndefined();
  });
});
