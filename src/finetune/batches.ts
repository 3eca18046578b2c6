/**
 * Which texts a step descends on. Minibatches: every epoch is a fresh shuffle, cut into batches of b; the last one of an epoch may be
 * smaller. The order is a function of (seed, epoch), so that a resumed run needs no generator state.
 */
import { CallError, complaint } from "../errors.ts";
import { randomStream } from "../random.ts";

export interface BatchOrder {
  readonly stepsPerEpoch: number;
  /** Places in the training set, for step t = 0, 1, … */
  rows(t: number): readonly number[];
}

export function batchOrder(n: number, batchSize: number | undefined, seed: number): BatchOrder {
  const size = batchSize ?? n;
  if (!Number.isInteger(size) || size < 1) {
    throw new CallError(complaint("batch size", "a whole number, 1 or more", `${batchSize}`));
  }
  const all = Array.from({ length: n }, (_, i) => i);
  if (size >= n) return { stepsPerEpoch: 1, rows: () => all };
  const stepsPerEpoch = Math.ceil(n / size);
  let known: { epoch: number; order: number[] } | undefined;
  return {
    stepsPerEpoch,
    rows(t) {
      const epoch = Math.floor(t / stepsPerEpoch);
      if (known?.epoch !== epoch) {
        // The golden ratio's fraction of 2³² spreads neighbouring epochs and seeds over the generator's starts.
        known = { epoch, order: randomStream((seed + Math.imul(epoch + 1, 0x9e3779b9)) | 0).shuffle(all) };
      }
      const first = (t % stepsPerEpoch) * size;
      return known.order.slice(first, first + size);
    },
  };
}
