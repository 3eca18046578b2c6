/**
 * Logits of every word at every row (N × V): states · wordsᵀ, in masked-language models of the transformed states and with a bias.
 * Where the table is not on the backend it comes by panels of rows: columns of the product do not know of one another. Cost N·d·V.
 */
import type { DeviceTensor } from "../numerics/backend.ts";
import * as transforming from "./layers/transform.ts";
import type { Network, Pass, Weight } from "./network.ts";

/** Words of a panel. */
const PANEL = 1024;

export async function wordLogits(
  pass: Pass,
  { masked, sizes: { vocabularySize: V } }: Network,
  words: Weight,
  hidden: DeviceTensor, // (N × d)
): Promise<Float32Array | Float64Array> {
  const { backend, weights } = pass;
  const transform = masked?.transform;
  const states = transform
    ? await weights.using({ whole: transforming.parametersOf(transform) }, () =>
        backend.scope(() => transforming.forward(pass, transform, hidden).output),
      )
    : hidden;
  let product: DeviceTensor | null = null;
  try {
    if (weights.mode === "resident") {
      product = backend.matmul(states, words.value, { transposeB: true, bias: masked?.bias.value });
      return await backend.read(product);
    }
    const N = hidden.shape[0];
    const Kind = backend.precision === "f64" ? Float64Array : Float32Array;
    const logits = new Kind(N * V);
    const tables = masked ? [words, masked.bias] : [words];
    for (let first = 0; first < V; first += PANEL) {
      const ids = Int32Array.from({ length: Math.min(PANEL, V - first) }, (_, j) => first + j);
      product = await weights.using({ rows: tables.map((weight) => ({ weight, ids })) }, () =>
        backend.scope(() => {
          const [table, bias] = tables.map((weight) => weights.rows(weight, ids));
          return backend.matmul(states, table, { transposeB: true, bias });
        }),
      );
      const panel = await backend.read(product);
      backend.release(product);
      product = null;
      for (let r = 0; r < N; r++)
        logits.set(panel.subarray(r * ids.length, (r + 1) * ids.length), r * V + first);
    }
    return logits;
  } finally {
    backend.release([product, transform ? states : null]);
  }
}
