/**
 * f(A) v for a symmetric A without decomposing it: Lanczos from v, f on the small matrix.
 *
 *   f(A) v ≈ ‖v‖ Qᵀ f(T) e₁ = ‖v‖ Σ_i f(θ_i) (s_i)₁ (s_i Q)      (Druskin & Knizhnerman 1989; Saad, SIAM J. Numer. Anal. 29(1), 1992)
 *
 * Exact once the Krylov space is invariant; for polynomials of degree below `steps`; otherwise the error falls as that of the best
 * polynomial on the spectrum: after some √(η‖A‖) steps for exp(−ηA), √κ ln(1/ε) for the inverse and the square root.
 * errorEstimate: with d = ⌈steps/5⌉ and δ₁, δ₂ the distances between the answers of steps − 2d, steps − d and steps, δ₂ / (1 − δ₂/δ₁),
 * what is left of a sequence that goes on falling like that; with fewer than 5 steps there is no sequence yet. Cost: `steps` applications, 4 n steps²; space 8 n steps bytes.
 */
import { CallError, complaint } from "../../errors.ts";
import type { LongOptions } from "../../progress.ts";
import { checkFinite } from "../dense/check.ts";
import { eighTridiagonal } from "../dense/eighTridiagonal.ts";
import { wasmBasis } from "./basis.ts";
import { lanczosStep, startLanczos } from "./lanczos.ts";
import type { Operator } from "./operator.ts";
import { norm } from "./orthogonalize.ts";
import { pace } from "./pace.ts";
import { finite } from "./quadrature.ts";

export interface SpectralFunctionOptions extends LongOptions {
  /** Applications at most (50). */
  steps?: number;
}

export interface SpectralFunction {
  /** (n) f(A) v */
  value: Float64Array;
  /** Of ‖value − f(A) v‖. */
  errorEstimate: number;
  /** Applications of the operator. */
  iterations: number;
}

/**
 * @param v (n); @param f finite at the Ritz values, which lie within the spectrum: e.g. (x) => Math.exp(−eta * x), Math.sqrt, (x) => 1 / x
 * @throws CallError for a v or steps that cannot be, DataError for an operator that is not finite or not symmetric, or an f not finite
 */
export async function spectralFunction(
  op: Operator,
  v: Float64Array,
  f: (eigenvalue: number) => number,
  options: SpectralFunctionOptions = {},
): Promise<SpectralFunction> {
  const n = op.size;
  const { steps = 50 } = options;
  if (!Number.isInteger(steps) || steps < 1) {
    throw new CallError(complaint("spectralFunction", "steps to be a whole number, 1 or more", `${steps}`));
  }
  checkFinite("spectralFunction", "v", v, 1, n);
  const length = norm(v);
  if (length === 0) return { value: new Float64Array(n), errorEstimate: 0, iterations: 0 };
  const tick = pace(options, "f(A) v, applications", Math.min(steps, n));
  const basis = wasmBasis(n);
  try {
    const run = startLanczos(
      op,
      basis,
      v.map((value) => value / length),
    );
    while (basis.size < steps && (await lanczosStep(run))) await tick(basis.size);
    const m = basis.size;
    const coordinates = ofTridiagonal(run.alpha, run.beta, m, f).map((value) => value * length);
    let errorEstimate = 0;
    if (run.next) {
      const d = Math.ceil(m / 5);
      const [before, earlier] = [m - d, Math.max(0, m - 2 * d)].map((size) => {
        const shorter = new Float64Array(m);
        shorter.set(ofTridiagonal(run.alpha, run.beta, size, f).map((value) => value * length));
        return shorter;
      });
      const [first, second] = [distance(earlier, before), distance(before, coordinates)];
      // Where the answers do not come nearer to each other yet, nothing is known but that.
      errorEstimate = second === 0 ? 0 : second / Math.max(1 - second / first, 0.1);
    }
    // The rounding of the small problem.
    errorEstimate += m * Number.EPSILON * norm(coordinates);
    return { value: basis.combine(coordinates, 1), errorEstimate, iterations: m };
  } finally {
    basis.free();
  }
}

/** f(T) e₁ for the leading m×m part of T. */
function ofTridiagonal(
  alpha: readonly number[],
  beta: readonly number[],
  m: number,
  f: (x: number) => number,
): Float64Array {
  const { values, vectors } = eighTridiagonal(alpha.slice(0, m), beta, "all");
  const out = new Float64Array(m);
  for (let i = 0; i < m; i++) {
    const factor = finite("spectralFunction", f, values[i]) * vectors[i * m];
    for (let j = 0; j < m; j++) out[j] += factor * vectors[i * m + j];
  }
  return out;
}

function distance(x: Float64Array, y: Float64Array): number {
  return norm(x.map((value, i) => value - y[i]));
}
