/** From parsed options to what study/ takes. */
import { CallError, complaint } from "../errors.ts";
import { exists } from "../runtime/index.ts";
import type { InputChoice, PredictChoice, TheoryChoice } from "../study/index.ts";
import type { RuleName } from "../theory/index.ts";
import type { CommonOptions, DataOptions, ModelOptions, ReadoutOptions, TheoryOptions } from "./options.ts";

/** Paths that must be there before any work starts. */
export async function mustExist(what: string, path: string | undefined, hint: string): Promise<void> {
  if (path !== undefined && !(await exists(path))) {
    throw new CallError(complaint(what, "a path that exists", `"${path}", which does not`, hint));
  }
}

export type InputOptions = CommonOptions & ModelOptions & DataOptions & ReadoutOptions;

export async function inputChoice(options: InputOptions): Promise<InputChoice> {
  if (options.model.startsWith("hub:")) {
    throw new CallError(
      complaint(
        "--model",
        "a folder in Hugging Face layout (config.json, tokenizer.json, model.safetensors) or a .gguf file",
        `"${options.model}"`,
        "download the model and give its folder; hub names are not read by this version",
      ),
    );
  }
  await mustExist("--model", options.model, "the path of a folder in Hugging Face layout or of a .gguf file");
  await mustExist("--data", options.data, "the path of a .csv, .tsv or .jsonl file");
  await mustExist("--test", options.test, "the path of a .csv, .tsv or .jsonl file");
  return {
    model: options.model,
    data: options.data,
    text: options.text,
    label: options.label,
    limit: options.limit,
    perClass: options.perClass,
    maxLength: options.maxLength,
    test: options.test,
    testFraction: options.testFraction,
    testLimit: options.testLimit,
    testPerClass: options.testPerClass,
    backend: options.backend,
    seed: options.seed,
    readout:
      options.readout === "head"
        ? { kind: "head", init: options.head, pool: options.pool, scale: options.headScale }
        : { kind: "prompt", template: options.template, words: options.words, calibrate: options.calibrate },
  };
}

export async function predictChoice(options: InputOptions & TheoryOptions): Promise<PredictChoice> {
  return {
    ...(await inputChoice(options)),
    parameters: options.parameters,
    byGroup: options.byGroup,
    workers: options.workers,
    memory: options.memory,
    ...theoryChoice(options),
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
});
