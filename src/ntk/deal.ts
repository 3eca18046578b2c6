/** How work is handed to stations: blocks to their owners, tasks to whoever is free. */
import type { Station } from "./station.ts";

/** How long the caller's thread may work before timers and an abort get their turn, in ms. */
const BREATH = 40;

let lastBreath = 0;

/** Lets the event loop turn from time to time, then looks at the signal. */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  if (performance.now() - lastBreath > BREATH) {
    await new Promise((resolve) => setTimeout(resolve));
    lastBreath = performance.now();
  }
  signal?.throwIfAborted();
}

/** Runs `body` for every block of every owner; the blocks of one owner one after the other. */
export async function eachOf(
  stations: readonly Station[],
  owners: readonly number[][],
  signal: AbortSignal | undefined,
  body: (station: Station, block: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    owners.map(async (blocks, owner) => {
      for (const block of blocks) {
        await breathe(signal);
        await body(stations[owner], block);
      }
    }),
  );
}

/** Deals tasks in order to free stations, which `perform` them; `take` gets the results in the order of the list. */
export async function deal<T, R extends object>(
  stations: readonly Station[],
  tasks: readonly T[],
  signal: AbortSignal | undefined,
  perform: (station: Station, task: T) => Promise<R>,
  take: (result: R, task: T) => void,
): Promise<void> {
  let next = 0;
  let taken = 0;
  const early = new Map<number, R>();
  const work = async (station: Station) => {
    while (next < tasks.length) {
      await breathe(signal);
      const index = next++;
      if (index >= tasks.length) return;
      early.set(index, await perform(station, tasks[index]));
      for (let result = early.get(taken); result; result = early.get(taken)) {
        early.delete(taken);
        take(result, tasks[taken++]);
      }
    }
  };
  await Promise.all(stations.map(work));
}
