/** Every format that is fuzzed: in CI by tests (test/checkpoint, test/text, test/model), at length by scripts/fuzz.mjs. */
import { config } from "./config.ts";
import type { Format } from "./format.ts";
import { gguf } from "./gguf.ts";
import { parquet } from "./parquet.ts";
import { safetensors, shards } from "./safetensors.ts";
import { tokenizer } from "./tokenizer.ts";

export { runCase, runCases } from "./format.ts";
export { config, gguf, parquet, safetensors, shards, tokenizer };

export const formats: readonly Format[] = [safetensors, shards, gguf, config, tokenizer, parquet];
