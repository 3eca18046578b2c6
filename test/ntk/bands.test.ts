/** Bands and jobs: every pair of texts in one tile, every tile in one job, no job for nothing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bandsOf, cutBands, jobsOf, tilesOf } from "../../src/ntk/bands.ts";

describe("bands", () => {
  it("cut texts into as many parts as asked, none empty, about equally long", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 80 }),
        fc.nat(),
        (lengths, k) => {
          const bands = 1 + (k % lengths.length);
          const offsets = Int32Array.from([0, ...lengths]);
          for (let i = 1; i < offsets.length; i++) offsets[i] += offsets[i - 1];
          const bounds = cutBands(offsets, bands);
          expect(bounds).toHaveLength(bands + 1);
          expect([bounds[0], bounds[bands]]).toEqual([0, lengths.length]);
          for (let b = 0; b < bands; b++) expect(bounds[b + 1]).toBeGreaterThan(bounds[b]);
        },
      ),
    );
    expect(
      cutBands(
        Int32Array.from({ length: 101 }, (_, i) => 7 * i),
        4,
      ),
    ).toEqual([0, 25, 50, 75, 100]);
  });

  it.each([true, false])("become jobs that give every tile once, symmetric %s", (symmetric) => {
    for (let G = 1; G < 7; G++) {
      for (let H = 0; H < 4; H++) {
        const train = bandsOf(
          "train",
          Array.from({ length: G + 1 }, (_, i) => i),
        );
        const test =
          H > 0
            ? bandsOf(
                "test",
                Array.from({ length: H + 1 }, (_, i) => i),
              )
            : [];
        const jobs = jobsOf(train, test, symmetric);
        const tiles = jobs.flatMap(tilesOf);
        expect(new Set(tiles).size).toBe(tiles.length);
        expect(tiles.length).toBe((symmetric ? (G * (G + 1)) / 2 : G * G) + G * H);
        for (const { columns, rows } of jobs) expect(rows).not.toBe(columns);
        // A diagonal tile has a job of its own only where no other job could take it along.
        const own = jobs.filter(({ rows }) => rows === null).length;
        expect(own).toBe(H > 0 || G > 2 ? 0 : symmetric || G === 1 ? 1 : 0);
      }
    }
  });
});
