/** Options that several commands share, each parsed and checked in one place. A bad value is a CallError: exit status 2. */
import { type Command, Option } from "commander";
import { CallError, complaint } from "../errors.ts";
import type { KernelKind, OutputChoice } from "../ntk/index.ts";
import type { LossName } from "../study/index.ts";

export const integer =
  (name: string, least = 1) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) {
      throw new CallError(complaint(name, `a whole number from ${least}`, text));
    }
    return value;
  };

const positive =
  (name: string) =>
  (text: string): number => {
    const value = Number(text);
    if (!(Number.isFinite(value) && value > 0))
      throw new CallError(complaint(name, "a number above 0", text));
    return value;
  };

const nonNegative =
  (name: string) =>
  (text: string): number => {
    const value = Number(text);
    if (!(Number.isFinite(value) && value >= 0))
      throw new CallError(complaint(name, "a number from 0", text));
    return value;
  };

/** "auto" or a number above zero. */
const autoOr =
  (name: string) =>
  (text: string): number | "auto" =>
    text === "auto" ? "auto" : positive(name)(text);

const fraction = (name: string) => (text: string) => {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new CallError(complaint(name, "a number between 0 and 1", text));
  return value;
};

/** "3GiB", "512MiB", "2e9" → bytes. */
export function bytes(text: string): number {
  const match = /^([\d.]+(?:e\d+)?)\s*(B|KiB|MiB|GiB|KB|MB|GB)?$/i.exec(text.trim());
  const unit = { b: 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, kb: 1e3, mb: 1e6, gb: 1e9 } as Record<
    string,
    number
  >;
  const value = match ? Number(match[1]) * unit[(match[2] ?? "B").toLowerCase()] : Number.NaN;
  if (!(value > 0)) throw new CallError(complaint("--memory", "a size like 3GiB or 512MiB", text));
  return value;
}

const words = (text: string): string[] =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

export interface CommonOptions {
  json?: boolean;
  quiet?: boolean;
  backend: "wasm" | "reference";
  workers: number | "auto";
  memory?: number;
  weights: "auto" | "resident" | "layered" | "streaming";
  seed: number;
  out?: string;
}

export const weightsOption = () =>
  new Option(
    "--weights <where>",
    "the model's weights: resident (all widened), layered (a layer at a time), streaming (left in their files); auto: as --memory allows",
  )
    .choices(["auto", "resident", "layered", "streaming"])
    .default("auto");

/** Options every command that computes takes. */
export function withCommon(command: Command): Command {
  return command
    .option("--json", "print one JSON document on stdout and nothing else")
    .option("--quiet", "no progress on stderr")
    .addOption(
      new Option("--backend <name>", "what does the arithmetic")
        .choices(["wasm", "reference"])
        .default("wasm"),
    )
    .option(
      "--workers <n>",
      "threads for the kernel; the result does not depend on it (default: one a core)",
      (text: string) => (text === "auto" ? "auto" : integer("--workers", 0)(text)),
      "auto",
    )
    .option("--memory <size>", "most memory to use, like 3GiB", bytes)
    .addOption(weightsOption())
    .option("--seed <n>", "seed of everything random", integer("--seed", 0), 0)
    .option("--out <path>", "where to write");
}

export const MODEL_HELP =
  "a folder in Hugging Face layout, a .gguf file, or hub:owner/name (with @revision, or /file.gguf)";

export interface ModelOptions {
  model: string;
}

export interface DataOptions {
  data: string;
  text?: string;
  textPair?: string;
  label?: string;
  limit?: number;
  perClass?: number;
  maxLength?: number;
  test?: string;
  testFraction?: number;
  testLimit?: number;
  testPerClass?: number;
}

export function withData(command: Command): Command {
  return command
    .requiredOption("--data <file>", "labelled text: .csv, .tsv, .jsonl or .parquet")
    .option("--text <column>", "column of the text (default: guessed from the header)")
    .option("--text-pair <column>", "column of a second text: the model reads pairs")
    .option("--label <column>", "column of the label (default: guessed from the header)")
    .option("--limit <n>", "use the first n rows", integer("--limit"))
    .option("--per-class <n>", "use the first n rows of each class", integer("--per-class"))
    .option(
      "--max-length <tokens>",
      "cut longer texts (default: what the model takes)",
      integer("--max-length"),
    )
    .option("--test <file>", "held-out labelled text, for the test curve")
    .option("--test-fraction <x>", "hold out this share of --data instead", fraction("--test-fraction"))
    .option("--test-limit <n>", "use the first n held-out rows", integer("--test-limit"))
    .option(
      "--test-per-class <n>",
      "use the first n held-out rows of each class",
      integer("--test-per-class"),
    );
}

export interface ReadoutOptions {
  readout: "head" | "prompt" | "checkpoint";
  pool: "last" | "first" | "mean";
  head: "zero" | "gaussian" | "probe";
  headScale?: number;
  template?: string;
  words?: string[];
  calibrate: boolean;
  parameters?: string;
  byGroup?: boolean;
}

export function withReadout(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--readout <kind>",
        "what f(x) is: a fresh linear head, label words in a template, or the classifier stored in the checkpoint",
      )
        .choices(["head", "prompt", "checkpoint"])
        .default("head"),
    )
    .addOption(
      new Option("--pool <where>", "hidden states the head reads")
        .choices(["last", "first", "mean"])
        .default("mean"),
    )
    .addOption(
      new Option(
        "--head <start>",
        "how a fresh head starts: zero, random, or as the linear probe of the training texts (ridge, penalty by leave-one-out)",
      )
        .choices(["zero", "gaussian", "probe"])
        .default("gaussian"),
    )
    .option(
      "--head-scale <s>",
      "a Gaussian head has variance s²/width (default: the config's initializer_range·√width, as scripts start one)",
      positive("--head-scale"),
    )
    .option(
      "--template <text>",
      'prompt readout: holds {text} ({pair} for the second text); masked-language models are read at its {mask} (default: "{text} It was" or "{text} It was {mask}.")',
    )
    .option(
      "--words <a,b,…>",
      "prompt readout: one word a class, each a single token, in the order of the sorted classes",
      words,
    )
    .option("--no-calibrate", "prompt readout: keep the offset of f₀ (its mean over the training texts)")
    .option(
      "--parameters <which>",
      "parameters that are trained: all, body, head, attention, mlp, norm, embedding, bias, lora, some of them joined by +, or /REGEX/ (default: all; with an adapter lora, and a fresh head with it)",
    )
    .option("--by-group", "also the share of each parameter group");
}

export interface AdapterFlags {
  adapter?: string;
  loraRank?: number;
  loraAlpha?: number;
  loraTargets?: string[] | string;
}

/** Names, all-linear, or an expression between slashes. */
function targets(text: string): string[] | string {
  if (text === "all-linear") return text;
  return text.length > 2 && text.startsWith("/") && text.endsWith("/") ? text.slice(1, -1) : words(text);
}

export function withAdapter(command: Command): Command {
  return command
    .option("--adapter <folder>", "a LoRA adapter in PEFT's layout beside the model")
    .option("--lora-rank <r>", "a fresh LoRA adapter of this rank instead", integer("--lora-rank"))
    .option("--lora-alpha <x>", "its α: s = α/r (default: r)", positive("--lora-alpha"))
    .option(
      "--lora-targets <a,b,…>",
      "its layers: names, all-linear, or /REGEX/ of whole paths (default: PEFT's for the model, queries and values)",
      targets,
    );
}

export interface KernelOptions {
  kernel: KernelKind;
  outputs: OutputChoice;
}

function outputChoice(text: string): OutputChoice {
  if (text === "full" || text === "mean" || text === "sum" || text === "pseudo") return text;
  if (/^\d+$/.test(text)) return Number(text);
  throw new CallError(
    complaint("--outputs", "full, mean, sum, pseudo or the number of an output from 0", text),
  );
}

export function withKernel(command: Command): Command {
  return command
    .addOption(
      new Option("--kernel <kind>", "inner products of gradients, of their signs, or of signs with gradients")
        .choices(["sgd", "signgd", "asymmetric"])
        .default("sgd"),
    )
    .option(
      "--outputs <which>",
      "all pairs of outputs (full), one row a text: mean or sum of the outputs' own kernels, pseudo (of their sum over √C), or an output's number",
      outputChoice,
      "full",
    );
}

export interface ClockOptions {
  lr?: number;
  batchSize?: number;
  momentum?: number;
  loss: LossName;
}

export interface TheoryOptions extends ClockOptions {
  sigma: number | "auto";
  norm: number | "auto";
  rule: string;
  folds?: number;
  maxSteps: number;
  bootstrap: number;
}

const ANSWER_RULES = [
  "cv",
  "rademacher",
  "discrepancy",
  "smoothed_discrepancy",
  "sure",
  "gcv",
  "loo",
  "holdout",
];

/** The clock of a run. `losses`: those the command knows. */
export function withClock(command: Command, losses: readonly LossName[]): Command {
  const momentum = (text: string) => {
    const value = Number(text);
    if (!(value >= 0 && value < 1))
      throw new CallError(complaint("--momentum", "a number from 0 to below 1", text));
    return value;
  };
  const ce = losses.includes("ce") ? ", or cross-entropy" : "";
  return command
    .option("--lr <x>", "learning rate of your training run (default: 1/λ₁)", positive("--lr"))
    .option("--batch-size <n>", "examples a step (default: all)", integer("--batch-size"))
    .option("--momentum <m>", "heavy-ball momentum", momentum)
    .addOption(new Option("--loss <name>", `(1/2n)Σ‖f − y‖², y one-hot${ce}`).choices(losses).default("mse"));
}

export interface RunOptions extends ClockOptions {
  optimizer: "sgd" | "adamw";
  weightDecay?: number;
  schedule: "constant" | "linear" | "cosine";
  warmup?: number;
  steps?: number;
  textsAPass?: number;
  retake?: number[];
  patience?: number;
}

/** Options of a real run, beside the clock's. */
export function withRun(command: Command): Command {
  const steps = (text: string) => words(text).map(integer("--retake"));
  return command
    .addOption(
      new Option("--optimizer <name>", "what moves the parameters").choices(["sgd", "adamw"]).default("sgd"),
    )
    .option(
      "--weight-decay <w>",
      "as torch has it (default: 0 for sgd, 0.01 for adamw)",
      nonNegative("--weight-decay"),
    )
    .addOption(
      new Option("--schedule <name>", "learning rate over the run")
        .choices(["constant", "linear", "cosine"])
        .default("constant"),
    )
    .option("--warmup <steps>", "steps of linear warmup", integer("--warmup"))
    .option("--steps <n>", "length of the run", integer("--steps"))
    .option("--texts-a-pass <n>", "texts that pass through the network at once", integer("--texts-a-pass"))
    .option("--retake <a,b,…>", "steps at which the kernel is taken again (default: 10,40,160)", steps)
    .option("--patience <n>", "steps without a better validation loss", integer("--patience", 0));
}

export function withTheory(command: Command, losses: readonly LossName[] = ["mse"]): Command {
  return withClock(command, losses)
    .option("--sigma <x>", "noise level of the labels, or auto", autoOr("--sigma"), "auto")
    .option(
      "--norm <x>",
      "bound B on the RKHS norm of what is left to learn, or auto",
      autoOr("--norm"),
      "auto",
    )
    .addOption(
      new Option("--rule <name>", "rule behind the headline answer").choices(ANSWER_RULES).default("cv"),
    )
    .option(
      "--folds <k>",
      "folds of the cross-validated path (default: 10, fewer where classes are small)",
      integer("--folds", 2),
    )
    .option("--max-steps <n>", "largest step considered", integer("--max-steps"), 10000)
    .option(
      "--bootstrap <n>",
      "resamples of the texts behind intervals for the rules that read a spectrum (200 is plenty; 0: none)",
      integer("--bootstrap", 0),
      0,
    );
}
