/** The tangent model, trained explicitly in parameter space: ../shared/reference/training, *.linearised. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { linearised, outputsOn, train } from "../../src/finetune/index.ts";
import { loadModel, type ReadoutSpec } from "../../src/model/index.ts";
import { gradientDescent } from "../../src/theory/index.ts";
import { batchOf, readReference, referenceFolder } from "../support/shared.ts";

const folder = referenceFolder("training");
const there = existsSync(folder);
if (!there) console.warn(`${folder} is missing: linearised training is not compared with torch`);

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let [apart, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    apart += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(apart / size);
};

describe.skipIf(!there)("linearised training", () => {
  for (const name of ["gpt-neo-tiny.head", "gpt-neo-tiny.prompt", "bert-tiny.checkpoint"]) {
    it(`${name}: 200 steps are those of torch and of the closed form`, async () => {
      const [architecture, kind] = name.split(".");
      const said = JSON.parse(readFileSync(join(folder, `${name}.linearised.json`), "utf8")) as {
        runs: Record<"squared" | "crossentropy", { lr: number; loss: number[] }>;
      };
      const reference = await readReference(join(folder, `${name}.linearised.safetensors`));
      const labels = await readReference(
        join(folder, `${name}.${kind === "prompt" ? "crossentropy" : "squared"}.safetensors`),
      );
      const model = await loadModel(referenceFolder(architecture));
      try {
        const targets = Float64Array.from(labels("targets").data);
        const [n, C] = labels("targets").shape;
        const spec: ReadoutSpec =
          kind === "head"
            ? { kind: "head", outputs: C, init: "zero", pool: "mean" }
            : kind === "prompt"
              ? { kind: "prompt", labelIds: Array.from(labels("prompt.label_ids").data) }
              : { kind: "checkpoint" };
        const batch = (suffix: string) => ({
          ...batchOf(labels, suffix),
          ...(architecture === "bert-tiny" && {
            tokenTypeIds: Int32Array.from(labels(`token_type_ids${suffix}`).data),
          }),
        });
        const kernel = Float64Array.from(reference("ntk").data);
        const f0 = Float64Array.from(reference("f0").data);
        for (const [loss, { lr, loss: losses }] of Object.entries(said.runs)) {
          const short = loss === "squared" ? ("mse" as const) : ("ce" as const);
          const tangent = model.readout(spec);
          const flat = await linearised(tangent);
          const run = await train(flat, {
            train: { batch: batch(""), targets },
            loss: short,
            learningRate: lr,
            steps: 200,
          });
          const trainLoss = run.points.map((point) => point.trainLoss);
          losses.forEach((value, t) => {
            // float32 outputs: a loss carries their rounding, relative to what the loss began with
            expect(Math.abs(trainLoss[t] - value)).toBeLessThan(1e-4 * value + 1e-6 * losses[0]);
          });
          const [f, f2] = [
            await outputsOn(flat, { batch: batch("") }),
            await outputsOn(flat, { batch: batch("2") }),
          ];
          const last = (key: string, count: number) => reference(key).data.slice(-count);
          expect(distance(f.data, last(`${loss}.f`, n * C))).toBeLessThan(1e-4);
          expect(distance(f2.data, last(`${loss}.f2`, f2.data.length))).toBeLessThan(1e-4);
          const closed = gradientDescent({ kernel, n, targets, f0, stepSize: lr, loss: short, steps: [200] });
          expect(distance(f.data, closed.train[0])).toBeLessThan(1e-4);
        }
      } finally {
        model.dispose();
      }
    });
  }
});
