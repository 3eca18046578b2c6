/**
 * The trace of an operator from a few applications.
 *
 *   hutchinson    (1/m) Σ zᵢᵀ A zᵢ over signs zᵢ: error ≈ √(2/m) ‖A − diag A‖_F        (Hutchinson 1989)
 *   hutchPlusPlus tr Q A Qᵀ + (1/l) Σ gᵢᵀ P A P gᵢ, Q an orthonormal basis of A s_1 … A s_l, P = I − QᵀQ, l = ⌊m/3⌋: the large
 *                 eigenvalues are summed exactly, only the rest is sampled; exact where the rank is at most l; error O(tr A / m)
 *                 for positive semidefinite A, against O(tr A / √m)                    (Meyer, Musco, Musco & Woodruff, SOSA 2021)
 *
 * Cost: m applications; hutchPlusPlus 8 n l² on top and space 8 n · 2 l bytes.
 */

import { CallError, complaint } from "../../errors.ts";
import type { LongOptions } from "../../progress.ts";
import { randomStream } from "../../random.ts";
import { wasmBasis } from "./basis.ts";
import { applyRows, type Operator } from "./operator.ts";
import { dot, norm, orthogonalize } from "./orthogonalize.ts";
import { pace } from "./pace.ts";
import { type Estimate, estimate, probes, signs } from "./probes.ts";

export interface TraceOptions extends LongOptions {
  /** hutchPlusPlus where the spectrum falls off, hutchinson where it is flat. */
  method?: "hutchinson" | "hutchPlusPlus";
  /** Applications of the operator (60): 2 or more, for hutchPlusPlus 6 or more. With n or more hutchinson sums the diagonal. */
  samples?: number;
  seed?: number;
}

/** @throws CallError for options that cannot be, DataError for an operator that gives NaN or infinity */
export async function trace(op: Operator, options: TraceOptions = {}): Promise<Estimate> {
  const { method = "hutchPlusPlus", samples = 60 } = options;
  const tick = pace(options, `trace, ${method}`, samples);
  if (method === "hutchinson") return hutchinson(op, samples, options.seed ?? 0, tick);
  if (method === "hutchPlusPlus") return hutchPlusPlus(op, samples, options.seed ?? 0, tick);
  throw new CallError(complaint("trace", 'method "hutchinson" or "hutchPlusPlus"', `"${method}"`));
}

type Tick = (done: number) => Promise<void>;

async function hutchinson(op: Operator, samples: number, seed: number, tick: Tick): Promise<Estimate> {
  const n = op.size;
  const { count, exact, vector } = probes("trace", "samples", n, samples, seed);
  const image = new Float64Array(n);
  const forms: number[] = [];
  for (let i = 0; i < count; i++) {
    const z = vector(i);
    await applyRows("trace", op, z, image, 1, i);
    forms.push(dot(z, image));
    await tick(i + 1);
  }
  return estimate(forms, exact);
}

async function hutchPlusPlus(op: Operator, samples: number, seed: number, tick: Tick): Promise<Estimate> {
  if (!Number.isInteger(samples) || samples < 6) {
    throw new CallError(
      complaint("trace", "samples of 6 or more for hutchPlusPlus", `${samples}`, "more, or hutchinson"),
    );
  }
  const n = op.size;
  const l = Math.min(Math.floor(samples / 3), n);
  const random = randomStream(seed);
  const image = new Float64Array(n);
  const basis = wasmBasis(n);
  const rows: Float64Array[] = [];
  let done = 0;
  const apply = async (x: Float64Array) => {
    await applyRows("trace", op, x, image, 1, done);
    done += 1;
    await tick(done);
  };
  try {
    for (let i = 0; i < l; i++) {
      await apply(signs(random, n));
      const before = norm(image);
      const { remainder } = orthogonalize(image, basis);
      if (remainder <= 10 * Math.sqrt(n) * Number.EPSILON * before) continue; // in the span already
      const q = image.map((value) => value / remainder);
      rows.push(q);
      basis.append(q);
    }
    let inside = 0;
    for (const q of rows) {
      await apply(q);
      inside += dot(q, image);
    }
    const forms: number[] = [];
    for (let i = 0; i < l; i++) {
      const g = signs(random, n);
      basis.remove(g);
      basis.remove(g);
      await apply(g);
      forms.push(dot(g, image));
    }
    const rest = estimate(forms, rows.length === n);
    return { value: inside + rest.value, standardError: rest.standardError };
  } finally {
    basis.free();
  }
}
