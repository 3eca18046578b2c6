/** Progress of a kernel in operations: what the estimate planned for a parameter is done when its taps are contracted. */
import type { Progress } from "../progress.ts";

/** Between two reports, in ms. */
const PERIOD = 100;

export interface Meter {
  /** A part of a parameter's contraction is done. */
  advance(parameter: string, share: number): void;
  /** Parameters that gave no tap (a gradient that vanishes identically) are done as well. */
  finish(): void;
}

export function createMeter(
  stage: string,
  planned: Record<string, number>,
  onProgress: ((progress: Progress) => void) | undefined,
): Meter {
  const total = Object.values(planned).reduce((sum, cost) => sum + cost, 0);
  const start = performance.now();
  let done = 0;
  let last = 0;
  const report = () => {
    last = performance.now();
    const rate = done / Math.max(1e-3, (last - start) / 1000);
    onProgress?.({ stage, done, total, ...(rate > 0 && { rate, remaining: (total - done) / rate }) });
  };
  report();
  return {
    advance(parameter, share) {
      done = Math.min(total, done + planned[parameter] * share);
      if (performance.now() - last > PERIOD) report();
    },
    finish() {
      done = total;
      report();
    },
  };
}
