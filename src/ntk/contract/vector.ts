/** Vector taps (biases, norm scales and shifts): the Gram of per-example gradients, one product of (n₁C × F) and (n₂C × F). */
import type { Backend, DeviceTensor } from "../../numerics/backend.ts";
import type { Floats, VectorData } from "../taps.ts";

/** Rows c·n + i → i·C + c. */
function exampleMajor({ gradient, n, width }: VectorData, C: number): Floats {
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

export async function contractVector(
  backend: Backend,
  rows: VectorData,
  columns: VectorData | null,
  C: number,
): Promise<Float64Array> {
  const upload = (side: VectorData): DeviceTensor =>
    backend.upload(exampleMajor(side, C), [side.n * C, side.width]);
  const accumulator = backend.accumulator(rows.n * C, (columns ?? rows).n * C);
  try {
    backend.scope(() => {
      backend.gramInto(accumulator, upload(rows), columns && upload(columns));
    });
    return await backend.readAccumulator(accumulator);
  } finally {
    backend.releaseAccumulator(accumulator);
  }
}
