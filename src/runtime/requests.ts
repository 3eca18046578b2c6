/**
 * Requests to a worker and its answers, each with the number of its request; `openLine` is the end that asks, `serve` the one
 * that answers. Errors cross as class name and message. While an answer is owed, the worker keeps the process alive.
 */
import { CallError, DataError } from "../errors.ts";
import type { WorkerHandle, WorkerPort } from "./worker.ts";

interface Request {
  id: number;
  request: unknown;
}
type Reply = { id: number; result: unknown } | { id: number; error: { name: string; message: string } };

export interface Line {
  /** The worker's answer, or its error; what is in `transfer` moves to the worker and is gone here. */
  ask(request: unknown, transfer?: Transferable[]): Promise<unknown>;
  /** Rejects what is owed and everything asked later. */
  fail(reason: unknown): void;
  /** Ends the worker. What it owes stays owed: `fail` first. */
  terminate(): Promise<void>;
}

/** `onDeath` is told once, with the reason, when the worker dies by itself. */
export function openLine(worker: WorkerHandle, onDeath: (why: string) => void): Line {
  const owed = new Map<number, { resolve: (result: unknown) => void; reject: (reason: unknown) => void }>();
  let next = 0;
  let failure: { reason: unknown } | undefined;
  worker.onMessage((message) => {
    const reply = message as Reply;
    const promise = owed.get(reply.id);
    owed.delete(reply.id);
    if (owed.size === 0) worker.keepAlive(false);
    if ("error" in reply) promise?.reject(unpackError(reply.error));
    else promise?.resolve(reply.result);
  });
  worker.onError(onDeath);
  return {
    ask(request, transfer) {
      if (failure) return Promise.reject(failure.reason);
      return new Promise((resolve, reject) => {
        const id = next++;
        if (owed.size === 0) worker.keepAlive(true);
        owed.set(id, { resolve, reject });
        worker.post({ id, request }, transfer);
      });
    },
    fail(reason) {
      failure ??= { reason };
      for (const { reject } of owed.values()) reject(failure.reason);
      owed.clear();
    },
    terminate: () => worker.terminate(),
  };
}

/** Answers every request with what `answer` returns or throws; the buffers `moved` names go over without a copy. */
export function serve(
  port: WorkerPort,
  answer: (request: unknown) => unknown,
  moved: (result: unknown) => Transferable[] = () => [],
): void {
  port.onMessage(async (message) => {
    const { id, request } = message as Request;
    let reply: Reply;
    let transfer: Transferable[] = [];
    try {
      const result = await answer(request);
      transfer = moved(result);
      reply = { id, result };
    } catch (error) {
      reply = { id, error: packError(error) };
    }
    port.post(reply, transfer);
  });
}

function packError(error: unknown): { name: string; message: string } {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "Error", message: String(error) };
}

function unpackError({ name, message }: { name: string; message: string }): Error {
  if (name === "CallError") return new CallError(message);
  if (name === "DataError") return new DataError(message);
  const error = new Error(message);
  error.name = name;
  return error;
}
