/**
 * A network with a readout as the map f(x; θ) ∈ R^C and its derivative at θ₀: forward, Jᵀu, J v and the per-example taps that a
 * kernel is assembled from. Jᵀu is the taps of one cotangent block summed over examples, so there is one backward pass, not two.
 */
import { CallError, complaint } from "../errors.ts";
import { sizeOf, type Tensor } from "../numerics/array.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import type { Batch } from "../text/batch.ts";
import type { Network, TangentPass, Weight } from "./network.ts";
import { packBatch } from "./packing.ts";
import type { Readout } from "./readouts/readout.ts";
import { runBackward, runForward, runTangent, startPass } from "./run.ts";
import { putStored, storedShapes, takeStored, valueShape } from "./stored.ts";
import type { ModelRecipe, TangentModel, Tap } from "./types.ts";

type Floats = Float32Array | Float64Array;

export function createTangentModel(
  backend: Backend,
  network: Network,
  readout: Readout,
  model: ModelRecipe,
): TangentModel {
  const C = readout.outputs;
  const parameters = [...network.parameters, ...readout.own.map((weight) => weight.parameter)];
  const shapes = storedShapes(parameters);
  const pack = (batch: Batch) => packBatch(batch, network.sizes);

  /** Reads a tensor (n × C) made by `body`, and frees it. */
  async function outputs(n: number, body: () => DeviceTensor): Promise<Tensor> {
    const f = backend.scope(body);
    try {
      return { data: await backend.read(f), shape: [n, C] };
    } finally {
      backend.release(f);
    }
  }

  return {
    size: parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    outputs: C,
    parameters,
    backend,
    recipe: { model, readout: readout.recipe },
    offsets: (batch) => pack(batch).offsets,

    async forward(batch) {
      const packed = pack(batch);
      const pass = startPass(backend, network, packed);
      return outputs(packed.n, () => readout.forward(pass, runForward(pass, network)));
    },

    async vjp(batch, cotangent) {
      const packed = pack(batch);
      checkCotangent(cotangent, packed.n, C);
      const pass = startPass(backend, network, packed);
      const U = { data: Float64Array.from(cotangent.data), copies: 1 };
      const Kind = backend.precision === "f64" ? Float64Array : Float32Array;
      const gradients: Record<string, Floats> = {};
      for (const [name, shape] of shapes) gradients[name] = new Kind(sizeOf(shape));
      for (const { taps } of runBackward(pass, network, readout, U, () => true)) {
        try {
          for (const tap of taps) {
            const sum = await sumOfTap(backend, tap);
            const { name, shape, stored } = tap.parameter;
            if (stored) putStored(gradients[stored.tensor], sum, shape, stored);
            else gradients[name] = sum;
          }
        } finally {
          backend.release(taps);
        }
      }
      return gradients;
    },

    async jvp(batch, tangent) {
      const packed = pack(batch);
      checkTangent(tangent, shapes);
      const pass: TangentPass = {
        ...startPass(backend, network, packed),
        tangent: ({ parameter: { name, shape, stored } }: Weight) => {
          const v = tangent[stored?.tensor ?? name];
          if (!v) return null;
          return stored
            ? backend.upload(takeStored(v, shape, stored), valueShape(shape))
            : backend.upload(v, shape);
        },
      };
      return outputs(packed.n, () => {
        const { hidden, hiddenDot } = runTangent(pass, network);
        return readout.jvp(pass, hidden, hiddenDot) ?? backend.zeros([packed.n, C]);
      });
    },

    taps(batch, wanted = () => true) {
      const packed = pack(batch);
      const pass = startPass(backend, network, packed, C);
      const U = { data: unitCotangents(packed.n, C), copies: C };
      return runBackward(pass, network, readout, U, wanted);
    },
  };
}

/** (C·n × C): copy c of every example asks for the derivative of output c. */
function unitCotangents(n: number, C: number): Float64Array {
  const U = new Float64Array(C * n * C);
  for (let c = 0; c < C; c++) for (let i = 0; i < n; i++) U[(c * n + i) * C + c] = 1;
  return U;
}

/** The gradient of the whole batch, in the parameter's shape, from a tap of one copy. */
async function sumOfTap(backend: Backend, tap: Tap): Promise<Floats> {
  const sum = backend.scope(() => {
    if (tap.kind === "linear") return backend.matmul(tap.gradient, tap.input, { transposeA: true });
    if (tap.kind === "vector") return backend.sumRows(tap.gradient);
    // A vector may be a table as well: of rows one number wide.
    const table = backend.zeros([tap.parameter.shape[0], tap.gradient.shape[1]]);
    backend.scatterAddRowsInto(table, backend.upload(tap.ids, [tap.ids.length]), tap.gradient);
    return table;
  });
  try {
    return await backend.read(sum);
  } finally {
    backend.release(sum);
  }
}

function checkCotangent({ data, shape }: Tensor, n: number, C: number): void {
  const fits = shape.length === 2 && shape[0] === n && shape[1] === C && data.length === n * C;
  if (fits) return;
  throw new CallError(complaint("vjp, cotangent", `shape [${n}, ${C}]`, `[${shape}] of ${data.length}`));
}

function checkTangent(tangent: Record<string, Floats>, shapes: ReadonlyMap<string, number[]>): void {
  for (const [name, data] of Object.entries(tangent)) {
    const shape = shapes.get(name);
    if (!shape) {
      throw new CallError(complaint("jvp, tangent", "names of this model's parameters", name));
    }
    if (data.length !== sizeOf(shape)) {
      throw new CallError(
        complaint(`jvp, tangent of ${name}`, `${sizeOf(shape)} numbers for [${shape}]`, `${data.length}`),
      );
    }
  }
}
