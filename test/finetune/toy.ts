/** A linear model as a Trainable: f(x) = W x + b, x the number of a text's first token; small enough to train by hand. */
import type { LabelledSet, Trainable } from "../../src/finetune/index.ts";
import type { Values } from "../../src/finetune/types.ts";
import type { Parameter } from "../../src/model/index.ts";
import type { Batch } from "../../src/text/index.ts";

const C = 2;

export function toyTrainable(start: Values = { W: Float64Array.of(0.5, -0.25), b: Float64Array.of(0.1, 0) }) {
  const theta: Values = Object.fromEntries(Object.entries(start).map(([name, data]) => [name, data.slice()]));
  const x = (batch: Batch) =>
    Array.from({ length: batch.shape[0] }, (_, i) => batch.inputIds[i * batch.shape[1]] / 4);
  const f = (batch: Batch) => ({
    data: Float64Array.from(x(batch).flatMap((v) => [0, 1].map((c) => theta["W"][c] * v + theta["b"][c]))),
    shape: [batch.shape[0], C],
  });
  const parameters: Parameter[] = [
    { name: "W", shape: [C], group: "head" },
    { name: "b", shape: [C], group: "norm" },
  ];
  let passes = 0;
  const trainable: Trainable = {
    outputs: C,
    parameters,
    forward: async (batch) => f(batch),
    async pullback(batch, cotangent, wanted = () => true) {
      passes++;
      const outputs = f(batch);
      const u = cotangent(outputs).data;
      const [W, b] = [new Float64Array(C), new Float64Array(C)];
      x(batch).forEach((v, i) => {
        for (let c = 0; c < C; c++) {
          W[c] += u[i * C + c] * v;
          b[c] += u[i * C + c];
        }
      });
      const all: Values = { W, b };
      return {
        outputs,
        gradients: Object.fromEntries(parameters.filter(wanted).map(({ name }) => [name, all[name]])),
      };
    },
    values: async (names = ["W", "b"]) =>
      Object.fromEntries(names.map((name) => [name, theta[name].slice()])),
    async assign(values) {
      for (const [name, data] of Object.entries(values)) theta[name] = data.slice();
    },
  };
  return { trainable, theta, passes: () => passes };
}

/** n texts of one to three tokens; two classes by the first token. */
export function toySet(n: number): LabelledSet {
  const T = 3;
  const inputIds = new Int32Array(n * T);
  const attentionMask = new Uint8Array(n * T);
  const targets = new Float64Array(n * C);
  for (let i = 0; i < n; i++) {
    inputIds[i * T] = (7 * i) % 5;
    attentionMask.fill(1, i * T, i * T + 1 + (i % T));
    targets[i * C + (inputIds[i * T] > 2 ? 1 : 0)] = 1;
  }
  return { batch: { inputIds, attentionMask, shape: [n, T] }, targets };
}
