// Every kernel, one file each; the same names in all targets. Their types for JavaScript: src/numerics/wasm/abi.ts.
export { usesSimd } from "./target";
