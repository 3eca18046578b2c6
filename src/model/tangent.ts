/**
 * A network with a readout as the map f(x; θ) ∈ R^C and its derivative at θ₀: forward, Jᵀu, J v and the per-example taps that a
 * kernel is assembled from. Jᵀu is the taps of one cotangent block summed over examples, so there is one backward pass, not two.
 */
import { CallError, complaint } from "../errors.ts";
import { sizeOf, type Tensor } from "../numerics/array.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import type { LongOptions } from "../progress.ts";
import type { Batch } from "../text/batch.ts";
import type { Network, Pass, TangentPass, Weight } from "./network.ts";
import { packBatch } from "./packing.ts";
import type { Readout } from "./readouts/readout.ts";
import { type Cotangents, runBackward, runForward, runTangent, startPass } from "./run.ts";
import type { WeightShelf } from "./shelf.ts";
import { tangentsFrom } from "./stackedTangents.ts";
import { putStored, storedShapes, takeStored } from "./stored.ts";
import { sumOfTap } from "./tapSums.ts";
import type { ModelRecipe, Parameter, TangentModel, TensorGradient, WeightPlan } from "./types.ts";

type Floats = Float32Array | Float64Array;

export function createTangentModel(
  backend: Backend,
  network: Network,
  readout: Readout,
  weights: WeightShelf,
  { recipe: model, plan }: { recipe: ModelRecipe; plan: WeightPlan },
  own: readonly Weight[], // the network's
): TangentModel {
  const C = readout.outputs;
  const parameters = [...network.parameters, ...readout.own.map((weight) => weight.parameter)];
  const shapes = storedShapes(parameters);
  const pack = (batch: Batch) => packBatch(batch, network.sizes);
  /** Tensors of the checkpoint that were written: what they hold now. */
  const moved = new Map<string, Floats>();

  /** The weights a tensor of the checkpoint is cut into. */
  function partsOf(name: string): Weight[] {
    if (weights.mode !== "resident") {
      const got = `a model whose weights are ${weights.mode}`;
      throw new CallError(complaint("parameters that move", "a resident model", got, "more --memory"));
    }
    const parts = [...own, ...readout.own].filter(
      ({ parameter }) => (parameter.stored?.tensor ?? parameter.name) === name,
    );
    if (parts.length > 0) return parts;
    throw new CallError(complaint("parameters", "names of this model's tensors", name));
  }

  /** f (n × C) or its tangents, from the final states `held` of a run, which it frees. */
  async function outputs<T>(n: number, held: T, body: () => DeviceTensor): Promise<Tensor> {
    let f: DeviceTensor | null = null;
    try {
      f = await weights.using(readout.needs, () => backend.scope(body));
      return { data: await backend.read(f), shape: [n, C] };
    } finally {
      backend.release([held, f]);
    }
  }

  async function* gradients(
    batch: Batch,
    cotangent: Tensor,
    { copies = 1, wanted = () => true, ...options }: Parameters<TangentModel["gradients"]>[2] = {},
  ): AsyncGenerator<TensorGradient, void, void> {
    const packed = pack(batch);
    checkCopies("gradients", copies);
    checkCotangent(cotangent, copies * packed.n, C);
    const pass = startPass(backend, network, packed, weights, copies);
    yield* gradientsOf(pass, { data: Float64Array.from(cotangent.data), copies }, wanted, options);
  }

  /** Jᵀu by tensors with a wanted parameter, u the cotangents. */
  async function* gradientsOf(
    pass: Pass,
    u: Cotangents,
    wanted: (parameter: Parameter) => boolean,
    options?: LongOptions,
  ): AsyncGenerator<TensorGradient, void, void> {
    const { copies } = u;
    const Kind = backend.precision === "f64" ? Float64Array : Float32Array;
    const due = storedShapes(parameters.filter(wanted));
    for await (const { taps } of runBackward(pass, network, readout, u, wanted, options)) {
      // A stage has all parts of its tensors.
      const parts = new Map<string, Floats>();
      try {
        for (const tap of taps) {
          const sum = await sumOfTap(backend, tap, copies);
          const { name, shape, stored } = tap.parameter;
          if (!stored) parts.set(name, sum);
          else {
            const whole = parts.get(stored.tensor) ?? new Kind(copies * sizeOf(stored.shape));
            const of = (data: Floats, c: number) =>
              data.subarray((c * data.length) / copies, ((c + 1) * data.length) / copies);
            for (let c = 0; c < copies; c++) putStored(of(whole, c), of(sum, c), shape, stored);
            parts.set(stored.tensor, whole);
          }
        }
      } finally {
        backend.release(taps);
      }
      for (const [name, data] of parts) {
        yield { name, shape: shapes.get(name)!, data };
        due.delete(name);
      }
    }
    for (const [name, shape] of due) yield { name, shape, data: new Kind(copies * sizeOf(shape)) };
  }

  return {
    size: parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    outputs: C,
    parameters,
    backend,
    get recipe() {
      return { model: moved.size === 0 ? model : movedRecipe(model, shapes, moved), readout: readout.recipe };
    },
    plan,
    offsets: (batch) => pack(batch).offsets,

    async forward(batch, options) {
      const packed = pack(batch);
      const pass = startPass(backend, network, packed, weights);
      const hidden = await runForward(pass, network, options);
      return outputs(packed.n, hidden, () => readout.forward(pass, hidden));
    },

    gradients,

    async vjp(batch, cotangent, options) {
      const found = new Map<string, Floats>();
      for await (const { name, data } of gradients(batch, cotangent, options)) found.set(name, data);
      return Object.fromEntries(Array.from(shapes.keys(), (name) => [name, found.get(name)!]));
    },

    async pullback(batch, cotangent, wanted = () => true, options) {
      const packed = pack(batch);
      const pass = startPass(backend, network, packed, weights);
      let f: Tensor | undefined;
      const u = async (hidden: DeviceTensor) => {
        f = await outputs(packed.n, null, () => readout.forward(pass, hidden));
        const made = cotangent(f);
        checkCotangent(made, packed.n, C);
        return Float64Array.from(made.data);
      };
      const found: Record<string, Floats> = {};
      const cotangents = { data: u, copies: 1 };
      for await (const { name, data } of gradientsOf(pass, cotangents, wanted, options)) found[name] = data;
      return { outputs: f!, gradients: found };
    },

    async jvp(batch, tangent, { copies = 1, ...options } = {}) {
      const packed = pack(batch);
      checkCopies("jvp", copies);
      checkTangent("jvp", tangent, shapes, copies);
      const pass: TangentPass = {
        ...startPass(backend, network, packed, weights, copies),
        copies,
        ...tangentsFrom(backend, tangent, copies),
      };
      const rows = copies * packed.n;
      const top = await runTangent(pass, network, options);
      return outputs(
        rows,
        top,
        () => readout.jvp(pass, top.hidden, top.hiddenDot) ?? backend.zeros([rows, C]),
      );
    },

    async values(names = [...shapes.keys()]) {
      const values: Record<string, Floats> = {};
      for (const name of names) {
        const parts = partsOf(name);
        for (const { parameter, value } of parts) {
          const part = await backend.read(value);
          if (!parameter.stored) values[name] = part;
          else {
            values[name] ??= new (part.constructor as new (length: number) => Floats)(
              sizeOf(shapes.get(name)!),
            );
            putStored(values[name], part, parameter.shape, parameter.stored);
          }
        }
      }
      return values;
    },

    async assign(values) {
      checkTangent("assign", values, shapes, 1);
      for (const [name, data] of Object.entries(values)) {
        for (const { parameter, value } of partsOf(name)) {
          const { shape, stored } = parameter;
          backend.write(value, stored ? takeStored(data, shape, stored) : data);
        }
        const kept = moved.get(name);
        if (kept) kept.set(data);
        else if (!readout.own.some(({ parameter }) => parameter.name === name)) moved.set(name, data.slice());
      }
      readout.moved?.(values);
    },

    taps(batch, wanted = () => true, { combinations, ...options } = {}) {
      const packed = pack(batch);
      const U = cotangentsOf(packed.n, C, combinations);
      const pass = startPass(backend, network, packed, weights, U.copies);
      return runBackward(pass, network, readout, U, wanted, options);
    },
  };
}

/** (K·n × C): copy k of every example asks for the derivative of combination k of the outputs; of output k where none are given. */
function cotangentsOf(
  n: number,
  C: number,
  combinations?: Float64Array,
): { data: Float64Array; copies: number } {
  const copies = (combinations?.length ?? C * C) / C;
  if (!(Number.isInteger(copies) && copies > 0)) {
    throw new CallError(complaint("taps, combinations", `rows of ${C} numbers`, `${combinations?.length}`));
  }
  const data = new Float64Array(copies * n * C);
  for (let k = 0; k < copies; k++) {
    for (let i = 0; i < n; i++) {
      const row = data.subarray((k * n + i) * C, (k * n + i + 1) * C);
      if (combinations) row.set(combinations.subarray(k * C, (k + 1) * C));
      else row[k] = 1;
    }
  }
  return { data, copies };
}

function checkCopies(where: string, copies: number): void {
  if (Number.isInteger(copies) && copies > 0) return;
  throw new CallError(complaint(`${where}, copies`, "a whole number from 1", String(copies)));
}

function checkCotangent({ data, shape }: Tensor, n: number, C: number): void {
  const fits = shape.length === 2 && shape[0] === n && shape[1] === C && data.length === n * C;
  if (fits) return;
  throw new CallError(complaint("vjp, cotangent", `shape [${n}, ${C}]`, `[${shape}] of ${data.length}`));
}

/** The checkpoint's tensors, those that moved as they are now. */
function movedRecipe(
  model: ModelRecipe,
  shapes: ReadonlyMap<string, number[]>,
  moved: ReadonlyMap<string, Floats>,
): ModelRecipe {
  const tensors = { ...model.tensors };
  for (const [name, data] of moved) {
    const dtype = data instanceof Float64Array ? "F64" : "F32";
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    tensors[name] = { dtype, shape: shapes.get(name)!, bytes };
  }
  return { ...model, tensors };
}

function checkTangent(
  where: string,
  tangent: Record<string, Floats>,
  shapes: ReadonlyMap<string, number[]>,
  copies: number,
): void {
  for (const [name, data] of Object.entries(tangent)) {
    const shape = shapes.get(name);
    if (!shape) {
      throw new CallError(complaint(where, "names of this model's parameters", name));
    }
    const size = copies * sizeOf(shape);
    if (data.length !== size) {
      const times = copies === 1 ? "" : `${copies} × `;
      throw new CallError(
        complaint(`${where}, ${name}`, `${size} numbers for ${times}[${shape}]`, `${data.length}`),
      );
    }
  }
}
