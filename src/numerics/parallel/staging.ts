/**
 * Shared memory for operands and results, used again from call to call: fresh memory costs a page fault every 4 KB (as long as
 * copying 30 KB), and engines do not count shared memory when they decide to collect garbage.
 */
import { CallError, complaint } from "../../errors.ts";

const LINE = 64;
const roundUp = (bytes: number) => Math.ceil(bytes / LINE) * LINE;

export interface Staging {
  /** One place for each size, on one SharedArrayBuffer. */
  claim(sizes: readonly number[]): { buffer: SharedArrayBuffer; offsets: number[] };
  /** For the next claim. Not to be called while a thread may still write to it. */
  giveBack(buffer: SharedArrayBuffer): void;
  clear(): void;
}

export function createStaging(): Staging {
  let spare: SharedArrayBuffer | undefined;
  return {
    claim(sizes) {
      let bytes = 0;
      const offsets = sizes.map((size) => {
        const offset = bytes;
        bytes += roundUp(size);
        return offset;
      });
      let buffer = spare;
      spare = undefined;
      if (!buffer || buffer.byteLength < bytes) {
        try {
          buffer = new SharedArrayBuffer(bytes);
        } catch {
          const got = `${bytes} bytes, which the system refused`;
          throw new CallError(complaint("pool", "operands that fit in memory", got, "smaller products"));
        }
      }
      return { buffer, offsets };
    },
    giveBack(buffer) {
      if (!spare || spare.byteLength < buffer.byteLength) spare = buffer;
    },
    clear() {
      spare = undefined;
    },
  };
}
