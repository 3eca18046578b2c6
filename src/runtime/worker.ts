/**
 * Threads: node:worker_threads (Node, Bun, Deno) or the Worker of a browser, behind one handle.
 * Node has no global Worker, and node: modules arrive asynchronously: what is posted before the thread is there waits for it.
 */
import type {
  MessagePort,
  Transferable as NodeTransferable,
  Worker as NodeWorker,
} from "node:worker_threads";
import { hostProcess } from "./node.ts";

export interface WorkerHandle {
  /** Structured clone of `message`; what is in `transfer` moves there and is gone here. */
  post(message: unknown, transfer?: Transferable[]): void;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once, with the reason, when the worker dies: an uncaught error, or its end before `terminate`. */
  onError(listener: (reason: string) => void): void;
  /** Whether the process waits for this worker before it exits (Node, Deno, Bun): true from the start. A page never waits. */
  keepAlive(wanted: boolean): void;
  terminate(): Promise<void>;
}

/** The worker's own side. */
export interface WorkerPort {
  post(message: unknown, transfer?: Transferable[]): void;
  /** An error thrown by the listener, or its rejection, ends the worker and reaches `onError` on the other side. */
  onMessage(listener: (message: unknown) => void | Promise<void>): void;
}

/** Starts the module at `url` on a thread of its own. */
export function spawnWorker(url: URL): WorkerHandle {
  let tellMessage: (message: unknown) => void = () => {};
  let tellError: (reason: string) => void = () => {};
  let reason: string | undefined;
  let over = false;
  const fail = (why: string) => {
    if (over || reason !== undefined) return;
    reason = why;
    tellError(why);
  };
  const started: Promise<NodeWorker | Worker> = hostProcess()
    ? startOnNode(url, (message) => tellMessage(message), fail)
    : Promise.resolve(startInBrowser(url, (message) => tellMessage(message), fail));
  started.catch((error) => fail(inWords(error)));

  return {
    post(message, transfer = []) {
      started
        .then((worker) => {
          if (reason === undefined && !over) (worker as Worker).postMessage(message, transfer);
        })
        .catch((error) => fail(inWords(error)));
    },
    onMessage(listener) {
      tellMessage = listener;
    },
    onError(listener) {
      tellError = listener;
      if (reason !== undefined) listener(reason);
    },
    keepAlive(wanted) {
      // A worker that could not start keeps nothing alive.
      const onNode = started as Promise<Partial<NodeWorker>>;
      onNode.then((worker) => (wanted ? worker.ref?.() : worker.unref?.())).catch(() => {});
    },
    async terminate() {
      over = true;
      // A worker that could not start has been reported to onError and has nothing to end.
      const worker = await started.catch(() => undefined);
      await worker?.terminate();
    },
  };
}

async function startOnNode(url: URL, tell: (message: unknown) => void, fail: (why: string) => void) {
  const { Worker } = await import("node:worker_threads");
  const worker = new Worker(url);
  worker.on("message", tell);
  worker.on("messageerror", (error) => fail(`a message could not be read: ${inWords(error)}`));
  worker.on("error", (error) => fail(inWords(error)));
  worker.on("exit", (code) => fail(`the worker ended by itself with exit code ${code}`));
  return worker;
}

function startInBrowser(url: URL, tell: (message: unknown) => void, fail: (why: string) => void) {
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = (event) => tell(event.data);
  worker.onmessageerror = () => fail("a message could not be read");
  worker.onerror = (event) => {
    event.preventDefault();
    fail(event.message || `the worker could not be loaded from ${url.href}`);
  };
  return worker;
}

/** Inside a worker: the way to whoever started it. */
export function workerPort(): WorkerPort {
  if (hostProcess()) {
    const port = import("node:worker_threads").then(({ parentPort }) => {
      if (!parentPort) throw new Error("workerPort: this thread is not a worker; start it with spawnWorker");
      return parentPort as MessagePort;
    });
    return {
      post(message, transfer = []) {
        port.then((it) => it.postMessage(message, transfer as NodeTransferable[])).catch(rethrow);
      },
      onMessage(listener) {
        port.then((it) => it.on("message", guarded(listener))).catch(rethrow);
      },
    };
  }
  // In a browser's worker the global object is the port.
  const scope = globalThis as unknown as Worker;
  return {
    post: (message, transfer = []) => scope.postMessage(message, transfer),
    onMessage(listener) {
      const guard = guarded(listener);
      scope.onmessage = (event) => guard(event.data);
    },
  };
}

const guarded = (listener: (message: unknown) => void | Promise<void>) => (message: unknown) => {
  Promise.resolve()
    .then(() => listener(message))
    .catch(rethrow);
};

/** Out of the promise, so that it counts as uncaught everywhere: browsers do not report rejections to the other side. */
function rethrow(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}

function inWords(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
