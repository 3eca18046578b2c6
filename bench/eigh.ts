/**
 * All eigenpairs of a dense symmetric matrix: ntkit's eigh against ml-matrix, one after the other in one process, so that both meet
 * the same moods of the machine. Run: npm run build && npx node bench/eigh.ts — appends a table to bench/RESULTS.md.
 */
import { appendFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { eigh, wasmTarget } from "ntkit/numerics";

const CASES = [
  { n: 128, rounds: 15 },
  { n: 256, rounds: 9 },
  { n: 512, rounds: 5 },
];
/** Beyond what ml-matrix does in a sitting: ours alone. */
const ALONE = [{ n: 1000, rounds: 5 }];

/** A symmetric matrix without structure; seeded, so that every run decomposes the same. */
function symmetric(n: number): Float64Array {
  const a = new Float64Array(n * n);
  let state = 1;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0; // Knuth's linear congruences: enough for a matrix
      a[i * n + j] = a[j * n + i] = state / 2 ** 31;
    }
  }
  return a;
}

function milliseconds(body: () => unknown): number {
  const start = performance.now();
  body();
  return performance.now() - start;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

const rows: string[] = [];
for (const { n, rounds } of [...CASES, ...ALONE]) {
  const a = symmetric(n);
  const alone = ALONE.some((other) => other.n === n);
  const matrix = Matrix.from1DArray(n, n, Array.from(a));
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const one = milliseconds(() => eigh(a, n));
    const other = alone
      ? Number.NaN
      : milliseconds(() => new EigenvalueDecomposition(matrix, { assumeSymmetric: true }));
    if (round < 0) continue; // the first round compiles
    ours.push(one);
    theirs.push(other);
  }
  const [mine, other] = [median(ours), median(theirs)];
  const rest = alone ? "— | —" : `${other.toFixed(1)} | ${(other / mine).toFixed(1)}`;
  rows.push(`| ${n} | ${rounds} | ${mine.toFixed(1)} | ${rest} |`);
}

const table = `
## eigh, all eigenpairs

${new Date().toISOString().slice(0, 10)}, ${cpus()[0].model.trim()} × ${cpus().length}, Node ${process.version}, ${wasmTarget()} kernels;
medians in ms, rounds interleaved in one process.

| n | rounds | ntkit eigh | ml-matrix EigenvalueDecomposition | ratio |
|---:|---:|---:|---:|---:|
${rows.join("\n")}
`;
console.log(table);
appendFileSync(join(import.meta.dirname, "RESULTS.md"), table);
