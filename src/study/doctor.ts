/** What this runtime has for ntkit, and whether its backends agree: the JSON of `ntkit doctor`. */
import { wasmTargets } from "../numerics/index.ts";
import type { LongOptions } from "../progress.ts";
import { cores, describe, freeMemory, gpuAdapter, sharesMemory, totalMemory } from "../runtime/index.ts";
import { type Certificate, certify } from "./certificate.ts";
import type { CheckpointSource } from "./inputs.ts";

export interface DoctorReport {
  runtime: string; // "node 24.21.0"
  platform: string; // "linux x64"
  cores: number;
  memory_bytes: number | null; // null where the runtime does not say
  free_memory_bytes: number | null;
  wasm_simd: boolean;
  wasm_relaxed_simd: boolean; // and it rounds once
  shared_memory: boolean; // between threads
  webgpu_adapter: string | null; // no backend of ntkit's uses it
  certificate: Certificate;
}

/** Texts of any two kinds: all that matters is that they differ in length and words. */
const TEXTS = ["play some jazz music", "will it rain tomorrow in the north of Spain", "book a table for two"];

/** `source`: the model whose kernel is the certificate. Throws as `certify`. */
export async function doctor(source: CheckpointSource, long: LongOptions = {}): Promise<DoctorReport> {
  const [targets, adapter] = await Promise.all([wasmTargets(), gpuAdapter()]);
  const has = (wanted: string) => targets.some(({ target }) => target === wanted);
  return {
    ...describe(),
    cores: cores(),
    memory_bytes: totalMemory() ?? null,
    free_memory_bytes: freeMemory() ?? null,
    wasm_simd: has("simd"),
    wasm_relaxed_simd: has("relaxed"),
    shared_memory: sharesMemory,
    webgpu_adapter: adapter,
    certificate: await certify(source, TEXTS, long),
  };
}
