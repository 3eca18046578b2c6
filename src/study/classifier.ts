/**
 * Which output of the classifier stored in a checkpoint stands for which label of the data: config.json's id2label (or label2id
 * turned round) names the outputs. Labels are matched by name; else, where they are whole numbers, by number; else, where there
 * are as many labels as outputs and none is named alike, by order, which is said aloud.
 */
import { complaint, DataError } from "../errors.ts";

export interface ClassifierLabels {
  /** The label each output stands for, in the order of the outputs (C): the data's where it has one, else the checkpoint's name. */
  classes: string[];
  /** What config.json calls the outputs (C); "0", "1", … where it gives no names. */
  names: string[];
  matched: "name" | "number" | "order";
  warnings: string[];
}

/** Throws DataError, with both lists, where the labels do not fit the outputs. */
export function matchClassifier(
  config: Record<string, unknown>,
  outputs: number,
  labels: readonly string[],
): ClassifierLabels {
  const named = outputNames(config, outputs);
  const names = named ?? Array.from({ length: outputs }, (_, c) => `${c}`);
  const misfit = (why: string) =>
    new DataError(
      complaint(
        "--readout checkpoint",
        `labels of the ${outputs} outputs of the stored classifier (${names.join(", ")})`,
        `${labels.length} (${labels.join(", ")}): ${why}`,
        "labels that are called as in config.json's id2label, or --readout head",
      ),
    );
  if (outputs < 2) throw misfit("one output is a regression, not a classifier");

  /** With the data's labels where `place` says, and the checkpoint's names in the gaps. */
  const placed = (place: (label: string) => number, matched: ClassifierLabels["matched"]) => {
    const classes = [...names];
    for (const label of labels) classes[place(label)] = label;
    const unseen = names.filter((_, c) => !labels.some((label) => place(label) === c));
    const warnings = [];
    if (unseen.length > 0) {
      warnings.push(
        `No text is labelled ${unseen.join(", ")}, which the checkpoint's classifier knows as well.`,
      );
    }
    if (matched === "order") {
      const pairs = labels.map((label) => `${label} → ${names[place(label)]}`).join(", ");
      warnings.push(
        `Labels of other names than the checkpoint's were matched to its classifier by their order: ${pairs}. If that is wrong, rename the labels as in config.json's id2label.`,
      );
    }
    return { classes, names, matched, warnings };
  };

  const byName = new Map(names.map((name, c) => [plain(name), c]));
  const place = (label: string) => (named ? (byName.get(plain(label)) ?? -1) : -1);
  const known = labels.filter((label) => place(label) >= 0);
  const distinct = new Set(known.map(place)).size === known.length && byName.size === outputs;
  if (known.length === labels.length && distinct) return placed(place, "name");

  const isNumber = (label: string) => /^\d+$/.test(label) && `${Number(label)}` === label;
  if (labels.every((label) => isNumber(label) && Number(label) < outputs)) return placed(Number, "number");

  if (known.length > 0) {
    const strange = labels.filter((label) => place(label) < 0);
    throw misfit(
      strange.length > 0
        ? `the checkpoint does not know ${strange.join(", ")}`
        : "two labels have the same name but for their case",
    );
  }
  if (labels.length !== outputs) throw misfit("neither their names nor their number fit");
  return placed((label) => labels.indexOf(label), "order");
}

/** Case and surrounding space make no other label. */
const plain = (name: string) => name.trim().toLowerCase();

/** Names of the outputs, null where config.json gives none. Throws DataError where it names other outputs than there are. */
function outputNames(config: Record<string, unknown>, outputs: number): string[] | null {
  const read = [
    ["id2label", mapOf(config["id2label"])],
    ["label2id", inverse(mapOf(config["label2id"]))],
  ] as const;
  const [key, map] = read.find(([, candidate]) => candidate && Object.keys(candidate).length > 0) ?? [];
  if (!key || !map) return null;
  const names = Array.from({ length: outputs }, (_, c) => map[c]);
  const fits = Object.keys(map).length === outputs && names.every((name) => typeof name === "string");
  if (fits) return names as string[];
  throw new DataError(
    complaint(
      `config.json, ${key}`,
      `a name for each of the ${outputs} outputs of the stored classifier`,
      JSON.stringify(config[key]),
    ),
  );
}

const mapOf = (value: unknown): Record<string, unknown> | null =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;

const inverse = (map: Record<string, unknown> | null): Record<string, unknown> | null =>
  map && Object.fromEntries(Object.entries(map).map(([name, id]) => [`${id}`, name]));
