// What bench/streaming.ts measures, in a process of its own: forward, vjp and a kernel of 4 texts of a model that memory does not hold.
//   node bench/streamingJob.mjs FOLDER resident|layered|streaming [TOKENS] → one line of JSON

import { loadModel } from "ntkit/model";
import { empiricalNtk } from "ntkit/ntk";

const TEXTS = 4;

const [folder, weights, tokens = "32"] = process.argv.slice(2);
const TOKENS = Number(tokens);
const seconds = {};
async function timed(name, body) {
  const start = performance.now();
  const result = await body();
  seconds[name] = (performance.now() - start) / 1000;
  return result;
}

const model = await timed("load", () => loadModel(folder, { weights }));
const shape = [TEXTS, TOKENS];
const inputIds = Int32Array.from(
  { length: TEXTS * TOKENS },
  (_, i) => (i * 7919 + 13) % model.vocabularySize,
);
const batch = { inputIds, attentionMask: new Uint8Array(TEXTS * TOKENS).fill(1), shape };
const tangent = model.readout({ kind: "prompt", labelIds: [5, 11] });
const beforeRuns = model.backend.memory().peakBytes;

const f = await timed("forward", () => tangent.forward(batch));
const norms = await timed("vjp", async () => {
  const squares = {};
  const cotangent = {
    data: Float64Array.from({ length: TEXTS * 2 }, (_, i) => (i % 2 ? -1 : 1)),
    shape: [TEXTS, 2],
  };
  for await (const { name, data } of tangent.gradients(batch, cotangent)) {
    let square = 0;
    for (let i = 0; i < data.length; i++) square += data[i] * data[i];
    squares[name] = square;
  }
  return squares;
});
const vjpPeak = process.resourceUsage().maxRSS * 1024;
const vjpBackend = model.backend.memory().peakBytes;
const kernel = await timed("kernel", () => empiricalNtk(tangent, batch, null, { workers: 1 }));
const trace = kernel.data.reduce((sum, value, i) => sum + (i % (2 * TEXTS + 1) === 0 ? value : 0), 0);
const { peakBytes } = model.backend.memory();
console.log(
  JSON.stringify({
    plan: model.plan,
    seconds,
    residentBytes: { vjp: vjpPeak, all: process.resourceUsage().maxRSS * 1024 },
    backendBytes: { before: beforeRuns, vjp: vjpBackend, peak: peakBytes },
    tensors: Object.keys(norms).length,
    numbers: { f: [...f.data], squares: Object.values(norms).reduce((a, b) => a + b), trace },
  }),
);
model.dispose();
