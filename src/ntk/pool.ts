/** Stations on threads of their own: one worker each, which answers requests in order. */
import { shareRecipe } from "../model/shareRecipe.ts";
import type { TangentRecipe } from "../model/types.ts";
import { builtModule, type Line, startLines } from "../runtime/index.ts";
import type { Request } from "./protocol.ts";
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
export async function startPool({ recipe, backend, url, ...rest }: PoolOptions): Promise<Pool> {
  const first: Request = { kind: "build", recipe: shareRecipe(recipe), backend };
  const { lines, end } = await startLines({ url: url ?? builtModule("worker.js"), first, ...rest });
  return { stations: lines.map(stationOf), end };
}

function stationOf(line: Line): Station {
  const ask = (request: Request) => line.ask(request);
  return {
    open: (block, batch, wanted, combinations) =>
      ask({ kind: "open", block, batch, wanted, combinations }) as ReturnType<Station["open"]>,
    advance: (block) => ask({ kind: "advance", block }) as ReturnType<Station["advance"]>,
    sketch: (block, spec) => ask({ kind: "sketch", block, spec }) as ReturnType<Station["sketch"]>,
    contract: (task) => ask({ kind: "contract", task }) as ReturnType<Station["contract"]>,
    largest: (tap, copies) => ask({ kind: "largest", tap, copies }) as ReturnType<Station["largest"]>,
    pull: (task) => ask({ kind: "pull", task }) as ReturnType<Station["pull"]>,
    push: (task) => ask({ kind: "push", task }) as ReturnType<Station["push"]>,
  };
}
