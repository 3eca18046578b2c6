/** Kernels other than the full one, on the way to a prediction. */
import { describe, expect, it } from "vitest";
import type { KernelBlocks, OpenedKernel } from "../../src/ntk/index.ts";
import { stopForKernel } from "../../src/study/index.ts";
import {
  checkPredictable,
  learningKernels,
  spreadOverOutputs,
  variantWarnings,
} from "../../src/study/variants.ts";

describe("one kernel for all outputs", () => {
  it("is the Kronecker product with the identity", () => {
    const whole = spreadOverOutputs(Float64Array.from([1, 2, 3, 4, 5, 6]), 3, 2); // (2 × 3)
    expect([...whole]).toEqual([
      ...[1, 0, 2, 0, 3, 0],
      ...[0, 1, 0, 2, 0, 3],
      ...[4, 0, 5, 0, 6, 0],
      ...[0, 4, 0, 5, 0, 6],
    ]);
    const blocks = {
      n: 2,
      outputs: 2,
      rows: 1,
      train: Float64Array.of(1, 2, 2, 5),
      cross: Float64Array.of(7, 8),
    };
    const { train, cross } = learningKernels(blocks as unknown as KernelBlocks);
    expect(train).toHaveLength(16);
    expect([...cross!]).toEqual([7, 0, 8, 0, 0, 7, 0, 8]);
    const full = { ...blocks, rows: 2 } as unknown as KernelBlocks;
    expect(learningKernels(full).train).toBe(blocks.train);
  });

  it("is said so, and kernels nothing can be predicted from are refused", () => {
    expect(variantWarnings({})).toEqual([]);
    expect(variantWarnings({ kernel: "signgd", outputs: "mean" })).toHaveLength(2);
    expect(() => checkPredictable({ kernel: "signgd", outputs: "pseudo" })).not.toThrow();
    expect(() => checkPredictable({ kernel: "asymmetric" })).toThrow(/--kernel.*symmetric/);
    expect(() => checkPredictable({ outputs: "sum" })).toThrow(/--outputs.*mean/);
    expect(() => checkPredictable({ outputs: 3 })).toThrow(/--outputs 3/);
  });
});

describe("stop for a kernel of one output", () => {
  const n = 6;
  const kernel = Float64Array.from({ length: n * n }, (_, k) => Math.min(Math.floor(k / n), k % n) + 1);
  const targets = {
    data: Float64Array.from({ length: n * 2 }, (_, k) => (k % 2 ? 1 : k / 12)),
    shape: [n, 2],
  };
  const opened = (outputs: unknown) =>
    ({ kernel, size: n, outputs: 1, targets, manifest: { options: { outputs } } }) as unknown as OpenedKernel;

  it("takes that output's targets", async () => {
    const own = await stopForKernel({ kernel: opened(0), seed: 1, folds: 3, sigma: 0.1, norm: 1 });
    const column = { data: targets.data.filter((_, k) => k % 2 === 0), shape: [n, 1] };
    const bare = { kernel, size: n } as OpenedKernel;
    const same = await stopForKernel({
      kernel: bare,
      targets: column,
      seed: 1,
      folds: 3,
      sigma: 0.1,
      norm: 1,
    });
    expect(own.outputs).toBe(1);
    expect(own).toEqual(same);
  });

  it("refuses a sum of outputs", async () => {
    await expect(stopForKernel({ kernel: opened("sum"), seed: 1 })).rejects.toThrow(/mean/);
  });
});
