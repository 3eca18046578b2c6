/** y = W₂·a(u) + b₂, u = W₁·x + b₁, row by row. Cost 2·N·d·(inner width). */
import type { ActivationKind, DeviceTensor } from "../../numerics/backend.ts";
import type { BackwardPass, Pass, TangentPass } from "../network.ts";
import * as linear from "./linear.ts";

export interface MlpLayer {
  up: linear.LinearLayer; // W₁ (inner × d), b₁
  down: linear.LinearLayer; // W₂ (d × inner), b₂
  activation: ActivationKind;
}

export interface MlpSaved {
  input: DeviceTensor; // x (N × d)
  inner: DeviceTensor; // u (N × inner)
  activated: DeviceTensor; // a(u) (N × inner)
}

export function forward(
  pass: Pass,
  { up, down, activation }: MlpLayer,
  x: DeviceTensor,
): { output: DeviceTensor; saved: MlpSaved } {
  const inner = linear.forward(pass, up, x);
  const activated = pass.backend.activation(inner, activation);
  return { output: linear.forward(pass, down, activated), saved: { input: x, inner, activated } };
}

/** du = a′(u)∘(dy·W₂), dx = du·W₁. */
export function vjp(
  pass: BackwardPass,
  { up, down, activation }: MlpLayer,
  { input, inner, activated }: MlpSaved,
  d: DeviceTensor, // (copies·N × d)
  needInput: boolean,
): DeviceTensor | null {
  linear.taps(pass, down, activated, d);
  if (!needInput && !linear.parametersOf(up).some(pass.wants)) return null;
  const slope = pass.backend.activationSlope(inner, activation);
  const dInner = pass.backend.multiply(linear.vjp(pass, down, d), slope);
  linear.taps(pass, up, input, dInner);
  return needInput ? linear.vjp(pass, up, dInner) : null;
}

/** ẏ = W₂·(a′(u)∘u̇) + Ẇ₂·a(u) + ḃ₂. */
export function jvp(
  pass: TangentPass,
  { up, down, activation }: MlpLayer,
  { input, inner, activated }: MlpSaved,
  xDot: DeviceTensor | null,
): DeviceTensor | null {
  const innerDot = linear.jvp(pass, up, input, xDot);
  const slope = () => pass.backend.activationSlope(inner, activation);
  const activatedDot = innerDot && pass.backend.multiply(innerDot, slope());
  return linear.jvp(pass, down, activated, activatedDot);
}

export const parametersOf = ({ up, down }: MlpLayer) => [
  ...linear.parametersOf(up),
  ...linear.parametersOf(down),
];
