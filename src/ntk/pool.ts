/** Stations on threads of their own: one worker each, which answers requests in order. */
import type { TangentRecipe } from "../model/types.ts";
import { spawnWorker, type WorkerHandle } from "../runtime/index.ts";
import { type Reply, type Request, unpackError } from "./protocol.ts";
import { shareRecipe } from "./share.ts";
import type { Station } from "./station.ts";
import { workerUrl } from "./workerUrl.ts";

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
  url = workerUrl(),
}: PoolOptions): Promise<Pool> {
  signal?.throwIfAborted();
  const lines: Line[] = [];
  const end = async (reason: unknown) => {
    signal?.removeEventListener("abort", onAbort);
    for (const line of lines) line.fail(reason);
    await Promise.all(lines.map((line) => line.handle.terminate()));
  };
  const onAbort = () => void end(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  for (let index = 0; index < workers; index++) {
    const name = `worker ${index + 1} of ${workers}`;
    lines.push(openLine(spawnWorker(url), (why) => void end(new Error(`${name} died: ${why}`))));
  }
  try {
    const shared = shareRecipe(recipe);
    await Promise.all(lines.map((line) => line.ask({ kind: "build", recipe: shared, backend })));
  } catch (error) {
    await end(error);
    throw error;
  }
  return { stations: lines.map(stationOf), end };
}

interface Line {
  handle: WorkerHandle;
  ask(request: Request): Promise<unknown>;
  /** Rejects what is owed and everything asked later. */
  fail(reason: unknown): void;
}

function openLine(handle: WorkerHandle, onDeath: (why: string) => void): Line {
  const owed = new Map<number, { resolve: (result: unknown) => void; reject: (reason: unknown) => void }>();
  let next = 0;
  let failure: { reason: unknown } | undefined;
  handle.onMessage((message) => {
    const reply = message as Reply;
    const promise = owed.get(reply.id);
    owed.delete(reply.id);
    if ("error" in reply) promise?.reject(unpackError(reply.error));
    else promise?.resolve(reply.result);
  });
  handle.onError(onDeath);
  return {
    handle,
    ask(request) {
      if (failure) return Promise.reject(failure.reason);
      return new Promise((resolve, reject) => {
        const id = next++;
        owed.set(id, { resolve, reject });
        handle.post({ id, request });
      });
    },
    fail(reason) {
      failure ??= { reason };
      for (const { reject } of owed.values()) reject(failure.reason);
      owed.clear();
    },
  };
}

const stationOf = ({ ask }: Line): Station => ({
  open: (block, batch, wanted) => ask({ kind: "open", block, batch, wanted }) as ReturnType<Station["open"]>,
  advance: (block) => ask({ kind: "advance", block }) as ReturnType<Station["advance"]>,
  contract: (task) => ask({ kind: "contract", task }) as ReturnType<Station["contract"]>,
});
