import { describe, expect, it } from "vitest";
import { createOptimizer } from "../../src/finetune/optimizer.ts";

/** g(θ) = θ − 3 from θ = 1, three steps of size 0.1, by hand. */
function run(spec: Parameters<typeof createOptimizer>[0]): number[] {
  const optimizer = createOptimizer(spec);
  const theta = Float64Array.of(1);
  return [1, 2, 3].map((t) => {
    optimizer.move(
      "x",
      theta,
      theta.map((value) => value - 3),
      0.1,
      t,
    );
    return theta[0];
  });
}

function expectNear(actual: number[], expected: number[]) {
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-14);
  });
}

describe("optimizers", () => {
  it("sgd", () => expectNear(run({ kind: "sgd" }), [1.2, 1.38, 1.542]));

  it("momentum: v ← 0.9 v + g", () => {
    // v: −2, −1.8 − 1.8 = −3.6, −3.24 − 1.44 = −4.68
    expectNear(run({ kind: "sgd", momentum: 0.9 }), [1.2, 1.56, 2.028]);
  });

  it("weight decay of sgd goes through the gradient", () => {
    expectNear(run({ kind: "sgd", weightDecay: 0.5 }).slice(0, 2), [1.15, 1.15 - 0.1 * (1.15 - 3 + 0.575)]);
  });

  it("the first step of adamw is the learning rate, whatever the gradient's size", () => {
    const [first] = run({ kind: "adamw", weightDecay: 0, epsilon: 0 });
    expect(Math.abs(first - 1.1)).toBeLessThan(1e-15);
    const [decayed] = run({ kind: "adamw", weightDecay: 0.2, epsilon: 0 });
    expect(Math.abs(decayed - (1 - 0.02 + 0.1))).toBeLessThan(1e-15);
  });

  it("adamw's second step by hand", () => {
    const g = [-2, -1.9];
    const m = 0.9 * (0.1 * g[0]) + 0.1 * g[1];
    const v = 0.999 * (0.001 * g[0] ** 2) + 0.001 * g[1] ** 2;
    const second = 1.1 - (0.1 * (m / (1 - 0.81))) / Math.sqrt(v / (1 - 0.999 ** 2));
    expectNear([run({ kind: "adamw", weightDecay: 0, epsilon: 0 })[1]], [second]);
  });

  it("keeps float32 where θ is float32", () => {
    const optimizer = createOptimizer({ kind: "adamw" });
    optimizer.move("x", new Float32Array(3), new Float32Array(3), 0.1, 1);
    expect(Object.values(optimizer.state()).every((data) => data instanceof Float32Array)).toBe(true);
    expect(() => optimizer.move("x", new Float32Array(2), new Float32Array(2), 0.1, 2)).toThrow(/mean\/x/);
  });
});
