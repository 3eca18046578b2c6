/** What a model is made of and, with data, what its kernel would cost: the JSON of `ntkit inspect`. */
import { openCheckpoint } from "../checkpoint/index.ts";
import { CallError } from "../errors.ts";
import {
  type MemoryOptions,
  PASSES,
  parametersByGroup,
  staysInFiles,
  type WeightMode,
} from "../model/index.ts";
import { estimateKernel, type KernelPlan, planKernel } from "../ntk/index.ts";
import type { LongOptions } from "../progress.ts";
import { cores } from "../runtime/index.ts";
import { loadTokenizer, tokenize } from "../text/index.ts";
import { type AdapterChoice, loadAdapted } from "./adapter.ts";
import { type CheckpointSource, type DataChoice, readSets } from "./inputs.ts";
import type { KernelChoice } from "./variants.ts";

export interface InspectReport {
  source: string;
  architecture: string;
  parameters: number;
  parameters_by_group: Record<string, number>;
  hidden_size: number;
  context_length: number;
  vocabulary_size: number;
  fingerprint: string;
  weights: {
    mode: WeightMode;
    stored: number; // bytes, as in the files
    on_backend: number; // bytes, at most
    in_memory: number; // bytes in all, at most, of one thread
    read_per_pass: number; // bytes
    passes: { forward: number; jvp: number; vjp: number };
  };
  tensors: { name: string; shape: number[]; dtype: string; group: string }[];
  kernel: {
    n: number;
    n_test: number;
    outputs: number;
    longest_tokens: number;
    size: number; // nC, or n where outputs are reduced
    bytes: number;
    parts: Record<string, number>; // bytes by part
    passes: number; // over the network's weights
    bytes_read: number; // from the model's files, in these passes
    seconds: number; // from the operations to be done, at a usual rate: right to a factor of two or three
    /** How `ntkit kernel` would do it within the memory there is; null where it does not fit. */
    plan: KernelPlan | null;
    /** Why there is no plan. */
    plan_reason: string | null;
  } | null;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

export async function inspectModel(
  source: CheckpointSource,
  data: Partial<DataChoice> & KernelChoice & AdapterChoice & MemoryOptions & { seed?: number } = {},
  long: LongOptions = {},
): Promise<InspectReport> {
  const { memory, weights, seed } = data;
  const inPlace = staysInFiles({ memory, weights });
  const base = await openCheckpoint(source, { ...long, inPlace });
  const { model, checkpoint } = await loadAdapted(base, data, { seed, memory, weights });
  const stored = { ...base.tensors, ...model.recipe.adapter?.tensors };
  try {
    const report: InspectReport = {
      source: checkpoint.source,
      architecture: model.architecture,
      parameters: model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      parameters_by_group: Object.fromEntries(
        Object.entries(parametersByGroup(model.parameters)).map(([group, members]) => [
          group,
          members.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
        ]),
      ),
      hidden_size: model.hiddenSize,
      context_length: model.contextLength,
      vocabulary_size: model.vocabularySize,
      fingerprint: checkpoint.fingerprint,
      weights: {
        mode: model.plan.mode,
        stored: model.plan.stored,
        on_backend: model.plan.onBackend,
        in_memory: model.plan.inMemory,
        read_per_pass: model.plan.readPerPass,
        passes: { forward: PASSES.forward, jvp: PASSES.jvp, vjp: PASSES.vjp },
      },
      tensors: model.parameters.map(({ name, shape, group, stored: place }) => ({
        name,
        shape,
        dtype: stored[place?.tensor ?? name]?.dtype ?? "F32",
        group,
      })),
      kernel: null,
    };
    if (data.data === undefined) return report;
    const { dataset, testDataset } = await readSets({ ...data, data: data.data }, 0);
    const tokenizer = await loadTokenizer(checkpoint);
    const options = { maxLength: model.contextLength };
    const train = tokenize(tokenizer, dataset.texts, { ...options, pairs: dataset.pairs });
    const test = testDataset
      ? tokenize(tokenizer, testDataset.texts, { ...options, pairs: testDataset.pairs })
      : null;
    const outputs = dataset.classes.length;
    const tangent = model.readout({ kind: "head", outputs, init: "gaussian", pool: "mean" });
    const asked = {
      parameters: model.recipe.adapter ? "lora+head" : "all",
      kernel: data.kernel,
      outputs: data.outputs,
    };
    const estimate = estimateKernel(tangent, train, test, { ...asked, workers: cores() });
    const offsets = { train: tangent.offsets(train), test: test && tangent.offsets(test) };
    const { plan, reason } = planOrReason(() => planKernel(tangent, offsets, { ...asked, memory }));
    report.kernel = {
      n: train.shape[0],
      n_test: test?.shape[0] ?? 0,
      outputs,
      longest_tokens: train.shape[1],
      size: train.shape[0] * ((data.outputs ?? "full") === "full" ? outputs : 1),
      bytes: estimate.bytes,
      parts: estimate.parts,
      passes: estimate.passes,
      bytes_read: estimate.passes * model.plan.readPerPass,
      seconds: estimate.seconds,
      plan,
      plan_reason: reason,
    };
    return report;
  } finally {
    model.dispose();
  }
}

function planOrReason(make: () => KernelPlan): { plan: KernelPlan | null; reason: string | null } {
  try {
    return { plan: make(), reason: null };
  } catch (error) {
    if (error instanceof CallError) return { plan: null, reason: error.message };
    throw error;
  }
}
