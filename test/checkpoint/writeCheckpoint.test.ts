import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openCheckpoint, writeCheckpoint } from "../../src/checkpoint/index.ts";
import { DataError } from "../../src/errors.ts";
import { tinyRecipe } from "../support/tinyGptNeo.ts";

const folder = mkdtempSync(join(tmpdir(), "ntkit-checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a checkpoint written and opened again is the same, tokenizer included", async () => {
  const { config, tensors } = tinyRecipe();
  const tokenizer = { tokenizerJson: { model: { type: "BPE" } }, tokenizerConfig: { eos: "." } };
  await writeCheckpoint(join(folder, "new"), { config, tensors, ...tokenizer });
  expect(await openCheckpoint(join(folder, "new"))).toMatchObject({ config, tensors, ...tokenizer });
});

it("quantised weights are named and refused, and nothing is written", async () => {
  const tensors = { w: { dtype: "Q8_0" as const, shape: [32], bytes: new Uint8Array(34) } };
  const writing = writeCheckpoint(join(folder, "none"), { config: {}, tensors });
  await expect(writing).rejects.toThrow(DataError);
  await expect(writing).rejects.toThrow(/tensor w.*Q8_0/);
});
