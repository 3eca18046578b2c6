/** One stage of all blocks. */
import type { StageData } from "./taps.ts";

/** The stage all blocks are at, or null where all are done; anything else is a fault of the model. */
export function sameStage(stages: readonly (StageData | null)[]): StageData[] | null {
  const present = stages.filter((stage) => stage !== null);
  if (present.length === 0) return null;
  const layout = (stage: StageData) => [stage.name, ...stage.taps.map((tap) => tap.parameter.name)].join(" ");
  const [first] = present;
  if (present.length < stages.length || present.some((stage) => layout(stage) !== layout(first))) {
    throw new Error(
      `kernel: blocks of one batch went through different stages (${present.map(layout).join(" / ")})`,
    );
  }
  return present;
}
