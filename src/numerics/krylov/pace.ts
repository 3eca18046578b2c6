/** What every long loop here does after an application: let others run, stop when told to, say how far it is. */
import type { LongOptions } from "../../progress.ts";
import { breather } from "./breathe.ts";

/** A function to await with the units done so far. */
export function pace(
  { signal, onProgress }: LongOptions,
  stage: string,
  total: number,
): (done: number) => Promise<void> {
  signal?.throwIfAborted();
  const breathe = breather();
  return async (done) => {
    await breathe();
    onProgress?.({ stage, done, total });
    signal?.throwIfAborted();
  };
}
