// Every kernel, one file each; the same names in all targets. Their types for JavaScript: src/numerics/wasm/abi.ts.
export { basisAdd, basisDot } from "./basis";
export { add, multiply } from "./elements";
export { cholesky64, lu64, luSolve64 } from "./factor";
export { gatherRows, scatterAddRows } from "./gather";
export { gelu, geluSlope } from "./gelu";
export { gemmF32, gemmF64 } from "./gemm";
export { gramF32, gramF64 } from "./gram";
export { groupedGemm } from "./groupedGemm";
export { implicitQr } from "./implicitQr";
export { normalize, normalizeTangent } from "./normalize";
export { productWorkspace } from "./product";
export { rootFreeQr } from "./rootFreeQr";
export { secular } from "./secular";
export { segmentSum, segmentSpread } from "./segments";
export { softmax, softmaxTangent } from "./softmax";
export { columnSums } from "./sums";
export { multiplyAdd, multiplyAddSingle, usesSimd } from "./target";
export { tridiagonalize, tridiagonalizeWorkspace } from "./tridiagonal";
