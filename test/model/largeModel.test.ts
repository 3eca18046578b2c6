/**
 * What bench/streaming.ts does with a GPT-Neo of the 1.3B shape, with a small one: the script that writes it, and a process that runs
 * forward, vjp and a kernel in every mode. Here it is the bytes on the backend that are counted.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "ntkit-large-"));
afterAll(() => rmSync(folder, { recursive: true }));
const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });

const small =
  "--layers 6 --width 96 --heads 4 --vocabulary 3000 --context 64 --shard-bytes 1000000 --tokens 4".split(
    " ",
  );

it("a model in shards goes through forward, vjp and kernel with one stage of its weights on the backend", () => {
  expect(run("scripts/make-large-model.mjs", folder, ...small.slice(0, -2))).toMatch(/in [2-9] shards/);
  const [resident, layered, streaming] = ["resident", "layered", "streaming"].map((mode) =>
    JSON.parse(run("bench/streamingJob.mjs", folder, mode, small.at(-1)!)),
  );
  for (const { plan, numbers, tensors, backendBytes } of [layered, streaming]) {
    expect(numbers).toEqual(resident.numbers);
    expect(tensors).toBe(resident.tensors);
    expect(plan.onBackend).toBeLessThan(resident.plan.onBackend / 7);
    // Before a run nothing is there; then one stage, and what 16 rows of 96 (copies of two outputs, inner width 384) take.
    expect(backendBytes.before).toBe(0);
    expect(backendBytes.vjp).toBeLessThan(plan.onBackend + 4 * 16 * 96 * 80);
    expect(backendBytes.vjp).toBeLessThan(resident.plan.onBackend / 2);
  }
});
