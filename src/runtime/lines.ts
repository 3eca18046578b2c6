/** Several workers of one module that live and die together: each is asked the same first thing, and the end of one is the end of all. */
import { type Line, openLine } from "./requests.ts";
import { spawnWorker } from "./worker.ts";

export interface Lines {
  lines: Line[];
  /** Ends all workers; what they still owe rejects with `reason`. */
  end(reason: unknown): Promise<void>;
}

/** Starts the workers and waits until each has answered `first`. Aborting, or the death of one worker, ends all. */
export async function startLines({
  url,
  workers,
  first,
  signal,
}: {
  url: URL;
  workers: number;
  first: unknown;
  signal?: AbortSignal;
}): Promise<Lines> {
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
    await Promise.all(lines.map((line) => line.ask(first)));
  } catch (error) {
    await end(error);
    throw error;
  }
  return { lines, end };
}
