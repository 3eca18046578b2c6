/**
 * Which tensors of a backend are alive, and who frees them: the bookkeeping behind `release` and `scope`, shared by all backends.
 * A backend calls `track` for every tensor it makes and gets `free` called exactly once for each.
 * Cost: one set entry a tensor; walking a value costs its number of entries.
 */
import { CallError } from "../errors.ts";
import type { DeviceTensor } from "./backend.ts";

export interface DeviceScopes<T extends DeviceTensor> {
  /** Registers a fresh tensor with the innermost open scope, and gives it back. */
  track(tensor: T): T;
  /** The backend's own view of a handle. Throws on a freed tensor and on one of another backend; `where` names the operation. */
  own(where: string, tensor: DeviceTensor): T;
  release(value: unknown): void;
  scope<R>(body: () => R): R;
  /** How many tensors are alive. */
  count(): number;
  /** Frees all of them. Every later call throws. */
  dispose(): void;
}

export function createDeviceScopes<T extends DeviceTensor>(free: (tensor: T) => void): DeviceScopes<T> {
  const frames: Set<T>[] = [];
  /** Alive tensors, with the frame that will free them (null: nobody but `release`). */
  const alive = new Map<T, Set<T> | null>();
  const everMade = new WeakSet<object>();
  let disposed = false;

  function assertUsable(): void {
    if (disposed) throw new CallError("this backend was disposed; create a new one");
  }

  function drop(tensor: T): void {
    alive.get(tensor)?.delete(tensor);
    alive.delete(tensor);
    free(tensor);
  }

  const reachable = (value: unknown) => tensorsIn(value, (item) => everMade.has(item)) as Set<T>;

  return {
    track(tensor) {
      assertUsable();
      const frame = frames.at(-1) ?? null;
      everMade.add(tensor);
      alive.set(tensor, frame);
      frame?.add(tensor);
      return tensor;
    },
    own(where, tensor) {
      assertUsable();
      if (alive.has(tensor as T)) return tensor as T;
      const what = everMade.has(tensor as object) ? "a freed tensor" : "a tensor this backend did not make";
      throw new CallError(`${where}: expected a live tensor of this backend, got ${what}`);
    },
    release(value) {
      assertUsable();
      const tensors = reachable(value);
      for (const tensor of tensors) {
        if (!alive.has(tensor)) {
          throw new CallError(`release: a tensor of shape [${tensor.shape.join(", ")}] was freed before`);
        }
      }
      for (const tensor of tensors) drop(tensor);
    },
    scope(body) {
      assertUsable();
      const frame = new Set<T>();
      frames.push(frame);
      let kept = new Set<T>();
      try {
        const result = body();
        if (isThenable(result)) {
          throw new CallError("scope: expected a synchronous body, got a promise; await outside the scope");
        }
        kept = reachable(result);
        return result;
      } finally {
        frames.pop();
        const outer = frames.at(-1) ?? null;
        for (const tensor of [...frame]) {
          if (kept.has(tensor)) {
            alive.set(tensor, outer);
            outer?.add(tensor);
          } else drop(tensor);
        }
      }
    },
    count: () => alive.size,
    dispose() {
      assertUsable();
      for (const tensor of [...alive.keys()]) drop(tensor);
      disposed = true;
    },
  };
}

/** Tensors in a tensor, or in arrays and plain objects of them; each once. */
export function tensorsIn(
  value: unknown,
  isTensor: (item: object) => boolean = looksLikeTensor,
): Set<DeviceTensor> {
  const found = new Set<DeviceTensor>();
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const item = pending.pop();
    if (typeof item !== "object" || item === null || seen.has(item)) continue;
    seen.add(item);
    if (isTensor(item)) found.add(item as DeviceTensor);
    else if (Array.isArray(item)) pending.push(...item);
    else if (isPlain(item)) pending.push(...Object.values(item));
  }
  return found;
}

function looksLikeTensor(item: object): boolean {
  return "dtype" in item && "shape" in item && "size" in item;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
