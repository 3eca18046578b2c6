/** From what a user says of the readout (a head, label words, the stored classifier) to the model room's ReadoutSpec. */
import { CallError, complaint } from "../errors.ts";
import { type Model, type Pool, probeHead, type ReadoutSpec } from "../model/index.ts";
import type { LongOptions } from "../progress.ts";
import {
  type Batch,
  labelTokens,
  maskOf,
  readTemplate,
  type Tokenizer,
  tokenize,
  tokenizePrompts,
} from "../text/index.ts";
import { matchClassifier } from "./classifier.ts";
import type { StudyRecord } from "./record.ts";

export type ReadoutChoice =
  | {
      kind: "head";
      /** `probe`: the linear probe of the training texts. */
      init: "zero" | "gaussian" | "probe";
      pool: Pool;
      /** s of a Gaussian head's variance s²/d; absent: as fine-tuning scripts start one, with the config's initializer_range. */
      scale?: number;
    }
  | {
      kind: "prompt";
      /**
       * Holds {text}, and {pair} where there are second texts. The label word is what the model should say next or, of a
       * masked-language model, at {mask}. Absent: DEFAULT_TEMPLATE or MASK_TEMPLATE.
       */
      template?: string;
      /** One word a class, in the order of the classes; absent: the class names themselves. */
      words?: string[];
      /** Subtract the mean of f₀ over the training texts (theory.md §7: prompt readouts start with a large common offset). */
      calibrate: boolean;
    }
  /** The classifier stored in the checkpoint; labels are matched to its outputs (classifier.ts). */
  | { kind: "checkpoint" };

export const DEFAULT_TEMPLATE = "{text} It was";
export const MASK_TEMPLATE = "{text} It was {mask}.";

/** Standard deviation that transformers gives the weights of a fresh head where config.json names none. */
const INITIALIZER_RANGE = 0.02;

/** Texts of one set, with second texts where it has them. */
interface Texts {
  texts: readonly string[];
  pairs?: readonly string[];
}

interface Labelled {
  batch: Batch;
  targets: Float64Array; // (n × C)
}

export interface ResolvedReadout {
  /** The label each output stands for (C). */
  classes: string[];
  /** The texts as the model will read them. */
  batchOf(texts: Texts, maxLength: number): Batch;
  /** The spec, and what the record says of it; a probe is made of the training texts. */
  specFor(
    train: Labelled,
    long?: LongOptions,
  ): Promise<{ spec: ReadoutSpec; record: StudyRecord["readout"] }>;
  warnings: string[];
}

export interface ReadoutContext {
  classes: readonly string[];
  /** Whether the data has second texts. */
  pairs: boolean;
  tokenizer: Tokenizer;
  model: Model;
  seed: number;
}

/** Throws CallError for a readout this model has not or that does not fit the data, DataError for words and labels that do not. */
export function resolveReadout(choice: ReadoutChoice, context: ReadoutContext): ResolvedReadout {
  const { readouts, architecture } = context.model;
  if (!readouts.includes(choice.kind)) {
    throw new CallError(
      complaint(
        "--readout",
        `one that this checkpoint (${architecture}) has: ${readouts.join(", ")}`,
        choice.kind,
        choice.kind === "checkpoint"
          ? "a checkpoint with a classifier"
          : "a checkpoint with its language-model head",
      ),
    );
  }
  if (choice.kind === "head") return headOf(choice, context);
  return choice.kind === "prompt" ? promptOf(choice, context) : checkpointOf(context);
}

const nothing = {
  init: null,
  head_scale: null,
  pool: null,
  template: null,
  label_words: null,
  calibrated: false,
};

const plainBatch =
  (tokenizer: Tokenizer): ResolvedReadout["batchOf"] =>
  ({ texts, pairs }, maxLength) =>
    tokenize(tokenizer, texts, { maxLength, pairs });

function headOf(
  { init, pool, scale: asked }: Extract<ReadoutChoice, { kind: "head" }>,
  { classes, tokenizer, model, seed }: ReadoutContext,
): ResolvedReadout {
  const { initializer_range: range } = model.config;
  const deviation = typeof range === "number" && range > 0 ? range : INITIALIZER_RANGE;
  const scale = asked ?? deviation * Math.sqrt(model.hiddenSize);
  const record: StudyRecord["readout"] = {
    kind: "head",
    ...nothing,
    init,
    head_scale: init === "gaussian" ? scale : null,
    pool,
  };
  const outputs = classes.length;
  return {
    classes: [...classes],
    batchOf: plainBatch(tokenizer),
    async specFor({ batch, targets }, long) {
      if (init !== "probe") return { spec: { kind: "head", outputs, init, pool, seed, scale }, record };
      const Y = { data: targets, shape: [batch.shape[0], outputs] };
      const { weight, bias, penalty, looLoss, trainLoss } = await probeHead(model, batch, Y, {
        pool,
        ...long,
      });
      const probe = { penalty, loo_loss: looLoss, train_loss: trainLoss };
      return { spec: { kind: "head", weight, bias, pool }, record: { ...record, probe } };
    },
    warnings: {
      gaussian: [],
      zero: [
        "A zero head hides the body's kernel at step 0: as the head grows the largest eigenvalue grows with it, and a step size safe here can become unstable within a few steps (mixed initialization).",
      ],
      probe: [
        "The probe's head was fitted to the labels of these training texts: what is left to learn looks smaller on them than on new text, so rules that read the training residuals (cv, SURE, GCV, discrepancy, σ) are optimistic. Trust held-out text (holdout) and the probe's own leave-one-out loss.",
      ],
    }[init],
  };
}

function promptOf(
  choice: Extract<ReadoutChoice, { kind: "prompt" }>,
  { classes, pairs, tokenizer, model: { masked } }: ReadoutContext,
): ResolvedReadout {
  const words = choice.words ?? [...classes];
  if (words.length !== classes.length) {
    throw new CallError(
      complaint(
        "label words",
        `one a class (${classes.join(", ")})`,
        `${words.length}: ${words.join(", ")}`,
        "--words in the order of the classes, separated by commas",
      ),
    );
  }
  const source = choice.template ?? (masked ? MASK_TEMPLATE : DEFAULT_TEMPLATE);
  const template = readTemplate(source, { masked, pairs });
  const labelIds = labelTokens(tokenizer, template, words);
  const mask = masked && { maskId: maskOf(tokenizer).id };
  const record: StudyRecord["readout"] = {
    kind: "prompt",
    ...nothing,
    template: source,
    label_words: words,
    calibrated: choice.calibrate,
  };
  return {
    classes: [...classes],
    batchOf: ({ texts, pairs: second }, maxLength) =>
      tokenizePrompts(tokenizer, template, texts, { maxLength, pairs: second }),
    specFor: async () => ({ spec: { kind: "prompt", labelIds, ...mask }, record }),
    warnings: choice.calibrate
      ? [
          "The mean of f₀ over the training texts was subtracted from the label-word logits (calibration), in training and on held-out text.",
        ]
      : [],
  };
}

function checkpointOf({ classes: labels, tokenizer, model }: ReadoutContext): ResolvedReadout {
  const { classes, names, matched, warnings } = matchClassifier(
    model.config,
    model.classifierOutputs ?? 0,
    labels,
  );
  const record: StudyRecord["readout"] = { kind: "checkpoint", ...nothing, classifier: { names, matched } };
  return {
    classes,
    batchOf: plainBatch(tokenizer),
    specFor: async () => ({ spec: { kind: "checkpoint" }, record }),
    warnings,
  };
}
