/** y = x·Wᵀ + b, weights laid out as (out × in). Cost N·in·out, each of the derivatives the same per copy. */
import type { DeviceTensor } from "../../numerics/backend.ts";
import { addTangents, type BackwardPass, type Pass, type TangentPass, type Weight } from "../network.ts";

export interface LinearLayer {
  weight: Weight; // (out × in)
  bias?: Weight; // (out)
}

export function forward({ backend }: Pass, { weight, bias }: LinearLayer, x: DeviceTensor): DeviceTensor {
  return backend.matmul(x, weight.value, { transposeB: true, bias: bias?.value });
}

/** dx = dy·W. */
export function vjp({ backend }: BackwardPass, { weight }: LinearLayer, d: DeviceTensor): DeviceTensor {
  return backend.matmul(d, weight.value);
}

/** W: the pairs (x, dy), whose outer products sum to dW. b: Σ dy over each example's rows. */
export function taps(
  pass: BackwardPass,
  { weight, bias }: LinearLayer,
  x: DeviceTensor, // (N × in)
  d: DeviceTensor, // (copies·N × out)
): void {
  if (pass.wants(weight.parameter)) {
    pass.taps.push({ kind: "linear", parameter: weight.parameter, input: x, gradient: d });
  }
  if (bias && pass.wants(bias.parameter)) {
    const gradient = pass.backend.segmentSum(d, pass.examples);
    pass.taps.push({ kind: "vector", parameter: bias.parameter, gradient });
  }
}

/** ẏ = ẋ·Wᵀ + x·Ẇᵀ + ḃ. */
export function jvp(
  pass: TangentPass,
  { weight, bias }: LinearLayer,
  x: DeviceTensor,
  xDot: DeviceTensor | null,
): DeviceTensor | null {
  const { backend } = pass;
  const weightDot = pass.tangent(weight);
  const biasDot = bias ? pass.tangent(bias) : null;
  const moved = addTangents(
    backend,
    xDot && backend.matmul(xDot, weight.value, { transposeB: true }),
    weightDot && backend.matmul(x, weightDot, { transposeB: true }),
  );
  if (!biasDot) return moved;
  return backend.add(moved ?? backend.zeros([x.shape[0], biasDot.size]), biasDot);
}

/** The parameters of a layer, for lists. */
export function parametersOf({ weight, bias }: LinearLayer) {
  return bias ? [weight.parameter, bias.parameter] : [weight.parameter];
}
