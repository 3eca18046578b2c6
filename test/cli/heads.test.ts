/** `ntkit predict --heads`: the prediction under other draws of the head is what predictions of those seeds say. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseRecord, type StudyRecord } from "../../src/study/index.ts";
import { assets, csv, ntkit, scratch, twoKinds } from "../support/cli.ts";

let folder: string;
let given: string[];
beforeAll(() => {
  folder = scratch();
  const data = csv(folder, "train.csv", twoKinds);
  given = [
    "predict",
    "--model",
    join(assets, "nano-gpt-neo"),
    "--data",
    data,
    "--test",
    data,
    "--lr",
    "0.0001",
  ];
  // σ and B are given: estimated, they hang on the folds, which the seed draws too.
  given.push("--head-scale", "1", "--max-steps", "300", "--sigma", "0.3", "--norm", "20", "--quiet");
});

const run = (...more: string[]): StudyRecord => {
  const made = ntkit([...given, ...more, "--json", "--out", join(folder, "out")]);
  expect(made.stderr).toBe("");
  expect(made.status).toBe(0);
  return JSON.parse(made.stdout);
};

describe("ntkit predict --heads", () => {
  it("repeats the prediction with each seed, and says how it varies", () => {
    const record = run("--heads", "3", "--seed", "5");
    const alone = [5, 6, 7].map((seed) => run("--seed", `${seed}`));
    const { heads } = record;
    expect(heads?.seeds).toEqual([5, 6, 7]);
    expect(heads?.largest_eigenvalue).toEqual(alone.map(({ spectrum }) => spectrum.eigenvalues[0]));
    expect(new Set(heads?.largest_eigenvalue).size).toBe(3);
    expect(heads?.rademacher_step).toEqual(
      alone.map(({ prediction }) => prediction.rules.rademacher?.step ?? null),
    );
    const least = (curves: (number[] | null)[]) =>
      curves[0]?.map((_, k) => Math.min(...curves.map((curve) => curve?.[k] ?? Number.NaN)));
    expect(heads?.train_loss[0]).toEqual(least(alone.map(({ curves }) => curves.train_loss)));
    expect(heads?.test_loss?.[0]).toEqual(least(alone.map(({ curves }) => curves.test_loss)));
    expect(heads?.train_loss[1].every((value, k) => value >= (heads?.train_loss[0][k] ?? 0))).toBe(true);
    expect(heads?.kernel_deviation).toBeGreaterThan(0.01);
    expect(heads?.kernel_deviation).toBeLessThan(1);
    // Nothing else of the record is another for it, and it is read again.
    expect(record.prediction).toEqual(alone[0].prediction);
    expect(parseRecord(record, "record.json").heads).toEqual(heads);
  });

  it("says it in the terminal, and refuses readouts nothing of which is drawn", () => {
    const said = ntkit([...given, "--heads", "2", "--out", join(folder, "out")]);
    expect(said.stdout).toMatch(/over 2 draws of the head: λ₁ \S+ to \S+, T̂ step/);
    const page = readFileSync(join(folder, "out", "report.html"), "utf8");
    expect(page).toMatch(/<dt>Over 2 draws of the head<\/dt><dd>λ₁ \S+ to \S+, T̂ step/);
    const zero = ntkit([...given, "--heads", "2", "--head", "zero", "--out", join(folder, "none")]);
    expect(zero.status).toBe(2);
    expect(zero.stderr).toMatch(/--heads: expected a fresh Gaussian head, which is drawn, got --head zero/);
    expect(ntkit([...given, "--heads", "1", "--out", join(folder, "none")]).status).toBe(2);
  });
});
