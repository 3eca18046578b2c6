/**
 * Rules that need eigenvectors: N or the k largest, with the residual itself, so that what is left out is known row by row:
 * r − U_k U_kᵀ r. Source: [derived]. Cost: 2kN.
 */
import { requireFinite, requireLength } from "../check.ts";
import { expand, project } from "../eigenbasis.ts";
import { ruleInput, type SpectrumRuleInput } from "./input.ts";
import type { RulePath } from "./path.ts";

export interface BasisRuleInput extends Omit<SpectrumRuleInput, "coefficients" | "squaredNorm"> {
  /** (k × N) row i is the unit eigenvector of eigenvalues[i]; largest first. */
  vectors: Float64Array;
  /** (N) r = Y − f₀(X). */
  residual: Float64Array;
}

export interface Basis {
  vectors: Float64Array; // (k × N)
  coefficients: Float64Array; // (k) u_iᵀ r
  /** (N) what of r lies outside the k eigenvectors; null where none is left out. */
  beyond: Float64Array | null;
}

/** @throws as ruleInput; CallError also where the eigenvalues do not come largest first */
export function basisInput(where: string, input: BasisRuleInput): { path: RulePath; basis: Basis } {
  const { vectors, residual, eigenvalues, n, outputs = 1 } = input;
  const N = n * outputs;
  const k = eigenvalues?.length ?? 0;
  requireLength(where, "the residual", residual, N);
  requireFinite(where, "the residual", residual);
  requireLength(where, "vectors", vectors, k * N);
  requireFinite(where, "vectors", vectors);
  const order = Array.from({ length: k }, (_, i) => i).sort((a, b) => eigenvalues[b] - eigenvalues[a]);
  const sorted = new Float64Array(k * N);
  order.forEach((from, to) => {
    sorted.set(vectors.subarray(from * N, (from + 1) * N), to * N);
  });
  const coefficients = project(sorted, residual);
  let squaredNorm = 0;
  for (const r of residual) squaredNorm += r * r;
  const values = Float64Array.from(order, (i) => eigenvalues[i]);
  const path = ruleInput(where, { ...input, eigenvalues: values, coefficients, squaredNorm });
  const inside = path.rest && expand(sorted, coefficients);
  return {
    path,
    basis: { vectors: sorted, coefficients, beyond: inside && residual.map((r, i) => r - inside[i]) },
  };
}
