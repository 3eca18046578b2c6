/** Part of the labelled text held out, the same share of every class. */
import { CallError, DataError } from "../errors.ts";
import { randomStream } from "../random.ts";
import { countBy, type Dataset, subset } from "./dataset.ts";

/**
 * round(testFraction · n_c) rows of each class c, drawn with `seed`; every class keeps a row for training, and one of at least
 * two rows gives one to the test. Both parts stay in the order of the file. CallError unless 0 < testFraction < 1;
 * DataError where nothing is left to test on.
 */
export function split(
  dataset: Dataset,
  { testFraction, seed = 0 }: { testFraction: number; seed?: number },
): { train: Dataset; test: Dataset } {
  if (!(testFraction > 0 && testFraction < 1)) {
    throw new CallError(`split: expected testFraction between 0 and 1, got ${testFraction}`);
  }
  const counts = countBy(dataset.labels);
  const left = new Map<string, number>();
  for (const [label, count] of counts) {
    left.set(label, Math.min(count - 1, Math.max(1, Math.round(testFraction * count))));
  }
  const held = new Set<number>();
  for (const i of randomStream(seed).shuffle(dataset.labels.map((_, i) => i))) {
    const wanted = left.get(dataset.labels[i]) ?? 0;
    if (wanted === 0) continue;
    left.set(dataset.labels[i], wanted - 1);
    held.add(i);
  }
  if (held.size === 0) {
    throw new DataError(`${dataset.name}: expected a class with at least two rows to hold one out, got none`);
  }
  const all = dataset.labels.map((_, i) => i);
  return {
    train: subset(
      dataset,
      all.filter((i) => !held.has(i)),
    ),
    test: subset(
      dataset,
      all.filter((i) => held.has(i)),
    ),
  };
}
