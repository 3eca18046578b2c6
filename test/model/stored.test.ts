import { expect, it } from "vitest";
import { putStored, storedShapes, takeStored, valueShape } from "../../src/model/stored.ts";

const whole = Float64Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11); // 2 × 6
const place = { tensor: "t", shape: [2, 6], first: 2 };

it("takes columns of a stored (in × out) as (out × in)", () => {
  expect([...takeStored(whole, [2, 2], place)]).toEqual([2, 8, 3, 9]);
  expect([...takeStored(whole, [2, 3], place)]).toEqual([2, 8, 3, 9, 4, 10]);
  expect(valueShape([2, 3])).toEqual([3, 2]);
  expect([...takeStored(whole.subarray(0, 6), [3], { ...place, shape: [6] })]).toEqual([2, 3, 4]);
});

it("puts gradients back where the values came from, and nowhere else", () => {
  const into = new Float64Array(12);
  for (const first of [0, 2, 4]) {
    putStored(into, takeStored(whole, [2, 2], { ...place, first }), [2, 2], { ...place, first });
  }
  expect(into).toEqual(whole);
  const part = new Float64Array(12);
  putStored(part, Float64Array.of(1, 2, 3, 4), [2, 2], place);
  expect([...part]).toEqual([0, 0, 1, 3, 0, 0, 0, 0, 2, 4, 0, 0]);
});

it("parts of one tensor are that tensor, once", () => {
  const part = (name: string, first: number) => ({
    name,
    shape: [2, 2],
    group: "mlp" as const,
    stored: { ...place, first },
  });
  const parameters = [part("t[q]", 0), { name: "x", shape: [3], group: "norm" as const }, part("t[k]", 2)];
  expect([...storedShapes(parameters)]).toEqual([
    ["t", [2, 6]],
    ["x", [3]],
  ]);
});
