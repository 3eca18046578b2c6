/**
 * The device behind a backend: blocks of memory, programs issued one after the other, and reads, which alone wait.
 *
 * WebGPU says nothing when something goes wrong: the numbers are just not written. So every call stands in two error scopes
 * (validation, out of memory); what they report is known when the next read waits, and from then on every call throws it, as
 * nothing computed since can be trusted. A lost device likewise. Cost of the scopes: two promises a call.
 */
import { CallError, complaint } from "../../errors.ts";
import { type Program, toTfjs, type UniformValues, uniformsOf } from "./program.ts";
import type { Block, TfjsBackend } from "./tfjs.ts";

/** What went to the device and came back, since the backend was made. */
export interface Counters {
  /** Programs run. */
  dispatches: number;
  /** Bytes written by the host: blocks and tables, without the uniforms (some 100 bytes a dispatch). */
  bytesUp: number;
  bytesDown: number;
  readBacks: number;
}

export interface GpuQueue {
  readonly counters: Counters;
  /** Numbers a block may have. */
  readonly largestBlock: number;
  allocate(where: string, length: number, dtype: Block["dtype"]): Block;
  upload(where: string, data: Float32Array | Int32Array): Block;
  write(where: string, block: Block, data: Float32Array | Int32Array): void;
  free(block: Block): void;
  run<U extends Program["uniforms"]>(
    program: Program<U>,
    output: Block,
    inputs: readonly Block[],
    uniforms: UniformValues<U>,
    groups: number,
  ): void;
  read(where: string, block: Block): Promise<ArrayBuffer>;
  /** Bytes of the device's memory that are held, the pool of free buffers included. */
  allocatedBytes(): number;
  dispose(): void;
}

/** Free buffers are kept for their like up to this many bytes, or as many as are in use: texts of all lengths need all sizes. */
const POOL_BYTES = 64 * 2 ** 20;

export function createGpuQueue(tfjs: TfjsBackend, device: GPUDevice): GpuQueue {
  const counters: Counters = { dispatches: 0, bytesUp: 0, bytesDown: 0, readBacks: 0 };
  const largestBytes = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const unanswered = new Set<Promise<void>>();
  let issued = new Set<string>(); // operations since the last submission
  let failure: Error | null = null;
  let disposed = false;

  device.lost.then(({ reason, message }) => {
    if (!disposed) failure ??= lostError(reason, message);
  });

  function usable(): void {
    if (failure) throw failure;
  }

  /** Keeps what an error scope will say. */
  function watch(where: string, kind: "validation" | "memory"): void {
    const answer = device.popErrorScope().then(
      (error) => {
        if (error && !disposed) failure ??= scopeError(where, kind, error.message);
      },
      () => {}, // of a lost device: that has its own error
    );
    unanswered.add(answer);
    void answer.then(() => unanswered.delete(answer));
  }

  function guarded<R>(where: string, body: () => R): R {
    usable();
    issued.add(where);
    device.pushErrorScope("validation");
    device.pushErrorScope("out-of-memory");
    try {
      return body();
    } finally {
      const submitted = tfjs.commandEncoder === null;
      // Commands are checked when they are submitted, so all of them may be meant.
      const label = submitted ? [...issued].join(", ") : where;
      watch(label, "memory");
      watch(label, "validation");
      if (submitted) {
        issued = new Set();
        trim();
      }
    }
  }

  /** Gives free buffers back to the device where there are more of them than of used ones. Everything was submitted. */
  function trim(): void {
    const pool = tfjs.bufferManager;
    const free = pool.numBytesAllocated - pool.numBytesUsed;
    if (free <= Math.max(POOL_BYTES, pool.numBytesUsed)) return;
    for (const buffers of pool.freeBuffers.values()) {
      for (const buffer of buffers.splice(0)) {
        pool.numFreeBuffers--;
        pool.numBytesAllocated -= buffer.size;
        buffer.destroy();
      }
    }
  }

  function submit(where: string): void {
    if (!tfjs.commandEncoder) return;
    guarded(where, () => {
      tfjs.endComputePassEncoder();
      tfjs.submitQueue();
    });
  }

  function allocate(where: string, length: number, dtype: Block["dtype"]): Block {
    const bytes = 4 * Math.max(1, length);
    if (bytes > largestBytes) {
      throw new CallError(
        complaint(
          `webgpu ${where}`,
          `a block of at most ${largestBytes} bytes (this device's limit)`,
          `${bytes} bytes`,
          "fewer texts at a time, weights that are lent (layered), or the wasm backend",
        ),
      );
    }
    return guarded(where, () => {
      const { dataId } = tfjs.makeTensorInfo([Math.max(1, length)], dtype);
      tfjs.uploadToGPU(dataId);
      return { dataId, shape: [1], dtype };
    });
  }

  /** The queue runs this before every command not yet submitted: only for a block that none of them touches. */
  function fill(where: string, block: Block, data: Float32Array | Int32Array): void {
    counters.bytesUp += data.byteLength;
    if (data.length === 0) return;
    const bytes = data.buffer instanceof ArrayBuffer ? data : data.slice();
    const { resource } = tfjs.tensorMap.get(block.dataId);
    guarded(where, () =>
      device.queue.writeBuffer(resource, 0, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength),
    );
  }

  return {
    counters,
    largestBlock: Math.floor(largestBytes / 4),
    allocate,
    upload(where, data) {
      const block = allocate(where, data.length, data instanceof Int32Array ? "int32" : "float32");
      fill(where, block, data);
      return block;
    },
    write(where, block, data) {
      submit(where);
      fill(where, block, data);
    },
    free(block) {
      tfjs.disposeData(block.dataId);
    },
    run(program, output, inputs, uniforms, groups) {
      if (groups === 0) return;
      counters.dispatches++;
      guarded(program.name, () =>
        tfjs.runWebGPUProgram(
          toTfjs(program, groups),
          inputs,
          output.dtype,
          uniformsOf(program, uniforms),
          output,
        ),
      );
    },
    async read(where, block) {
      const { resource } = tfjs.tensorMap.get(block.dataId);
      counters.readBacks++;
      counters.bytesDown += resource.size;
      try {
        const data = await guarded(where, () => tfjs.getBufferData(resource));
        await Promise.all(unanswered);
        usable();
        return data;
      } catch (error) {
        // A read that cannot be answered: the scopes and `lost` know why.
        await Promise.all(unanswered);
        await Promise.race([device.lost, Promise.resolve()]);
        usable();
        throw error;
      }
    },
    allocatedBytes: () => tfjs.bufferManager.numBytesAllocated,
    dispose() {
      if (tfjs.commandEncoder && !failure) submit("dispose");
      disposed = true;
      tfjs.dispose();
    },
  };
}

function lostError(reason: string, message: string): Error {
  return new Error(
    `webgpu: the device was lost (${reason}${message ? `: ${message}` : ""}); what is in a store stays there: ` +
      "run the same command again to go on, with a smaller block or --backend wasm if it happens again",
  );
}

function scopeError(where: string, kind: "validation" | "memory", message: string): Error {
  if (kind === "validation") return new Error(`webgpu ${where}: the device refused it: ${message}`);
  return new Error(
    `webgpu ${where}: out of memory on the device: ${message}; try fewer texts at a time or --backend wasm`,
  );
}
