/** Real runs kept in a folder: interrupted and gone on with, stopped by each rule, and what they leave. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { CallError } from "../../src/errors.ts";
import { loadModel } from "../../src/model/index.ts";
import { type FinetuneChoice, finetune, loadInputs } from "../../src/study/index.ts";
import { assets, csv, scratch, twoKinds } from "../support/cli.ts";

let folder: string;
let base: FinetuneChoice;
beforeAll(() => {
  folder = scratch();
  base = {
    model: join(assets, "nano-gpt-neo"),
    data: csv(folder, "train.csv", twoKinds),
    readout: { kind: "head", init: "gaussian", pool: "mean" },
    folds: 3,
    workers: 0,
    seed: 0,
    lr: 2e-4,
    steps: 8,
    retake: [2],
    saveEvery: 3,
  };
});

const at = (name: string) => join(folder, name);
const bytesOf = (run: string, file: string) => readFileSync(join(at(run), file));
/** An IEEE half as a number. */
const half = (bits: number) => {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits >> 15 ? -size : size;
};
const loss = (f: ArrayLike<number>, y: Float64Array, n: number) =>
  y.reduce((sum, value, i) => sum + (f[i] - value) ** 2, 0) / (2 * n);

describe("finetune", () => {
  it("interrupted and gone on with: the bits of the run that was not, and no kernel taken twice", async () => {
    const whole = await finetune({ ...base, folder: at("whole") });
    expect(whole.step).toBe(8);
    const control = new AbortController();
    const interrupted = finetune(
      {
        ...base,
        folder: at("parts"),
        onPoint: ({ step }) => step === 4 && control.abort(new Error("enough for today")),
      },
      { signal: control.signal },
    );
    await expect(interrupted).rejects.toThrow("enough for today");
    expect(readdirSync(at("parts"))).not.toContain("model.safetensors");
    const kernels = ["kernel-at-0.npy", "kernel-at-2.npy"];
    const times = () => kernels.map((name) => statSync(join(at("parts"), name)).mtimeMs);
    const before = times();
    const rest = await finetune({ ...base, folder: at("parts") });
    expect(rest.resumed_from).toBe(3);
    expect(times()).toEqual(before);
    expect(rest.points).toEqual(whole.points);
    expect(rest.retakes).toEqual(whole.retakes);
    for (const file of ["model.safetensors", "head.safetensors", "task_vector.safetensors"]) {
      expect(bytesOf("parts", file).equals(bytesOf("whole", file)), file).toBe(true);
    }
    expect(bytesOf("parts", kernels[1]).equals(bytesOf("whole", kernels[1]))).toBe(true);
  });

  it("the task vector is θ_T − θ_0", async () => {
    const read = (path: string) => {
      const bytes = readFileSync(path);
      const start = 8 + Number(bytes.readBigUInt64LE(0));
      const header = JSON.parse(bytes.toString("utf8", 8, start));
      const values = ({ dtype, data_offsets: [from, to] }: { dtype: string; data_offsets: number[] }) => {
        const own = new Uint8Array(bytes.subarray(start + from, start + to)).buffer;
        return dtype === "F16" ? Float32Array.from(new Uint16Array(own), half) : new Float32Array(own);
      };
      const { __metadata__, ...tensors } = header;
      return { names: Object.keys(tensors), values: (name: string) => values(tensors[name]) };
    };
    const change = read(join(at("whole"), "task_vector.safetensors"));
    const end = read(join(at("whole"), "model.safetensors"));
    const start = read(join(assets, "nano-gpt-neo", "model.safetensors"));
    expect(end.names.length).toBeGreaterThan(10);
    let moved = 0;
    for (const name of end.names) {
      const [delta, after, before] = [change, end, start].map((file) => file.values(name));
      expect(delta).toEqual(after.map((value, i) => value - before[i]));
      if (delta.some((value) => value !== 0)) moved++;
    }
    expect(moved).toBeGreaterThan(10);
    expect(change.names.filter((name) => name.startsWith("head."))).not.toEqual([]);
  });

  it("a run of another model, data or options in the folder is refused, the differences named", async () => {
    const other = finetune({ ...base, lr: 1e-4, steps: 9, folder: at("whole") });
    await expect(other).rejects.toThrow(CallError);
    await expect(other).rejects.toThrow(
      /lr 0\.0002 instead of 0\.0001; steps 8 instead of 9; try another --out/,
    );
  });

  it("patience goes back to θ of the best validation loss", async () => {
    const choice = { ...base, stop: "patience", lr: 5e-3, patience: 3, steps: 40 } as const;
    const run = await finetune({ ...choice, folder: at("patient") });
    const best = run.points.reduce((a, b) => (b.testLoss! < a.testLoss! ? b : a));
    expect(run.step).toBe(best.step);
    expect(run.points.at(-1)!.step).toBe(best.step + 3);
    await finetune({ ...choice, steps: best.step, patience: 99, folder: at("short") });
    for (const file of ["model.safetensors", "head.safetensors"]) {
      expect(bytesOf("patient", file).equals(bytesOf("short", file)), file).toBe(true);
    }
  });

  it("adamw has no clock at the pretrained point: the rules there are refused", async () => {
    const choice = { ...base, optimizer: "adamw", stop: "cv" } as const;
    await expect(finetune(choice)).rejects.toThrow(/path-cv, patience or none with adamw.*got cv/);
  });

  it("the folder is a checkpoint that gives the run's outputs", async () => {
    const readout: FinetuneChoice["readout"] = {
      kind: "prompt",
      words: ["music", "weather"],
      calibrate: false,
    };
    const choice = { ...base, readout, stop: "none", steps: 2, lr: 1e-5 } as const;
    const run = await finetune({ ...choice, folder: at("prompted") });
    const inputs = await loadInputs({ ...choice, model: at("prompted") });
    const f = await inputs.tangent.forward(inputs.train.batch);
    const { targets, n } = inputs.train;
    expect(run.points[2].trainLoss).not.toBeCloseTo(run.points[0].trainLoss, 4);
    expect(loss(f.data, targets, n) / run.points[2].trainLoss).toBeCloseTo(1, 6);
    inputs.model.dispose();
    (await loadModel(at("whole"))).dispose();
  });
});
