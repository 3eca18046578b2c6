/**
 * τ·m of every example and copy: m its largest |g| over all tensors of the model, whichever of them the kernel is of, so that the
 * sign kernels of a split of the parameters add up to the whole. One descent; cost as that of forming every gradient once.
 */
import { complaint, DataError } from "../errors.ts";
import type { TangentModel } from "../model/types.ts";
import type { Block } from "./blocks.ts";
import { largestCost } from "./contract/cost.ts";
import { deal, eachOf } from "./deal.ts";
import { createMeter } from "./meter.ts";
import type { NtkOptions } from "./options.ts";
import { sameStage } from "./stages.ts";
import type { Station } from "./station.ts";
import type { StageData, TapData } from "./taps.ts";
import type { Variant } from "./variant.ts";

interface Search {
  tangent: TangentModel;
  blocks: readonly Block[];
  crew: readonly Station[];
  owners: readonly number[][];
  variant: Pick<Variant, "copies" | "combinations" | "deadZone">;
  /** Operations it is estimated to take. */
  largest: number;
}

/** By block, (n_b·K), row = example·K + copy. Throws a DataError that names the first text whose gradient is not finite. */
export async function findThresholds(
  { tangent, blocks, crew, owners, variant, largest }: Search,
  { signal, onProgress }: NtkOptions,
): Promise<Float64Array[]> {
  const { copies: K, combinations, deadZone } = variant;
  const found = blocks.map(({ examples }) => new Float64Array(examples.length * K));
  const names = tangent.parameters.map(({ name }) => name);
  const meter = createMeter("largest gradients", { all: largest }, onProgress);
  await eachOf(crew, owners, signal, async (station, block) => {
    await station.open(block, blocks[block].batch, names, combinations);
  });
  for (;;) {
    const stages: (StageData | null)[] = blocks.map(() => null);
    await eachOf(crew, owners, signal, async (station, block) => {
      stages[block] = await station.advance(block);
    });
    const stage = sameStage(stages);
    if (!stage) break;
    const tasks = stage.flatMap(({ taps }, block) => taps.map(({ data }) => ({ block, data })));
    const perform = (station: Station, { data }: { data: TapData }) => station.largest(data, K);
    await deal(crew, tasks, signal, perform, (sizes, { block, data }) => {
      const into = found[block];
      for (let row = 0; row < sizes.length; row++) into[row] = Math.max(into[row], sizes[row]);
      meter.advance("all", largest > 0 ? largestCost(data, K) / largest : 0);
    });
  }
  meter.finish();
  signal?.throwIfAborted();
  checkFinite(found, blocks, K);
  return found.map((sizes) => sizes.map((m) => deadZone * m));
}

function checkFinite(found: readonly Float64Array[], blocks: readonly Block[], K: number): void {
  found.forEach((sizes, block) => {
    const at = sizes.findIndex((m) => !Number.isFinite(m));
    if (at < 0) return;
    const text = blocks[block].examples[Math.floor(at / K)];
    throw new DataError(
      complaint("kernel", "finite gradients", `others of text ${text}`, "the reference backend, in float64"),
    );
  });
}
