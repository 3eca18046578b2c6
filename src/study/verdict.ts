/** Whether the kernel view held along a real run, and why, in words. Yardsticks: theory/validity.ts. */
import { type StopAnalysis, yardsticks } from "../theory/index.ts";
import type { Confirmation } from "./confirmation.ts";

/** Half of the way the outputs went: a convention, as in linearisationError. */
const ERROR = { drifted: 0.5, failed: 1 };

const percent = (share: number) => `${(100 * share).toPrecision(2)} %`;

export function verdictOf(
  {
    kernel_drift: drift,
    linearisation_error: error,
    retakes,
    regret,
    best,
    rules,
  }: Omit<Confirmation, "verdict" | "why">,
  { answer }: StopAnalysis,
  upTo: number,
): Pick<Confirmation, "verdict" | "why"> {
  const fast = retakes.find(
    ({ step, speed }) => step <= upTo && speed !== null && speed >= yardsticks.speed.value,
  );
  const failed = [
    ...(fast ? [`at step ${fast.step} α λ₁ was ${fast.speed?.toPrecision(3)}, past the limit of 2`] : []),
    ...(error >= ERROR.failed
      ? [`the real outputs were ${percent(error)} of their way from the predicted ones`]
      : []),
    ...(drift !== null && drift >= 1 ? [`the kernel changed by ${percent(drift)} of its size`] : []),
  ];
  const drifted = [
    ...(error >= ERROR.drifted
      ? [`the real outputs were ${percent(error)} of their way from the predicted ones`]
      : []),
    ...(drift !== null && drift > yardsticks.drift.value
      ? [`the kernel changed by ${percent(drift)} of its size`]
      : []),
  ];
  const stopped =
    regret === null || !best
      ? "no held-out texts to measure the answer on"
      : `stopping at step ${answer.step}${rules[answer.rule]?.beyond_run ? " (past the end of this run)" : ""} costs ${percent(regret)} of the best held-out loss (step ${best.step})`;
  if (failed.length > 0)
    return { verdict: "failed", why: `Up to step ${upTo} ${failed.join(" and ")}; ${stopped}.` };
  if (drifted.length > 0)
    return { verdict: "drifted", why: `Up to step ${upTo} ${drifted.join(" and ")}; ${stopped}.` };
  const moved = drift === null ? "" : `the kernel changed by ${percent(drift)} of its size and `;
  return {
    verdict: "held",
    why: `Up to step ${upTo} ${moved}the predicted outputs are off by ${percent(error)} of the way the real ones went; ${stopped}.`,
  };
}
