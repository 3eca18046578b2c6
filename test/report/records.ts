/** Records that try a report's patience: words that attack the page or the terminal, and numbers from the edges. */
import type { StudyRecord } from "../../src/study/record.ts";
import { confirmedRecord, confirmedWithoutTest } from "../fixtures/confirmation.ts";
import { fixtureRecord, fixtureWithoutTest } from "../fixtures/record.ts";

export const attacks = [
  "<script>alert(1)</script>",
  `"><img src=x onerror=alert(1)>`,
  "' onload='alert(1)",
  "a & b &amp; c &#x3c;",
  "</script><!--<script>",
  "\u001b[31mred\u001b[0m \u009b31m \u0007",
  "\u202egnp.exe\u2066",
  "half \ud800 and \0 nothing",
  "]]></desc></svg></title></style>",
  "lines\r\nand\ttabs\u2028here",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it must stay as it is
  "${1 + 1} {{ 1 + 1 }} javascript:alert(1)",
  `${"ß語🙂".repeat(60)}/`,
];

/** Fields whose words the record's schema lists. */
const listed = [
  "version",
  "loss",
  "optimizer",
  "verdict",
  "reliability",
  "status",
  "rule",
  "kind",
  "outputs",
  "model",
];

/** Every word that may be anyone's, replaced by an attack; keys that are data as well. */
export function hostileRecord(): StudyRecord {
  let next = 0;
  const attack = () => attacks[next++ % attacks.length];
  const dataKeys = ["seconds", "parameters_by_group", "groups", "bic"];
  const poisoned = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return listed.includes(key) ? value : attack();
    if (Array.isArray(value)) return value.map((item) => poisoned(item, key));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, item]) => [
      dataKeys.includes(key) ? `${attack()} ${name}` : name,
      poisoned(item, name),
    ]);
    return Object.fromEntries(entries);
  };
  const record = confirmedRecord();
  record.data.classes = attacks;
  record.data.train_per_class = attacks.map(() => 5);
  record.data.test_per_class = attacks.map(() => 5);
  record.readout = { ...record.readout, kind: "prompt", template: "x", label_words: attacks };
  record.warnings = attacks;
  return poisoned(record, "") as StudyRecord;
}

function changed(change: (record: StudyRecord) => void, from = fixtureRecord): StudyRecord {
  const record = from();
  change(record);
  return record;
}

/** Every number of the curves through `f`. */
function mapNumbers(record: StudyRecord, f: (value: number) => number): void {
  const { prediction, curves, spectrum } = record;
  const column = <T extends number[] | null>(values: T) => values?.map(f) as T;
  curves.train_loss = column(curves.train_loss);
  curves.test_loss = column(curves.test_loss);
  spectrum.eigenvalues = column(spectrum.eigenvalues);
  spectrum.trace = f(spectrum.trace);
  const { risk, decay } = prediction;
  for (const name of ["bias2", "variance", "total"] as const) risk[name] = column(risk[name]);
  decay.fit.value = column(decay.fit.value);
  const { cv } = prediction.rules;
  if (cv) cv.curve.error = column(cv.curve.error);
  if (cv) cv.curve.standard_error = column(cv.curve.standard_error);
  for (const name of ["sigma", "norm", "critical_radius_squared", "max_learning_rate"] as const) {
    prediction[name] = f(prediction[name]);
  }
}

/** Only the first `rows` rows of every curve. */
function cut(record: StudyRecord, rows: number): void {
  const { curves, prediction } = record;
  for (const table of [curves, prediction.risk, prediction.rules.cv?.curve ?? {}] as Record<
    string,
    unknown
  >[]) {
    for (const [name, column] of Object.entries(table)) {
      if (Array.isArray(column)) table[name] = column.slice(0, rows);
    }
  }
}

function without(record: StudyRecord, names: (keyof StudyRecord["prediction"]["rules"])[]): void {
  for (const name of names) {
    record.prediction.rules[name] = null;
    record.prediction.rule_reasons[name] = `no ${name} in this study`;
  }
}

const others = [
  "rademacher",
  "discrepancy",
  "smoothed_discrepancy",
  "sure",
  "gcv",
  "loo",
  "holdout",
  "oracle",
] as const;

/** Name → record. Each is one that parseRecord takes. */
export const extremes: [name: string, record: StudyRecord][] = [
  ["test texts", fixtureRecord()],
  ["no test texts", fixtureWithoutTest()],
  [
    "an answer and T̂ at step 0",
    changed(({ prediction: { answer, rules, ...prediction } }) => {
      Object.assign(answer, { step: 0, epochs: 0, interval_steps: [0, 0] });
      for (const rule of [rules.cv, rules.rademacher]) Object.assign(rule!, { step: 0, epochs: 0, eta: 0 });
      rules.cv!.one_standard_error_step = 0;
      prediction.effective_dimension = 0;
    }),
  ],
  ["no rule but cv", changed((record) => without(record, [...others]))],
  [
    "no cv",
    changed((record) => {
      without(record, ["cv"]);
      record.prediction.answer.rule = "rademacher";
      record.prediction.answer.verdict = "unreliable";
    }),
  ],
  [
    "no rule at all",
    changed((record) => {
      without(record, ["cv", ...others]);
      record.prediction.critical_radius_squared = 0;
      record.prediction.answer.verdict = "unreliable";
    }),
  ],
  [
    "every rule at one step",
    changed(({ prediction: { rules } }) => {
      for (const name of others) rules[name] = { ...rules.sure!, step: 85 };
      rules.cv!.step = 85;
    }),
  ],
  [
    "one eigenvalue, one text, one output",
    changed((record) => {
      record.spectrum = { ...record.spectrum, eigenvalues: [2], residual_energy: [1], trace: 2 };
      record.kernel.size = 1;
      Object.assign(record.prediction, { n: 1, outputs: 1 });
      record.prediction.decay.fit = { index: [], value: [] };
    }),
  ],
  [
    "zero and tiny negative eigenvalues",
    changed(({ spectrum }) => {
      spectrum.eigenvalues = spectrum.eigenvalues.map((value, i) => (i < 9 ? value : i < 90 ? 0 : -1e-17));
    }),
  ],
  [
    "eigenvalues all zero",
    changed(({ spectrum, prediction }) => {
      spectrum.eigenvalues = spectrum.eigenvalues.map(() => 0);
      spectrum.trace = 0;
      prediction.decay.fit.value = prediction.decay.fit.value.map(() => 0);
    }),
  ],
  [
    "a million steps",
    changed(({ prediction, curves }) => {
      prediction.max_steps = 1e6;
      for (const table of [curves, prediction.risk, prediction.rules.cv!.curve]) {
        table.step = table.step.map((step) => step * 250);
      }
      for (const rule of Object.values(prediction.rules)) if (rule) rule.step *= 250;
      prediction.answer.step *= 250;
      prediction.answer.interval_steps = [0, 1e6];
    }),
  ],
  [
    "a single step",
    changed((record) => {
      cut(record, 2);
      record.prediction.max_steps = 1;
      record.prediction.answer.interval_steps = [0, 1];
      for (const rule of Object.values(record.prediction.rules)) if (rule) rule.step = 1;
      record.prediction.answer.step = 1;
    }),
  ],
  ["a single point on every curve", changed((record) => cut(record, 1))],
  ["empty curves of a path that diverges at once", changed((record) => cut(record, 0))],
  ["huge values", changed((record) => mapNumbers(record, (v) => v * 1e250))],
  ["the largest values", changed((record) => mapNumbers(record, () => Number.MAX_VALUE))],
  ["tiny values", changed((record) => mapNumbers(record, (v) => v * 1e-250))],
  ["the smallest values", changed((record) => mapNumbers(record, () => Number.MIN_VALUE))],
  ["values all zero", changed((record) => mapNumbers(record, () => 0))],
  [
    "no noise",
    changed(({ prediction }) => {
      Object.assign(prediction, { sigma: 0, critical_radius_squared: 0 });
      Object.assign(prediction.rules.rademacher!, { step: 4000, reliability: "unreliable" });
    }),
  ],
  [
    "fifty classes with long names",
    changed(({ data }) => {
      data.classes = Array.from({ length: 50 }, (_, c) => `class-${c}-${"of-a-very-long-kind-".repeat(8)}`);
      data.train_per_class = data.classes.map(() => 12);
      data.test_per_class = data.classes.map(() => 0);
    }),
  ],
  [
    "names without a place to break, wide letters",
    changed((record) => {
      record.data.source = `${"x".repeat(300)}.csv`;
      record.prediction.answer.why = "語".repeat(200);
      record.prediction.sigma_source = "🙂".repeat(100);
      record.prediction.assumptions[3].name = "y".repeat(200);
    }),
  ],
  [
    "more warnings, doubts and reasons than a terminal shows",
    changed((record) => {
      const long = "A warning that takes its time to say what it has to say, and then says it. ".repeat(4);
      record.warnings = Array.from({ length: 30 }, (_, i) => `${i}: ${long}`);
      record.prediction.answer.why = long;
      without(record, [...others]);
      for (const name of others) record.prediction.rule_reasons[name] = long;
      record.prediction.sigma_source = record.prediction.norm_source = long;
      record.prediction.assumptions = (["fails", "doubtful", "holds", "not-checked"] as const).flatMap(
        (status) =>
          Array.from({ length: 12 }, (_, i) => ({ name: `assumption ${i}`, status, value: i, note: long })),
      );
    }),
  ],
  [
    "nothing to say beside the numbers",
    changed((record) => {
      record.warnings = record.data.warnings = record.prediction.assumptions = [];
      record.data.truncated_texts = record.data.truncated_tokens = 0;
      record.kernel.groups = null;
      record.environment.seconds = {};
      record.checkpoint.parameters_by_group = {};
      record.prediction.rule_reasons = {};
    }),
  ],
  ["a real run", confirmedRecord()],
  ["a real run without test texts", confirmedWithoutTest()],
  [
    "a real run whose prediction grew past all bounds, every rule beyond its end",
    changed(({ confirmation }) => {
      const { curve, rules, retakes } = confirmation!;
      curve.predicted_test_loss = curve.step.map((_, i) => (i > 2 ? Number.MAX_VALUE : 1));
      for (const rule of Object.values(rules)) Object.assign(rule ?? {}, { beyond_run: true, regret: 1e9 });
      for (const taken of retakes) Object.assign(taken, { speed: 1e300, relative_change: 1e300 });
      Object.assign(confirmation!, { verdict: "failed", optimizer: "adamw" });
      confirmation!.clock = { eta_per_unit: 1e-300, unevenness: 1e9, misfit: 3 };
    }, confirmedRecord),
  ],
  [
    "a real run of no step, no rule and no kernel, that warns at length",
    changed((record) => {
      const { confirmation } = record;
      const { curve, rules } = confirmation!;
      for (const name of Object.keys(curve) as (keyof typeof curve)[])
        curve[name] = curve[name]?.slice(0, 1) ?? [];
      for (const name of Object.keys(rules) as (keyof typeof rules)[]) rules[name] = null;
      confirmation!.why = "A reason that takes its time to say what it has to say. ".repeat(9);
      confirmation!.warnings = record.warnings = Array.from({ length: 30 }, () => confirmation!.why);
      Object.assign(confirmation!, {
        steps: 0,
        retakes: [],
        best: null,
        kernel_drift: null,
        verdict: "drifted",
      });
    }, confirmedRecord),
  ],
  ["hostile words", hostileRecord()],
];
