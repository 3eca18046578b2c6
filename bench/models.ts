/**
 * Forward and vjp of MiniLM on 64 texts of 64 tokens, f and Jᵀu over all weights: ntkit, tfjs-backend-wasm (bench/minilmTfjs.ts)
 * and PyTorch (bench/minilm.py; left out where python3, or the PYTHON of the environment, has no torch). All agree to 1e-4
 * before anything is timed; then they take turns.
 * Run: npm run build && npx node bench/models.ts [FOLDER OF MINILM [ROUNDS]] — appends a table to bench/RESULTS.md.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { loadModel } from "ntkit/model";
import { wasmTarget } from "ntkit/numerics";
import { openCheckpoint, widen } from "../src/checkpoint/index.ts";
import { median, noise, publish } from "./harness.ts";
import { createPeer, PART, type Sizes, type Weights } from "./minilmTfjs.ts";

const C = 2;
const folder = process.argv[2] ?? join(import.meta.dirname, "../../shared/models/minilm");
const rounds = Number(process.argv[3] ?? 5);

const { tensors } = await openCheckpoint(folder);
const model = await loadModel(folder);
const [n, T, d] = [64, 64, model.hiddenSize];
const sizes: Sizes = {
  texts: n,
  positions: T,
  layers: model.config["num_hidden_layers"] as number,
  heads: model.config["num_attention_heads"] as number,
  epsilon: model.config["layer_norm_eps"] as number,
};
const ids = Int32Array.from(noise(n * T, 1), (x) => Math.floor(((x + 1) / 2) * model.vocabularySize));
const u = noise(n * C, 2);
const weights: Weights = {
  "head.weight": { data: noise(C * d, 3), shape: [C, d] },
  "head.bias": { data: noise(C, 4), shape: [C] },
};
for (const { name, shape } of model.parameters) {
  if (name.startsWith("pooler.")) continue; // which mean pooling passes by
  const { dtype, bytes } = tensors[name];
  weights[name] = { data: Float32Array.from(widen(dtype, bytes)), shape };
}

interface Result {
  f: ArrayLike<number>;
  gradients: Record<string, ArrayLike<number>>;
}

const tangent = model.readout({
  kind: "head",
  weight: weights["head.weight"],
  bias: weights["head.bias"],
  pool: "mean",
});
const batch = {
  inputIds: ids,
  attentionMask: new Uint8Array(n * T).fill(1),
  shape: [n, T] as [number, number],
};
const ours = async (): Promise<Result> => ({
  f: (await tangent.forward(batch)).data,
  gradients: await tangent.vjp(batch, { data: u, shape: [n, C] }),
});

/** ‖a − b‖ / ‖b‖ of f and of the whole gradient. */
function apart(a: Result, b: Result): [number, number] {
  const relative = (pairs: [ArrayLike<number>, ArrayLike<number>][]) => {
    let [difference, norm] = [0, 0];
    for (const [x, y] of pairs) {
      if (x.length !== y.length) throw new Error(`${x.length} numbers beside ${y.length}`);
      for (let i = 0; i < y.length; i++) {
        difference += (x[i] - y[i]) ** 2;
        norm += y[i] ** 2;
      }
    }
    return Math.sqrt(difference / norm);
  };
  return [
    relative([[a.f, b.f]]),
    relative(Object.keys(weights).map((name) => [a.gradients[name], b.gradients[name]])),
  ];
}

/** PyTorch in a process of its own, which waits for the number of threads of the next run. */
async function startTorch() {
  const job = mkdtempSync(join(tmpdir(), "ntkit-bench-"));
  const write = (name: string, data: ArrayBufferView) =>
    writeFileSync(join(job, name), new Uint8Array(data.buffer, data.byteOffset, data.byteLength), {
      flag: "a",
    });
  for (const { data } of Object.values(weights)) write("weights.bin", data);
  write("ids.bin", ids);
  write("u.bin", u);
  const shapes = Object.fromEntries(Object.entries(weights).map(([name, { shape }]) => [name, shape]));
  writeFileSync(join(job, "job.json"), JSON.stringify({ ...sizes, shapes }));
  const python = process.env.PYTHON ?? "python3";
  const child: ChildProcess = spawn(python, [join(import.meta.dirname, "minilm.py"), job], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let why = "";
  child.on("error", ({ message }) => {
    why = message;
  });
  child.stderr!.on("data", (text) => {
    why = `${text}`.trim().split("\n").at(-1)!;
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const { value: version, done } = await lines.next();
  if (done) {
    rmSync(job, { recursive: true });
    console.warn(`${python} with torch is missing (${why}): PyTorch is left out`);
    return undefined;
  }
  const out = readFileSync(join(job, "out.bin"));
  const all = new Float32Array(out.buffer.slice(out.byteOffset, out.byteOffset + out.byteLength));
  rmSync(job, { recursive: true });
  let at = 0;
  const take = (count: number) => {
    at += count;
    return all.subarray(at - count, at);
  };
  const f = take(n * C);
  const gradients = Object.fromEntries(
    Object.entries(weights).map(([name, { data }]) => [name, take(data.length)]),
  );
  return {
    version,
    result: { f, gradients },
    async timed(threads: number): Promise<Times> {
      child.stdin!.write(`${threads}\n`);
      return JSON.parse(`${(await lines.next()).value}`);
    },
    stop: () => child.stdin!.end(),
  };
}

/** Milliseconds by the clock and of the processor, all threads of the process. */
type Times = [clock: number, processor: number];

async function timed(body: () => Promise<unknown>): Promise<Times> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await body();
  const { user, system } = process.cpuUsage(before);
  return [performance.now() - start, (user + system) / 1000];
}

const torch = await startTorch();
const tfjs = await createPeer(weights, ids, u, sizes);
const mine = await ours();
const checks = { "tfjs-wasm": await tfjs.run(true), ...(torch && { PyTorch: torch.result }) };
const agreement = Object.entries(checks).map(([name, result]) => {
  const gaps = apart(mine, result);
  if (!gaps.every((gap) => gap < 1e-4)) throw new Error(`${name}: f and gradients are apart by ${gaps}`);
  return `${name} ${gaps.map((gap) => gap.toExponential(0)).join(" and ")}`;
});

const rivals: { name: string; turns: number; times: number; run(): Promise<Times> }[] = [
  { name: "ntkit, forward and vjp", turns: rounds, times: 1, run: () => timed(ours) },
  {
    name: "ntkit, vjp alone, which runs forward itself",
    turns: rounds,
    times: 1,
    run: () => timed(() => tangent.vjp(batch, { data: u, shape: [n, C] })),
  },
  ...(torch
    ? [1, 2].map((threads) => ({
        name: `PyTorch, ${threads} thread${threads > 1 ? "s" : ""}`,
        turns: rounds,
        times: 1,
        run: () => torch.timed(threads),
      }))
    : []),
  {
    name: "tfjs-wasm, factors of its products transposed beforehand",
    turns: Math.ceil(rounds / 2),
    times: 1,
    run: () => timed(() => tfjs.run(true)),
  },
  // Minutes as a whole: one part stands for all.
  { name: "tfjs-wasm", turns: 1, times: n / PART, run: () => timed(() => tfjs.run(false, 1)) },
];
const times = rivals.map((): Times[] => []);
for (let round = 0; round < rounds; round++) {
  for (const [i, { turns, run }] of rivals.entries()) if (round < turns) times[i].push(await run());
}
torch?.stop();
model.dispose();

const medians = rivals.map(({ times: factor }, i) =>
  [0, 1].map((kind) => factor * median(times[i].map((pair) => pair[kind]))),
);
publish(
  "MiniLM, forward and vjp",
  `${wasmTarget()} kernels, tfjs-backend-wasm ${tfjs.version}, PyTorch ${torch?.version ?? "absent"}; one thread each unless said; ` +
    `${n} texts of ${T} tokens, f and the gradient of all weights; medians of up to ${rounds} turns; load ${loadavg()[0].toFixed(1)}. ` +
    `f and gradient of ntkit are apart from those of ${agreement.join(", ")}. ` +
    `tfjs runs ${PART} texts at a time, as its 2 GiB hold no more; without transposes, one such part × ${n / PART}.`,
  ["", "seconds", "processor seconds", "ntkit's speed in comparison, processor", "clock"],
  rivals.map(({ name }, i) => [
    name,
    ...medians[i].map((ms) => (ms / 1000).toFixed(1)),
    ...(i === 0 ? ["", ""] : [1, 0].map((kind) => `${(medians[i][kind] / medians[0][kind]).toFixed(2)} ×`)),
  ]),
);
