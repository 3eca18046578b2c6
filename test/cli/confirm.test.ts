/** `ntkit confirm` and `ntkit finetune` on the command line: what they write, and what they refuse. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { assets, csv, ntkit, scratch, twoKinds } from "../support/cli.ts";

let folder: string;
let common: string[];
beforeAll(() => {
  folder = scratch();
  const data = csv(folder, "train.csv", twoKinds);
  common = ["--model", join(assets, "nano-gpt-neo"), "--data", data, "--quiet", "--folds", "3"];
});

describe("ntkit confirm", () => {
  it("writes a record with its confirmation and a report of it", () => {
    const out = join(folder, "study");
    const few = ["--steps", "3", "--retake", "2", "--patience", "0", "--lr", "0.0002", "--out", out];
    const { status, stdout } = ntkit(["confirm", ...common, ...few]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/The kernel (view held|drifted|view failed)/);
    const { confirmation } = JSON.parse(readFileSync(join(out, "record.json"), "utf8"));
    expect(confirmation.steps).toBe(3);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("What really happened");
  });
});

describe.each(["confirm", "finetune"])("ntkit %s", (command) => {
  it.each([
    [["--optimizer", "lion"], /sgd, adamw/],
    [["--retake", "2,x"], /--retake/],
    [["--patience", "-1"], /--patience/],
    [["--optimizer", "adamw", "--momentum", "0.9"], /none with adamw, which has its own/],
    [["--parameters", "nonsense"], /nonsense/],
    [["--data", "/no/such/file.csv"], /a path that exists/],
  ])("refuses %j", (options, message) => {
    const { status, stderr } = ntkit([command, ...common, "--out", join(folder, "none"), ...options]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe("ntkit finetune", () => {
  it("refuses a rule at the pretrained point with adamw, and a folder that holds another run", () => {
    const adamw = ntkit(["finetune", ...common, "--optimizer", "adamw", "--stop", "cv", "--out", folder]);
    expect(adamw.status).toBe(2);
    expect(adamw.stderr).toMatch(/path-cv, patience or none with adamw/);
    const out = join(folder, "run");
    const run = (steps: string) =>
      ntkit(["finetune", ...common, "--stop", "none", "--lr", "0.0002", "--steps", steps, "--out", out]);
    expect(run("20").status).toBe(0);
    const other = run("21");
    expect(other.status).toBe(2);
    expect(other.stderr).toMatch(/steps 20 instead of 21; try another --out/);
  });
});
