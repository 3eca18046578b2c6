/**
 * record.json → StudyRecord: the fields a report needs are there and of the right kind, or a sentence says which is not.
 * Unknown fields are kept: a newer ntkit may add some. record.schema.json says the same to other tools, more strictly.
 */
import * as v from "valibot";
import { complaint, DataError } from "../errors.ts";
import { RECORD_VERSION, type StudyRecord } from "./record.ts";

const text = v.string();
const number = v.pipe(v.number(), v.finite());
const numbers = v.array(number);
const counts = v.record(text, number);
const pair = v.tuple([number, number]);

const ruleFields = {
  step: number,
  epochs: number,
  eta: number,
  reliability: v.picklist(["reliable", "conservative", "unreliable"]),
  note: text,
};
const rule = v.nullable(v.object(ruleFields));
const ruleNames = [
  "rademacher",
  "discrepancy",
  "smoothed_discrepancy",
  "sure",
  "gcv",
  "loo",
  "cv",
  "holdout",
  "oracle",
] as const;

/** Columns of one table: every array of numbers in it as long as `step` (or `index`), its first. */
function table<const T extends Record<string, typeof numbers | v.NullableSchema<typeof numbers, undefined>>>(
  columns: T,
) {
  const [first, ...others] = Object.keys(columns);
  return v.pipe(
    v.object(columns),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const value = dataset.value as Record<string, number[] | null>;
      const rows = value[first]?.length;
      for (const key of others) {
        if (value[key] && value[key].length !== rows) {
          addIssue({
            message: `"${key}" has ${value[key].length} entries where "${first}" has ${rows}`,
          });
        }
      }
    }),
  );
}

const prediction = v.object({
  answer: v.object({
    rule: v.picklist(ruleNames),
    step: number,
    epochs: number,
    interval_steps: pair,
    verdict: v.picklist(["stop", "train-to-the-end", "nothing-to-learn", "unreliable"]),
    why: text,
  }),
  n: number,
  outputs: number,
  eta_per_step: number,
  steps_per_epoch: number,
  max_steps: number,
  sigma: number,
  sigma_source: text,
  norm: number,
  norm_source: text,
  uncertainty: v.optional(
    v.object({
      sigma_standard_error: v.nullable(number),
      norm_standard_error: v.nullable(number),
      rademacher_interval_steps: v.nullable(pair),
      bootstrap: v.nullable(v.object({ samples: number, interval_steps: v.record(text, pair) })),
    }),
  ),
  critical_radius_squared: number,
  rules: v.object({
    rademacher: rule,
    discrepancy: rule,
    smoothed_discrepancy: rule,
    sure: rule,
    gcv: rule,
    loo: rule,
    holdout: rule,
    oracle: rule,
    cv: v.nullable(
      v.object({
        ...ruleFields,
        one_standard_error_step: number,
        folds: number,
        curve: table({ step: numbers, error: numbers, standard_error: numbers }),
      }),
    ),
  }),
  rule_reasons: v.record(text, text),
  ridge_equivalent: number,
  max_learning_rate: number,
  effective_dimension: number,
  decay: v.object({
    model: v.picklist(["polynomial", "exponential", "finite-rank"]),
    exponent: number,
    interval: pair,
    rate_in_n: text,
    fit: table({ index: numbers, value: numbers }),
    bic: counts,
  }),
  risk: v.intersect([
    table({ step: numbers, bias2: numbers, variance: numbers, total: numbers }),
    v.object({ source: text }),
  ]),
  assumptions: v.array(
    v.object({
      name: text,
      status: v.picklist(["holds", "doubtful", "fails", "not-checked"]),
      value: v.nullable(v.union([number, text])),
      note: text,
    }),
  ),
});

const outcome = v.nullable(
  v.object({
    step: number,
    test_loss: v.nullable(number),
    test_accuracy: v.nullable(number),
    regret: v.nullable(number),
    beyond_run: v.boolean(),
  }),
);

const range = v.tuple([numbers, numbers]);
const heads = v.object({
  seeds: numbers,
  largest_eigenvalue: numbers,
  rademacher_step: v.array(v.nullable(number)),
  answer_step: numbers,
  kernel_deviation: number,
  train_loss: range,
  test_loss: v.nullable(range),
});

const confirmation = v.object({
  loss: v.picklist(["mse", "ce"]),
  optimizer: v.picklist(["sgd", "adamw"]),
  learning_rate: number,
  steps: number,
  curve: table({
    step: numbers,
    train_loss: numbers,
    test_loss: v.nullable(numbers),
    train_cross_entropy: numbers,
    test_cross_entropy: v.nullable(numbers),
    train_accuracy: numbers,
    accuracy: v.nullable(numbers),
    predicted_train_loss: numbers,
    predicted_test_loss: v.nullable(numbers),
    predicted_accuracy: v.nullable(numbers),
  }),
  best: v.nullable(v.object({ step: number, test_loss: number, test_accuracy: number })),
  rules: v.object(v.entriesFromList([...ruleNames, "path_cv", "patience"], outcome)),
  regret: v.nullable(number),
  kernel_drift: v.nullable(number),
  linearisation_error: number,
  largest_eigenvalue_ratio: number,
  retakes: v.array(
    v.object({
      step: number,
      cosine: number,
      relative_change: number,
      largest_eigenvalue: number,
      speed: v.nullable(number),
      path_cv_step: number,
      answer_again: v.nullable(number),
    }),
  ),
  clock: v.nullable(v.object({ eta_per_unit: number, unevenness: number, misfit: number })),
  verdict: v.picklist(["held", "drifted", "failed"]),
  why: text,
  warnings: v.array(text),
});

const record = v.object({
  version: v.literal(RECORD_VERSION),
  created: text,
  command: text,
  seed: number,
  environment: v.object({
    ntkit: text,
    runtime: text,
    platform: text,
    backend: text,
    workers: number,
    wasm_target: text,
    seconds: counts,
  }),
  data: v.object({
    source: text,
    test_source: v.nullable(text),
    text_column: text,
    label_column: text,
    classes: v.array(text),
    n_train: number,
    n_test: number,
    train_per_class: numbers,
    test_per_class: numbers,
    longest_tokens: number,
    truncated_texts: number,
    truncated_tokens: number,
    fingerprint: text,
    warnings: v.array(text),
  }),
  checkpoint: v.object({
    source: text,
    architecture: text,
    parameters: number,
    parameters_by_group: counts,
    fingerprint: text,
  }),
  readout: v.object({
    kind: v.picklist(["head", "prompt", "checkpoint"]),
    init: v.nullable(text),
    head_scale: v.nullable(number),
    pool: v.nullable(text),
    template: v.nullable(text),
    label_words: v.nullable(v.array(text)),
    calibrated: v.boolean(),
    probe: v.optional(v.object({ penalty: number, loo_loss: number, train_loss: number })),
    classifier: v.optional(
      v.object({ names: v.array(text), matched: v.picklist(["name", "number", "order"]) }),
    ),
  }),
  kernel: v.object({
    kind: v.picklist(["sgd", "signgd"]),
    outputs: v.picklist(["full", "mean", "pseudo"]),
    parameters: text,
    size: number,
    trace: number,
    mean_diagonal: number,
    symmetric: v.boolean(),
    negative_mass: number,
    groups: v.nullable(counts),
  }),
  spectrum: v.intersect([
    table({ eigenvalues: numbers, residual_energy: numbers }),
    v.object({ trace: number, method: text, largest_residual: number }),
  ]),
  prediction,
  curves: table({
    step: numbers,
    train_loss: numbers,
    test_loss: v.nullable(numbers),
    train_accuracy: numbers,
    test_accuracy: v.nullable(numbers),
  }),
  heads: v.optional(heads),
  confirmation: v.optional(confirmation),
  warnings: v.array(text),
});

/** How many faults one message lists. */
const LISTED = 5;

const kindOf = (json: unknown) =>
  json === null ? "null" : Array.isArray(json) ? "an array" : `a ${typeof json}`;

/**
 * `json` as a StudyRecord, itself and not a copy; `name` is what messages call it (a path).
 * Throws DataError when the version is unknown, or naming the fields that are missing or of another kind.
 */
export function parseRecord(json: unknown, name: string): StudyRecord {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new DataError(
      complaint(name, "a study record (a JSON object)", kindOf(json), "a record.json of ntkit predict"),
    );
  }
  const version = (json as { version?: unknown }).version;
  if (version !== RECORD_VERSION) {
    const got = version === undefined ? "no version" : `version ${JSON.stringify(version)}`;
    const hint =
      typeof version === "number" && version > RECORD_VERSION ? "a newer ntkit" : "ntkit predict again";
    throw new DataError(complaint(name, `a study record of version ${RECORD_VERSION}`, got, hint));
  }
  const result = v.safeParse(record, json);
  if (!result.success) {
    const faults = result.issues.map((issue) => {
      const path = v.getDotPath(issue) ?? "the record";
      if (issue.kind !== "schema") return `${path}: ${issue.message}`;
      return issue.received === "undefined"
        ? `${path} missing`
        : `${path} is ${issue.received} where ${issue.expected} is due`;
    });
    const more = faults.length > LISTED ? `, and ${faults.length - LISTED} more` : "";
    throw new DataError(
      complaint(
        name,
        "a whole study record",
        faults.slice(0, LISTED).join(", ") + more,
        "ntkit predict again",
      ),
    );
  }
  return json as StudyRecord;
}
