/**
 * Learning rate of step t = 0, 1, … as a share of the base rate, as in Hugging Face transformers:
 *
 *   warmup   t/W for t < W
 *   constant 1        linear (T − t)/(T − W)        cosine ½(1 + cos(π (t − W)/(T − W)))
 *
 * T steps in all, W of them warmup.
 */
import { CallError, complaint } from "../errors.ts";

export interface Schedule {
  kind: "constant" | "linear" | "cosine";
  warmup?: number; // W, 0
}

const decays: Record<Schedule["kind"], (progress: number) => number> = {
  constant: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
};

/** @throws CallError for an unknown kind or a warmup that is no whole number below `steps`. */
export function scheduleFactor({ kind, warmup = 0 }: Schedule, steps: number): (t: number) => number {
  if (!Object.hasOwn(decays, kind)) {
    throw new CallError(complaint("schedule", Object.keys(decays).join(", "), JSON.stringify(kind)));
  }
  if (!Number.isInteger(warmup) || warmup < 0 || (warmup > 0 && warmup >= steps)) {
    throw new CallError(complaint("schedule, warmup", `a whole number below ${steps} steps`, `${warmup}`));
  }
  const decay = decays[kind];
  return (t) => (t < warmup ? t / warmup : decay(Math.min(1, (t - warmup) / Math.max(1, steps - warmup))));
}
