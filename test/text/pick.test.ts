import { expect, it } from "vitest";
import { pickTexts } from "../../src/text/index.ts";

const batch = {
  inputIds: Int32Array.of(1, 2, 0, 3, 0, 0, 4, 5, 6),
  attentionMask: Uint8Array.of(1, 1, 0, 1, 0, 0, 1, 1, 1),
  tokenTypeIds: Int32Array.of(0, 1, 0, 0, 0, 0, 0, 1, 1),
  shape: [3, 3] as [number, number],
};

it("picks texts in the order given, no wider than they need", () => {
  expect(pickTexts(batch, [1, 0, 1])).toEqual({
    inputIds: Int32Array.of(3, 0, 1, 2, 3, 0),
    attentionMask: Uint8Array.of(1, 0, 1, 1, 1, 0),
    tokenTypeIds: Int32Array.of(0, 0, 0, 1, 0, 0),
    shape: [3, 2],
  });
  const readAt = Int32Array.of(1, 0, 2);
  expect(pickTexts({ ...batch, readAt }, [2, 1]).readAt).toEqual(Int32Array.of(2, 0));
  const { tokenTypeIds: _, ...untyped } = batch;
  expect(pickTexts(untyped, [2]).tokenTypeIds).toBeUndefined();
  expect(() => pickTexts(batch, [3])).toThrow(/from 0 to 2/);
});
