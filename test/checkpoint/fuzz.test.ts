/** Bad files of every kind: whatever they hold, they are refused with a DataError or a CallError, or read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openCheckpoint, writeSafetensors } from "../../src/checkpoint/index.ts";
import { CallError, DataError } from "../../src/errors.ts";
import { tinyLlama, writeGguf } from "../support/gguf.ts";

const assets = join(import.meta.dirname, "../../assets/nano-gpt-neo");
const config = new Uint8Array(readFileSync(join(assets, "config.json")));
const tensors = Object.fromEntries(
  ["a", "b"].map((name) => [name, { dtype: "F32" as const, shape: [2], bytes: new Uint8Array(8) }]),
);
const weights = writeSafetensors(tensors);
const { metadata, parts } = tinyLlama();

/** Some bytes of a good file replaced, some of its end cut off. */
function spoil(good: Uint8Array, changes: readonly (readonly [number, number])[], cut: number): Uint8Array {
  const bytes = good.slice(0, Math.ceil(good.length * cut));
  for (const [place, byte] of changes) bytes[Math.floor(place * bytes.length)] = byte;
  return bytes;
}

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const changes = fc.array(fc.tuple(unit, fc.nat(255)), { maxLength: 4 });
const cut = fc.oneof(fc.constant(1), unit);

describe("spoiled files", () => {
  it.each([
    ["safetensors", weights, (bytes: Uint8Array) => ({ "config.json": config, "model.safetensors": bytes })],
    ["GGUF", writeGguf(metadata, parts), (bytes: Uint8Array) => ({ "x.gguf": bytes })],
    ["config.json", config, (bytes: Uint8Array) => ({ "config.json": bytes, "model.safetensors": weights })],
  ])(
    "%s",
    async (_, good, files) => {
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(changes, cut, async (bytes, end) => {
          try {
            await openCheckpoint(files(spoil(good, bytes, end)));
          } catch (error) {
            if (!(error instanceof DataError || error instanceof CallError)) throw error;
            refused++;
          }
        }),
        { numRuns: 32_000 },
      );
      expect(refused).toBeGreaterThan(1000);
    },
    60_000,
  );
});
