import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallError, DataError } from "../../../src/errors.ts";
import { solve } from "../../../src/numerics/dense/solve.ts";
import { conjugateGradients } from "../../../src/numerics/krylov/conjugateGradients.ts";
import { matrixOperator } from "../../../src/numerics/krylov/operator.ts";
import { hasLinalg, readLinalg } from "../../support/linalg.ts";
import {
  gaussianMatrix,
  laplacian,
  multiply,
  norm,
  relativeDistance,
  symmetricWithSpectrum,
} from "../../support/matrices.ts";

describe("conjugateGradients", () => {
  it("solves any positive definite system to the residual it gives, as the dense solver does", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0.1, max: 50, noNaN: true }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        async (values, count, shift) => {
          const n = values.length;
          const a = symmetricWithSpectrum(values, count);
          const b = gaussianMatrix(count, n, 3);
          const operator = matrixOperator(a, n);
          const found = await conjugateGradients(operator, b, { shift, tolerance: 1e-11 });
          operator.free();
          expect(found.converged).toBe(true);
          const shifted = a.map((value, i) => (i % (n + 1) === 0 ? value + shift : value));
          for (let c = 0; c < count; c++) {
            const side = b.subarray(c * n, c * n + n);
            const x = found.x.subarray(c * n, c * n + n);
            const rest = norm(multiply(shifted, n, x).map((value, i) => value - side[i])) / norm(side);
            expect(rest).toBeLessThanOrEqual(1.01e-11);
            expect(Math.abs(found.residual[c] - rest)).toBeLessThan(1e-13);
            expect(relativeDistance(x, solve(shifted, side, { n }))).toBeLessThan(1e-8);
          }
        },
      ),
      { seed: 4, numRuns: 40 },
    );
  });

  it("takes as many steps as there are different eigenvalues, and bits that do not depend on the other sides", async () => {
    const n = 50;
    const operator = matrixOperator(
      symmetricWithSpectrum(
        Float64Array.from({ length: n }, (_, i) => 1 + (i % 4)),
        1,
      ),
      n,
    );
    const b = gaussianMatrix(3, n, 1);
    const together = await conjugateGradients(operator, b);
    expect(together.iterations).toBe(4);
    const alone = await conjugateGradients(operator, b.slice(n, 2 * n));
    expect(together.x.slice(n, 2 * n)).toEqual(alone.x);
  });

  it("a preconditioner saves steps; without one a Laplacian takes n", async () => {
    const n = 100;
    const a = laplacian(n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j] *= (1 + i) * (1 + j);
    const operator = matrixOperator(a, n);
    const b = gaussianMatrix(1, n, 2);
    const plain = await conjugateGradients(operator, b, { tolerance: 1e-8, maxIterations: 10_000 });
    const scaled = await conjugateGradients(operator, b, {
      tolerance: 1e-8,
      async preconditioner(r, out) {
        await Promise.resolve();
        for (let i = 0; i < n; i++) out[i] = r[i] / a[i * n + i];
      },
    });
    expect(scaled.converged && plain.converged).toBe(true);
    expect(scaled.iterations).toBeLessThan(plain.iterations / 2);
  });

  it("stops at maxIterations, or where rounding stops it, with the true residual", async () => {
    const n = 40;
    const operator = matrixOperator(laplacian(n), n);
    const b = gaussianMatrix(1, n, 2);
    const short = await conjugateGradients(operator, b, { maxIterations: 5 });
    expect([short.iterations, short.converged]).toEqual([5, false]);
    const rest = norm(multiply(laplacian(n), n, short.x).map((value, i) => value - b[i])) / norm(b);
    expect(short.residual[0]).toBeCloseTo(rest, 12);
    const beyond = await conjugateGradients(operator, b, { tolerance: 1e-20 });
    expect(beyond.converged).toBe(false);
    expect(beyond.residual[0]).toBeLessThan(1e-12);
  });

  it("0 for 0, beside a side that is not", async () => {
    const found = await conjugateGradients(
      matrixOperator(laplacian(3), 3),
      Float64Array.of(0, 0, 0, 1, 0, 1),
    );
    expect([...found.x]).toEqual([0, 0, 0, 1, 1, 1].map((value) => expect.closeTo(value, 12)));
    expect(found.residual[0]).toBe(0);
    expect(found.converged).toBe(true);
  });

  it("takes an operator that answers later and stops when told to", async () => {
    const n = 60;
    const inner = matrixOperator(laplacian(n), n);
    const operator = {
      size: n,
      async apply(x: Float64Array, out: Float64Array) {
        await Promise.resolve();
        inner.apply(x, out);
      },
    };
    const b = gaussianMatrix(1, n, 2);
    expect(await conjugateGradients(operator, b)).toEqual(await conjugateGradients(inner, b));
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => done === 7 && controller.abort(new Error("enough"));
    const running = conjugateGradients(operator, b, { signal: controller.signal, onProgress });
    await expect(running).rejects.toThrow("enough");
  });

  it("refuses an indefinite operator or preconditioner, and what cannot be", async () => {
    const operator = matrixOperator(symmetricWithSpectrum([1, -2, 3], 1), 3);
    const b = Float64Array.of(1, 2, 3);
    await expect(conjugateGradients(operator, b)).rejects.toThrow(DataError);
    await expect(conjugateGradients(operator, b)).rejects.toThrow(
      "a positive definite operator, got pᵀAp = -",
    );
    expect((await conjugateGradients(operator, b, { shift: 3 })).converged).toBe(true);
    const preconditioner = (r: Float64Array, out: Float64Array) => out.set(r.map((value) => -value));
    await expect(conjugateGradients(operator, b, { preconditioner })).rejects.toThrow(
      "a positive definite preconditioner",
    );
    await expect(conjugateGradients(operator, new Float64Array(4))).rejects.toThrow(CallError);
    await expect(conjugateGradients(operator, b, { tolerance: 0 })).rejects.toThrow("a tolerance above 0");
    await expect(conjugateGradients(operator, b, { shift: Number.NaN })).rejects.toThrow("a finite shift");
    await expect(conjugateGradients(operator, b, { maxIterations: 0 })).rejects.toThrow("maxIterations of 1");
    const broken = { size: 3, apply: (_: Float64Array, out: Float64Array) => void out.fill(Number.NaN) };
    await expect(conjugateGradients(broken, b)).rejects.toThrow("NaN in coordinate 0 of application 1");
  });

  it.skipIf(!hasLinalg)("a system solved in high precision", async () => {
    const [a, x] = [readLinalg("cholesky.a.npy"), gaussianMatrix(40, 1, 6)];
    const found = await conjugateGradients(matrixOperator(a, 40), multiply(a, 40, x), { tolerance: 1e-14 });
    expect(relativeDistance(found.x, x)).toBeLessThan(1e-11);
  });
});
