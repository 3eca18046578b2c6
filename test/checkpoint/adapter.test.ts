import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openAdapter, writeAdapter, writeSafetensors } from "../../src/checkpoint/index.ts";
import { CallError, DataError } from "../../src/errors.ts";
import { hasShared, referenceFolder } from "../support/shared.ts";

const folder = mkdtempSync(join(tmpdir(), "ntkit-adapter-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = { peft_type: "LORA", r: 1, nested: { a: [1, null] } };
const tensors = {
  b: { dtype: "F32" as const, shape: [2], bytes: new Uint8Array([0, 0, 128, 63, 1, 0, 0, 128]) },
  a: { dtype: "BF16" as const, shape: [1, 1], bytes: new Uint8Array([129, 63]) },
};

describe("adapter files", () => {
  it("written and read again they are the same to the bit", async () => {
    const path = join(folder, "made", "of", "folders");
    await writeAdapter(path, { config, tensors });
    const read = await openAdapter(path);
    expect(read).toMatchObject({ config, tensors, source: path });
    expect(read.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    await writeAdapter(join(folder, "again"), read);
    for (const file of ["adapter_config.json", "adapter_model.safetensors"]) {
      expect(readFileSync(join(folder, "again", file))).toEqual(readFileSync(join(path, file)));
    }
  });

  it.skipIf(!hasShared)("PEFT's own tensors survive the round trip", async () => {
    const original = await openAdapter(join(referenceFolder("ntk"), "lora-nonzero"));
    await writeAdapter(join(folder, "peft"), original);
    const { config: ours, tensors: bits, fingerprint } = await openAdapter(join(folder, "peft"));
    expect(bits).toEqual(original.tensors);
    expect(ours).toEqual(original.config);
    expect(fingerprint).toBe(original.fingerprint);
  });

  it("from a map of files", async () => {
    const files = {
      "my/adapter_config.json": new TextEncoder().encode(JSON.stringify(config)),
      "my/adapter_model.safetensors": writeSafetensors(tensors),
    };
    expect(await openAdapter(files)).toMatchObject({ config, tensors, source: "files given" });
  });

  it("says what is missing or unreadable", async () => {
    await expect(openAdapter(join(folder, "nowhere"))).rejects.toThrow(CallError);
    await expect(openAdapter({})).rejects.toThrow(/expected adapter_config.json in it, got no files/);
    const text = new TextEncoder().encode("{}");
    const pickled = { "adapter_config.json": text, "adapter_model.bin": text };
    await expect(openAdapter(pickled)).rejects.toThrow(DataError);
    await expect(openAdapter(pickled)).rejects.toThrow(/convert adapter_model.bin to safetensors/);
    const weights = { "adapter_model.safetensors": writeSafetensors({}) };
    const bad = { ...weights, "adapter_config.json": new TextEncoder().encode("{\n oops") };
    await expect(openAdapter(bad)).rejects.toThrow(/adapter_config.json.*line 2/);
    const whole = { i: { dtype: "I8" as const, shape: [1], bytes: new Uint8Array(1) } };
    const integers = { "adapter_config.json": text, "adapter_model.safetensors": writeSafetensors(whole) };
    await expect(openAdapter(integers)).rejects.toThrow(/tensor i: expected F64, F32, F16 or BF16.*got I8/);
    writeFileSync(join(folder, "file"), "");
    await expect(writeAdapter(join(folder, "file"), { config, tensors })).rejects.toThrow(CallError);
  });
});
