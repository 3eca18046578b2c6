/**
 * Dot-product attention of packed sequences: for every example and head, context = softmax(α·q·kᵀ)·v, each query seeing the
 * keys the mask allows (Vaswani et al. 2017). q: (N × heads·e); k, v: (N × keyHeads·e), where query head h uses key head
 * ⌊h / (heads / keyHeads)⌋ (grouped queries, Ainslie et al. 2023): products that share a place add up. No padding: the blocks of scores are as large as the texts
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
  key: DeviceTensor; // k (N × keyHeads·e)
  value: DeviceTensor; // v
  probabilities: DeviceTensor; // p (S)
}

/** Products between rows and score blocks, for some number of stacked copies of one of the factors. */
interface AttentionTables {
  /** query rows (of copy c) · key rowsᵀ (shared) → score blocks (of copy c). */
  toScores: ProductGroups;
  /** score blocks (of copy c) · key rows (shared) → query rows (of copy c). */
  toQueries: ProductGroups;
  /** score blocks (of copy c), transposed, · query rows (shared) → key rows (of copy c). */
  toKeys: ProductGroups;
  /** score blocks (shared), transposed, · query rows (of copy c) → key rows (of copy c). */
  sharedToKeys: ProductGroups;
  /** query rows (shared) · key rowsᵀ (of copy c) → score blocks (of copy c). */
  sharedToScores: ProductGroups;
  /** score blocks (shared) · key rows (of copy c) → query rows (of copy c). */
  sharedToQueries: ProductGroups;
}

interface AttentionSizes {
  heads: number;
  /** Heads of keys and values, a divisor of `heads`. */
  keyHeads: number;
  headSize: number; // e
}

export interface AttentionPlan {
  keyWidth: number; // keyHeads·e
  scoreCount: number; // S
  blocks: Int32Array; // (n·heads × 3): offset, rows, columns of each score block
  single: AttentionTables;
  stacked: AttentionTables; // for the copies of a pass back, or of one with tangents
}

/** One plan serves all layers of a pass. */
export function planAttention(
  packed: PackedBatch,
  { copies, ...sizes }: AttentionSizes & { copies: number },
): AttentionPlan {
  const { n, offsets } = packed;
  const { heads, keyHeads, headSize } = sizes;
  const blocks = new Int32Array(n * heads * 3);
  let scoreCount = 0;
  for (let i = 0, g = 0; i < n; i++) {
    const T = offsets[i + 1] - offsets[i];
    for (let h = 0; h < heads; h++, g++) {
      blocks.set([scoreCount, T, T], 3 * g);
      scoreCount += T * T;
    }
  }
  const tables = (count: number) => planTables(packed, { ...sizes, blocks, scoreCount, count });
  const single = tables(1);
  const stacked = copies === 1 ? single : tables(copies);
  return { keyWidth: keyHeads * headSize, scoreCount, blocks, single, stacked };
}

function planTables(
  { rows: N, n, offsets }: PackedBatch,
  {
    heads,
    keyHeads,
    headSize: e,
    blocks,
    scoreCount: S,
    count,
  }: AttentionSizes & { blocks: Int32Array; scoreCount: number; count: number },
): AttentionTables {
  const [width, keyWidth] = [heads * e, keyHeads * e];
  const make = () => ({ table: new Int32Array(count * n * heads * PRODUCT_GROUP_FIELDS) });
  const [toScores, toQueries, toKeys] = [make(), make(), make()];
  const [sharedToKeys, sharedToScores, sharedToQueries] = [make(), make(), make()];
  for (let c = 0, at = 0; c < count; c++) {
    for (let g = 0; g < n * heads; g++, at += PRODUCT_GROUP_FIELDS) {
      const [block, T] = blocks.subarray(3 * g, 3 * g + 2);
      const [first, h] = [offsets[Math.floor(g / heads)], g % heads];
      const row = first * width + h * e;
      const keyRow = first * keyWidth + Math.floor((h * keyHeads) / heads) * e;
      const [rowOfCopy, keyRowOfCopy] = [c * N * width + row, c * N * keyWidth + keyRow];
      const blockOfCopy = c * S + block;
      toScores.table.set([rowOfCopy, width, keyRow, keyWidth, blockOfCopy, T, T, e, T], at);
      toQueries.table.set([blockOfCopy, T, keyRow, keyWidth, rowOfCopy, width, T, T, e], at);
      toKeys.table.set([blockOfCopy, T, row, width, keyRowOfCopy, keyWidth, T, T, e], at);
      sharedToKeys.table.set([block, T, rowOfCopy, width, keyRowOfCopy, keyWidth, T, T, e], at);
      sharedToScores.table.set([row, width, keyRowOfCopy, keyWidth, blockOfCopy, T, T, e, T], at);
      sharedToQueries.table.set([block, T, keyRowOfCopy, keyWidth, rowOfCopy, width, T, T, e], at);
    }
  }
  return { toScores, toQueries, toKeys, sharedToKeys, sharedToScores, sharedToQueries };
}

export function forward(
  { backend, attention: plan }: Pass,
  { scale, causal, window }: AttentionOptions,
  query: DeviceTensor,
  key: DeviceTensor,
  value: DeviceTensor,
): { output: DeviceTensor; saved: AttentionSaved } {
  const { toScores, toQueries } = plan.single;
  const scores = backend.groupedMatmul(query, key, toScores, [plan.scoreCount], {
    transposeB: true,
    alpha: scale,
  });
  const probabilities = backend.softmax(scores, { table: plan.blocks, causal, window });
  const output = backend.groupedMatmul(probabilities, value, toQueries, query.shape);
  return { output, saved: { query, key, value, probabilities } };
}

/** dv = pᵀ·dy, ds = softmax′(dy·vᵀ), dq = α·ds·k, dk = α·dsᵀ·q. */
export function vjp(
  { backend, attention: plan, copies }: BackwardPass,
  { scale, causal, window }: AttentionOptions,
  { query, key, value, probabilities }: AttentionSaved,
  d: DeviceTensor, // (copies·N × heads·e)
): { query: DeviceTensor; key: DeviceTensor; value: DeviceTensor } {
  const { toScores, toQueries, toKeys, sharedToKeys } = plan.stacked;
  const keyShape = [d.shape[0], plan.keyWidth];
  const dProbabilities = backend.groupedMatmul(d, value, toScores, [copies * plan.scoreCount], {
    transposeB: true,
  });
  const groups = { table: plan.blocks, causal, window };
  const dScores = backend.softmaxTangent(probabilities, dProbabilities, groups);
  return {
    query: backend.groupedMatmul(dScores, key, toQueries, d.shape, { alpha: scale }),
    key: backend.groupedMatmul(dScores, query, toKeys, keyShape, { transposeA: true, alpha: scale }),
    value: backend.groupedMatmul(probabilities, d, sharedToKeys, keyShape, { transposeA: true }),
  };
}

/** ṡ = α(q̇·kᵀ + q·k̇ᵀ), ẏ = softmax′(ṡ)·v + p·v̇. */
export function jvp(
  { backend, attention: plan, copies }: TangentPass,
  { scale, causal, window }: AttentionOptions,
  { query, key, value, probabilities }: AttentionSaved,
  dot: { query: DeviceTensor | null; key: DeviceTensor | null; value: DeviceTensor | null }, // (copies·N × ·)
): DeviceTensor | null {
  const { toScores, toQueries, sharedToScores, sharedToQueries } = plan.stacked;
  const scoreShape = [copies * plan.scoreCount];
  const shape = [copies * query.shape[0], query.shape[1]];
  const scores = (a: DeviceTensor, b: DeviceTensor, groups: ProductGroups) =>
    backend.groupedMatmul(a, b, groups, scoreShape, { transposeB: true, alpha: scale });
  const scoresDot = addTangents(
    backend,
    dot.query && scores(dot.query, key, toScores),
    dot.key && scores(query, dot.key, sharedToScores),
  );
  const groups = { table: plan.blocks, causal, window };
  const probabilitiesDot = scoresDot && backend.softmaxTangent(probabilities, scoresDot, groups);
  return addTangents(
    backend,
    probabilitiesDot && backend.groupedMatmul(probabilitiesDot, value, toQueries, shape),
    dot.value && backend.groupedMatmul(probabilities, dot.value, sharedToQueries, shape),
  );
}
