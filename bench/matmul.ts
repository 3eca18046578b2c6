/**
 * Matrix products: ntkit's wasm backend against @tensorflow/tfjs-backend-wasm, operands resident in both, one thread each.
 * Run: npm run build && npx node bench/matmul.ts — appends a table to bench/RESULTS.md.
 */
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { createBackend, matmul, syrk, wasmTarget } from "ntkit/numerics";
import { interleaved, noise, publish, type Rival } from "./harness.ts";

setThreadsCount(1);
await tf.setBackend("wasm");
const backend = await createBackend("wasm");

const rows: string[][] = [];

function compare(name: string, operations: number, rounds: number, rivals: Rival[]): void {
  const [ours, theirs] = interleaved(rivals, rounds);
  const speed = (milliseconds: number) => (operations / milliseconds / 1e6).toFixed(1);
  const rest =
    theirs === undefined
      ? ["—", "—", "—"]
      : [theirs.toFixed(2), speed(theirs), `${(theirs / ours).toFixed(1)}×`];
  rows.push([name, ours.toFixed(2), speed(ours), ...rest]);
}

interface Case {
  name: string;
  n: number;
  rounds: number;
  transposeA?: boolean;
  transposeB?: boolean;
}
/** tfjs takes seconds for one transposed product of 1024: fewer rounds there. */
const cases: Case[] = [
  { name: "A·B", n: 256, rounds: 15 },
  { name: "A·B", n: 512, rounds: 15 },
  { name: "A·B", n: 1024, rounds: 9 },
  { name: "A·Bᵀ", n: 256, rounds: 9, transposeB: true },
  { name: "A·Bᵀ", n: 512, rounds: 7, transposeB: true },
  { name: "A·Bᵀ", n: 1024, rounds: 3, transposeB: true },
  { name: "Aᵀ·B", n: 256, rounds: 9, transposeA: true },
  { name: "Aᵀ·B", n: 512, rounds: 5, transposeA: true },
  { name: "Aᵀ·B", n: 1024, rounds: 3, transposeA: true },
];
for (const { name, n, rounds, transposeA = false, transposeB = false } of cases) {
  const [a, b] = [noise(n * n, 1), noise(n * n, 2)];
  const [A, B] = [backend.upload(a, [n, n]), backend.upload(b, [n, n])];
  const [tA, tB] = [tf.tensor2d(a, [n, n]), tf.tensor2d(b, [n, n])];
  compare(`f32 ${name} ${n}`, 2 * n ** 3, rounds, [
    { name: "ntkit", run: () => backend.release(backend.matmul(A, B, { transposeA, transposeB })) },
    { name: "tfjs-wasm", run: () => tf.matMul(tA, tB, transposeA, transposeB).dispose() },
  ]);
  backend.release([A, B]);
  tf.dispose([tA, tB]);
}

/** Attention: 64 heads of 32 positions, 64 features each. */
const [heads, T, d] = [64, 32, 64];
const [q, k] = [noise(heads * T * d, 3), noise(heads * T * d, 4)];
const [Q, K] = [backend.upload(q, [heads, T, d]), backend.upload(k, [heads, T, d])];
const [tQ, tK] = [tf.tensor3d(q, [heads, T, d]), tf.tensor3d(k, [heads, T, d])];
const group = (h: number) => [h * T * d, d, h * T * d, d, h * T * T, T, T, d, T];
const table = Int32Array.from(Array.from({ length: heads }, (_, h) => group(h)).flat());
compare(`f32 batched ${heads} × (${T}×${d} · ${d}×${T})`, 2 * heads * T * T * d, 15, [
  {
    name: "ntkit",
    run: () => backend.release(backend.groupedMatmul(Q, K, { table }, [heads, T, T], { transposeB: true })),
  },
  { name: "tfjs-wasm", run: () => tf.matMul(tQ, tK, false, true).dispose() },
]);

/** What tfjs has no float64 for: ours alone, arrays copied in and out. */
for (const n of [256, 512, 1024]) {
  const a = Float64Array.from(noise(n * n, 5));
  const sizes = { m: n, k: n, n };
  compare(`f64 matmul(a, b) ${n}, copies and all`, 2 * n ** 3, 5, [
    { name: "ntkit", run: () => matmul(a, a, sizes) },
  ]);
  compare(`f64 syrk(a) ${n}, copies and all`, n ** 3, 5, [
    { name: "ntkit", run: () => syrk(a, { n, k: n }) },
  ]);
}

publish(
  "Matrix products",
  `${wasmTarget()} kernels, tfjs-backend-wasm ${tf.version_core}, one thread each; medians, rounds interleaved in one process.`,
  ["product", "ntkit ms", "GFLOP/s", "tfjs-wasm ms", "GFLOP/s", "ratio"],
  rows,
);
backend.dispose();
