/** ntkit/numerics: products, decompositions and backends. Nothing here knows of models. */
export { sizeOf, type Tensor } from "./array.ts";
export { cholesky } from "./dense/cholesky.ts";
export { type Eigh, type EighOptions, eigh } from "./dense/eigh.ts";
export { type SolveOptions, solve } from "./dense/solve.ts";
export { type NpyData, readNpy, writeNpy } from "./npy.ts";
export { load, wasmTarget } from "./wasm/load.ts";
