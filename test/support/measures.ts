/** What the tests of the backends measure with. */
import { expect } from "vitest";
import type { Backend } from "../../src/numerics/backend.ts";
import { randomStream } from "../../src/random.ts";

export interface BackendRow {
  name: string;
  create(): Backend;
  /** Relative rounding of one operation. */
  epsilon: number;
  /** And of an addition in a sum over rows or features: in float64 where there is such. */
  sumEpsilon: number;
}

/** Around every vector width, and past two of them. */
export const SIDES = [0, 1, 3, 4, 5, 7, 8, 17, 64, 65];

/** Standard normal float32 numbers: every backend gets the same. */
export function gaussian(length: number, seed: number): Float32Array {
  const random = randomStream(seed);
  return Float32Array.from({ length }, () => random.gaussian());
}

/** |actual_i − expected_i| ≤ allowed_i everywhere; NaN equals NaN, and ∞ itself. Names the first place that is off. */
export function expectWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowed: (i: number) => number,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    const error = Math.abs(actual[i] - expected[i]);
    if (!(error <= allowed(i))) {
      expect.fail(
        `place ${i}: ${actual[i]} instead of ${expected[i]}, off by ${error}, allowed ${allowed(i)}`,
      );
    }
  }
}
