/** What a user can get wrong, through the real command: each ends with a sentence that names the cause and what to try. */
import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type CheckpointTensor,
  openCheckpoint,
  type StoredTensor,
  writeSafetensors,
} from "../../src/checkpoint/index.ts";
import { writeNpy } from "../../src/numerics/index.ts";
import { assets, csv, ntkit, scratch, twoKinds } from "../support/cli.ts";

const good = join(assets, "nano-gpt-neo");
let folder: string;
let data: string;
beforeAll(() => {
  folder = scratch();
  data = csv(folder, "train.csv", twoKinds);
});

/** A copy of the shipped model, changed. */
function spoiled(name: string, change: (path: string) => void): string {
  const path = join(folder, name);
  cpSync(good, path, { recursive: true });
  change(path);
  return path;
}

/** A copy of the shipped model, one of its tensors changed. */
async function spoiledTensor(name: string, tensor: string, change: (tensor: CheckpointTensor) => void) {
  const { tensors } = await openCheckpoint(good);
  change(tensors[tensor]);
  const file = writeSafetensors(tensors as Record<string, StoredTensor>); // this model has nothing quantised
  return spoiled(name, (path) => writeFileSync(join(path, "model.safetensors"), file));
}

const predict = (model: string, train = data, ...more: string[]) =>
  ntkit(["predict", "--model", model, "--data", train, "--out", join(folder, "out"), "--quiet", ...more]);

describe("a model that cannot be used", () => {
  it("missing folder", () => {
    const { status, stderr } = predict(join(folder, "nowhere"));
    expect(status).toBe(2);
    expect(stderr).toMatch(/--model.*nowhere.*Hugging Face/s);
  });

  it("a folder without a model", () => {
    mkdirSync(join(folder, "empty"));
    const { status, stderr } = predict(join(folder, "empty"));
    expect([1, 2]).toContain(status);
    expect(stderr).toMatch(/config\.json/);
  });

  it("truncated safetensors", () => {
    const model = spoiled("cut", (path) => truncateSync(join(path, "model.safetensors"), 100_000));
    const { status, stderr } = predict(model);
    expect(status).toBe(1);
    expect(stderr).toMatch(/model\.safetensors/);
  });

  it("a safetensors header that lies about its length", () => {
    const model = spoiled("liar", (path) => {
      const file = join(path, "model.safetensors");
      const bytes = readFileSync(file);
      bytes.writeBigUInt64LE(1n << 50n, 0);
      writeFileSync(file, bytes);
    });
    const { status, stderr } = predict(model);
    expect(status).toBe(1);
    expect(stderr).toMatch(/model\.safetensors.*header/s);
  });

  it("unknown architecture: says which are known", () => {
    const model = spoiled("martian", (path) => {
      const file = join(path, "config.json");
      writeFileSync(file, readFileSync(file, "utf8").replace('"gpt_neo"', '"martian"'));
    });
    const { status, stderr } = predict(model);
    expect(status).toBe(1);
    expect(stderr).toMatch(/martian/);
    expect(stderr).toMatch(/gpt_neo/);
  });

  it("a tensor of the wrong shape, named", async () => {
    const name = "transformer.h.2.mlp.c_fc.weight";
    const model = await spoiledTensor("shape", name, (tensor) => {
      tensor.shape = [256, 256];
    });
    const { status, stderr } = predict(model);
    expect(status).toBe(1);
    expect(stderr).toContain(name);
    expect(stderr).toMatch(/512.*128/s);
    expect(stderr).toMatch(/256.*256/s);
  });

  it("NaN in a weight, named", async () => {
    const name = "transformer.h.1.ln_1.weight";
    const model = await spoiledTensor("nan", name, ({ bytes }) => bytes.set([0x00, 0x7e], 10));
    const { status, stderr } = predict(model);
    expect(status).toBe(1);
    expect(stderr).toContain(name);
    expect(stderr).toMatch(/NaN/);
  });
});

describe("data that cannot be used", () => {
  it("a missing file", () => {
    const { status, stderr } = predict(good, join(folder, "none.csv"));
    expect(status).toBe(2);
    expect(stderr).toContain("none.csv");
  });

  it("a column that is not there: lists those that are", () => {
    const { status, stderr } = predict(good, data, "--label", "intent");
    expect(status).toBe(2);
    expect(stderr).toMatch(/intent/);
    expect(stderr).toMatch(/text.*label/s);
  });

  it("a single class", () => {
    const { status, stderr } = predict(good, csv(folder, "one.csv", twoKinds.slice(0, 6)));
    expect(status).toBe(1);
    expect(stderr).toMatch(/class/);
    expect(stderr).toMatch(/music/);
  });

  it("nothing but empty texts", () => {
    const { status, stderr } = predict(
      good,
      csv(folder, "empty.csv", [
        ["", "a"],
        ["  ", "b"],
      ]),
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/empty/);
  });

  it("labels in the held-out set that training lacks", () => {
    const test = csv(folder, "more.csv", [...twoKinds, ["open the door", "house"]]);
    const { status, stderr } = predict(good, data, "--test", test);
    expect(status).toBe(1);
    expect(stderr).toMatch(/house/);
  });

  it("labels in training that the held-out set lacks: a warning", () => {
    const test = csv(folder, "less.csv", twoKinds.slice(0, 5));
    const { status, stdout } = predict(good, data, "--test", test, "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout).warnings.join(" ")).toMatch(/weather/);
  });

  it("a text longer than the context: cut and counted", () => {
    const long = csv(folder, "long.csv", [...twoKinds, [Array(400).fill("rain").join(" "), "weather"]]);
    const { status, stdout } = predict(good, long, "--json");
    expect(status).toBe(0);
    const record = JSON.parse(stdout);
    expect(record.data.truncated_texts).toBe(1);
    expect(record.data.truncated_tokens).toBeGreaterThan(100);
    expect(record.data.longest_tokens).toBe(256);
    expect(record.warnings.join(" ")).toMatch(/longer than 256 tokens/);
  });

  it("more texts than memory holds: says what fits", () => {
    const { status, stderr } = predict(good, join(assets, "snips/train.csv"), "--memory", "64MiB");
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /expected at most 64 MiB, got about .* GiB .*try at most \d+ texts of this length/s,
    );
  });
});

describe("a kernel that cannot be used", () => {
  it("targets that do not fit", () => {
    const store = join(folder, "k");
    expect(ntkit(["kernel", "--model", good, "--data", data, "--out", store, "--quiet"]).status).toBe(0);
    const targets = join(folder, "five.npy");
    writeFileSync(targets, writeNpy(new Float64Array(5), [5]));
    const { status, stderr } = ntkit(["stop", join(store, "kernel.npy"), "--targets", targets]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/side/);
  });

  it("a bare matrix without targets", () => {
    const { status, stderr } = ntkit(["stop", join(folder, "k", "kernel.npy")]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/--targets/);
  });
});
