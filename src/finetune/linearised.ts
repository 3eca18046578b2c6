/**
 * The tangent model, explicit in parameter space: f(x; θ) = f₀(x) + J(x)(θ − θ₀), J taken at θ₀. Trained beside the network it shows
 * what training would do if the kernel stood still; with squared loss it is the closed form of theory.md §1.
 * Cost: `forward` one pass with tangents beside the plain one; `pullback` one backward pass more. Held: θ and θ − θ₀ in float64, as the
 * difference is what matters and may be a hundred-thousandth of θ.
 */
import type { TangentModel } from "../model/index.ts";
import type { Tensor } from "../numerics/array.ts";
import type { Batch } from "../text/index.ts";
import type { Trainable, Values } from "./types.ts";

/** `tangent` must stay at θ₀: whoever moves its parameters moves the expansion point. */
export async function linearised(tangent: TangentModel): Promise<Trainable> {
  const start = await tangent.values();
  const now: Values = {}; // θ of the tensors that were assigned
  const moved: Values = {}; // θ − θ₀ of those

  async function forward(batch: Batch): Promise<Tensor<Float64Array>> {
    const f0 = await tangent.forward(batch);
    const data = Float64Array.from(f0.data);
    if (Object.keys(moved).length > 0) {
      const change = await tangent.jvp(batch, moved);
      for (let i = 0; i < data.length; i++) data[i] += change.data[i];
    }
    return { data, shape: f0.shape };
  }

  return {
    outputs: tangent.outputs,
    parameters: tangent.parameters,
    forward,
    async pullback(batch, cotangent, wanted) {
      const outputs = await forward(batch);
      const { gradients } = await tangent.pullback(batch, () => cotangent(outputs), wanted);
      return { outputs, gradients };
    },
    async values(names = Object.keys(start)) {
      return Object.fromEntries(names.map((name) => [name, Float64Array.from(now[name] ?? start[name])]));
    },
    async assign(values) {
      for (const [name, data] of Object.entries(values)) {
        now[name] = data.slice();
        moved[name] = Float64Array.from(data, (value, i) => value - start[name][i]);
      }
    },
  };
}
