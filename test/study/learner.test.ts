/** A learner's test: labels that carry nothing, and labels that the model's own pooled state makes exactly. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/model/index.ts";
import { randomStream } from "../../src/random.ts";
import { readFile } from "../../src/runtime/index.ts";
import { predict } from "../../src/study/index.ts";
import { loadTokenizer, readDataset, tokenize } from "../../src/text/index.ts";

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
  it("the sign of a linear function of the pooled state: a late stop and a small error", async () => {
    const set = await texts("train.csv", 10);
    const model = await loadModel(folder);
    const tokenizer = await loadTokenizer(folder);
    const batch = tokenize(tokenizer, set.texts);
    const { hidden } = await model.forward(batch);
    const [n, T] = batch.shape;
    const d = model.hiddenSize;
    model.dispose();
    // Pooled states, centred; the labels are the sides of their direction of largest spread (power iteration).
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
    let direction = centred[0];
    for (let i = 0; i < 200; i++) {
      const scores = centred.map((row) => row.reduce((sum, value, j) => sum + value * direction[j], 0));
      const next = direction.map((_, j) => centred.reduce((sum, row, k) => sum + scores[k] * row[j], 0));
      const length = Math.hypot(...next);
      direction = next.map((value) => value / length);
    }
    const scores = centred.map((row) => row.reduce((sum, value, j) => sum + value * direction[j], 0));
    const {
      answer,
      rules,
      n: counted,
    } = await study(
      set.texts,
      scores.map((s) => (s > 0 ? "high" : "low")),
      0,
    );
    const shuffled = await study(
      set.texts,
      randomStream(5).shuffle(scores.map((s) => (s > 0 ? "high" : "low"))),
      0,
    );
    expect(counted).toBe(n);
    expect(["stop", "train-to-the-end"]).toContain(answer.verdict);
    expect(answer.step).toBeGreaterThan(50);
    // ½‖f − y‖² of the best constant is ¼ for two even classes; the same texts with shuffled labels stay there.
    const best = Math.min(...(rules.cv?.curve.error ?? [1]));
    expect(best).toBeLessThan(0.1);
    expect(Math.min(...(shuffled.rules.cv?.curve.error ?? [0]))).toBeGreaterThan(0.2);
  });
});
