/** Training against torch.optim: ../shared/reference/training, all runs, on both backends. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type LossName, type OptimizerSpec, train } from "../../src/finetune/index.ts";
import { loadModel, type ReadoutSpec, type TangentModel } from "../../src/model/index.ts";
import { batchOf, readReference, referenceFolder } from "../support/shared.ts";

const folder = referenceFolder("training");
const there = existsSync(folder);
if (!there) console.warn(`${folder} is missing: training is not compared with torch`);

const TOLERANCE = {
  wasm: { sgd: 1e-5, momentum: 1e-5, adamw: 3e-5 },
  reference: { sgd: 1e-9, momentum: 1e-9, adamw: 1e-9 },
};

interface Run {
  lr: number;
  loss: number[];
  batch_loss: number[];
  final_parameter_norms: Record<string, number>;
}

const files = [
  "gpt-neo-tiny.head.squared",
  "gpt-neo-tiny.prompt.crossentropy",
  "bert-tiny.checkpoint.squared",
  "bert-tiny.checkpoint.crossentropy",
];

async function open(name: string, backend: "wasm" | "reference") {
  const [architecture, kind, loss] = name.split(".");
  const said = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as {
    runs: Record<string, Run>;
  };
  const reference = await readReference(join(folder, `${name}.safetensors`));
  const model = await loadModel(referenceFolder(architecture), { backend });
  const targets = reference("targets");
  const C = targets.shape[1];
  const spec = (): ReadoutSpec => {
    if (kind === "head") return { kind: "head", outputs: C, init: "zero", pool: "mean" };
    if (kind === "prompt")
      return { kind: "prompt", labelIds: Array.from(reference("prompt.label_ids").data) };
    return { kind: "checkpoint" };
  };
  const tokenTypes = () => Int32Array.from(reference("token_type_ids").data);
  const batch = {
    ...batchOf(reference),
    ...(architecture === "bert-tiny" && { tokenTypeIds: tokenTypes() }),
  };
  const set = { batch, targets: Float64Array.from(targets.data) };
  const rows = reference("batches");
  const [steps, b] = rows.shape;
  const batches = Array.from({ length: steps }, (_, t) => Array.from(rows.data.slice(t * b, (t + 1) * b)));
  return {
    said,
    reference,
    model,
    spec,
    set,
    batches,
    C,
    loss: (loss === "squared" ? "mse" : "ce") as LossName,
  };
}

const optimizers: Record<string, OptimizerSpec> = {
  sgd: { kind: "sgd" },
  momentum: { kind: "sgd", momentum: 0.9 },
  adamw: { kind: "adamw" },
};

const SLOW_RUNS = ["sgd.full", "momentum.minibatch", "adamw.full"];

const farthest = (actual: ArrayLike<number>, expected: ArrayLike<number>, scale: (i: number) => number) => {
  let worst = 0;
  for (let i = 0; i < expected.length; i++)
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]) / scale(i));
  return worst;
};

const norm = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));

describe.skipIf(!there).each(["wasm", "reference"] as const)("training on %s", (backend) => {
  it.each(files)("%s: losses, outputs and norms are torch's", async (name) => {
    const { said, reference, model, spec, set, batches, C, loss } = await open(name, backend);
    try {
      expect(Object.keys(said.runs).length).toBe(6);
      // The reference backend is slow: fewer steps of fewer runs, at a tolerance that float32 could not meet.
      const slow = backend === "reference";
      const steps = slow ? 11 : 50;
      const runs = Object.entries(said.runs).filter(([run]) => !slow || SLOW_RUNS.includes(run));
      let start: Awaited<ReturnType<TangentModel["values"]>> | undefined;
      for (const [run, { lr, loss: losses, batch_loss, final_parameter_norms }] of runs) {
        const [kind, mode] = run.split(".");
        const tangent = model.readout(spec());
        start ??= await tangent.values();
        await tangent.assign(start);
        const f: Float64Array[] = [];
        const result = await train(tangent, {
          train: set,
          loss,
          learningRate: lr,
          steps,
          optimizer: optimizers[kind],
          rows: mode === "minibatch" ? batches : undefined,
          measureAt: () => true,
          async onStep({ step }) {
            if (step % 10 === 0) f.push(Float64Array.from((await tangent.forward(set.batch)).data));
            return undefined;
          },
        });
        if (!slow) f.push(Float64Array.from((await tangent.forward(set.batch)).data));
        const within = TOLERANCE[backend][kind as "sgd"];
        const measured = result.points.map(({ trainLoss }) => trainLoss);
        expect(measured.length).toBe(steps + 1);
        expect(farthest(measured, losses.slice(0, steps + 1), (i) => losses[i])).toBeLessThan(within);
        expect(farthest(result.batchLoss, batch_loss.slice(0, steps), (i) => batch_loss[i])).toBeLessThan(
          within,
        );
        const outputs = reference(`${run}.f`);
        expect(outputs.shape).toEqual([6, set.batch.shape[0], C]);
        const all = Float64Array.from(f.flatMap((values) => [...values]));
        expect(all.length).toBe(slow ? outputs.data.length / 3 : outputs.data.length);
        const size = norm(outputs.data) / Math.sqrt(6);
        expect(norm(all.map((value, i) => value - outputs.data[i])) / size).toBeLessThan(within);
        if (slow) continue;
        const values = await tangent.values();
        // A key bias has no gradient but round-off, which AdamW turns into motion that changes nothing in f.
        const named = Object.entries(final_parameter_norms).filter(([key]) => !key.endsWith("key.bias"));
        for (const [key, expected] of named) {
          const scale = Math.max(expected, 1e-3);
          expect(Math.abs(norm(values[key]) - expected) / scale, `${run}, ${key}`).toBeLessThan(within);
        }
      }
    } finally {
      model.dispose();
    }
  });
});
