/**
 * Typed arrays that several threads may read: on a SharedArrayBuffer where the runtime has it (posting it to a worker then
 * copies nothing), else left as they are (posting copies). A page has it only when it is cross-origin isolated.
 */
type Shareable = Float32Array | Float64Array | Int32Array | Uint8Array;

export const sharesMemory = typeof SharedArrayBuffer !== "undefined";

/** Whether other threads see what is written to `array`. */
export function isShared(array: ArrayBufferView): boolean {
  return sharesMemory && array.buffer instanceof SharedArrayBuffer;
}

/** The same numbers on shared memory; the array itself where they are already, or where there is none. */
export function share<A extends Shareable>(array: A): A {
  if (!sharesMemory || isShared(array)) return array;
  const Kind = array.constructor as new (buffer: SharedArrayBuffer) => A;
  const copy = new Kind(new SharedArrayBuffer(array.byteLength));
  copy.set(array as never);
  return copy;
}
