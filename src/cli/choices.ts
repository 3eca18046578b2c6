/** From parsed options to what study/ takes. */
import { CallError, complaint } from "../errors.ts";
import { exists, isHubName, parseHubName } from "../runtime/index.ts";
import type {
  AdapterChoice,
  InputChoice,
  PredictChoice,
  ReadoutChoice,
  TheoryChoice,
} from "../study/index.ts";
import type { RuleName } from "../theory/index.ts";
import type {
  AdapterFlags,
  CommonOptions,
  DataOptions,
  KernelOptions,
  ModelOptions,
  ReadoutOptions,
  RunOptions,
  TheoryOptions,
} from "./options.ts";

/** Paths that must be there before any work starts. */
export async function mustExist(what: string, path: string | undefined, hint: string): Promise<void> {
  if (path !== undefined && !(await exists(path))) {
    throw new CallError(complaint(what, "a path that exists", `"${path}", which does not`, hint));
  }
}

/** A path that is there, or a well-formed name on the hub. */
export async function mustBeModel(what: string, model: string): Promise<void> {
  if (isHubName(model)) parseHubName(model);
  else await mustExist(what, model, "a folder in Hugging Face layout, a .gguf file, or hub:owner/name");
}

const DATA = "the path of a .csv, .tsv, .jsonl or .parquet file";

/** The files of labelled text that were named. */
export async function mustBeData({ data, test }: Pick<Partial<DataOptions>, "data" | "test">): Promise<void> {
  await mustExist("--data", data, DATA);
  await mustExist("--test", test, DATA);
}

export type InputOptions = CommonOptions & ModelOptions & DataOptions & ReadoutOptions & AdapterFlags;

export async function adapterChoice(flags: AdapterFlags): Promise<AdapterChoice> {
  const { adapter, loraRank, loraAlpha, loraTargets } = flags;
  const isFresh = loraRank !== undefined;
  if (adapter !== undefined && isFresh) {
    throw new CallError(complaint("adapter", "one of --adapter and --lora-rank", "both"));
  }
  if (!isFresh && (loraAlpha !== undefined || loraTargets !== undefined)) {
    throw new CallError(complaint("--lora-alpha, --lora-targets", "--lora-rank with them", "none"));
  }
  await mustExist("--adapter", adapter, "a folder with adapter_config.json and adapter_model.safetensors");
  return { adapter, ...(isFresh && { lora: { r: loraRank, alpha: loraAlpha, targetModules: loraTargets } }) };
}

/** What is trained where nobody says: everything, or with an adapter the adapter and a fresh head. */
export function trainedParameters({ parameters, adapter, loraRank, readout }: InputOptions): string {
  if (parameters !== undefined) return parameters;
  if (adapter === undefined && loraRank === undefined) return "all";
  return readout === "head" ? "lora+head" : "lora";
}

export async function inputChoice(options: InputOptions): Promise<InputChoice> {
  await mustBeModel("--model", options.model);
  await mustBeData(options);
  return {
    model: options.model,
    ...(await adapterChoice(options)),
    data: options.data,
    text: options.text,
    textPair: options.textPair,
    label: options.label,
    limit: options.limit,
    perClass: options.perClass,
    maxLength: options.maxLength,
    test: options.test,
    testFraction: options.testFraction,
    testLimit: options.testLimit,
    testPerClass: options.testPerClass,
    backend: options.backend,
    memory: options.memory,
    weights: options.weights,
    seed: options.seed,
    readout: readoutChoice(options),
  };
}

function readoutChoice(options: ReadoutOptions): ReadoutChoice {
  const { readout: kind, head, pool, headScale, template, words, calibrate } = options;
  switch (kind) {
    case "head":
      return { kind, init: head, pool, scale: headScale };
    case "prompt":
      return { kind, template, words, calibrate };
    case "checkpoint":
      return { kind };
  }
}

export async function predictChoice(
  options: InputOptions & KernelOptions & TheoryOptions & { heads?: number },
): Promise<PredictChoice> {
  return {
    ...(await inputChoice(options)),
    kernel: options.kernel,
    outputs: options.outputs,
    parameters: trainedParameters(options),
    byGroup: options.byGroup,
    workers: options.workers,
    heads: options.heads,
    ...theoryChoice(options),
  };
}

/** What a user says of a real run. */
export function runChoice(options: InputOptions & RunOptions) {
  const { loss, optimizer, lr, momentum, weightDecay, schedule, warmup, batchSize, textsAPass } = options;
  const { steps, retake, patience, seed } = options;
  return {
    ...{ loss, optimizer, lr, momentum, weightDecay, schedule, warmup, batchSize, textsAPass },
    ...{ steps, retake, patience, seed, parameters: trainedParameters(options) },
  };
}

export const theoryChoice = (options: TheoryOptions): TheoryChoice => ({
  lr: options.lr,
  batchSize: options.batchSize,
  momentum: options.momentum,
  sigma: options.sigma,
  norm: options.norm,
  rule: options.rule as RuleName,
  folds: options.folds,
  maxSteps: options.maxSteps,
  bootstrap: options.bootstrap,
});
