/** Vector taps (biases, norm scales and shifts): the Gram of per-example gradients, one product of (n₁C × F) and (n₂C × F). */
import type { Backend, DeviceTensor } from "../../numerics/backend.ts";
import type { Floats, VectorData } from "../taps.ts";
import { type Signs, takeSigns } from "./signs.ts";

/** Rows c·n + i → i·C + c. */
export function exampleMajor({ gradient, n, width }: VectorData, C: number): Floats {
  const Kind = gradient.constructor as Float64ArrayConstructor;
  const ordered = new Kind(gradient.length);
  for (let c = 0; c < C; c++) {
    for (let i = 0; i < n; i++) {
      const from = (c * n + i) * width;
      ordered.set(gradient.subarray(from, from + width), (i * C + c) * width);
    }
  }
  return ordered;
}

/** `signs`: gradients enter as their signs; `counted` (n₁·C) then gets how many of a row are not 0. */
export async function contractVector(
  backend: Backend,
  rows: VectorData,
  columns: VectorData | null,
  C: number,
  signs?: Signs,
  counted?: Float64Array,
): Promise<Float64Array> {
  const upload = (
    side: VectorData,
    thresholds?: Float64Array | null,
    counts?: Float64Array,
  ): DeviceTensor => {
    const gradient = exampleMajor(side, C);
    if (thresholds) takeSigns(gradient, thresholds, counts);
    return backend.upload(gradient, [side.n * C, side.width]);
  };
  const accumulator = backend.accumulator(rows.n * C, (columns ?? rows).n * C);
  try {
    backend.scope(() => {
      const left = upload(rows, signs?.rows, counted);
      backend.gramInto(accumulator, left, columns && upload(columns, signs?.columns));
    });
    return await backend.readAccumulator(accumulator);
  } finally {
    backend.releaseAccumulator(accumulator);
  }
}
