import { describe, expect, it } from "vitest";
import { decompose } from "../../src/theory/eigenbasis.ts";
import { crossValidate, discreteFilters } from "../../src/theory/index.ts";
import { task } from "./kernels.ts";

const small = task({ n: 12, outputs: 2, signal: 0.8, offset: 0.4, seed: 6 });
const steps = [0, 1, 2, 7, 60, 500];

/** f ← f − (α/n_rest) Θ_rest (f − Y) on the examples not in `held`, the others carried along: errors of `held` at `steps`. */
function bruteForce(held: number[], alpha: number) {
  const { kernel, n, outputs: C, targets } = small;
  const N = n * C;
  const rest = Array.from({ length: N }, (_, row) => row).filter(
    (row) => !held.includes(Math.floor(row / C)),
  );
  const f = Float64Array.from(small.f0);
  const errors: number[][] = [];
  let t = 0;
  for (const step of steps) {
    for (; t < step; t++) {
      const r = rest.map((row) => f[row] - targets[row]);
      for (let i = 0; i < N; i++) {
        let sum = 0;
        rest.forEach((row, k) => {
          sum += kernel[i * N + row] * r[k];
        });
        f[i] -= (alpha * sum) / (rest.length / C);
      }
    }
    errors.push(
      held.map((i) => {
        let sum = 0;
        for (let c = 0; c < C; c++) sum += 0.5 * (f[i * C + c] - targets[i * C + c]) ** 2;
        return sum;
      }),
    );
  }
  return errors;
}

async function validate(folds: number, permutations = 0) {
  const { values } = await decompose(small.kernel, small.n);
  const alpha = 0.8 / values[0];
  const validation = await crossValidate({
    ...small,
    filters: discreteFilters(alpha),
    folds,
    seed: 5,
    permutations,
    maxSteps: 500,
  });
  return { alpha, validation };
}

describe("cross-validation of the kernel path", () => {
  for (const [folds, name] of [
    [4, "4 folds"],
    [12, "n folds, exact leave-one-out"],
  ] as const) {
    it(`${name}: each example's error is that of the recursion on the others`, async () => {
      const { alpha, validation } = await validate(folds);
      for (let fold = 0; fold < folds; fold++) {
        const held = [...validation.foldOf.keys()].filter((i) => validation.foldOf[i] === fold);
        expect(held.length).toBe(12 / folds);
        const truth = bruteForce(held, alpha);
        steps.forEach((t, k) => {
          const errors = validation.errors(t);
          held.forEach((i, h) => {
            expect(errors[i]).toBeCloseTo(truth[k][h], 11);
          });
        });
      }
    });
  }

  it("means over examples, standard error over fold means", async () => {
    const { validation } = await validate(4);
    const each = validation.errors(7);
    const { mean, standardError } = validation.error(7);
    expect(mean).toBeCloseTo(each.reduce((a, b) => a + b, 0) / 12, 14);
    const means = [0, 1, 2, 3].map((fold) => {
      const held = each.filter((_, i) => validation.foldOf[i] === fold);
      return held.reduce((a, b) => a + b, 0) / held.length;
    });
    const centre = means.reduce((a, b) => a + b, 0) / 4;
    const variance = means.reduce((sum, value) => sum + (value - centre) ** 2, 0) / 3;
    expect(standardError).toBeCloseTo(Math.sqrt(variance / 4), 14);
  });

  it("the best constant is the class frequencies of the other folds", async () => {
    const { validation } = await validate(12);
    // one of 6 + 6 left out: the others hold 5 of its class and 6 of the other
    validation.constant.forEach((error) => {
      expect(error).toBeCloseTo(((6 / 11) ** 2 + (6 / 11) ** 2) / 2, 14);
    });
  });

  it("can be interrupted between folds, and says how far it is", async () => {
    const control = new AbortController();
    const seen: number[] = [];
    const running = crossValidate({
      ...small,
      filters: discreteFilters(0.1),
      folds: 6,
      seed: 0,
      permutations: 0,
      maxSteps: 10,
      signal: control.signal,
      onProgress: ({ done, total }) => {
        seen.push(done);
        expect(total).toBe(6);
        if (done === 2) control.abort(new Error("enough"));
      },
    });
    await expect(running).rejects.toThrow("enough");
    expect(seen).toEqual([0, 1, 2]);
  });
});
