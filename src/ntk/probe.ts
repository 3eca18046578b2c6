/**
 * How long a kernel will take, from a tile that is measured: operations a second of running texts and of contracting, over some of
 * the texts; then from every job that is done. Estimated operations over measured speed: their systematic error cancels.
 */
import type { TangentModel } from "../model/types.ts";
import type { Batch } from "../text/batch.ts";
import { pickTexts } from "../text/pick.ts";
import { assemble, type Crew } from "./assemble.ts";
import { estimateSizes, sizesOf } from "./estimate.ts";
import type { NtkOptions } from "./options.ts";

export interface Work {
  passes: number;
  contraction: number;
}

export interface Speed {
  /** Seconds at the speed seen so far; undefined before anything was seen. */
  seconds(work: Work): number | undefined;
  /** What was done, in operations, and how long it took. */
  see(work: Work, seconds: Work): void;
}

export function startSpeed(): Speed {
  const done: Work = { passes: 0, contraction: 0 };
  const took: Work = { passes: 0, contraction: 0 };
  return {
    seconds({ passes, contraction }) {
      if (!(done.passes > 0 && done.contraction > 0)) return undefined;
      return (passes * took.passes) / done.passes + (contraction * took.contraction) / done.contraction;
    },
    see(work, seconds) {
      for (const part of ["passes", "contraction"] as const) {
        done[part] += work[part];
        took[part] += seconds[part];
      }
    },
  };
}

/** The probe may take this share of the operations of the whole, and has at most so many texts. */
const SHARE = 0.04;
const MOST_TEXTS = 128;
/** Texts of a first tile that warms the threads up and is not counted. */
const WARM_UP = 8;

interface Sample {
  batch: Batch;
  offsets: Int32Array; // (n + 1), its packed rows
  most: number; // texts, as fit in memory
  allowed: number; // operations of the whole
}

/** Operations and seconds of a tile of texts that lie evenly in `batch`. */
export async function probe(
  tangent: TangentModel,
  { batch, offsets, most, allowed }: Sample,
  options: NtkOptions,
  crew: Crew,
): Promise<[Work, Work]> {
  const n = offsets.length - 1;
  const { kernel, outputs, deadZone, parameters } = options;
  const asked = { kernel, outputs, deadZone, parameters };
  const take = (count: number) => {
    const members = Array.from({ length: count }, (_, k) => Math.floor((k * n) / count));
    const some = pickTexts(batch, members);
    const { flops, contraction } = estimateSizes(tangent, sizesOf(tangent.offsets(some)), null, asked);
    const contracting = Object.values(contraction).reduce((sum, cost) => sum + cost, 0);
    return { some, work: { passes: flops - contracting, contraction: contracting } };
  };
  const run = async (columns: Batch) => {
    const request = { columns, rows: null, square: true, signedSide: "rows" } as const;
    const quiet = { ...options, memory: undefined, onProgress: undefined };
    return (await assemble(tangent, request, quiet, crew)).seconds;
  };
  let count = Math.min(n, most, MOST_TEXTS);
  let sample = take(count);
  while (count > WARM_UP && sample.work.passes + sample.work.contraction > SHARE * allowed) {
    count = Math.max(WARM_UP, Math.floor(0.7 * count));
    sample = take(count);
  }
  await run(take(Math.min(count, WARM_UP)).some);
  return [sample.work, await run(sample.some)];
}
