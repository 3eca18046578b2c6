/** LoRA in a study: an adapter from its files, or a fresh one, beside the checkpoint's weights. */
import { type Checkpoint, openAdapter, type WeightTensor } from "../checkpoint/index.ts";
import { CallError, complaint } from "../errors.ts";
import {
  type AdapterOptions,
  createAdapter,
  loadModel,
  type MemoryOptions,
  type Model,
} from "../model/index.ts";
import { sha256 } from "../runtime/index.ts";

export interface AdapterChoice {
  /** A folder in PEFT's layout, or its files by name. */
  adapter?: Parameters<typeof openAdapter>[0];
  /** Or a fresh adapter. */
  lora?: Omit<AdapterOptions, "seed">;
}

/**
 * The model with the adapter that was asked for, and the checkpoint under the name and the fingerprint of both. The receiver disposes
 * the model. Throws CallError where both are asked for, and as `loadModel` and `createAdapter` do.
 */
export async function loadAdapted(
  checkpoint: Checkpoint<WeightTensor>,
  { adapter, lora }: AdapterChoice,
  {
    backend = "wasm",
    seed = 0,
    memory,
    weights,
  }: MemoryOptions & { backend?: "wasm" | "reference"; seed?: number } = {},
): Promise<{ model: Model; checkpoint: Checkpoint<WeightTensor> }> {
  const target = { backend, memory, weights };
  if (adapter !== undefined && lora !== undefined) {
    throw new CallError(complaint("adapter", "one from its files or a fresh one", "both"));
  }
  if (adapter !== undefined) {
    const opened = await openAdapter(adapter);
    const model = await loadModel(checkpoint, { ...target, adapter: opened });
    return { model, checkpoint: await named(checkpoint, opened.source, opened.fingerprint) };
  }
  if (lora !== undefined) {
    const fresh = createAdapter(checkpoint, { ...lora, seed });
    const model = await loadModel(checkpoint, { ...target, adapter: fresh });
    const { r, lora_alpha: alpha } = fresh.config;
    const says = JSON.stringify([fresh.config, seed]);
    return { model, checkpoint: await named(checkpoint, `fresh LoRA (r ${r}, α ${alpha})`, says) };
  }
  return { model: await loadModel(checkpoint, target), checkpoint };
}

async function named(
  checkpoint: Checkpoint<WeightTensor>,
  adapter: string,
  fingerprint: string,
): Promise<Checkpoint<WeightTensor>> {
  const both = new TextEncoder().encode(`${checkpoint.fingerprint}\n${fingerprint}`);
  return { ...checkpoint, source: `${checkpoint.source} + ${adapter}`, fingerprint: await sha256(both) };
}
