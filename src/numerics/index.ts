/** ntkit/numerics: products, decompositions and backends. Nothing here knows of models. */
export { sizeOf, type Tensor } from "./array.ts";
export type * from "./backend.ts";
export { type BackendName, createBackend } from "./createBackend.ts";
export { cholesky } from "./dense/cholesky.ts";
export { type Eigh, type EighOptions, eigh } from "./dense/eigh.ts";
export { type Coordinates, eighTridiagonal } from "./dense/eighTridiagonal.ts";
export { type SolveOptions, solve } from "./dense/solve.ts";
export { type Basis, wasmBasis } from "./krylov/basis.ts";
export { type Eigsh, type EigshOptions, eigsh } from "./krylov/eigsh.ts";
export { type Lanczos, lanczosStep, randomDirection, startLanczos } from "./krylov/lanczos.ts";
export { matrixOperator, type Operator } from "./krylov/operator.ts";
export type { Which } from "./krylov/wanted.ts";
export { batchedMatmul, type MatmulSizes, matmul } from "./matmul.ts";
export { type NpyData, readNpy, writeNpy } from "./npy.ts";
export { clampSpectrum, negativeMass, type PsdReport, psdReport } from "./psd.ts";
export { createPool, type PoolCall, type PoolOptions, type WorkerPool } from "./parallel/createPool.ts";
export { syrk } from "./syrk.ts";
export { type LoadOptions, load, releaseScratch, type WasmTarget, wasmTarget } from "./wasm/load.ts";
