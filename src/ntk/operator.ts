/**
 * The empirical kernel of n texts without its matrix: Θv = J(Jᵀv), one vjp and one jvp over the texts (theory.md §6), block by
 * block. For `eigsh`, `trace`, `spectralDensity` and `conjugateGradients` where n·C × n·C numbers do not fit.
 * Cost of a product: 2 forward passes, one backward and one tangent pass. Held: P numbers of Jᵀv (16 P bytes at most) and one
 * block's activations.
 */
import { CallError, complaint } from "../errors.ts";
import type { Parameter, TangentModel } from "../model/types.ts";
import { sizeOf } from "../numerics/array.ts";
import type { Operator } from "../numerics/index.ts";
import type { LongOptions } from "../progress.ts";
import type { Batch } from "../text/batch.ts";
import type { Block } from "./blocks.ts";
import { cutPasses } from "./passes.ts";
import { withPlaces } from "./places.ts";
import { type ParameterChoice, selectParameters } from "./select.ts";
import { type OutputChoice, resolveVariant, type Variant } from "./variant.ts";

export interface OperatorOptions extends LongOptions {
  /** "mean" and "sum" are C products in one: C times the cost. */
  outputs?: OutputChoice;
  parameters?: ParameterChoice;
  /** Bytes the work may take: texts run in smaller blocks. */
  memory?: number;
}

type Floats = Float32Array | Float64Array;
type Gradient = Record<string, Floats>;

/**
 * Θ(batch, batch) of gradients (no sign kernel: that is no product of J with itself), of side n·C, row = example·C + output; n
 * where outputs are reduced. float32 passes, sums over blocks in float64; so symmetric up to that rounding, not to the last bit.
 * `signal` rejects a product that is under way; `onProgress` counts the passes of blocks of each product.
 * @throws CallError for an unknown option, or memory that does not hold Jᵀv and one text
 */
export function ntkOperator(tangent: TangentModel, batch: Batch, options: OperatorOptions = {}): Operator {
  const { signal, onProgress, memory, parameters, outputs } = options;
  const C = tangent.outputs;
  const { columns } = withPlaces(tangent, { columns: batch, rows: null });
  const variant = resolveVariant({ outputs }, C, tangent.backend.precision);
  const names = selectParameters(tangent.parameters, parameters);
  const wanted = ({ name }: Parameter) => names.has(name);
  const P = tangent.parameters.filter(wanted).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const cut = { where: "ntkOperator", memory, held: 16 * P, parameters };
  // Whatever the outputs, one cotangent block goes through at a time.
  const blocks = cutPasses(tangent, columns, { outputs: 0, copies: 1 }, cut);
  const functions = functionsOf(variant, C);
  const total = 2 * blocks.length * functions.length;
  const size = columns.shape[0] * variant.rows;
  let products = 0;

  /** Jᵀx, of the function `a` of the outputs. */
  async function pull(x: Float64Array, a: Float64Array | null, tick: () => void): Promise<Gradient> {
    let sum: Gradient | null = null;
    for (const { examples, batch } of blocks) {
      signal?.throwIfAborted();
      const cotangent = { data: cotangentsOf(x, examples, a, C), shape: [examples.length, C] };
      const { gradients } = await tangent.pullback(batch, () => cotangent, wanted, { signal });
      if (blocks.length === 1) sum = gradients;
      else sum = addGradients(sum, gradients);
      tick();
    }
    return sum ?? {};
  }

  async function apply(x: Float64Array, out: Float64Array): Promise<void> {
    if (x.length !== size || out.length !== size) {
      throw new CallError(complaint("ntkOperator", `vectors of ${size}`, `${x.length} and ${out.length}`));
    }
    products++;
    let done = 0;
    const tick = () => onProgress?.({ stage: "kernel product", done: ++done, total, note: `${products}` });
    const result = new Float64Array(size);
    for (const a of functions) {
      const gradient = await pull(x, a, tick);
      for (const block of blocks) {
        signal?.throwIfAborted();
        const { data } = await tangent.jvp(block.batch, gradient, { signal });
        place(result, data, block, { a, C, scale: variant.scale });
        tick();
      }
    }
    out.set(result);
  }

  return { size, apply };
}

/** Weights of the outputs (C) in each function whose kernels are summed; null: the outputs themselves. */
function functionsOf({ combinations, diagonal }: Variant, C: number): (Float64Array | null)[] {
  if (!diagonal) return [combinations];
  return Array.from({ length: C }, (_, c) => Float64Array.from({ length: C }, (_, k) => (k === c ? 1 : 0)));
}

/** Rows of x of a block's examples, (n_b × C); where each has one number x_i, x_i·a. */
function cotangentsOf(
  x: Float64Array,
  examples: Int32Array,
  a: Float64Array | null,
  C: number,
): Float64Array {
  const u = new Float64Array(examples.length * C);
  examples.forEach((example, row) => {
    for (let c = 0; c < C; c++) u[row * C + c] = a ? a[c] * x[example] : x[example * C + c];
  });
  return u;
}

function addGradients(sum: Gradient | null, more: Gradient): Gradient {
  const total: Gradient = sum ?? {};
  for (const [name, data] of Object.entries(more)) {
    const into = total[name];
    if (!into) total[name] = Float64Array.from(data);
    else for (let p = 0; p < data.length; p++) into[p] += data[p];
  }
  return total;
}

interface Reading {
  a: Float64Array | null;
  C: number;
  scale: number;
}

/** A block's J v (n_b × C) at its examples' places; where outputs are reduced, what a makes of it is added. */
function place(out: Float64Array, jv: Floats, { examples }: Block, { a, C, scale }: Reading): void {
  examples.forEach((example, row) => {
    for (let c = 0; c < C; c++) {
      const value = jv[row * C + c];
      if (a) out[example] += scale * a[c] * value;
      else out[example * C + c] = value;
    }
  });
}
