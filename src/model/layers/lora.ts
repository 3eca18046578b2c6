/**
 * A low-rank addition to a linear layer (LoRA, Hu et al. 2021): y += s·(x·Aᵀ)·Bᵀ, A (r × in), B (out × r). Cost N·r·(in + out), each of
 * the derivatives the same per copy. z = x·Aᵀ is made anew by each of them: at r ≪ in that is cheaper than keeping it.
 *
 * Parts of one stored layer (GPT-2's q, k, v) share A and have rows of B each: what they say of A adds up in one tap.
 */
import type { Backend, DeviceTensor } from "../../numerics/backend.ts";
import { addTangents, type BackwardPass, type Pass, type TangentPass, type Weight } from "../network.ts";
import { timesTangent } from "../stackedTangents.ts";

export interface LowRank {
  A: Weight; // (r × in)
  B: Weight; // (out × r)
  scale: number; // s
}

const times = (backend: Backend, x: DeviceTensor, factor: number): DeviceTensor =>
  backend.add(backend.zeros(x.shape), x, factor);

/** x·Aᵀ (N × r). */
const lower = ({ backend }: Pass, { A }: LowRank, x: DeviceTensor): DeviceTensor =>
  backend.matmul(x, A.value, { transposeB: true });

/** y += s·(x·Aᵀ)·Bᵀ. */
export function addForward(pass: Pass, layer: LowRank, x: DeviceTensor, y: DeviceTensor): void {
  const { backend } = pass;
  backend.addInto(y, backend.matmul(lower(pass, layer, x), layer.B.value, { transposeB: true }), layer.scale);
}

/** dx += s·(dy·B)·A. */
export function addVjp(
  { backend }: BackwardPass,
  { A, B, scale }: LowRank,
  d: DeviceTensor, // (copies·N × out)
  dx: DeviceTensor, // (copies·N × in)
): void {
  backend.addInto(dx, backend.matmul(backend.matmul(d, B.value), A.value), scale);
}

/** A: the pairs (x, s·dy·B), B: the pairs (s·x·Aᵀ, dy). */
export function taps(pass: BackwardPass, layer: LowRank, x: DeviceTensor, d: DeviceTensor): void {
  const { backend } = pass;
  const { A, B, scale } = layer;
  if (pass.wants(B.parameter)) {
    const input = times(backend, lower(pass, layer, x), scale);
    pass.taps.push({ kind: "linear", parameter: B.parameter, input, gradient: d });
  }
  if (!pass.wants(A.parameter)) return;
  const gradient = times(backend, backend.matmul(d, B.value), scale);
  const shared = pass.taps.find((tap) => tap.parameter === A.parameter);
  if (shared) backend.addInto(shared.gradient, gradient);
  else pass.taps.push({ kind: "linear", parameter: A.parameter, input: x, gradient });
}

/** s·((ẋ·Aᵀ + x·Ȧᵀ)·Bᵀ + (x·Aᵀ)·Ḃᵀ), null where it is zero. */
export function jvp(
  pass: TangentPass,
  layer: LowRank,
  x: DeviceTensor,
  xDot: DeviceTensor | null,
): DeviceTensor | null {
  const { backend } = pass;
  const [ADot, BDot] = [pass.tangent(layer.A), pass.tangent(layer.B)];
  const lowerDot = addTangents(
    backend,
    xDot && lower(pass, layer, xDot),
    ADot && timesTangent(pass, x, ADot),
  );
  const moved = addTangents(
    backend,
    lowerDot && backend.matmul(lowerDot, layer.B.value, { transposeB: true }),
    BDot && timesTangent(pass, lower(pass, layer, x), BDot),
  );
  return moved && times(backend, moved, layer.scale);
}
