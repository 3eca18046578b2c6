import { describe, expect, it } from "vitest";
import { wasmBasis } from "../../../src/numerics/krylov/basis.ts";
import { grow, ritzPairs, startBlockLanczos } from "../../../src/numerics/krylov/blockLanczos.ts";
import { errorBounds } from "../../../src/numerics/krylov/errorBounds.ts";
import { matrixOperator } from "../../../src/numerics/krylov/operator.ts";
import { randomDirection } from "../../../src/numerics/krylov/orthogonalize.ts";
import { outermost, sidesOf } from "../../../src/numerics/krylov/wanted.ts";
import { randomStream } from "../../../src/random.ts";
import { symmetricWithSpectrum } from "../../support/matrices.ts";

describe("errorBounds", () => {
  const n = 60;
  const spectrum = Float64Array.from({ length: n }, (_, i) => 0.7 ** i);

  it("hold at every step, the quadratic ones far below the residual; incomplete, the residual alone", async () => {
    const run = startBlockLanczos(matrixOperator(symmetricWithSpectrum(spectrum, 3), n), wasmBasis(n), [
      randomDirection(randomStream(2), n),
    ]);
    const fresh = wasmBasis(n);
    const sides = sidesOf("largest", 3);
    let sharper = 0;
    for (let step = 1; step <= 30; step++) {
      await grow(run, fresh);
      fresh.free();
      if (step < 8) continue;
      const ritz = ritzPairs(run);
      const indices = outermost(step, sides);
      const [complete, incomplete] = [true, false].map((all) => errorBounds(run, ritz, sides, indices, all));
      for (const i of indices) {
        const error = Math.min(...spectrum.map((value) => Math.abs(value - ritz.values[i])));
        expect(error).toBeLessThanOrEqual(complete[i] + 10 * n * Number.EPSILON);
        expect(complete[i]).toBeLessThanOrEqual(incomplete[i]);
        expect(incomplete[i]).toBeGreaterThanOrEqual(ritz.residuals[i]);
        if (complete[i] < ritz.residuals[i] / 1000) sharper += 1;
      }
      expect(complete[2]).toBe(incomplete[2]); // the innermost: its neighbour is not known
    }
    expect(sharper).toBeGreaterThan(5);
  });
});
