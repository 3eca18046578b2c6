/**
 * Dot-product attention of packed sequences: for every example and head, context = softmax(α·q·kᵀ)·v, each query seeing the
 * keys the mask allows (Vaswani et al. 2017). q, k, v: (N × heads·e). No padding: the blocks of scores are as large as the texts
 * are long, T_i × T_i, S = heads·ΣT_i² in all. Cost 2·e·S; the vjp twice that per copy.
 */
import { type DeviceTensor, PRODUCT_GROUP_FIELDS, type ProductGroups } from "../../numerics/backend.ts";
import { addTangents, type BackwardPass, type Pass, type TangentPass } from "../network.ts";
import type { PackedBatch } from "../packing.ts";

export interface AttentionOptions {
  /** α: 1 for GPT-Neo. */
  scale: number;
  causal: boolean;
  /** 0: no limit; else query i sees key j only if i − j < window. */
  window: number;
}

export interface AttentionSaved {
  query: DeviceTensor; // q (N × heads·e)
  key: DeviceTensor; // k
  value: DeviceTensor; // v
  probabilities: DeviceTensor; // p (S)
}

/** Products between rows and score blocks, for some number of stacked copies of one of the factors. */
interface AttentionTables {
  /** rows (of copy c) · rowsᵀ (shared) → score blocks (of copy c). */
  toScores: ProductGroups;
  /** score blocks (of copy c), plain or transposed, · rows (shared) → rows (of copy c). */
  fromScores: ProductGroups;
  /** score blocks (shared), plain or transposed, · rows (of copy c) → rows (of copy c). */
  fromSharedScores: ProductGroups;
}

export interface AttentionPlan {
  scoreCount: number; // S
  blocks: Int32Array; // (n·heads × 3): offset, rows, columns of each score block
  single: AttentionTables;
  stacked: AttentionTables; // for the copies of a backward pass
}

/** One plan serves all layers of a pass. */
export function planAttention(
  packed: PackedBatch,
  { heads, headSize, copies }: { heads: number; headSize: number; copies: number },
): AttentionPlan {
  const { n, offsets } = packed;
  const blocks = new Int32Array(n * heads * 3);
  let scoreCount = 0;
  for (let i = 0, g = 0; i < n; i++) {
    const T = offsets[i + 1] - offsets[i];
    for (let h = 0; h < heads; h++, g++) {
      blocks.set([scoreCount, T, T], 3 * g);
      scoreCount += T * T;
    }
  }
  const tables = (count: number) => planTables(packed, { heads, headSize, blocks, scoreCount, count });
  const single = tables(1);
  return { scoreCount, blocks, single, stacked: copies === 1 ? single : tables(copies) };
}

function planTables(
  { rows: N, n, offsets }: PackedBatch,
  {
    heads,
    headSize: e,
    blocks,
    scoreCount: S,
    count,
  }: { heads: number; headSize: number; blocks: Int32Array; scoreCount: number; count: number },
): AttentionTables {
  const width = heads * e;
  const make = () => ({ table: new Int32Array(count * n * heads * PRODUCT_GROUP_FIELDS) });
  const [toScores, fromScores, fromSharedScores] = [make(), make(), make()];
  for (let c = 0, at = 0; c < count; c++) {
    for (let g = 0; g < n * heads; g++, at += PRODUCT_GROUP_FIELDS) {
      const [block, T] = blocks.subarray(3 * g, 3 * g + 2);
      const row = offsets[Math.floor(g / heads)] * width + (g % heads) * e;
      const [rowOfCopy, blockOfCopy] = [c * N * width + row, c * S + block];
      toScores.table.set([rowOfCopy, width, row, width, blockOfCopy, T, T, e, T], at);
      fromScores.table.set([blockOfCopy, T, row, width, rowOfCopy, width, T, T, e], at);
      fromSharedScores.table.set([block, T, rowOfCopy, width, rowOfCopy, width, T, T, e], at);
    }
  }
  return { toScores, fromScores, fromSharedScores };
}

export function forward(
  { backend, attention: plan }: Pass,
  { scale, causal, window }: AttentionOptions,
  query: DeviceTensor,
  key: DeviceTensor,
  value: DeviceTensor,
): { output: DeviceTensor; saved: AttentionSaved } {
  const { toScores, fromScores } = plan.single;
  const scores = backend.groupedMatmul(query, key, toScores, [plan.scoreCount], {
    transposeB: true,
    alpha: scale,
  });
  const probabilities = backend.softmax(scores, { table: plan.blocks, causal, window });
  const output = backend.groupedMatmul(probabilities, value, fromScores, query.shape);
  return { output, saved: { query, key, value, probabilities } };
}

/** dv = pᵀ·dy, ds = softmax′(dy·vᵀ), dq = α·ds·k, dk = α·dsᵀ·q. */
export function vjp(
  { backend, attention: plan, copies }: BackwardPass,
  { scale, causal, window }: AttentionOptions,
  { query, key, value, probabilities }: AttentionSaved,
  d: DeviceTensor, // (copies·N × heads·e)
): { query: DeviceTensor; key: DeviceTensor; value: DeviceTensor } {
  const { toScores, fromScores, fromSharedScores } = plan.stacked;
  const dProbabilities = backend.groupedMatmul(d, value, toScores, [copies * plan.scoreCount], {
    transposeB: true,
  });
  const groups = { table: plan.blocks, causal, window };
  const dScores = backend.softmaxTangent(probabilities, dProbabilities, groups);
  return {
    query: backend.groupedMatmul(dScores, key, fromScores, d.shape, { alpha: scale }),
    key: backend.groupedMatmul(dScores, query, fromScores, d.shape, { transposeA: true, alpha: scale }),
    value: backend.groupedMatmul(probabilities, d, fromSharedScores, d.shape, { transposeA: true }),
  };
}

/** ṡ = α(q̇·kᵀ + q·k̇ᵀ), ẏ = softmax′(ṡ)·v + p·v̇. */
export function jvp(
  { backend, attention: plan }: TangentPass,
  { scale, causal, window }: AttentionOptions,
  { query, key, value, probabilities }: AttentionSaved,
  dot: { query: DeviceTensor | null; key: DeviceTensor | null; value: DeviceTensor | null },
): DeviceTensor | null {
  const { toScores, fromScores } = plan.single;
  const scores = (a: DeviceTensor, b: DeviceTensor) =>
    backend.groupedMatmul(a, b, toScores, [plan.scoreCount], { transposeB: true, alpha: scale });
  const context = (p: DeviceTensor, v: DeviceTensor) => backend.groupedMatmul(p, v, fromScores, query.shape);
  const scoresDot = addTangents(
    backend,
    dot.query && scores(dot.query, key),
    dot.key && scores(query, dot.key),
  );
  const groups = { table: plan.blocks, causal, window };
  return addTangents(
    backend,
    scoresDot && context(backend.softmaxTangent(probabilities, scoresDot, groups), value),
    dot.value && context(probabilities, dot.value),
  );
}
