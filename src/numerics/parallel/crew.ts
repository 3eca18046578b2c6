/**
 * Workers that compute the tiles of jobs. Tiles are dealt in order, one to each worker and one more to wait behind it, so that a
 * worker does not idle while its answer travels. Workers start when there is work for them.
 *
 * A worker that dies fails the jobs whose tiles it had; the next tile for its place starts another. An error that a tile throws fails
 * its job alone. A job ends, well or not, when none of its tiles is under way any more: nothing writes to its arrays after that.
 */
import { CallError } from "../../errors.ts";
import { type Line, openLine, spawnWorker } from "../../runtime/index.ts";
import type { Block, Numbers } from "./blocks.ts";
import type { Tile } from "./plan.ts";
import type { Task } from "./station.ts";

/** What a worker is asked: the first time with the kernels, then with tiles. */
export interface Request {
  module?: WebAssembly.Module;
  task?: Task;
}

export interface Job {
  tiles: readonly Tile[];
  /** The task of a tile; without its b where the worker holds it already. */
  pack(tile: Tile, withB: boolean): { task: Task; transfer: Transferable[] };
  /** Called once a tile, in any order. */
  take(tile: Tile, result: Numbers | null): void;
}

export interface Crew {
  /** Rejects with the signal's reason when aborted. */
  run(job: Job, signal?: AbortSignal): Promise<void>;
  /** Throws a CallError after `dispose`. */
  checkAlive(): void;
  /** Ends all workers; what is under way rejects. */
  dispose(): Promise<void>;
}

interface Place {
  line?: Line;
  underWay: number;
  held?: Block;
}

interface Running {
  job: Job;
  next: number;
  underWay: number;
  failure?: { reason: unknown };
  settle(): void;
}

/** Tiles a worker has at once. */
const DEPTH = 2;

/** `kernels` is asked for their module each time a worker starts. */
export function createCrew(workers: number, url: URL, kernels: () => WebAssembly.Module): Crew {
  const places = Array.from({ length: workers }, (): Place => ({ underWay: 0 }));
  const queue: Running[] = [];
  let disposed = false;

  function hire(place: Place): Line {
    const name = `worker ${places.indexOf(place) + 1} of ${workers}`;
    const dismiss = (reason: unknown) => {
      if (place.line === line) {
        place.line = undefined;
        place.held = undefined;
      }
      line.fail(reason);
      void line.terminate();
    };
    const line = openLine(spawnWorker(url), (why) => dismiss(new Error(`${name} died: ${why}`)));
    place.line = line;
    line.ask({ module: kernels() } satisfies Request).catch(dismiss);
    return line;
  }

  async function compute(place: Place, running: Running): Promise<void> {
    const { job } = running;
    const tile = job.tiles[running.next++];
    if (running.next === job.tiles.length) queue.splice(queue.indexOf(running), 1);
    place.underWay++;
    running.underWay++;
    try {
      const line = place.line ?? hire(place);
      const { task, transfer } = job.pack(tile, place.held !== tile.b);
      place.held = tile.b;
      const result = (await line.ask({ task } satisfies Request, transfer)) as Numbers | null;
      if (!running.failure) job.take(tile, result);
    } catch (error) {
      place.held = undefined; // whatever the worker holds now
      fail(running, error);
    }
    place.underWay--;
    running.underWay--;
    if (running.underWay === 0 && running.next === job.tiles.length) running.settle();
    deal();
  }

  function fail(running: Running, reason: unknown): void {
    running.failure ??= { reason };
    running.next = running.job.tiles.length;
    if (queue.includes(running)) queue.splice(queue.indexOf(running), 1);
    if (running.underWay === 0) running.settle();
  }

  function deal(): void {
    for (let depth = 1; depth <= DEPTH; depth++) {
      for (const place of places) {
        while (place.underWay < depth && queue.length > 0) void compute(place, queue[0]);
      }
    }
  }

  function checkAlive(): void {
    if (disposed) throw gone();
  }

  return {
    checkAlive,
    run(job, signal) {
      return new Promise((resolve, reject) => {
        checkAlive();
        const running: Running = {
          job,
          next: 0,
          underWay: 0,
          settle() {
            signal?.removeEventListener("abort", onAbort);
            if (running.failure) reject(running.failure.reason);
            else resolve();
          },
        };
        const onAbort = () => fail(running, signal?.reason);
        signal?.addEventListener("abort", onAbort);
        queue.push(running);
        deal();
      });
    },
    async dispose() {
      disposed = true;
      for (const running of [...queue]) fail(running, gone());
      await Promise.all(
        places.map(({ line }) => {
          line?.fail(gone());
          return line?.terminate();
        }),
      );
    },
  };
}

const gone = () =>
  new CallError("pool: expected a living pool, got one that was disposed of; try createPool()");
