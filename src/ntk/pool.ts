/** Stations on threads of their own: one worker each, which answers requests in order. */
import type { TangentRecipe } from "../model/types.ts";
import { builtModule, type Line, openLine, spawnWorker } from "../runtime/index.ts";
import type { Request } from "./protocol.ts";
import { shareRecipe } from "./share.ts";
import type { Station } from "./station.ts";

export interface Pool {
  stations: Station[];
  /** Ends all workers; what they still owe rejects with `reason`. */
  end(reason: unknown): Promise<void>;
}

export interface PoolOptions {
  recipe: TangentRecipe;
  backend: "wasm" | "reference";
  workers: number;
  signal?: AbortSignal;
  /** The module to start; the package's own worker where absent. */
  url?: URL;
}

/** Starts the workers and waits until each has built its model. Aborting, or the death of one worker, ends all. */
export async function startPool({
  recipe,
  backend,
  workers,
  signal,
  url = builtModule("worker.js"),
}: PoolOptions): Promise<Pool> {
  signal?.throwIfAborted();
  const lines: Line[] = [];
  const end = async (reason: unknown) => {
    signal?.removeEventListener("abort", onAbort);
    for (const line of lines) line.fail(reason);
    await Promise.all(lines.map((line) => line.terminate()));
  };
  const onAbort = () => void end(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  for (let index = 0; index < workers; index++) {
    const name = `worker ${index + 1} of ${workers}`;
    lines.push(openLine(spawnWorker(url), (why) => void end(new Error(`${name} died: ${why}`))));
  }
  try {
    const shared = shareRecipe(recipe);
    await Promise.all(lines.map((line) => asker(line)({ kind: "build", recipe: shared, backend })));
  } catch (error) {
    await end(error);
    throw error;
  }
  return { stations: lines.map(stationOf), end };
}

const asker = (line: Line) => (request: Request) => line.ask(request);

function stationOf(line: Line): Station {
  const ask = asker(line);
  return {
    open: (block, batch, wanted, combinations) =>
      ask({ kind: "open", block, batch, wanted, combinations }) as ReturnType<Station["open"]>,
    advance: (block) => ask({ kind: "advance", block }) as ReturnType<Station["advance"]>,
    sketch: (block, spec) => ask({ kind: "sketch", block, spec }) as ReturnType<Station["sketch"]>,
    contract: (task) => ask({ kind: "contract", task }) as ReturnType<Station["contract"]>,
    largest: (tap, copies) => ask({ kind: "largest", tap, copies }) as ReturnType<Station["largest"]>,
  };
}
