/**
 * y = γ∘x̂ + β, x̂ = (x − mean)/√(var + ε) over the features of each row (Ba, Kiros & Hinton 2016); not `centred`, without β,
 * y = γ∘x/√(mean x² + ε) (RMSNorm, Zhang & Sennrich 2019). Cost N·d.
 */
import type { DeviceTensor } from "../../numerics/backend.ts";
import {
  addTangents,
  type BackwardPass,
  type Pass,
  type Stage,
  type TangentPass,
  type Weight,
} from "../network.ts";
import { addVector, timesVector } from "../stackedTangents.ts";

export interface LayerNormLayer {
  weight: Weight; // γ (d)
  bias?: Weight; // β (d)
  epsilon: number;
  centred?: boolean; // true where absent
}

export interface LayerNormSaved {
  normalized: DeviceTensor; // x̂ (N × d)
  inverse: DeviceTensor; // 1/√(var + ε) (N)
}

export function forward(
  { backend }: Pass,
  { weight, bias, epsilon, centred = true }: LayerNormLayer,
  x: DeviceTensor,
): { output: DeviceTensor; saved: LayerNormSaved } {
  const saved = backend.normalize(x, { epsilon, centred });
  const scaled = backend.multiply(saved.normalized, weight.value);
  return { output: bias ? backend.add(scaled, bias.value) : scaled, saved };
}

/** dx = (∂x̂/∂x)ᵀ (γ∘dy). */
export function vjp(
  { backend }: BackwardPass,
  { weight, centred = true }: LayerNormLayer,
  { normalized, inverse }: LayerNormSaved,
  d: DeviceTensor,
): DeviceTensor {
  return backend.normalizeTangent(normalized, inverse, backend.multiply(d, weight.value), { centred });
}

/** dγ = Σ x̂∘dy, dβ = Σ dy, over each example's rows. */
export function taps(
  pass: BackwardPass,
  { weight, bias }: LayerNormLayer,
  { normalized }: LayerNormSaved,
  d: DeviceTensor, // (copies·N × d)
): void {
  const { backend, examples } = pass;
  if (pass.wants(weight.parameter)) {
    const gradient = backend.segmentSum(backend.multiply(d, normalized), examples);
    pass.taps.push({ kind: "vector", parameter: weight.parameter, gradient });
  }
  if (bias && pass.wants(bias.parameter)) {
    pass.taps.push({ kind: "vector", parameter: bias.parameter, gradient: backend.segmentSum(d, examples) });
  }
}

/** ẏ = γ∘(∂x̂/∂x)ẋ + γ̇∘x̂ + β̇. */
export function jvp(
  pass: TangentPass,
  { weight, bias, centred = true }: LayerNormLayer,
  { normalized, inverse }: LayerNormSaved,
  xDot: DeviceTensor | null,
): DeviceTensor | null {
  const { backend } = pass;
  const weightDot = pass.tangent(weight);
  const biasDot = bias ? pass.tangent(bias) : null;
  const moved = addTangents(
    backend,
    xDot && backend.multiply(backend.normalizeTangent(normalized, inverse, xDot, { centred }), weight.value),
    weightDot && timesVector(pass, normalized, weightDot),
  );
  return biasDot ? addVector(pass, moved, biasDot, normalized.shape[0]) : moved;
}

export const parametersOf = ({ weight, bias }: LayerNormLayer) =>
  bias ? [weight.parameter, bias.parameter] : [weight.parameter];

/** The layer as a stage of its own: the last normalisation. */
export function stage(name: string, layer: LayerNormLayer): Stage<LayerNormSaved> {
  return {
    name,
    parameters: parametersOf(layer),
    forward: (pass, x) => forward(pass, layer, x),
    vjp(pass, saved, d, needInput) {
      taps(pass, layer, saved, d);
      return needInput ? vjp(pass, layer, saved, d) : null;
    },
    jvp: (pass, saved, xDot) => jvp(pass, layer, saved, xDot),
  };
}
