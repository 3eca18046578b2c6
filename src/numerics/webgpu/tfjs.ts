/**
 * The part of tfjs-backend-webgpu 4.22 that is used here, by its own names: buffers and their pool, the command queue, the cache of
 * pipelines, and `runWebGPUProgram`. Declared and not imported: its own types bring a second, older set of WebGPU types along.
 *
 * None of its kernels is used. Its product chooses a program by the shapes (one with atomics among them), so a row would not have
 * the same bits alone and in a batch; its elementwise functions hold 10⁻⁷ of the largest value, not of each; it caches what was read.
 */

/** A block on the device. `shape` is what its programs are told, always [1]: they get their sizes as uniforms. */
export interface Block {
  readonly dataId: object;
  readonly shape: number[];
  readonly dtype: "float32" | "int32";
}

/** What tfjs asks of a program; `getUserCode` defines `fn main(index : i32)`, index = group · lanes + lane. */
export interface TfjsProgram {
  outputShape: number[];
  variableNames: string[];
  uniforms: string;
  workgroupSize: [number, number, number];
  dispatchLayout: { x: number[] };
  dispatch: [number, number, number];
  shaderKey: string;
  size: boolean;
  getUserCode(): string;
}

export interface TfjsUniform {
  type: "int32" | "float32";
  data: number[];
}

interface BufferManager {
  freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  numBytesUsed: number;
  numBytesAllocated: number;
}

export interface TfjsBackend {
  readonly bufferManager: BufferManager;
  readonly tensorMap: { get(dataId: object): { resource: GPUBuffer } };
  /** Null when everything issued has been submitted. */
  readonly commandEncoder: GPUCommandEncoder | null;
  makeTensorInfo(shape: number[], dtype: Block["dtype"]): Block;
  uploadToGPU(dataId: object): void;
  runWebGPUProgram(
    program: TfjsProgram,
    inputs: readonly Block[],
    dtype: Block["dtype"],
    uniforms: TfjsUniform[],
    output: Block,
  ): Block;
  disposeData(dataId: object): boolean;
  endComputePassEncoder(): void;
  submitQueue(): void;
  getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer>;
  dispose(): void;
}

export interface Tfjs {
  WebGPUBackend: new (device: GPUDevice, adapterInfo?: GPUAdapterInfo) => TfjsBackend;
}

/** Loaded when first asked for: 0.6 MB, and it looks for `navigator.gpu` and WebGPU's constants while it loads. */
export async function loadTfjs(): Promise<Tfjs> {
  const module: { default?: object } = await import("@tensorflow/tfjs-backend-webgpu");
  // Node sees CommonJS: everything is in `default`.
  return { ...module.default, ...module } as unknown as Tfjs;
}
