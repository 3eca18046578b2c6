/** `ntkit kernel` interrupted and killed: the same command goes on, and the store has the same bits. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { assets, csv, ntkit, scratch, twoKinds } from "../support/cli.ts";

const root = join(import.meta.dirname, "../..");
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
    "--workers",
    "1",
    "--memory",
    "32MiB",
  ];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("is killed eight times at random moments and ends with the same bits", { timeout: 120_000 }, () => {
  const args = ["--kills", "8", "--texts", "16", "--memory", "40MiB"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, "scripts/kill-test.mjs"), ...args],
    {
      encoding: "utf8",
    },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).toMatch(/bands of texts.*8 of 8/s);
});

it("says how to go on when it is interrupted, goes on, and says when nothing is left", {
  timeout: 60_000,
}, async () => {
  const store = join(folder, "store");
  const child = spawn(process.execPath, [join(root, "build/cli.js"), ...given, "--out", store]);
  let said = "";
  let sent = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    // The plan is said when the store is there and before its first tile.
    if (said.includes("plan:") && !sent) sent = child.kill("SIGINT");
  });
  const status = await new Promise((done) => child.on("close", done));
  expect(said).toMatch(/plan: 2 bands of texts, 3 tiles in 2 passes.*1 thread; at most [\d.]+ MiB held/);
  expect(said).toContain(`interrupted; tiles that are done are kept in ${store}; the same command goes on`);
  expect(status).toBe(130);
  expect(existsSync(join(store, "kernel.npy"))).toBe(false);

  const other = ntkit([...given, "--max-length", "5", "--out", store]);
  expect(other.status).toBe(2);
  expect(other.stderr).toMatch(/options\.maxLength nothing instead of 5/);
  expect(ntkit([...given, "--out", store]).status).toBe(0);
  expect(existsSync(join(store, "tiles"))).toBe(false);
  const again = ntkit([...given, "--out", store]);
  expect(again.status).toBe(0);
  expect(again.stderr).toContain("is whole already");
});
