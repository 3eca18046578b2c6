/** Confirmations end to end on the shipped model: a few texts, a few steps, the record of a real run. */
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, it } from "vitest";
import { type ConfirmChoice, confirm, type StudyRecord } from "../../src/study/index.ts";
import { parseRecord } from "../../src/study/readRecord.ts";
import schema from "../../src/study/record.schema.json" with { type: "json" };
import { assets, csv, scratch, twoKinds } from "../support/cli.ts";

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
ajv.addFormat("date-time", true);
const validate = ajv.compile(schema);

let base: ConfirmChoice;
const held: [string, string][] = [
  ["play the first track", "music"],
  ["an album by the choir", "music"],
  ["will it be sunny today", "weather"],
  ["is there fog this morning", "weather"],
];
beforeAll(() => {
  const folder = scratch();
  base = {
    model: join(assets, "nano-gpt-neo"),
    data: csv(folder, "train.csv", twoKinds),
    test: csv(folder, "test.csv", held),
    readout: { kind: "head", init: "gaussian", pool: "mean" },
    folds: 3,
    workers: 0,
    seed: 0,
    steps: 12,
    retake: [4],
    patience: 0,
  };
});

const isValid = (record: StudyRecord) => {
  const json: unknown = JSON.parse(JSON.stringify(record));
  expect(validate(json) ? null : validate.errors).toBeNull();
  expect(parseRecord(json, "record.json")).toBe(json);
};

describe("confirm", () => {
  it("a small step size: measured as predicted, no rule better than the best, held", async () => {
    const record = await confirm({ ...base, lr: 2e-4, maxSteps: 12, patience: 5 });
    isValid(record);
    const { curve, best, rules, verdict, retakes, regret, warnings } = record.confirmation!;
    expect(curve.step).toEqual([...Array(13).keys()]);
    // At step 0 both are the loss of f₀.
    expect(curve.train_loss[0]).toBeCloseTo(record.curves.train_loss[0], 5);
    expect(curve.test_loss![0]).toBeCloseTo(record.curves.test_loss![0], 5);
    expect(curve.predicted_test_loss![0]).toBeCloseTo(curve.test_loss![0], 5);
    // What moved is what was predicted to move, to a hundredth.
    for (const t of [1, 2, 3, 4]) {
      const moved = curve.train_loss[0] - curve.train_loss[t];
      expect(moved).toBeGreaterThan(0);
      expect(Math.abs(curve.predicted_train_loss[t] - curve.train_loss[t])).toBeLessThan(0.01 * moved);
    }
    expect(best!.test_loss).toBe(Math.min(...curve.test_loss!));
    for (const [name, rule] of Object.entries(rules)) {
      if (!rule || name === "patience") continue;
      expect(rule.regret).toBeGreaterThanOrEqual(0);
      const at = Math.min(rule.step, 12);
      expect(rule.test_loss).toBe(curve.test_loss![at]);
      expect(rule.beyond_run).toBe(rule.step > 12);
      if (at === best!.step) expect(rule.regret).toBe(0);
    }
    expect(rules.patience!.test_accuracy).toBeGreaterThanOrEqual(0);
    expect(regret).toBe(rules[record.prediction.answer.rule]!.regret);
    expect(retakes.map(({ step }) => step).slice(0, 2)).toEqual([0, 4]);
    expect(retakes[1].cosine).toBeGreaterThan(0.99);
    expect(warnings).toEqual([]);
    expect(verdict).toBe("held");
  });

  it("cross-entropy of a run that descends squared loss, and of one that descends it", async () => {
    const mse = (await confirm({ ...base, lr: 2e-4, steps: 1, retake: [] })).confirmation!;
    const record = await confirm({ ...base, lr: 2e-4, steps: 1, retake: [], loss: "ce" });
    isValid(record);
    const ce = record.confirmation!;
    expect(ce.curve.train_cross_entropy).toEqual(ce.curve.train_loss);
    expect(ce.curve.test_cross_entropy).toEqual(ce.curve.test_loss);
    expect(mse.curve.test_cross_entropy![0]).toBe(ce.curve.test_loss![0]);
    expect(mse.curve.test_loss![0]).not.toBe(ce.curve.test_loss![0]);
  });

  it("a step size past its limit: failed, and warned of", async () => {
    const { confirmation, prediction } = await confirm({ ...base, lr: 0.06, steps: 6, retake: [2] });
    expect(0.06).toBeGreaterThan(prediction.max_learning_rate);
    expect(confirmation!.verdict).toBe("failed");
    expect(confirmation!.why).toMatch(/α λ₁ was/);
    expect(confirmation!.warnings.join()).toMatch(/past its limit.*learning rate [\d.e+]+ times smaller/);
  });
});
