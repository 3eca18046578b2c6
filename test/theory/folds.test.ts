import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignFolds, defaultFolds } from "../../src/theory/folds.ts";

describe("folds", () => {
  it("hold whole examples, sizes and class counts within one of each other", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(4), { minLength: 2, maxLength: 60 }),
        fc.nat(1000),
        fc.integer({ min: 2, max: 12 }),
        (labels, seed, wanted) => {
          const folds = Math.min(wanted, labels.length);
          const foldOf = assignFolds(labels.length, folds, seed, labels);
          const sizes = new Array<number>(folds).fill(0);
          for (const fold of foldOf) sizes[fold]++;
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
          for (const label of new Set(labels)) {
            const counts = new Array<number>(folds).fill(0);
            labels.forEach((own, i) => {
              if (own === label) counts[foldOf[i]]++;
            });
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  it("same seed, same folds; another seed, others", () => {
    const labels = Array.from({ length: 40 }, (_, i) => i % 4);
    expect(assignFolds(40, 5, 1, labels)).toEqual(assignFolds(40, 5, 1, labels));
    expect(assignFolds(40, 5, 2, labels)).not.toEqual(assignFolds(40, 5, 1, labels));
  });

  it("default: 10, fewer for small classes, never below 5 unless there are fewer examples", () => {
    const classes = (...counts: number[]) => counts.flatMap((count, label) => new Array(count).fill(label));
    expect(defaultFolds(100)).toBe(10);
    expect(defaultFolds(100, classes(50, 50))).toBe(10);
    expect(defaultFolds(28, classes(20, 8))).toBe(8);
    expect(defaultFolds(22, classes(20, 2))).toBe(5);
    expect(defaultFolds(3, classes(2, 1))).toBe(3);
  });

  it("refuses 1 fold and more folds than examples", () => {
    expect(() => assignFolds(10, 1, 0)).toThrow(/2 to 10 folds for 10 examples, got 1/);
    expect(() => assignFolds(10, 11, 0)).toThrow(/got 11/);
  });
});
