import { expect, it } from "vitest";
import { isShared, share, sharesMemory } from "../../src/runtime/index.ts";

it("copies to shared memory once", () => {
  expect(sharesMemory).toBe(true);
  const own = Float64Array.of(1, 2, Number.NaN);
  const shared = share(own);
  expect(shared).toEqual(own);
  expect([isShared(own), isShared(shared)]).toEqual([false, true]);
  expect(share(shared)).toBe(shared);
  expect(share(Uint8Array.of(7, 8).subarray(1))).toEqual(Uint8Array.of(8));
});
