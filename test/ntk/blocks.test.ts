/** How texts are cut: nothing lost, nothing twice, bounds kept. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutBlocks, groupBlocks } from "../../src/ntk/blocks.ts";
import { cutTiles } from "../../src/ntk/tiles.ts";
import { toyBatch } from "../support/toyTangent.ts";

const texts = fc.array(fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 20 }), {
  minLength: 1,
  maxLength: 60,
});

describe("blocks", () => {
  it("hold every text once, trimmed to the longest, within the limit", () => {
    fc.assert(
      fc.property(
        texts,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 200 }),
        (all, outputs, limit) => {
          const lengths = Int32Array.from(all, (text) => text.length);
          const blocks = cutBlocks(toyBatch(all), lengths, { outputs, side: 0, limit });
          const seen = blocks.flatMap((block) => Array.from(block.examples));
          expect([...seen].sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
          for (const { examples, batch, positions } of blocks) {
            const [n, T] = batch.shape;
            expect(n).toBe(examples.length);
            expect(T).toBe(Math.max(...Array.from(examples, (i) => lengths[i])));
            expect(positions).toBe(Array.from(examples).reduce((sum, i) => sum + lengths[i], 0));
            expect(outputs * positions <= limit || n === 1).toBe(true);
            examples.forEach((example, row) => {
              const own = Array.from(batch.inputIds.subarray(row * T, row * T + lengths[example]));
              expect(own).toEqual(all[example]);
              const real = batch.attentionMask.subarray(row * T, (row + 1) * T).reduce((a, b) => a + b, 0);
              expect(real).toBe(lengths[example]);
            });
          }
        },
      ),
    );
  });

  it("carry token types along", () => {
    const batch = { ...toyBatch([[1, 2, 3], [4]]), tokenTypeIds: Int32Array.from([0, 0, 1, 1, 0, 0]) };
    const [block] = cutBlocks(batch, Int32Array.from([3, 1]), { outputs: 1, side: 0 });
    expect(Array.from(block.examples)).toEqual([1, 0]);
    expect(Array.from(block.batch.tokenTypeIds ?? [])).toEqual([1, 0, 0, 0, 0, 1]);
  });

  it("form groups in order, whose tiles cover the kernel once", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 40 }), (all, outputs) => {
        const lengths = Int32Array.from(all, (text) => text.length);
        const blocks = cutBlocks(toyBatch(all), lengths, { outputs, side: 0, limit: 50 });
        const groups = groupBlocks(blocks, outputs, 8);
        expect(groups.flat()).toEqual(blocks.map((_, i) => i));
        const tiles = cutTiles(groups, groups, { offset: blocks.length, square: true });
        const covered = (cross: boolean) =>
          tiles
            .filter((tile) => tile.cross === cross)
            .flatMap(({ rows, columns }) => rows.flatMap((i) => (columns ?? rows).map((j) => `${i} ${j}`)));
        const [square, cross] = [covered(false), covered(true)];
        expect(new Set(square).size).toBe(square.length);
        expect(new Set(cross).size).toBe(cross.length);
        expect(cross).toHaveLength(blocks.length ** 2);
        const mirrored = new Set(square.flatMap((pair) => [pair, pair.split(" ").reverse().join(" ")]));
        expect(mirrored.size).toBe(blocks.length ** 2);
      }),
    );
  });
});
