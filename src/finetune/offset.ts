/** f − c: the same map less a constant of each output, as calibrated prompt readouts have it. The derivatives are the same. */
import type { Tensor } from "../numerics/array.ts";
import type { Trainable } from "./types.ts";

/** @param offset (C) c */
export function withOffset(trainable: Trainable, offset: ArrayLike<number>): Trainable {
  const C = trainable.outputs;
  const less = ({ data, shape }: Tensor): Tensor<Float64Array> => ({
    data: Float64Array.from(data, (value, i) => value - offset[i % C]),
    shape,
  });
  return {
    outputs: C,
    parameters: trainable.parameters,
    forward: async (batch) => less(await trainable.forward(batch)),
    async pullback(batch, cotangent, wanted) {
      const { outputs, gradients } = await trainable.pullback(batch, (f) => cotangent(less(f)), wanted);
      return { outputs: less(outputs), gradients };
    },
    values: (names) => trainable.values(names),
    assign: (values) => trainable.assign(values),
  };
}
