// Every kernel, one file each; the same names in all targets. Their types for JavaScript: src/numerics/wasm/abi.ts.
export {
  gelu,
  geluErf,
  geluErfSlope,
  geluSlope,
  relu,
  reluSlope,
  silu,
  siluSlope,
  tanh,
  tanhSlope,
} from "./activations";
export { basisAdd, basisDot } from "./basis";
export { add, multiply } from "./elements";
export { cholesky64, choleskyPivoted64, choleskySolve64 } from "./cholesky";
export { gatherRows, scatterAddRows } from "./gather";
export { gemmF32, gemmF64 } from "./gemm";
export { gramF32, gramF64, syrkF64 } from "./gram";
export { groupedGemm } from "./groupedGemm";
export { implicitQr } from "./implicitQr";
export { jacobiRows64 } from "./jacobi";
export { normalize, normalizeTangent } from "./normalize";
export { lu64, luSolve64 } from "./lu";
export { productWorkspace } from "./product";
export { qrPanel64 } from "./qr";
export { rootFreeQr } from "./rootFreeQr";
export { rotate } from "./rotate";
export { secular } from "./secular";
export { segmentSum, segmentSpread } from "./segments";
export { softmax, softmaxTangent } from "./softmax";
export { columnSums } from "./sums";
export { symmetricApply } from "./symmetric";
export { multiplyAdd, multiplyAddSingle, usesSimd } from "./target";
export { triangleF32, triangleF64 } from "./triangle";
export { tridiagonalize, tridiagonalizeWorkspace } from "./tridiagonal";
