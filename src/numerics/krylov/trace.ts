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
import { checkBlock } from "./gather.ts";
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
  /** Vectors at a time (1), for an operator that does several for less than each alone. */
  block?: number;
}

/** @throws CallError for options that cannot be, DataError for an operator that gives NaN or infinity */
export async function trace(op: Operator, options: TraceOptions = {}): Promise<Estimate> {
  const { method = "hutchPlusPlus", samples = 60 } = options;
  const tick = pace(options, `trace, ${method}`, samples);
  const run = {
    op,
    samples,
    seed: options.seed ?? 0,
    images: imager(op, checkBlock("trace", options.block ?? 1), tick),
  };
  if (method === "hutchinson") return hutchinson(run);
  if (method === "hutchPlusPlus") return hutchPlusPlus(run);
  throw new CallError(complaint("trace", 'method "hutchinson" or "hutchPlusPlus"', `"${method}"`));
}

type Tick = (done: number) => Promise<void>;

interface Run {
  op: Operator;
  samples: number;
  seed: number;
  images: Images;
}

/** `take` gets z and A z of `count` vectors, in order; `vector` makes them in that order too. Neither array may be kept. */
type Images = (
  count: number,
  vector: (index: number) => Float64Array,
  take: (z: Float64Array, image: Float64Array) => void,
) => Promise<void>;

function imager(op: Operator, block: number, tick: Tick): Images {
  const n = op.size;
  let done = 0;
  return async (count, vector, take) => {
    for (let first = 0; first < count; first += block) {
      const width = Math.min(block, count - first);
      const [z, image] = [new Float64Array(width * n), new Float64Array(width * n)];
      for (let row = 0; row < width; row++) z.set(vector(first + row), row * n);
      await applyRows("trace", op, z, image, width, done);
      for (let row = 0; row < width; row++) {
        take(z.subarray(row * n, (row + 1) * n), image.subarray(row * n, (row + 1) * n));
      }
      done += width;
      await tick(done);
    }
  };
}

async function hutchinson({ op, samples, seed, images }: Run): Promise<Estimate> {
  const { count, exact, vector } = probes("trace", "samples", op.size, samples, seed);
  const forms: number[] = [];
  await images(count, vector, (z, image) => forms.push(dot(z, image)));
  return estimate(forms, exact);
}

async function hutchPlusPlus({ op, samples, seed, images }: Run): Promise<Estimate> {
  if (!Number.isInteger(samples) || samples < 6) {
    throw new CallError(
      complaint("trace", "samples of 6 or more for hutchPlusPlus", `${samples}`, "more, or hutchinson"),
    );
  }
  const n = op.size;
  const l = Math.min(Math.floor(samples / 3), n);
  const random = randomStream(seed);
  const basis = wasmBasis(n);
  const rows: Float64Array[] = [];
  try {
    await images(
      l,
      () => signs(random, n),
      (_, image) => {
        const before = norm(image);
        const { remainder } = orthogonalize(image, basis);
        if (remainder <= 10 * Math.sqrt(n) * Number.EPSILON * before) return; // in the span already
        const q = image.map((value) => value / remainder);
        rows.push(q);
        basis.append(q);
      },
    );
    let inside = 0;
    await images(
      rows.length,
      (i) => rows[i],
      (q, image) => {
        inside += dot(q, image);
      },
    );
    const forms: number[] = [];
    const outside = () => {
      const g = signs(random, n);
      basis.remove(g);
      basis.remove(g);
      return g;
    };
    await images(l, outside, (g, image) => forms.push(dot(g, image)));
    const rest = estimate(forms, rows.length === n);
    return { value: inside + rest.value, standardError: rest.standardError };
  } finally {
    basis.free();
  }
}
