/** ntkit/numerics: products, decompositions and backends. Nothing here knows of models. */
export { sizeOf, type Tensor } from "./array.ts";
export type * from "./backend.ts";
export { type BackendName, createBackend } from "./createBackend.ts";
export { type CholeskyOptions, cholesky, type PivotedCholesky } from "./dense/cholesky.ts";
export { type Eigh, type EighOptions, eigh } from "./dense/eigh.ts";
export { type Coordinates, eighTridiagonal } from "./dense/eighTridiagonal.ts";
export { type Qr, qr } from "./dense/qr.ts";
export type { Refined } from "./dense/refine.ts";
export { type SolveOptions, solve, solveRefined } from "./dense/solve.ts";
export { solvePositive } from "./dense/solvePositive.ts";
export { type Svd, svd } from "./dense/svd.ts";
export { type GemvOptions, gemv, type SymvOptions, symv } from "./gemv.ts";
export { type Basis, wasmBasis } from "./krylov/basis.ts";
export {
  type ConjugateGradients,
  type ConjugateGradientsOptions,
  conjugateGradients,
} from "./krylov/conjugateGradients.ts";
export { type Eigsh, type EigshOptions, eigsh } from "./krylov/eigsh.ts";
export { type Lanczos, lanczosStep, startLanczos } from "./krylov/lanczos.ts";
export { type MatrixOperator, matrixOperator, type Operator } from "./krylov/operator.ts";
export { randomDirection } from "./krylov/orthogonalize.ts";
export type { Estimate } from "./krylov/probes.ts";
export type { QuadratureRule } from "./krylov/quadrature.ts";
export {
  type QuadratureOptions,
  type SpectralDensity,
  type SpectralDensityOptions,
  spectralDensity,
  traceOf,
} from "./krylov/spectralDensity.ts";
export {
  type SpectralFunction,
  type SpectralFunctionOptions,
  spectralFunction,
} from "./krylov/spectralFunction.ts";
export { type TraceOptions, trace } from "./krylov/trace.ts";
export type { Which } from "./krylov/wanted.ts";
export {
  type BatchedMatmulOptions,
  batchedMatmul,
  type MatmulOptions,
  type MatmulSizes,
  matmul,
} from "./matmul.ts";
export { type NpyData, readNpy, writeNpy } from "./npy.ts";
export { createPool, type PoolCall, type PoolOptions, type WorkerPool } from "./parallel/createPool.ts";
export { clampSpectrum, negativeMass, type PsdReport, psdReport } from "./psd.ts";
export { type SyrkOptions, syrk } from "./syrk.ts";
export { type TriangularOptions, trmm, trsm } from "./triangular.ts";
export { type LoadOptions, load, releaseScratch, type WasmTarget, wasmTarget } from "./wasm/load.ts";
export { type PresentTarget, wasmTargets } from "./wasm/targets.ts";
