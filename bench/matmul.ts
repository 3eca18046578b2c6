/**
 * Matrix products: ntkit's wasm backend against @tensorflow/tfjs-backend-wasm, operands resident in both, one thread each; the public
 * functions, copies and all; and what share of the arithmetic peak of 128-bit SIMD that is (peak.ts).
 * Run: npm run build && npx node bench/matmul.ts — appends a table to bench/RESULTS.md.
 */
import { loadavg } from "node:os";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { createBackend, gemv, load, matmul, symv, syrk, trmm, trsm, wasmTarget } from "ntkit/numerics";
import { interleaved, noise, publish, type Rival } from "./harness.ts";
import { simdPeak } from "./peak.ts";

setThreadsCount(1);
await tf.setBackend("wasm");
await load({ target: "relaxed" });
const fused = wasmTarget();
const relaxed = await createBackend("wasm");
await load({ target: "simd" });
const backend = await createBackend("wasm");

let peak = 0;
const rows: { name: string; milliseconds: number; speed: number; compared: string }[] = [];

/** One row a rival; the last column compares with the rival of that index. All take turns. The peak is the best seen in between. */
function compare(
  operations: number,
  rounds: number,
  rivals: (Rival & { work?: number; than?: number })[],
): void {
  peak = Math.max(peak, simdPeak());
  const times = interleaved(rivals, rounds);
  rivals.forEach(({ name, work = 1, than }, i) => {
    const speed = (work * operations) / times[i] / 1e6;
    const compared =
      than === undefined ? "" : `${(times[than] / times[i]).toFixed(2)} × ${rivals[than].name}`;
    rows.push({ name, milliseconds: times[i], speed, compared });
  });
}

for (const [n, rounds] of [
  [256, 25],
  [512, 15],
  [1024, 9],
  [2048, 5],
]) {
  const [a, b] = [noise(n * n, 1), noise(n * n, 2)];
  const [A, B] = [backend.upload(a, [n, n]), backend.upload(b, [n, n])];
  const [rA, rB] = [relaxed.upload(a, [n, n]), relaxed.upload(b, [n, n])];
  const [tA, tB] = [tf.tensor2d(a, [n, n]), tf.tensor2d(b, [n, n])];
  const ours = (options: { transposeA?: boolean; transposeB?: boolean }) => () =>
    backend.release(backend.matmul(A, B, options));
  compare(2 * n ** 3, rounds, [
    { name: `tfjs-wasm A·B ${n}`, run: () => tf.matMul(tA, tB).dispose() },
    { name: `f32 A·B ${n}`, run: ours({}), than: 0 },
    { name: `f32 A·Bᵀ ${n}`, run: ours({ transposeB: true }), than: 1 },
    { name: `f32 Aᵀ·B ${n}`, run: ours({ transposeA: true }), than: 1 },
    { name: `${fused} A·B ${n}`, run: () => relaxed.release(relaxed.matmul(rA, rB)), than: 1 },
    { name: `f32 matmul(a, b), copies and all, ${n}`, run: () => matmul(a, b, { m: n, k: n, n }), than: 1 },
  ]);
  backend.release([A, B]);
  relaxed.release([rA, rB]);
  tf.dispose([tA, tB]);
}

/** Batches: of squares beside one square, of attention heads beside tfjs (T positions, d features a head). */
for (const [heads, T, d] of [
  [16, 256, 256],
  [64, 32, 64],
  [256, 8, 64],
]) {
  const [q, k] = [noise(heads * T * d, 3), noise(heads * T * d, 4)];
  const [Q, K] = [backend.upload(q, [heads, T, d]), backend.upload(k, [heads, T, d])];
  const [tQ, tK] = [tf.tensor3d(q, [heads, T, d]), tf.tensor3d(k, [heads, T, d])];
  const group = (h: number) => [h * T * d, d, h * T * d, d, h * T * T, T, T, d, T];
  const table = Int32Array.from(Array.from({ length: heads }, (_, h) => group(h)).flat());
  const name = `${heads} × (${T}×${d} · ${d}×${T})`;
  const [A, B] = [backend.upload(q.slice(0, T * d), [T, d]), backend.upload(k.slice(0, T * d), [T, d])];
  compare(2 * heads * T * T * d, heads === 16 ? 5 : 15, [
    { name: `tfjs-wasm ${name}`, run: () => tf.matMul(tQ, tK, false, true).dispose() },
    {
      name: `one of ${name}`,
      run: () => backend.release(backend.matmul(A, B, { transposeB: true })),
      work: 1 / heads,
    },
    {
      name: `f32 batched ${name}`,
      run: () => backend.release(backend.groupedMatmul(Q, K, { table }, [heads, T, T], { transposeB: true })),
      than: 0,
    },
  ]);
  backend.release([Q, K, A, B]);
  tf.dispose([tQ, tK]);
}

/** What tfjs has no float64 for: ours alone, arrays copied in and out. */
for (const n of [256, 512, 1024]) {
  const a = noise(n * n, 5);
  for (let i = 0; i < n; i++) a[i * n + i] = n;
  const wide = Float64Array.from(a);
  const [x, wideX] = [a.slice(0, n), wide.slice(0, n)];
  const sizes = { m: n, k: n, n };
  compare(2 * n ** 3, 7, [
    { name: `f32 matmul ${n}`, run: () => matmul(a, a, sizes) },
    { name: `f64 matmul ${n}`, run: () => matmul(wide, wide, sizes), than: 0 },
    { name: `f64 syrk ${n}`, run: () => syrk(wide, { n, k: n }), work: 1 / 2, than: 1 },
    { name: `f64 trsm ${n}`, run: () => trsm(wide, wide, { m: n, n }), work: 1 / 2, than: 1 },
    { name: `f64 trmm ${n}`, run: () => trmm(wide, wide, { m: n, n }), work: 1 / 2, than: 1 },
    { name: `f64 gemv ${n}`, run: () => gemv(wide, wideX, { m: n, n }), work: 1 / n },
    { name: `f32 gemv ${n}`, run: () => gemv(a, x, { m: n, n }), work: 1 / n },
    { name: `f64 symv ${n}`, run: () => symv(wide, wideX, { n }), work: 1 / n },
  ]);
}

publish(
  "Matrix products",
  `${wasmTarget()} kernels unless said, tfjs-backend-wasm ${tf.version_core}, one thread each; medians, rounds interleaved in one process; load ${loadavg()[0].toFixed(1)}. ` +
    `Arithmetic peak of 128-bit SIMD, multiplications and additions on registers: ${peak.toFixed(1)} GFLOP/s in f32, half in f64.`,
  ["product", "ms", "GFLOP/s", "of the f32 peak", "in comparison"],
  rows.map(({ name, milliseconds, speed, compared }) => [
    name,
    milliseconds.toFixed(3),
    speed.toFixed(1),
    `${((100 * speed) / peak).toFixed(0)} %`,
    compared,
  ]),
);
backend.dispose();
relaxed.dispose();
