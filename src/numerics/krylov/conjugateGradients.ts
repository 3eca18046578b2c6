/**
 * (A + shift I) x = b for a symmetric positive definite A: conjugate gradients, several right-hand sides in step.
 *
 *   z = M⁻¹ r,  p ← z + (rᵀz / r'ᵀz') p,  a = rᵀz / pᵀAp,  x ← x + a p,  r ← r − a A p      (Hestenes & Stiefel 1952)
 *
 * The error falls by (√κ − 1)/(√κ + 1) a step in the norm of A, faster where few eigenvalues lie apart. The r of the recurrence
 * drifts from b − A x; so when it is small, the true one is taken, and where that is not small yet, the iteration starts again from
 * x. Each right-hand side has coefficients of its own; only the applications go together.
 * Cost: one application a step and side, 10 n flops; space 8 · 4 n bytes a side.
 */
import { CallError, complaint, DataError } from "../../errors.ts";
import type { LongOptions } from "../../progress.ts";
import { checkFinite } from "../dense/check.ts";
import { applyRows, type Operator } from "./operator.ts";
import { dot, norm } from "./orthogonalize.ts";
import { pace } from "./pace.ts";

export interface ConjugateGradientsOptions extends LongOptions {
  /** ‖b − A x‖ ≤ tolerance ‖b‖ (1e-10). */
  tolerance?: number;
  /** Steps at most (2 n, and 100 at least). */
  maxIterations?: number;
  /** Added to the diagonal (0). */
  shift?: number;
  /** out (n) ← M⁻¹ r (n), M symmetric positive definite and near A + shift I: e.g. division by the diagonal. */
  preconditioner?(r: Float64Array, out: Float64Array): void | Promise<void>;
}

export interface ConjugateGradients {
  /** As b. */
  x: Float64Array;
  /** (sides) ‖b − (A + shift I) x‖ / ‖b‖, computed from x; 0 for b = 0. */
  residual: Float64Array;
  /** Steps. */
  iterations: number;
  /** All sides within the tolerance. */
  converged: boolean;
}

/** One right-hand side. */
interface Side {
  b: Float64Array; // (n) a part of the argument
  x: Float64Array; // (n) a part of the answer
  r: Float64Array;
  p: Float64Array;
  rz: number;
  size: number; // ‖b‖
  /** ‖r‖ when the iteration last started; it goes on only while a start brings half of it. */
  started: number;
}

/**
 * @param b (n), or several sides one after the other (sides×n)
 * @throws CallError for a b or options that cannot be; DataError where the operator gives NaN or infinity, or A + shift I or the
 * preconditioner is not positive definite
 */
export async function conjugateGradients(
  op: Operator,
  b: Float64Array,
  options: ConjugateGradientsOptions = {},
): Promise<ConjugateGradients> {
  const n = op.size;
  const { tolerance = 1e-10, maxIterations = Math.max(100, 2 * n), shift = 0, preconditioner } = options;
  const count = n === 0 ? 0 : Math.max(1, Math.round(b.length / n));
  checkFinite("conjugateGradients", "b", b, count, n);
  if (!(tolerance > 0)) {
    throw new CallError(complaint("conjugateGradients", "a tolerance above 0", `${tolerance}`));
  }
  if (!Number.isFinite(shift)) {
    throw new CallError(complaint("conjugateGradients", "a finite shift", `${shift}`));
  }
  if (!(maxIterations >= 1)) {
    throw new CallError(complaint("conjugateGradients", "maxIterations of 1 or more", `${maxIterations}`));
  }
  const tick = pace(options, "conjugate gradients", maxIterations);
  const x = new Float64Array(count * n);
  const sides = Array.from({ length: count }, (_, c): Side => {
    const part = b.subarray(c * n, c * n + n);
    const size = norm(part);
    return {
      b: part,
      x: x.subarray(c * n, c * n + n),
      r: part.slice(),
      p: new Float64Array(n),
      rz: 0,
      size,
      started: size,
    };
  });
  let applications = 0;
  /** Rows times A + shift I. */
  const images = async (rows: readonly Float64Array[]) => {
    const from = new Float64Array(rows.length * n);
    rows.forEach((row, i) => {
      from.set(row, i * n);
    });
    const to = new Float64Array(rows.length * n);
    await applyRows("conjugateGradients", op, from, to, rows.length, applications);
    applications += rows.length;
    if (shift !== 0) for (let i = 0; i < to.length; i++) to[i] += shift * from[i];
    return rows.map((_, i) => to.subarray(i * n, i * n + n));
  };
  const z = new Float64Array(n);
  /** p ← z + β p, or z when it starts. */
  const turn = async (side: Side, start: boolean) => {
    if (preconditioner) await preconditioner(side.r, z);
    const direction = preconditioner ? z : side.r;
    const rz = dot(side.r, direction);
    if (!(rz > 0)) throw notPositive("preconditioner", "rᵀM⁻¹r", rz);
    const beta = start ? 0 : rz / side.rz;
    for (let i = 0; i < n; i++) side.p[i] = direction[i] + beta * side.p[i];
    side.rz = rz;
  };
  const small = (side: Side) => norm(side.r) <= tolerance * side.size;

  let active = sides.filter(({ size }) => size > 0);
  for (const side of active) await turn(side, true);
  let iterations = 0;
  while (active.length > 0 && iterations < maxIterations) {
    const products = await images(active.map(({ p }) => p));
    for (let c = 0; c < active.length; c++) {
      const { x: solution, r, p, rz } = active[c];
      const curvature = dot(p, products[c]);
      if (!(curvature > 0)) throw notPositive("operator", "pᵀAp", curvature);
      const a = rz / curvature;
      for (let i = 0; i < n; i++) {
        solution[i] += a * p[i];
        r[i] -= a * products[c][i];
      }
    }
    iterations += 1;
    await tick(iterations);
    const done = active.filter(small);
    const again = new Set<Side>();
    if (done.length > 0) {
      const truths = await images(done.map((side) => side.x));
      done.forEach((side, c) => {
        for (let i = 0; i < n; i++) side.r[i] = side.b[i] - truths[c][i];
        const now = norm(side.r);
        if (small(side) || now > side.started / 2) return;
        side.started = now;
        again.add(side);
      });
    }
    active = active.filter((side) => again.has(side) || !done.includes(side));
    for (const side of active) await turn(side, again.has(side));
  }
  const finals = count === 0 ? [] : await images(sides.map((side) => side.x));
  const residual = Float64Array.from(sides, ({ b: part, size }, c) => {
    const rest = part.map((value, i) => value - finals[c][i]);
    return size === 0 ? 0 : norm(rest) / size;
  });
  return { x, residual, iterations, converged: residual.every((value) => value <= tolerance) };
}

function notPositive(what: string, name: string, value: number): DataError {
  const hint = what === "operator" ? "a larger shift" : undefined;
  return new DataError(
    complaint("conjugateGradients", `a positive definite ${what}`, `${name} = ${value}`, hint),
  );
}
