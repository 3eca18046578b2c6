/**
 * pooled_i = Σ over the rows of example i of weight · row: the mean, the last or the first of them, or the one at a given place.
 * Linear, so the tangent of the pooled state is the pooled tangent. Cost N·F.
 */
import type { DeviceTensor, Segments } from "../../numerics/backend.ts";
import type { BackwardPass, Pass } from "../network.ts";
import type { PackedBatch } from "../packing.ts";
import type { Pool } from "../types.ts";

/** A pool, or the place (n) of one row in each text, from 0. */
export type Place = Pool | Int32Array;

function poolSegments({ n, rows, offsets }: PackedBatch, pool: Place): Segments {
  const table = new Int32Array(2 * n);
  const scale = new Float64Array(n).fill(1);
  for (let i = 0; i < n; i++) {
    const [start, end] = [offsets[i], offsets[i + 1]];
    if (pool === "mean") {
      table.set([start, end], 2 * i);
      scale[i] = 1 / (end - start);
    } else {
      const row = pool === "last" ? end - 1 : pool === "first" ? start : start + pool[i];
      table.set([row, row + 1], 2 * i);
    }
  }
  return { table, rows, scale };
}

/** (N × F) → (n × F). */
export function forward({ backend, packed }: Pass, pool: Place, x: DeviceTensor): DeviceTensor {
  return backend.segmentSum(x, poolSegments(packed, pool));
}

/** (copies·n × F) → (copies·N × F). */
export function vjp({ backend, packed }: BackwardPass, pool: Place, d: DeviceTensor): DeviceTensor {
  return backend.segmentSpread(d, poolSegments(packed, pool));
}

/** The pass of layers after pooling: one row an example. */
export function afterPooling<P extends Pass>(pass: P): P {
  const { n } = pass.packed;
  const table = Int32Array.from({ length: 2 * n }, (_, j) => (j + 1) >> 1);
  return { ...pass, examples: { table, rows: n } };
}
