/**
 * y = W₂·h + b₂, h = a(u), u = W₁·x + b₁, row by row; gated (SwiGLU, Shazeer 2020): h = a(g)∘u, g = W₃·x + b₃.
 * Cost 2·N·d·(inner width), gated 3.
 */
import type { ActivationKind, DeviceTensor } from "../../numerics/backend.ts";
import { addTangents, type BackwardPass, type Pass, type TangentPass } from "../network.ts";
import * as linear from "./linear.ts";

export interface MlpLayer {
  gate?: linear.LinearLayer; // W₃ (inner × d), b₃
  up: linear.LinearLayer; // W₁ (inner × d), b₁
  down: linear.LinearLayer; // W₂ (d × inner), b₂
  activation: ActivationKind;
}

export interface MlpSaved {
  input: DeviceTensor; // x (N × d)
  /** What the activation is taken of: g, or u without a gate (N × inner). */
  inner: DeviceTensor;
  activated: DeviceTensor; // a(inner)
  up: DeviceTensor | null; // u beside a gate
  product: DeviceTensor; // h
}

export function forward(
  pass: Pass,
  { gate, up, down, activation }: MlpLayer,
  x: DeviceTensor,
): { output: DeviceTensor; saved: MlpSaved } {
  const { backend } = pass;
  const inner = linear.forward(pass, gate ?? up, x);
  const activated = backend.activation(inner, activation);
  const u = gate ? linear.forward(pass, up, x) : null;
  const product = u ? backend.multiply(activated, u) : activated;
  return {
    output: linear.forward(pass, down, product),
    saved: { input: x, inner, activated, up: u, product },
  };
}

/** dh = dy·W₂; du = a′(u)∘dh, or gated du = a(g)∘dh and dg = a′(g)∘u∘dh; dx = du·W₁ (+ dg·W₃). */
export function vjp(
  pass: BackwardPass,
  { gate, up, down, activation }: MlpLayer,
  { input, inner, activated, up: u, product }: MlpSaved,
  d: DeviceTensor, // (copies·N × d)
  needInput: boolean,
): DeviceTensor | null {
  const { backend } = pass;
  linear.taps(pass, down, product, d);
  const below = [up, ...(gate ? [gate] : [])].flatMap(linear.parametersOf);
  if (!needInput && !below.some(pass.wants)) return null;
  const dProduct = linear.vjp(pass, down, d);
  const slope = backend.activationSlope(inner, activation);
  const dUp = backend.multiply(dProduct, u ? activated : slope);
  linear.taps(pass, up, input, dUp);
  const dx = needInput ? linear.vjp(pass, up, dUp) : null;
  if (!gate || !u) return dx;
  const dGate = backend.multiply(dProduct, backend.multiply(u, slope));
  linear.taps(pass, gate, input, dGate);
  if (dx) backend.addInto(dx, linear.vjp(pass, gate, dGate));
  return dx;
}

/** ẏ = W₂·ḣ + Ẇ₂·h + ḃ₂; ḣ = a′(u)∘u̇, or gated a′(g)∘u∘ġ + a(g)∘u̇. */
export function jvp(
  pass: TangentPass,
  { gate, up, down, activation }: MlpLayer,
  { input, inner, activated, up: u, product }: MlpSaved,
  xDot: DeviceTensor | null,
): DeviceTensor | null {
  const { backend } = pass;
  const slope = () => backend.activationSlope(inner, activation);
  const upDot = linear.jvp(pass, up, input, xDot);
  if (!gate || !u) return linear.jvp(pass, down, product, upDot && backend.multiply(upDot, slope()));
  const gateDot = linear.jvp(pass, gate, input, xDot);
  const productDot = addTangents(
    backend,
    gateDot && backend.multiply(gateDot, backend.multiply(u, slope())),
    upDot && backend.multiply(upDot, activated),
  );
  return linear.jvp(pass, down, product, productDot);
}

export const parametersOf = ({ gate, up, down }: MlpLayer) => [
  ...(gate ? linear.parametersOf(gate) : []),
  ...linear.parametersOf(up),
  ...linear.parametersOf(down),
];
