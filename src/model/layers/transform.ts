/** z = norm(a(u)), u = W·x + b, the norm left out where there is none: a pooler, or what stands before output words. Cost R·d². */
import type { ActivationKind, DeviceTensor } from "../../numerics/backend.ts";
import type { BackwardPass, Pass, TangentPass } from "../network.ts";
import * as layerNorm from "./layerNorm.ts";
import * as linear from "./linear.ts";

export interface TransformLayer {
  dense: linear.LinearLayer; // W (d × d), b
  activation: ActivationKind;
  norm?: layerNorm.LayerNormLayer;
}

export interface TransformSaved {
  input: DeviceTensor; // x (R × d)
  inner: DeviceTensor; // u (R × d)
  norm?: layerNorm.LayerNormSaved;
}

export function forward(
  pass: Pass,
  { dense, activation, norm }: TransformLayer,
  x: DeviceTensor,
): { output: DeviceTensor; saved: TransformSaved } {
  const inner = linear.forward(pass, dense, x);
  const activated = pass.backend.activation(inner, activation);
  if (!norm) return { output: activated, saved: { input: x, inner } };
  const normed = layerNorm.forward(pass, norm, activated);
  return { output: normed.output, saved: { input: x, inner, norm: normed.saved } };
}

/** du = a′(u)∘(∂norm)ᵀdz, dx = du·W. `pass.examples` are segments of the R rows. */
export function vjp(
  pass: BackwardPass,
  { dense, activation, norm }: TransformLayer,
  saved: TransformSaved,
  d: DeviceTensor, // (copies·R × d)
  needInput: boolean,
): DeviceTensor | null {
  if (norm) layerNorm.taps(pass, norm, saved.norm!, d);
  if (!needInput && !linear.parametersOf(dense).some(pass.wants)) return null;
  const dActivated = norm ? layerNorm.vjp(pass, norm, saved.norm!, d) : d;
  const slope = pass.backend.activationSlope(saved.inner, activation);
  const dInner = pass.backend.multiply(dActivated, slope);
  linear.taps(pass, dense, saved.input, dInner);
  return needInput ? linear.vjp(pass, dense, dInner) : null;
}

/** ż = (∂norm)(a′(u)∘u̇) + what the norm's own tangents give. */
export function jvp(
  pass: TangentPass,
  { dense, activation, norm }: TransformLayer,
  saved: TransformSaved,
  xDot: DeviceTensor | null,
): DeviceTensor | null {
  const { backend } = pass;
  const innerDot = linear.jvp(pass, dense, saved.input, xDot);
  const activatedDot =
    innerDot && backend.multiply(innerDot, backend.activationSlope(saved.inner, activation));
  return norm ? layerNorm.jvp(pass, norm, saved.norm!, activatedDot) : activatedDot;
}

export const parametersOf = ({ dense, norm }: TransformLayer) => [
  ...linear.parametersOf(dense),
  ...(norm ? layerNorm.parametersOf(norm) : []),
];
