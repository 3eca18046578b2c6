import { describe, expect, it } from "vitest";
import { signKey, signPanel, span } from "../../../src/ntk/sketch/signPanel.ts";

const key = signKey(3, "h.0.fc.weight output");
const [R, W] = [40, 200];
const whole = signPanel(key, span(0, R), 0, W);

describe("signPanel", () => {
  it("makes any panel alone", () => {
    const rows = [39, 7, 7, 0];
    const panel = signPanel(key, rows, 128, 72);
    const expected = rows.flatMap((row) => Array.from(whole.subarray(row * W + 128, row * W + 200)));
    expect(Array.from(panel)).toEqual(expected);
  });

  it("holds as many of either sign, and rows and columns that know nothing of one another", () => {
    expect(new Set(whole)).toEqual(new Set([1, -1]));
    // Sums of m independent signs pass 5 √m once in 10⁶.
    expect(Math.abs(whole.reduce((a, b) => a + b))).toBeLessThan(5 * Math.sqrt(R * W));
    for (let a = 0; a < R; a++) {
      for (let b = 0; b < a; b++) {
        let sum = 0;
        for (let j = 0; j < W; j++) sum += whole[a * W + j] * whole[b * W + j];
        expect(Math.abs(sum)).toBeLessThan(5 * Math.sqrt(W));
      }
    }
    for (let j = 0; j + 1 < W; j++) {
      let sum = 0;
      for (let a = 0; a < R; a++) sum += whole[a * W + j] * whole[a * W + j + 1];
      expect(Math.abs(sum)).toBeLessThan(5 * Math.sqrt(R));
    }
  });

  it("differs by seed and by name", () => {
    for (const other of [signKey(4, "h.0.fc.weight output"), signKey(3, "h.0.fc.weight input")]) {
      const signs = signPanel(other, span(0, R), 0, W);
      const agreement = signs.reduce((sum, sign, at) => sum + sign * whole[at], 0);
      expect(Math.abs(agreement)).toBeLessThan(5 * Math.sqrt(R * W));
    }
  });
});
