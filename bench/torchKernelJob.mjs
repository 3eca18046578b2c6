// ntkit's half of bench/torchKernel.ts, in a process of its own: the kernel of MiniLM's body on `n` texts of snips, two workers.
//   node bench/torchKernelJob.mjs MODEL FOLDER N OUTPUTS [dump] → one line of JSON; kernel.bin, and with "dump" what the peer needs
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { empiricalNtk, loadInputs, openCheckpoint } from "ntkit";

const [source, folder, texts, outputCount, dump] = process.argv.slice(2);
const [n, outputs] = [Number(texts), Number(outputCount)];
const CLASSES = 7;

const { model, train } = await loadInputs({
  model: source,
  data: join(import.meta.dirname, "../assets/snips/train.csv"),
  perClass: Math.ceil(n / CLASSES),
  maxLength: 24,
  readout: { kind: "head", init: "gaussian", pool: "mean" },
  seed: 0,
});
const T = train.batch.shape[1];
const batch = {
  inputIds: train.batch.inputIds.slice(0, n * T),
  attentionMask: train.batch.attentionMask.slice(0, n * T),
  shape: [n, T],
};
const d = model.hiddenSize;
const weight = Float32Array.from({ length: outputs * d }, (_, i) => Math.sin(12.9898 * i) / Math.sqrt(d));
const tangent = model.readout({
  kind: "head",
  weight: { data: weight, shape: [outputs, d] },
  bias: { data: new Float32Array(outputs), shape: [outputs] },
  pool: "mean",
});

const resident = process.memoryUsage().rss;
const [start, before] = [performance.now(), process.cpuUsage()];
const { data } = await empiricalNtk(tangent, batch, null, { parameters: "body", workers: 2 });
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
const peak = process.resourceUsage().maxRSS * 1024;
writeFileSync(join(folder, "kernel.bin"), data);

if (dump) {
  const { tensors, config } = await openCheckpoint(source);
  const named = Object.entries(tensors).filter(([name]) =>
    model.parameters.some((parameter) => parameter.name === name || name.endsWith(parameter.name)),
  );
  const kinds = [...new Set(named.map(([, { dtype }]) => dtype))];
  if (kinds.length !== 1) throw new Error(`expected weights of one kind, got ${kinds.join(", ")}`);
  const pieces = named.map(([, { bytes }]) => bytes);
  writeFileSync(join(folder, "weights.bin"), Buffer.concat(pieces));
  writeFileSync(join(folder, "ids.bin"), batch.inputIds);
  writeFileSync(join(folder, "mask.bin"), batch.attentionMask);
  writeFileSync(join(folder, "head.bin"), weight);
  writeFileSync(
    join(folder, "job.json"),
    JSON.stringify({
      ...{ n, T, outputs, dtype: kinds[0] },
      heads: config.num_attention_heads,
      layers: config.num_hidden_layers,
      epsilon: config.layer_norm_eps,
      shapes: Object.fromEntries(named.map(([name, { shape }]) => [name, shape])),
    }),
  );
}
console.log(JSON.stringify({ seconds, processor: (user + system) / 1e6, resident, peak, T }));
model.dispose();
