/** Spoiled .parquet files (test/support/fuzz): read, or refused with a sentence, without long work. At length: scripts/fuzz.mjs. */
import { expect, it } from "vitest";
import { CallError, DataError } from "../../src/errors.ts";
import { parquet, runCases } from "../support/fuzz/index.ts";
import { goodParquet, readTable } from "../support/fuzz/parquet.ts";

it("spoiled tables", async () => {
  const cases = 2000;
  const { read, refused } = await runCases(parquet, 1, cases);
  expect(read).toBeGreaterThan(cases / 10);
  expect(refused).toBeGreaterThan(cases / 4);
});

it("every byte of a table changed, one at a time", async () => {
  // Some of these hung before pages were checked: what promises to repeat a value 2²⁸ times.
  const [good] = goodParquet;
  for (let at = 0; at < good.length; at++) {
    const spoiled = new Uint8Array(good);
    spoiled[at] ^= 0xff;
    await readTable(spoiled).catch((error: unknown) => {
      // A CallError where the name of a column is spoiled.
      expect([CallError, DataError]).toContain((error as Error).constructor);
    });
  }
});
