/**
 * Linear taps, panel by panel: per-example gradients D_cᵀA (d_out × d_in) are formed for a few output features of all examples
 * at once, contracted, and dropped. Kernel rows i·C + c. Cost: cost.ts.
 */
import { type Backend, type DeviceTensor, PRODUCT_GROUP_FIELDS } from "../../numerics/backend.ts";
import type { LinearData } from "../taps.ts";

/** Numbers of one example's gradient held at a time: long enough for a fast product, short enough to stay near the cache. */
const PANEL_WIDTH = 2048;

interface Side {
  data: LinearData;
  input: DeviceTensor; // (N × dIn)
  gradient: DeviceTensor; // (C·N × dOut)
}

export async function contractPanels(
  backend: Backend,
  rows: LinearData,
  columns: LinearData | null,
  C: number,
): Promise<Float64Array> {
  const count = (data: LinearData) => (data.offsets.length - 1) * C;
  const accumulator = backend.accumulator(count(rows), count(columns ?? rows));
  const sides: Side[] = [];
  const upload = (data: LinearData): Side => {
    const N = data.offsets[data.offsets.length - 1];
    const side = {
      data,
      input: backend.upload(data.input, [N, data.dIn]),
      gradient: backend.upload(data.gradient, [C * N, data.dOut]),
    };
    sides.push(side);
    return side;
  };
  try {
    const a = upload(rows);
    const b = columns && upload(columns);
    const width = Math.max(1, Math.floor(PANEL_WIDTH / rows.dIn));
    for (let start = 0; start < rows.dOut; start += width) {
      const end = Math.min(start + width, rows.dOut);
      backend.scope(() => {
        backend.gramInto(
          accumulator,
          panel(backend, a, start, end, C),
          b && panel(backend, b, start, end, C),
        );
      });
    }
    return await backend.readAccumulator(accumulator);
  } finally {
    backend.releaseAccumulator(accumulator);
    for (const { input, gradient } of sides) backend.release([input, gradient]);
  }
}

/** Gradients of output features start … end−1: (n·C × (end − start)·dIn), row i·C + c. */
function panel(backend: Backend, side: Side, start: number, end: number, C: number): DeviceTensor {
  const { offsets, dIn, dOut } = side.data;
  const n = offsets.length - 1;
  const N = offsets[n];
  const features = end - start;
  const table = new Int32Array(n * C * PRODUCT_GROUP_FIELDS);
  let g = 0;
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < C; c++) {
      const row = i * C + c;
      const positions = offsets[i + 1] - offsets[i];
      table.set(
        [
          (c * N + offsets[i]) * dOut + start,
          dOut,
          offsets[i] * dIn,
          dIn,
          row * features * dIn,
          dIn,
          features,
          positions,
          dIn,
        ],
        g,
      );
      g += PRODUCT_GROUP_FIELDS;
    }
  }
  const shape = [n * C, features * dIn];
  return backend.groupedMatmul(side.gradient, side.input, { table }, shape, { transposeA: true });
}
