/**
 * Taps on the host: what travels between workers. Same layout as model/types.ts (gradient rows are copy-major: c·R + r), with
 * the row offsets of the examples beside linear taps. Letters: n examples, N packed positions, C outputs, F features.
 */

import type { Parameter, TapStage } from "../model/types.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import { share } from "../runtime/index.ts";

export type Floats = Float32Array | Float64Array;

export interface LinearData {
  kind: "linear";
  input: Floats; // (N × dIn)
  gradient: Floats; // (C·N × dOut)
  dIn: number;
  dOut: number;
  offsets: Int32Array; // (n + 1): rows of example i are offsets[i] … offsets[i+1] − 1
}
export interface VectorData {
  kind: "vector";
  gradient: Floats; // (C·n × F)
  width: number;
  n: number;
}
export interface RowsData {
  kind: "rows";
  ids: Int32Array; // (R)
  examples: Int32Array; // (R), ascending
  gradient: Floats; // (C·R × F)
  width: number;
  n: number;
}
export type TapData = LinearData | VectorData | RowsData;

export interface StageData {
  name: string;
  taps: { parameter: Parameter; data: TapData }[];
}

const widthOf = (tensor: DeviceTensor) => tensor.shape[tensor.shape.length - 1];

/** Reads a stage back and releases it. `offsets` (n + 1) are the packed rows of the block's examples. */
export async function readStage(backend: Backend, stage: TapStage, offsets: Int32Array): Promise<StageData> {
  const n = offsets.length - 1;
  const packed = share(offsets);
  const perExample = share(Int32Array.from({ length: n + 1 }, (_, i) => i));
  // Layers that read the same input (query, key, value) share one array.
  const seen = new Map<DeviceTensor, Floats>();
  const read = async (tensor: DeviceTensor): Promise<Floats> => {
    const known = seen.get(tensor) ?? share(await backend.read(tensor));
    seen.set(tensor, known);
    return known;
  };
  const taps: StageData["taps"] = [];
  try {
    for (const tap of stage.taps) {
      const gradient = await read(tap.gradient);
      const width = widthOf(tap.gradient);
      let data: TapData;
      if (tap.kind === "linear") {
        const dIn = widthOf(tap.input);
        // A layer after pooling has one row an example instead of one a position.
        const pooled = tap.input.size === n * dIn;
        data = {
          kind: "linear",
          input: await read(tap.input),
          gradient,
          dIn,
          dOut: width,
          offsets: pooled ? perExample : packed,
        };
      } else if (tap.kind === "vector") {
        data = { kind: "vector", gradient, width, n };
      } else {
        data = { kind: "rows", ids: share(tap.ids), examples: share(tap.examples), gradient, width, n };
      }
      taps.push({ parameter: tap.parameter, data });
    }
  } finally {
    backend.release([...new Set(stage.taps.flatMap(tensorsOf))]);
  }
  return { name: stage.name, taps };
}

function tensorsOf(tap: TapStage["taps"][number]): DeviceTensor[] {
  return tap.kind === "linear" ? [tap.input, tap.gradient] : [tap.gradient];
}
