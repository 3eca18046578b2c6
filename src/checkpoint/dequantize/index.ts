/** Quantised blocks → float32, exact to the format of ggml (https://github.com/ggml-org/ggml, ggml-quants). */

import { q4_0, q4_1, q5_0, q5_1, q8_0 } from "./blocks32.ts";
import { q4_K, q5_K, q6_K } from "./blocks256.ts";

/** Numbers and bytes of a block. A row of a tensor is whole blocks. */
export const BLOCKS = {
  Q4_0: { numbers: 32, bytes: 18, widen: q4_0 },
  Q4_1: { numbers: 32, bytes: 20, widen: q4_1 },
  Q5_0: { numbers: 32, bytes: 22, widen: q5_0 },
  Q5_1: { numbers: 32, bytes: 24, widen: q5_1 },
  Q8_0: { numbers: 32, bytes: 34, widen: q8_0 },
  Q4_K: { numbers: 256, bytes: 144, widen: q4_K },
  Q5_K: { numbers: 256, bytes: 176, widen: q5_K },
  Q6_K: { numbers: 256, bytes: 210, widen: q6_K },
} as const;

export type QuantizedDType = keyof typeof BLOCKS;

export const isQuantized = (dtype: string): dtype is QuantizedDType => Object.hasOwn(BLOCKS, dtype);
