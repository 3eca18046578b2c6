/** ntkit/numerics: products, decompositions and backends. Nothing here knows of models. */
export { sizeOf, type Tensor } from "./array.ts";
export { load, wasmTarget } from "./wasm/load.ts";
