/**
 * The plain definition behind taps: the gradient of every output of every example, written out. Slow and obvious; kernels from it
 * are what faster ways are tested against. Row i·C + c holds ∂f_ic/∂θ for one parameter.
 */

import type { Parameter, TangentModel, Tap } from "../../src/model/types.ts";
import { sizeOf } from "../../src/numerics/array.ts";
import type { Batch } from "../../src/text/batch.ts";

export interface ParameterGradients {
  parameter: Parameter;
  rows: Float64Array[]; // (n·C) of the parameter's size
}

export async function perExampleGradients(
  model: TangentModel,
  batch: Batch,
  wanted?: (parameter: Parameter) => boolean,
): Promise<Map<string, ParameterGradients>> {
  const offsets = model.offsets(batch);
  const result = new Map<string, ParameterGradients>();
  for await (const stage of model.taps(batch, wanted)) {
    for (const tap of stage.taps) {
      if (result.has(tap.parameter.name)) throw new Error(`two taps for ${tap.parameter.name}`);
      const rows = await gradientsOfTap(model, tap, offsets);
      result.set(tap.parameter.name, { parameter: tap.parameter, rows });
    }
    model.backend.release(stage.taps);
  }
  return result;
}

async function gradientsOfTap(model: TangentModel, tap: Tap, offsets: Int32Array): Promise<Float64Array[]> {
  const n = offsets.length - 1;
  const C = model.outputs;
  const size = sizeOf(tap.parameter.shape);
  const gradient = await model.backend.read(tap.gradient);
  const F = tap.gradient.shape[1];
  const rows = Array.from({ length: n * C }, () => new Float64Array(size));
  if (tap.kind === "linear") {
    const input = await model.backend.read(tap.input);
    const [N, dIn] = tap.input.shape;
    for (let c = 0; c < C; c++) {
      for (let i = 0; i < n; i++) {
        const [from, to] = N === n ? [i, i + 1] : [offsets[i], offsets[i + 1]];
        for (let r = from; r < to; r++) {
          for (let o = 0; o < F; o++) {
            for (let j = 0; j < dIn; j++) {
              rows[i * C + c][o * dIn + j] += gradient[(c * N + r) * F + o] * input[r * dIn + j];
            }
          }
        }
      }
    }
  } else if (tap.kind === "vector") {
    for (let c = 0; c < C; c++) {
      for (let i = 0; i < n; i++)
        rows[i * C + c].set(gradient.subarray((c * n + i) * F, (c * n + i + 1) * F));
    }
  } else {
    const R = tap.ids.length;
    for (let c = 0; c < C; c++) {
      for (let r = 0; r < R; r++) {
        const row = rows[tap.examples[r] * C + c];
        for (let f = 0; f < F; f++) row[tap.ids[r] * F + f] += gradient[(c * R + r) * F + f];
      }
    }
  }
  return rows;
}

/** (rows × rows): inner products of gradient rows, summed over the parameters `wanted` admits. */
export function kernelOf(
  gradients: Map<string, ParameterGradients>,
  wanted: (parameter: Parameter) => boolean = () => true,
): Float64Array {
  const first = gradients.values().next().value!;
  const m = first.rows.length;
  const kernel = new Float64Array(m * m);
  for (const { parameter, rows } of gradients.values()) {
    if (!wanted(parameter)) continue;
    for (let a = 0; a < m; a++) {
      for (let b = 0; b < m; b++) {
        let sum = 0;
        for (let p = 0; p < rows[a].length; p++) sum += rows[a][p] * rows[b][p];
        kernel[a * m + b] += sum;
      }
    }
  }
  return kernel;
}
