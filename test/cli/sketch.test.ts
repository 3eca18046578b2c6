/** `ntkit kernel --sketch`: an estimate of the same kernel, in the same files. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readNpy } from "../../src/numerics/index.ts";
import { assets, csv, ntkit, scratch, twoKinds } from "../support/cli.ts";
import { relativeError } from "../support/distance.ts";

let folder: string;
let given: string[];
beforeAll(() => {
  folder = scratch();
  const data = csv(folder, "train.csv", twoKinds);
  given = [
    "kernel",
    "--model",
    join(assets, "nano-gpt-neo"),
    "--data",
    data,
    "--test",
    data,
    "--json",
    "--quiet",
  ];
});

const array = (store: string, name: string) => readNpy(readFileSync(join(store, name)));

describe("ntkit kernel --sketch", () => {
  it("writes a store near the exact one, and says how near", () => {
    const [exact, near] = [join(folder, "exact"), join(folder, "near")];
    expect(ntkit([...given, "--out", exact]).status).toBe(0);
    const made = ntkit([...given, "--sketch", "512", "--out", near]);
    expect(made.stderr).toBe("");
    const { sketch } = JSON.parse(made.stdout);
    expect(sketch.k).toBe(512);
    expect(sketch.error.sample).toBe(24 ** 2); // 12 texts of two outputs
    const manifest = JSON.parse(readFileSync(join(near, "manifest.json"), "utf8"));
    expect(manifest.sketch_error).toEqual(sketch.error);
    const distance = (name: string) => relativeError(array(near, name).data, array(exact, name).data);
    expect(Math.abs(distance("kernel.npy") / sketch.error.rms - 1)).toBeLessThan(1e-3);
    expect(distance("kernel.npy")).toBeLessThan(0.2);
    // The held-out texts are the training texts, and are projected on the same signs.
    expect(array(near, "cross.npy").shape).toEqual([24, 24]);
    expect(relativeError(array(near, "cross.npy").data, array(near, "kernel.npy").data)).toBeLessThan(1e-12);
    expect(array(near, "f0.npy")).toEqual(array(exact, "f0.npy"));
    expect(ntkit(["stop", near, "--json", "--quiet"]).status).toBe(0);

    const other = ntkit([...given, "--out", near]);
    expect(other.status).toBe(2);
    expect(other.stderr).toMatch(/options\.sketch 512 instead of nothing/);
  });

  it("is refused with kernels it is not of", () => {
    const out = join(folder, "none");
    const signs = ntkit([...given, "--sketch", "8", "--kernel", "signgd", "--out", out]);
    expect(signs.status).toBe(2);
    expect(signs.stderr).toMatch(/--sketch: expected the kernel of gradients, whole, got --kernel signgd/);
    expect(ntkit([...given, "--sketch", "8", "--by-group", "--out", out]).status).toBe(2);
    expect(ntkit([...given, "--sketch", "0", "--out", out]).status).toBe(2);
    expect(existsSync(out)).toBe(false);
  });
});
