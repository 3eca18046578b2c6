/**
 * The usual way to stop, for comparison: a quarter of the labelled texts is held back, the rest is trained on, and the run ends when
 * the loss of the held-back texts has not improved for so many steps; the answer is the best step, and θ there.
 */
import { CallError, complaint } from "../errors.ts";
import {
  type LabelledSet,
  type Trainable,
  type TrainOptions,
  type TrainPoint,
  train,
} from "../finetune/index.ts";
import type { LongOptions } from "../progress.ts";
import { randomStream } from "../random.ts";
import { pickTexts } from "../text/index.ts";
import type { LabelledBatch } from "./inputs.ts";

const VALIDATION_SHARE = 0.25;

/** The training texts in two, classes in proportion, seeded. Throws CallError where a part would be empty. */
export function splitForValidation(
  { batch, targets }: LabelledSet,
  labels: Int32Array,
  seed: number,
  share = VALIDATION_SHARE,
): { train: LabelledSet; validation: LabelledSet; rows: number[] } {
  const n = batch.shape[0];
  const C = targets.length / n;
  const random = randomStream(seed);
  const held: number[] = [];
  const rest: number[] = [];
  for (const label of new Set([...labels].sort((a, b) => a - b))) {
    const members = random.shuffle(Array.from({ length: n }, (_, i) => i).filter((i) => labels[i] === label));
    const count = Math.round(members.length * share);
    held.push(...members.slice(0, count));
    rest.push(...members.slice(count));
  }
  if (held.length === 0 || rest.length === 0) {
    throw new CallError(
      complaint(
        "patience",
        "at least two texts of a class to hold some back",
        `${n} texts`,
        "more labels or another --stop",
      ),
    );
  }
  const part = (rows: number[]): LabelledSet => ({
    batch: pickTexts(batch, rows),
    targets: Float64Array.from(rows.flatMap((row) => [...targets.subarray(row * C, (row + 1) * C)])),
  });
  const ascending = (rows: number[]) => rows.sort((a, b) => a - b);
  return { train: part(ascending(rest)), validation: part(ascending(held)), rows: rest };
}

export interface Patience {
  /** A measurement of the validation loss; true where it is time to stop. */
  see(point: Pick<TrainPoint, "step" | "testLoss">): boolean;
  best(): { step: number; loss: number };
}

/** `patience`: steps without improvement. */
export function watchPatience(patience: number): Patience {
  let best = { step: 0, loss: Number.POSITIVE_INFINITY };
  return {
    see({ step, testLoss }) {
      if (testLoss !== null && testLoss < best.loss) best = { step, loss: testLoss };
      return step - best.step >= patience;
    },
    best: () => best,
  };
}

/**
 * Trains on three quarters of the set and leaves the trainable at the θ of the best validation loss.
 * Held: one copy of θ beside what training holds.
 */
export async function patienceRun(
  trainable: Trainable,
  {
    set,
    run,
    steps,
    patience,
    seed,
  }: {
    set: LabelledBatch;
    run: Omit<TrainOptions, "train" | "steps">;
    steps: number;
    patience: number;
    seed: number;
  },
  long: LongOptions = {},
): Promise<{ step: number; loss: number }> {
  const { train: rest, validation } = splitForValidation(set, set.labels, seed);
  const watch = watchPatience(patience);
  let kept = await trainable.values();
  let over = false;
  await train(trainable, {
    ...run,
    train: rest,
    test: validation,
    steps,
    async onPoint(point) {
      const before = watch.best().step;
      over = watch.see(point);
      if (watch.best().step !== before) kept = await trainable.values();
    },
    onStep: () => (over ? "stop" : undefined),
    ...long,
  });
  await trainable.assign(kept);
  return watch.best();
}
