/** A tokenizer.json with any of its values replaced is refused with a DataError, or used: loading never fails another way. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { loadTokenizer } from "../../src/text/index.ts";

type Json = Record<string, unknown>;

const shipped: Json = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../assets/nano-gpt-neo/tokenizer.json"), "utf8"),
);
const model = shipped["model"] as Json;
const letters = Object.entries(model["vocab"] as Record<string, number>).slice(0, 300);
const small = { ...shipped, model: { ...model, vocab: Object.fromEntries(letters), merges: [] } };

/** Every place in it, but one of the many letters only. */
function placesOf(value: unknown, path: string[] = []): string[][] {
  if (value === null || typeof value !== "object") return [path];
  const keys = Object.keys(value).slice(0, 20);
  return [path, ...keys.flatMap((key) => placesOf((value as Json)[key], [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as Json) }) as Json;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

it("survives any value in any place", async () => {
  expect((await loadTokenizer({ tokenizerJson: small })).encode("a b").length).toBeGreaterThan(0);
  const places = placesOf(small).slice(1);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 2 }), async (place, by) => {
      try {
        const tokenizerJson = replaced(small, place, by) as Json;
        (await loadTokenizer({ tokenizerJson })).encode("a b");
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        refused++;
      }
    }),
    { numRuns: 20_000 },
  );
  expect(refused).toBeGreaterThan(100);
  expect(refused).toBeLessThan(19_000);
}, 60_000);
