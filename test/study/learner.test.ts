/** A learner's test: labels that carry nothing, and labels that the model's own pooled state makes exactly. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel, type Model } from "../../src/model/index.ts";
import { ntkBlocks } from "../../src/ntk/index.ts";
import { randomStream } from "../../src/random.ts";
import { readFile } from "../../src/runtime/index.ts";
import { predict } from "../../src/study/index.ts";
import { type Batch, loadTokenizer, readDataset, tokenize } from "../../src/text/index.ts";
import { analyseStopping, type CrossValidationResult, type StopAnalysis } from "../../src/theory/index.ts";

const assets = join(import.meta.dirname, "../../assets");
const folder = join(assets, "nano-gpt-neo");

const csv = (texts: string[], labels: string[]) =>
  new TextEncoder().encode(
    `text,label\n${texts.map((text, i) => `"${text.replaceAll('"', '""')}",${labels[i]}`).join("\n")}\n`,
  );

async function texts(file: string, perClass: number) {
  return readDataset(await readFile(join(assets, "snips", file)), { name: file, perClass });
}

async function study(rows: string[], labels: string[], seed: number) {
  const { record, inputs } = await predict({
    model: folder,
    data: { name: "made.csv", bytes: csv(rows, labels) },
    readout: { kind: "head", init: "gaussian", pool: "mean" },
    workers: 1,
    seed,
  });
  inputs.model.dispose();
  return record.prediction;
}

describe("labels that carry nothing", () => {
  for (const seed of [0, 1, 2]) {
    it(`shuffled SNIPS labels, seed ${seed}: nothing-to-learn`, async () => {
      const set = await texts("train.csv", 6);
      const shuffled = randomStream(seed).shuffle(set.labels);
      const { answer } = await study(set.texts, shuffled, seed);
      expect(answer.verdict).toBe("nothing-to-learn");
      expect(answer.why).toMatch(/nothing|no step/i);
    });
  }
});

describe("labels that carry everything", () => {
  it("a linear function of the pooled state, exactly: a late stop and a small error", async () => {
    const set = await texts("train.csv", 10);
    const model = await loadModel(folder);
    const batch = tokenize(await loadTokenizer(folder), set.texts);
    const scores = await mainDirection(model, batch);
    const n = scores.length;

    // As numbers, through the theory: nothing but the head's own kernel can be needed.
    const tangent = model.readout({ kind: "head", outputs: 1, init: "zero", pool: "mean" });
    const { train, f0 } = await ntkBlocks(tangent, batch, null, { workers: 1 });
    const exact = await analyseStopping({ kernel: train, n, outputs: 1, targets: scores, f0, seed: 0 });
    const { curve } = exact.rules.cv as CrossValidationResult;
    expect(["stop", "train-to-the-end"]).toContain(exact.answer.verdict);
    expect(exact.answer.step).toBeGreaterThan(200);
    expect(Math.min(...curve.error)).toBeLessThan(0.01 * curve.error[0]);
    model.dispose();

    // As classes (the side of the median), through the whole study; the same labels dealt at random beside it.
    const middle = [...scores].sort((a, b) => a - b)[n / 2];
    const sides = Array.from(scores, (score) => (score >= middle ? "high" : "low"));
    const told = await study(set.texts, sides, 0);
    const shuffled = await study(set.texts, randomStream(5).shuffle(sides), 0);
    expect(told.answer.verdict).toBe("stop");
    expect(told.answer.step).toBeGreaterThan(shuffled.rules.rademacher?.step ?? 0);
    // ½‖f − y‖² of the best constant is ¼ for two even classes.
    const best = ({ rules }: StopAnalysis) => Math.min(...(rules.cv as CrossValidationResult).curve.error);
    expect(best(told)).toBeLessThan(0.12);
    expect(best(shuffled)).toBeGreaterThan(0.2);
  });
});

/** Scores of the texts along the direction in which their mean-pooled states spread most (power iteration), unit variance. */
async function mainDirection(model: Model, batch: Batch): Promise<Float64Array> {
  const { hidden } = await model.forward(batch, { logits: false });
  const [n, T] = batch.shape;
  const d = model.hiddenSize;
  const pooled = Array.from({ length: n }, (_, i) => {
    const length = batch.attentionMask.subarray(i * T, (i + 1) * T).reduce((a, b) => a + b, 0);
    return Array.from({ length: d }, (_, j) => {
      let sum = 0;
      for (let t = 0; t < length; t++) sum += hidden.data[(i * T + t) * d + j];
      return sum / length;
    });
  });
  const mean = pooled[0].map((_, j) => pooled.reduce((sum, row) => sum + row[j], 0) / n);
  const centred = pooled.map((row) => row.map((value, j) => value - mean[j]));
  const along = (direction: number[]) =>
    centred.map((row) => row.reduce((sum, value, j) => sum + value * direction[j], 0));
  let direction = centred[0];
  for (let i = 0; i < 200; i++) {
    const scores = along(direction);
    const next = direction.map((_, j) => centred.reduce((sum, row, k) => sum + scores[k] * row[j], 0));
    const length = Math.hypot(...next);
    direction = next.map((value) => value / length);
  }
  const scores = Float64Array.from(along(direction));
  const spread = Math.sqrt(scores.reduce((sum, score) => sum + score * score, 0) / n);
  return scores.map((score) => score / spread);
}
