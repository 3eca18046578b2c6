/**
 * y = x·Wᵀ + b, weights laid out as (out × in), with a low-rank addition (lora.ts) where the weight has one.
 * Cost N·in·out, each of the derivatives the same per copy.
 */
import type { DeviceTensor } from "../../numerics/backend.ts";
import { addTangents, type BackwardPass, type Pass, type TangentPass, type Weight } from "../network.ts";
import { addVector, timesTangent } from "../stackedTangents.ts";
import * as lora from "./lora.ts";

export interface LinearLayer {
  weight: Weight; // (out × in)
  bias?: Weight; // (out)
}

export function forward(pass: Pass, { weight, bias }: LinearLayer, x: DeviceTensor): DeviceTensor {
  const y = pass.backend.matmul(x, weight.value, { transposeB: true, bias: bias?.value });
  if (weight.lora) lora.addForward(pass, weight.lora, x, y);
  return y;
}

/** dx = dy·W. */
export function vjp(pass: BackwardPass, { weight }: LinearLayer, d: DeviceTensor): DeviceTensor {
  const dx = pass.backend.matmul(d, weight.value);
  if (weight.lora) lora.addVjp(pass, weight.lora, d, dx);
  return dx;
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
  if (weight.lora) lora.taps(pass, weight.lora, x, d);
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
  const dense = addTangents(
    backend,
    xDot && backend.matmul(xDot, weight.value, { transposeB: true }),
    weightDot && timesTangent(pass, x, weightDot),
  );
  const moved = weight.lora ? addTangents(backend, dense, lora.jvp(pass, weight.lora, x, xDot)) : dense;
  return biasDot ? addVector(pass, moved, biasDot, x.shape[0]) : moved;
}

/** The parameters of a layer, for lists. */
export function parametersOf({ weight, bias }: LinearLayer) {
  const factors = weight.lora ? [weight.lora.A.parameter, weight.lora.B.parameter] : [];
  return [weight.parameter, ...(bias ? [bias.parameter] : []), ...factors];
}
