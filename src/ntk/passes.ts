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
  /** Cotangents or tangents that stand beside each other in a pass. */
  stack?: number;
  /** Blocks are cut as if so many threads ran one each, whether they do or not: so that their number does not move the cut. */
  roomFor?: number;
}

const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
type Cut = Pick<Variant, "outputs" | "copies">;

/** How many of the longest text each thread may run at once, and what one takes. @throws CallError for a budget that is none */
export function roomForTexts(
  tangent: TangentModel,
  offsets: Int32Array,
  { outputs }: Pick<Cut, "outputs">,
  { memory, held, parameters, workers = 1, stack = 1 }: Omit<Passes, "where">,
): { texts: number; need: string } {
  const { longest } = sizesOf(offsets);
  const one = { n: 1, positions: longest, longest };
  const { parts } = estimateSizes(tangent, one, null, { outputs, parameters, workers });
  const text = stack * (parts.activations + parts.taps + parts.workspace / workers);
  const free = memoryBudget(memory) - held - parts.weights;
  return {
    texts: Math.floor(free / (text * workers)),
    need: `about ${mib(held + parts.weights + text * workers)} for one text (weights ${mib(parts.weights)}, vectors ${mib(held)})`,
  };
}

/**
 * Blocks of texts of like length. Throws a CallError where not even the longest text fits the budget, or it is none.
 */
export function cutPasses(
  tangent: TangentModel,
  batch: Batch,
  { outputs, copies: K }: Cut,
  { where, roomFor = 1, ...passes }: Passes,
): Block[] {
  const offsets = tangent.offsets(batch);
  const lengths = offsets.slice(1).map((end, i) => end - offsets[i]);
  const { longest } = sizesOf(offsets);
  const { texts, need } = roomForTexts(tangent, offsets, { outputs }, passes);
  if (texts < 1) {
    const limit = mib(memoryBudget(passes.memory));
    throw new CallError(complaint(where, `at most ${limit}`, need, "more memory or shorter texts"));
  }
  const fit = Math.max(1, Math.floor(texts / roomFor)) * longest * K;
  return cutBlocks(batch, lengths, { outputs: K, side: 0, limit: Math.min(BLOCK_ROWS, fit) });
}
