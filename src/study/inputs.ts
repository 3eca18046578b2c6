/** From files to what a kernel is made of: a model with its readout, and batches with their targets. */
import { type Checkpoint, openCheckpoint, type WeightTensor } from "../checkpoint/index.ts";
import { CallError, complaint } from "../errors.ts";
import { type MemoryOptions, type Model, staysInFiles, type TangentModel } from "../model/index.ts";
import type { LongOptions } from "../progress.ts";
import { baseName, readFile } from "../runtime/index.ts";
import {
  type Batch,
  type Dataset,
  type DatasetOptions,
  loadTokenizer,
  matchClasses,
  oneHot,
  openDataset,
  split,
} from "../text/index.ts";
import { type AdapterChoice, loadAdapted } from "./adapter.ts";
import { type ReadoutChoice, resolveReadout } from "./readout.ts";
import type { StudyRecord } from "./record.ts";

/** Files by path, or by name and content where there is no file system. */
export type DataSource = string | { name: string; bytes: Uint8Array };
export type CheckpointSource = string | Record<string, Blob | ArrayBuffer | Uint8Array>;

export interface DataChoice {
  data: DataSource;
  text?: string;
  /** Column of a second text, for pairs. */
  textPair?: string;
  label?: string;
  limit?: number;
  perClass?: number;
  maxLength?: number;
  test?: DataSource;
  testFraction?: number;
  testLimit?: number;
  testPerClass?: number;
}

export interface InputChoice extends DataChoice, AdapterChoice, MemoryOptions {
  model: CheckpointSource;
  backend?: "wasm" | "reference";
  readout: ReadoutChoice;
  seed: number;
}

/** One labelled set, ready for the model. */
export interface LabelledBatch {
  batch: Batch;
  targets: Float64Array; // (n × C), one-hot
  labels: Int32Array; // (n), index into classes
  n: number;
}

export interface StudyInputs {
  checkpoint: Checkpoint<WeightTensor>;
  model: Model;
  tangent: TangentModel;
  /** What the record says of the readout. */
  readout: StudyRecord["readout"];
  /** The label each output stands for (C). */
  classes: string[];
  train: LabelledBatch;
  test: LabelledBatch | null;
  dataset: Dataset;
  testDataset: Dataset | null;
  testSource: string | null;
  fingerprint: string;
  warnings: string[];
}

async function bytesOf(source: DataSource): Promise<{ name: string; bytes: Uint8Array }> {
  if (typeof source !== "string") return source;
  return { name: source, bytes: await readFile(source) };
}

/** SHA-256 (hex) of the labelled texts in order: two runs on the same data have the same. */
async function fingerprintOf(datasets: Dataset[]): Promise<string> {
  const text = JSON.stringify(
    datasets.map(({ texts, pairs, labels }) => (pairs ? [texts, pairs, labels] : [texts, labels])),
  );
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The labelled sets as texts, before any model is opened: bad data fails before long work. */
export async function readSets(choice: DataChoice, seed: number) {
  if (choice.test !== undefined && choice.testFraction !== undefined) {
    throw new CallError(complaint("held-out data", "one of --test and --test-fraction", "both"));
  }
  const whole = await openSet(choice.data, choice);
  if (choice.test !== undefined) {
    const testDataset = await openSet(choice.test, {
      ...whole.columns, // those of the training text, guessed or named
      limit: choice.testLimit,
      perClass: choice.testPerClass,
      allowOneClass: true,
    });
    return { dataset: whole, testDataset, testSource: testDataset.name };
  }
  if (choice.testFraction !== undefined) {
    const { train, test } = split(whole, { testFraction: choice.testFraction, seed });
    const testSource = `${choice.testFraction} of ${baseName(whole.name)}`;
    return { dataset: train, testDataset: test, testSource };
  }
  return { dataset: whole, testDataset: null, testSource: null };
}

async function openSet(source: DataSource, options: Omit<DatasetOptions, "name" | "seed">): Promise<Dataset> {
  const { name, bytes } = await bytesOf(source);
  const { text, textPair, label, limit, perClass, allowOneClass } = options;
  return openDataset(bytes, { name, text, textPair, label, limit, perClass, allowOneClass });
}

/** Reads data, opens the checkpoint, resolves the readout and makes the batches. The receiver disposes `model`. */
export async function loadInputs(choice: InputChoice, long: LongOptions = {}): Promise<StudyInputs> {
  const { dataset, testDataset, testSource } = await readSets(choice, choice.seed);
  const warnings = [...dataset.warnings, ...(testDataset?.warnings ?? [])];
  if (testDataset) warnings.push(...matchClasses(dataset, testDataset));

  const { backend = "wasm", memory, weights } = choice;
  const inPlace = staysInFiles({ memory, weights }, backend);
  const base = await openCheckpoint(choice.model, { share: true, inPlace, ...long });
  const tokenizer = await loadTokenizer(base);
  const { model, checkpoint } = await loadAdapted(base, choice, choice);
  try {
    const readout = resolveReadout(choice.readout, {
      classes: dataset.classes,
      pairs: dataset.pairs !== undefined,
      tokenizer,
      model,
      seed: choice.seed,
    });
    const { classes } = readout;
    const maxLength = Math.min(choice.maxLength ?? model.contextLength, model.contextLength);
    if (choice.maxLength !== undefined && choice.maxLength > model.contextLength) {
      throw new CallError(
        complaint(
          "--max-length",
          `at most the model's context, ${model.contextLength} tokens`,
          `${choice.maxLength}`,
        ),
      );
    }
    const prepare = (set: Dataset): LabelledBatch => {
      const batch = readout.batchOf(set, maxLength);
      const targets = oneHot(set.labels, classes);
      const labels = Int32Array.from(set.labels, (label) => classes.indexOf(label));
      if (batch.truncated && batch.truncated.texts > 0) {
        warnings.push(
          `${baseName(set.name)}: ${batch.truncated.texts} texts were longer than ${maxLength} tokens; ${batch.truncated.tokens} tokens were cut`,
        );
      }
      return { batch, targets, labels, n: set.texts.length };
    };
    const train = prepare(dataset);
    const test = testDataset ? prepare(testDataset) : null;
    const { spec, record } = await readout.specFor(train, long);
    warnings.push(...readout.warnings);
    return {
      checkpoint,
      model,
      tangent: model.readout(spec),
      readout: record,
      classes,
      train,
      test,
      dataset,
      testDataset,
      testSource,
      fingerprint: await fingerprintOf(testDataset ? [dataset, testDataset] : [dataset]),
      warnings,
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
