// The kernel by itself: outputs, derivatives and the empirical NTK of a few sentences.
import { fileURLToPath } from "node:url";
import { loadModel, loadTokenizer, tokenize } from "ntkit/model";
import { empiricalNtk } from "ntkit/ntk";
import { eigh } from "ntkit/numerics";

const folder = fileURLToPath(new URL("../assets/nano-gpt-neo", import.meta.url));
const model = await loadModel(folder);
const tokenizer = await loadTokenizer(folder);
const batch = tokenize(tokenizer, [
  "The old man looked at the sea.",
  "The old man looked at the ocean.",
  "Congress shall make no law respecting an establishment of religion.",
]);

const tangent = model.readout({ kind: "head", outputs: 1, init: "gaussian", pool: "mean", seed: 0 });
const { data, shape } = await empiricalNtk(tangent, batch, null);
const N = shape[0];
console.log(`Θ (${shape.join("×")}), as cosines:`);
for (let i = 0; i < N; i++) {
  const row = Array.from(
    { length: N },
    (_, j) => data[i * N + j] / Math.sqrt(data[i * N + i] * data[j * N + j]),
  );
  console.log("  ", row.map((value) => value.toFixed(3)).join("  "));
}
console.log("eigenvalues:", [...eigh(data, N).values].map((value) => value.toFixed(2)).join("  "));
model.dispose();
