/** How many texts may run through the network together within a memory budget: what a matrix-free product and a sketch are cut by. */
import { CallError, complaint } from "../errors.ts";
import type { TangentModel } from "../model/types.ts";
import type { Batch } from "../text/batch.ts";
import { BLOCK_ROWS, type Block, cutBlocks } from "./blocks.ts";
import { memoryBudget } from "./budget.ts";
import { estimateSizes, sizesOf } from "./estimate.ts";
import type { ParameterChoice } from "./select.ts";
import type { Variant } from "./variant.ts";

export interface Passes {
  /** What is being cut, for messages: "ntkOperator". */
  where: string;
  /** Bytes in all; 70 % of the machine's where absent. */
  memory?: number;
  /** Bytes held beside a block's own: vectors of parameters, features. */
  held: number;
  parameters?: ParameterChoice;
  /** Threads that run a block each, with weights of their own. */
  workers?: number;
}

const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/**
 * Blocks of texts of like length. Throws a CallError where not even the longest text fits the budget, or it is none.
 */
export function cutPasses(
  tangent: TangentModel,
  batch: Batch,
  { outputs, copies: K }: Pick<Variant, "outputs" | "copies">,
  { where, memory: asked, held, parameters, workers = 1 }: Passes,
): Block[] {
  const offsets = tangent.offsets(batch);
  const lengths = offsets.slice(1).map((end, i) => end - offsets[i]);
  const memory = memoryBudget(asked);
  const { longest } = sizesOf(offsets);
  const one = { n: 1, positions: longest, longest };
  const { parts } = estimateSizes(tangent, one, null, { outputs, parameters, workers });
  const text = parts.activations + parts.taps + parts.workspace / workers;
  const fit = Math.floor((memory - held - parts.weights) / (text * workers));
  if (fit < 1) {
    const need = `about ${mib(held + parts.weights + text * workers)} for one text (weights ${mib(parts.weights)}, vectors ${mib(held)})`;
    throw new CallError(complaint(where, `at most ${mib(memory)}`, need, "more memory or shorter texts"));
  }
  return cutBlocks(batch, lengths, { outputs: K, side: 0, limit: Math.min(BLOCK_ROWS, fit * longest * K) });
}
