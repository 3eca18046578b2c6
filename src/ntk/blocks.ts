/**
 * Cuts a batch into blocks of examples that are run forward and backward together, and blocks into the groups whose pairs are
 * the tiles of the kernel. Examples are sorted by length, so that a block holds texts of like length and cost; `examples` leads
 * back. Everything here depends on shapes alone, never on the number of workers. Letters: n examples, T positions, C outputs.
 */
import type { Batch } from "../text/batch.ts";
import { pickTexts } from "../text/pick.ts";

/** C·(positions) of a block: large enough for efficient products, small enough that one stage's activations stay small. */
export const BLOCK_ROWS = 4096;
/** Kernel rows of a tile's side: bounds what one contraction holds (512² float64 are 2 MiB). */
export const GROUP_ROWS = 512;
/** Kernel rows from which a batch is cut into two groups. */
const WORTH_TWO = 128;
/** Numbers of one side's gradients of one layer: 256 MiB as float32. */
const GROUP_SIZE = 1 << 26;

export interface Block {
  /** 0: first batch, 1: second. */
  side: 0 | 1;
  examples: Int32Array; // (n_b): place in the batch
  batch: Batch; // (n_b × T_b), trimmed to its longest text
  positions: number; // Σ real positions
}

/**
 * Examples sorted by length, cut so that C·positions stays within `limit` (a longer single text is a block of its own).
 * `lengths` (n): real positions; padding is on the right.
 */
export function cutBlocks(
  batch: Batch,
  lengths: Int32Array,
  { outputs, side, limit = BLOCK_ROWS }: { outputs: number; side: 0 | 1; limit?: number },
): Block[] {
  const order = Array.from(lengths.keys()).sort((a, b) => lengths[a] - lengths[b] || a - b);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  // Equal shares instead of full blocks and a small rest.
  const share = (outputs * total) / Math.max(1, Math.ceil((outputs * total) / limit));
  const blocks: Block[] = [];
  let members: number[] = [];
  let positions = 0;
  const close = () => {
    if (members.length > 0) {
      blocks.push({ side, examples: Int32Array.from(members), batch: pickTexts(batch, members), positions });
    }
    members = [];
    positions = 0;
  };
  for (const example of order) {
    if (members.length > 0 && outputs * (positions + lengths[example]) > Math.max(share, outputs)) close();
    members.push(example);
    positions += lengths[example];
  }
  close();
  return blocks;
}

/**
 * Consecutive blocks of one batch, joined until they hold about GROUP_ROWS kernel rows, or C·positions·`width` reaches
 * GROUP_SIZE (the widest gradient block a worker has to hold): indices into `blocks`.
 */
export function groupBlocks(blocks: readonly Block[], outputs: number, width: number): number[][] {
  const load = blocks.map((block) =>
    Math.max(
      (block.examples.length * outputs) / GROUP_ROWS,
      (block.positions * outputs * width) / GROUP_SIZE,
    ),
  );
  const total = load.reduce((sum, share) => sum + share, 0);
  // At least two groups where each is worth it: tiles are what workers share.
  const share = total / Math.max(total * GROUP_ROWS > WORTH_TWO ? 2 : 1, Math.ceil(total));
  const groups: number[][] = [];
  let filled = 0;
  load.forEach((more, index) => {
    if (groups.length === 0 || filled + more / 2 > share) {
      groups.push([]);
      filled = 0;
    }
    groups[groups.length - 1].push(index);
    filled += more;
  });
  return groups;
}
