/** The plan of a kernel in words. */
import type { KernelPlan } from "../ntk/index.ts";
import { duration } from "./progress.ts";

export const sizeText = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** `there`: tiles that are in the store already. `seconds`: of what remains, where it was measured. */
export function planText(plan: KernelPlan, there = 0, seconds?: number): string {
  const { cut, jobs, tiles, passes, bytes, workers } = plan;
  const bands = cut.train.length - 1;
  const cutInto = bands > 1 ? `${bands} bands of texts, ` : "";
  const run =
    passes > 1.005 ? `every text run ${passes.toFixed(passes < 10 ? 1 : 0)} times` : "every text run once";
  const time = seconds === undefined ? "" : `; about ${duration(seconds)}`;
  return [
    `plan: ${cutInto}${count(tiles, "tile")} in ${count(jobs.length, "pass", "passes")}, ${run}, ${count(workers, "thread")}; at most ${sizeText(bytes)} held${time}`,
    ...(there > 0 ? [`${there} of ${count(tiles, "tile")} there already: going on`] : []),
  ].join("\n");
}

const count = (value: number, one: string, many = `${one}s`) => `${value} ${value === 1 ? one : many}`;
