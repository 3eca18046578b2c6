/** Labels of training and held-out text side by side, and as numbers. */
import { CallError, complaint, DataError } from "../errors.ts";
import { countBy, type Dataset } from "./dataset.ts";

/**
 * Warnings for classes the held-out text lacks (its error then says nothing of them).
 * DataError for labels the training text lacks: no output stands for them.
 */
export function matchClasses(train: Dataset, test: Dataset): string[] {
  const trained = new Set(train.labels);
  const counts = countBy(test.labels);
  const strange = [...counts].filter(([label]) => !trained.has(label));
  if (strange.length > 0) {
    const first = test.lines[test.labels.findIndex((label) => !trained.has(label))];
    const got = strange.map(([label, count]) => `${label} (${count} ${count === 1 ? "row" : "rows"})`);
    throw new DataError(
      complaint(
        test.name,
        `labels that ${train.name} has (${train.classes.join(", ")})`,
        `${got.join(", ")}, first at ${test.unit} ${first}`,
        "removing these rows, or training on rows with such labels",
      ),
    );
  }
  const missing = train.classes.filter((label) => trained.has(label) && !counts.has(label));
  return missing.length === 0
    ? []
    : [`${test.name} has no rows of ${missing.join(", ")}: the test error says nothing of them`];
}

/** Targets Y (n × C), row-major: 1 at the class of each label, else 0. CallError for a label that is no class. */
export function oneHot(labels: readonly string[], classes: readonly string[]): Float64Array {
  const index = new Map(classes.map((name, c) => [name, c]));
  const targets = new Float64Array(labels.length * classes.length);
  labels.forEach((label, i) => {
    const c = index.get(label);
    if (c === undefined) {
      throw new CallError(complaint("oneHot", `labels among ${classes.join(", ")}`, label));
    }
    targets[i * classes.length + c] = 1;
  });
  return targets;
}
