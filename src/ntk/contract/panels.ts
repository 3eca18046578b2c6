/**
 * Linear taps, panel by panel: per-example gradients D_cᵀA (d_out × d_in) are formed for a few output features of all examples
 * at once, contracted, and dropped. Kernel rows i·C + c. Cost: cost.ts.
 */
import { type Backend, type DeviceTensor, PRODUCT_GROUP_FIELDS } from "../../numerics/backend.ts";
import type { LinearData } from "../taps.ts";
import { type Signs, signBlock } from "./signs.ts";

/** Numbers of one example's gradient held at a time: long enough for a fast product, short enough to stay near the cache. */
const PANEL_WIDTH = 2048;

interface Side {
  data: LinearData;
  input: DeviceTensor; // (N × dIn)
  gradient: DeviceTensor; // (C·N × dOut)
}

/** `signs`: gradients enter as their signs; `counted` (n₁·C) then gets how many of a row are not 0. */
export async function contractPanels(
  backend: Backend,
  rows: LinearData,
  columns: LinearData | null,
  C: number,
  signs?: Signs,
  counted?: Float64Array,
): Promise<Float64Array> {
  const count = (data: LinearData) => (data.offsets.length - 1) * C;
  const accumulator = backend.accumulator(count(rows), count(columns ?? rows));
  const sides: Side[] = [];
  const panels: DeviceTensor[] = [];
  const open = (data: LinearData): Side => {
    const side = upload(backend, data, C);
    sides.push(side);
    return side;
  };
  const form = async (side: Side, [start, end]: [number, number], thresholds?: Float64Array | null) => {
    let made = panel(backend, side, start, end, C);
    if (thresholds)
      made = await signBlock(backend, made, thresholds, side === sides[0] ? counted : undefined);
    panels.push(made);
    return made;
  };
  try {
    const a = open(rows);
    const b = columns && open(columns);
    for (const range of ranges(rows)) {
      const left = await form(a, range, signs?.rows);
      const right = b && (await form(b, range, signs?.columns));
      backend.gramInto(accumulator, left, right);
      backend.release(panels.splice(0));
    }
    return await backend.readAccumulator(accumulator);
  } finally {
    backend.releaseAccumulator(accumulator);
    backend.release(panels);
    for (const { input, gradient } of sides) backend.release([input, gradient]);
  }
}

/** Calls `visit` with the gradients (n·C × some features·d_in) of one panel of output features after the other. */
export async function eachPanel(
  backend: Backend,
  data: LinearData,
  C: number,
  visit: (panel: DeviceTensor) => Promise<void>,
): Promise<void> {
  const { input, gradient, ...side } = upload(backend, data, C);
  try {
    for (const [start, end] of ranges(data)) {
      const made = panel(backend, { ...side, input, gradient }, start, end, C);
      try {
        await visit(made);
      } finally {
        backend.release(made);
      }
    }
  } finally {
    backend.release([input, gradient]);
  }
}

/** [first, end) of the output features of each panel. */
function ranges({ dIn, dOut }: LinearData): [number, number][] {
  const width = Math.max(1, Math.floor(PANEL_WIDTH / dIn));
  return Array.from({ length: Math.ceil(dOut / width) }, (_, p) => [
    p * width,
    Math.min((p + 1) * width, dOut),
  ]);
}

function upload(backend: Backend, data: LinearData, C: number): Side {
  const N = data.offsets[data.offsets.length - 1];
  return backend.scope(() => ({
    data,
    input: backend.upload(data.input, [N, data.dIn]),
    gradient: backend.upload(data.gradient, [C * N, data.dOut]),
  }));
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
