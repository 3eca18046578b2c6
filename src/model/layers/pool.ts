/**
 * pooled_i = Σ over the rows of example i of weight · row: the mean, the last or the first of them. Linear, so the tangent of the
 * pooled state is the pooled tangent. Cost N·F.
 */
import type { DeviceTensor, Segments } from "../../numerics/backend.ts";
import type { BackwardPass, Pass } from "../network.ts";
import type { PackedBatch } from "../packing.ts";
import type { Pool } from "../types.ts";

function poolSegments({ n, rows, offsets }: PackedBatch, pool: Pool): Segments {
  const table = new Int32Array(2 * n);
  const scale = new Float64Array(n).fill(1);
  for (let i = 0; i < n; i++) {
    const [start, end] = [offsets[i], offsets[i + 1]];
    if (pool === "mean") {
      table.set([start, end], 2 * i);
      scale[i] = 1 / (end - start);
    } else if (pool === "last") table.set([end - 1, end], 2 * i);
    else table.set([start, start + 1], 2 * i);
  }
  return { table, rows, scale };
}

/** (N × F) → (n × F). */
export function forward({ backend, packed }: Pass, pool: Pool, x: DeviceTensor): DeviceTensor {
  return backend.segmentSum(x, poolSegments(packed, pool));
}

/** (copies·n × F) → (copies·N × F). */
export function vjp({ backend, packed }: BackwardPass, pool: Pool, d: DeviceTensor): DeviceTensor {
  return backend.segmentSpread(d, poolSegments(packed, pool));
}
