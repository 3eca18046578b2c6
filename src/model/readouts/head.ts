/**
 * A linear head on the pooled state: f_i = W·pool_i + b. Fresh heads are zero (the first step of fine-tuning then moves the head
 * alone) or Gaussian with variance s²/d, where s = 1 keeps the outputs of a normalised state near 1; b = 0 in both.
 */
import { CallError, complaint } from "../../errors.ts";
import { sizeOf, type Tensor } from "../../numerics/array.ts";
import type { Backend } from "../../numerics/backend.ts";
import { randomStream } from "../../random.ts";
import * as linear from "../layers/linear.ts";
import * as pooling from "../layers/pool.ts";
import type { Weight } from "../network.ts";
import type { Pool, ReadoutSpec } from "../types.ts";
import type { Readout } from "./readout.ts";

type HeadSpec = Extract<ReadoutSpec, { kind: "head" }>;
type GivenHead = Extract<ReadoutSpec, { weight: Tensor }>;

const pools: readonly Pool[] = ["mean", "last", "first"];

/** Throws CallError on an unfit spec. The caller releases `own`. */
export function headReadout(backend: Backend, spec: HeadSpec, hiddenSize: number): Readout {
  if (!pools.includes(spec.pool)) {
    throw new CallError(complaint("readout head, pool", pools.join(", "), String(spec.pool)));
  }
  let head = "weight" in spec ? spec : freshHead(spec, hiddenSize);
  const C = checkHead(head, hiddenSize);
  const make = (name: string, tensor: Tensor): Weight => ({
    parameter: { name, shape: [...tensor.shape], group: "head" },
    value: backend.upload(tensor.data, tensor.shape),
  });
  const layer = { weight: make("head.weight", head.weight), bias: make("head.bias", head.bias) };
  const { pool } = head;
  return {
    outputs: C,
    own: [layer.weight, layer.bias],
    get recipe() {
      return head;
    },
    get isConstant() {
      return head.weight.data.every((w) => w === 0);
    },
    moved(values) {
      const now = ({ data, shape }: Tensor, name: string) => ({ data: values[name]?.slice() ?? data, shape });
      head = { ...head, weight: now(head.weight, "head.weight"), bias: now(head.bias, "head.bias") };
    },
    needs: {},
    forward: (pass, hidden) => linear.forward(pass, layer, pooling.forward(pass, pool, hidden)),
    vjp(pass, hidden, U, needHidden) {
      if (pass.wants(layer.weight.parameter)) {
        const input = pooling.forward(pass, pool, hidden);
        pass.taps.push({ kind: "linear", parameter: layer.weight.parameter, input, gradient: U });
      }
      // One row an example already: the bias's gradient is the cotangent.
      if (pass.wants(layer.bias.parameter)) {
        pass.taps.push({ kind: "vector", parameter: layer.bias.parameter, gradient: U });
      }
      const d = needHidden ? pooling.vjp(pass, pool, linear.vjp(pass, layer, U)) : null;
      return { d, use: null };
    },
    jvp(pass, hidden, hiddenDot) {
      const pooledDot = hiddenDot && pooling.forward(pass, pool, hiddenDot);
      return linear.jvp(pass, layer, pooling.forward(pass, pool, hidden), pooledDot);
    },
  };
}

function freshHead(spec: Exclude<HeadSpec, GivenHead>, d: number): GivenHead {
  const { outputs: C, init, pool, seed = 0, scale = 1 } = spec;
  if (!Number.isInteger(C) || C < 1) {
    throw new CallError(complaint("readout head, outputs", "a positive integer", String(C)));
  }
  if (!(Number.isFinite(scale) && scale > 0)) {
    throw new CallError(complaint("readout head, scale", "a number above 0", String(scale)));
  }
  if (init !== "zero" && init !== "gaussian") {
    throw new CallError(complaint("readout head, init", "zero or gaussian", String(init)));
  }
  const weight = new Float32Array(C * d);
  if (init === "gaussian") {
    const { gaussian } = randomStream(seed);
    for (let j = 0; j < weight.length; j++) weight[j] = (scale * gaussian()) / Math.sqrt(d);
  }
  return {
    kind: "head",
    weight: { data: weight, shape: [C, d] },
    bias: { data: new Float32Array(C), shape: [C] },
    pool,
  };
}

function checkHead({ weight, bias }: GivenHead, d: number): number {
  const C = weight.shape[0];
  const fits = weight.shape.length === 2 && weight.shape[1] === d && C > 0;
  if (!fits || weight.data.length !== sizeOf(weight.shape)) {
    throw new CallError(complaint("readout head, weight", `outputs × ${d} numbers`, `[${weight.shape}]`));
  }
  if (bias.data.length !== C || sizeOf(bias.shape) !== C) {
    throw new CallError(complaint("readout head, bias", `${C} numbers`, `[${bias.shape}]`));
  }
  for (const [name, { data }] of Object.entries({ weight, bias })) {
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) {
      throw new CallError(complaint(`readout head, ${name}`, "finite numbers", `${data[at]} at index ${at}`));
    }
  }
  return C;
}
