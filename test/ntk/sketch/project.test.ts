/** Sketched taps against the Jacobian and the sign matrix written down in full. */
import { describe, expect, it } from "vitest";
import { projectTap, type SketchSpec } from "../../../src/ntk/sketch/project.ts";
import { signKey, signPanel, span } from "../../../src/ntk/sketch/signPanel.ts";
import { backends } from "../../support/backends.ts";
import { relativeError } from "../../support/distance.ts";
import { TOY, type ToyTangent, toyBatch, toyTangent, toyTexts } from "../../support/toyTangent.ts";

const k = 300; // more than one panel of features
const seed = 5;
const batch = toyBatch(toyTexts(11, 3));
const n = 11;

/** S (P × k), parameters in order: independent signs, or u_j[row] · w_j[column] of a matrix (of a table: row is what repeats). */
function signMatrix(toy: ToyTangent, method: SketchSpec["method"]): Float64Array {
  const rows = toy.parameters.flatMap(({ name, shape: [a, b = 0], group }) => {
    const [output, input] = [signKey(seed, `${name} output`), signKey(seed, `${name} input`)];
    if (b === 0 || method !== "kronecker") {
      return Array.from(signPanel(output, span(0, a * Math.max(b, 1)), 0, k));
    }
    const table = group === "embedding";
    const first = signPanel(table ? input : output, span(0, a), 0, k);
    const second = signPanel(table ? output : input, span(0, b), 0, k);
    return Array.from({ length: a * b * k }, (_, at) => {
      const [p, j] = [Math.floor(at / k), at % k];
      return first[Math.floor(p / b) * k + j] * second[(p % b) * k + j];
    });
  });
  return Float64Array.from(rows);
}

describe.each(backends)("projectTap on $name", ({ create, tolerance }) => {
  it.each(["direct", "kronecker", "auto"] as const)("%s gives J S", async (method) => {
    const backend = create();
    const toy = toyTangent(backend);
    const C = TOY.outputs;
    const J = toy.jacobian(batch);
    const S = signMatrix(toy, method);
    const expected = new Float64Array(n * C * k);
    for (let row = 0; row < n * C; row++)
      for (let p = 0; p < toy.size; p++)
        for (let j = 0; j < k; j++) expected[row * k + j] += J[row * toy.size + p] * S[p * k + j];

    const features = new Float64Array(n * C * k);
    const before = backend.memory().tensors;
    for await (const { taps } of toy.taps(batch)) {
      for (const tap of taps) {
        await projectTap(backend, tap, toy.offsets(batch), { k, seed, copies: C, method }, features);
      }
      backend.release(taps);
    }
    expect(backend.memory().tensors).toBe(before);
    expect(relativeError(features, expected)).toBeLessThan(tolerance);
    backend.dispose();
  });
});
