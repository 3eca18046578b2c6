/**
 * Gauss quadrature by Lanczos: vᵀ f(A) v = ‖v‖² ∫ f dμ, μ the spectral measure of v, and from steps of Lanczos that start with v
 *
 *   ∫ f dμ ≈ Σ_i τ_i f(θ_i),   T = Sᵀ Θ S,  τ_i = (s_i)_1²      (Golub & Meurant, Matrices, Moments and Quadrature, 1994)
 *
 * Exact for polynomials of degree up to 2·steps − 1, and for every f once the Krylov space is invariant, at n steps at the latest.
 * Cost: `steps` applications and 4 n steps²; space 8 n steps.
 */
import { complaint, DataError } from "../../errors.ts";
import { eighTridiagonal } from "../dense/eighTridiagonal.ts";
import { wasmBasis } from "./basis.ts";
import { lanczosStep, startLanczos } from "./lanczos.ts";
import type { Operator } from "./operator.ts";
import { norm } from "./orthogonalize.ts";

/** nodes (m) largest first, weights (m) ≥ 0 that sum to 1; m ≤ steps, less where the space is invariant before. */
export interface QuadratureRule {
  nodes: Float64Array;
  weights: Float64Array;
}

/** @param start (n), not 0, any length; @param tick awaited with the applications made */
export async function quadratureRule(
  operator: Operator,
  start: Float64Array,
  steps: number,
  tick: (done: number) => Promise<void>,
): Promise<QuadratureRule> {
  const length = norm(start);
  const basis = wasmBasis(operator.size);
  try {
    const run = startLanczos(
      operator,
      basis,
      start.map((value) => value / length),
    );
    while (basis.size < steps && (await lanczosStep(run))) await tick(basis.size);
    const { values, vectors } = eighTridiagonal(run.alpha, run.beta, "first");
    return { nodes: values, weights: vectors.map((first) => first * first) };
  } finally {
    basis.free();
  }
}

/** Σ τ_i f(θ_i). @throws DataError where f gives no finite number at a node */
export function integrate(
  { nodes, weights }: QuadratureRule,
  where: string,
  f: (x: number) => number,
): number {
  let sum = 0;
  for (let i = 0; i < nodes.length; i++) sum += weights[i] * finite(where, f, nodes[i]);
  return sum;
}

/** f(x). @throws DataError where that is not a finite number */
export function finite(where: string, f: (x: number) => number, x: number): number {
  const value = f(x);
  if (Number.isFinite(value)) return value;
  throw new DataError(complaint(where, "f to be finite on the spectrum", `f(${x}) = ${value}`));
}
