/** An adapter on the command line: from its folder and fresh, what is trained then, and what is refused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createAdapter, loadModel, saveAdapter } from "../../src/model/index.ts";
import { assets, csv, ntkit, scratch, twoKinds } from "../support/cli.ts";

const model = join(assets, "nano-gpt-neo");
let folder: string;
let data: string;
let adapter: string;
beforeAll(async () => {
  folder = scratch();
  data = csv(folder, "train.csv", twoKinds);
  adapter = join(folder, "adapter");
  await saveAdapter(adapter, createAdapter(await loadModel(model), { r: 4 }));
});

const kernel = (out: string, ...more: string[]) =>
  ntkit(["kernel", "--model", model, "--data", data, "--out", join(folder, out), "--quiet", ...more]);
const manifestOf = (out: string) => JSON.parse(readFileSync(join(folder, out, "manifest.json"), "utf8"));

describe("--adapter and --lora-rank", () => {
  it("the same adapter from its folder and fresh gives the same kernel, over it and the fresh head", () => {
    expect(kernel("stored", "--adapter", adapter).status).toBe(0);
    expect(kernel("fresh", "--lora-rank", "4").status).toBe(0);
    const [stored, fresh] = [manifestOf("stored"), manifestOf("fresh")];
    for (const { options } of [stored, fresh]) expect(options.parameters).toBe("lora+head");
    const bytes = (out: string) => readFileSync(join(folder, out, "kernel.npy"));
    expect(bytes("stored").equals(bytes("fresh"))).toBe(true);
    expect(stored.model.source).toContain(adapter);
    expect(fresh.model.source).toMatch(/fresh LoRA \(r 4, α 4\)/);
    expect(stored.model.fingerprint).not.toBe(fresh.model.fingerprint);
    expect(kernel("chosen", "--lora-rank", "4", "--parameters", "lora").status).toBe(0);
    expect(bytes("chosen").equals(bytes("fresh"))).toBe(false);
  });

  it("inspect lists its tensors; predict records it", () => {
    const report = JSON.parse(ntkit(["inspect", model, "--adapter", adapter, "--json"]).stdout);
    const names = report.tensors.map(({ name }: { name: string }) => name);
    expect(names.filter((name: string) => name.startsWith("base_model.model."))).toHaveLength(24);
    const out = join(folder, "study");
    const options = [
      "--lora-rank",
      "2",
      "--lora-targets",
      "/.*\\.0\\..*proj/",
      "--folds",
      "3",
      "--out",
      out,
      "--quiet",
    ];
    expect(ntkit(["predict", "--model", model, "--data", data, ...options]).status).toBe(0);
    const record = JSON.parse(readFileSync(join(out, "record.json"), "utf8"));
    expect(record.kernel.parameters).toBe("lora+head");
    expect(record.checkpoint.source).toMatch(/fresh LoRA/);
  });

  it.each([
    [["--lora-alpha", "3"], /--lora-rank with them/],
    [["--lora-rank", "2", "--adapter", "."], /one of --adapter and --lora-rank/],
    [["--lora-rank", "0"], /--lora-rank/],
    [["--lora-rank", "2", "--lora-targets", "query"], /some of q_proj, .*got query/],
    [["--adapter", "/no/such/folder"], /--adapter.*which does not/],
  ])("refuses %j", (options, message) => {
    const { status, stderr } = kernel("none", ...options);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});
