/**
 * The 20 largest eigenpairs of a dense symmetric matrix: ntkit's eigsh against ARPACK (bench/arpack.py, one thread; left out where
 * python3, or the PYTHON of the environment, has no scipy). Both get the same file, round after round in turns.
 * Run: npm run build && npx node bench/eigsh.ts [n] — appends a table to bench/RESULTS.md.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { eigsh, matrixOperator, syrk, writeNpy } from "ntkit/numerics";
import { noise, publish } from "./harness.ts";

const n = Number(process.argv[2] ?? 4096);
const K = 20;
const ROUNDS = 5;

/** exp(−‖x − y‖²/64) between n points of 8 coordinates and their noise: a kernel, whose eigenvalues fall off fast. */
function kernel(): Float64Array {
  const columns = 8;
  const gram = syrk(Float64Array.from(noise(n * columns, 1)), { n, k: columns });
  return map((i, j) => Math.exp((2 * gram[i * n + j] - gram[i * n + i] - gram[j * n + j]) / 8));
}

/** Independent entries: eigenvalues crowd at the edge, the hard case. */
function structureless(): Float64Array {
  const entries = noise(n * n, 2);
  return map((i, j) => entries[i * n + j]);
}

function map(entry: (i: number, j: number) => number): Float64Array {
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = entry(i, j);
  return a;
}

interface Peer {
  milliseconds: number;
  applications: number;
  values: number[];
}

function arpack(file: string, ...more: string[]): Peer | undefined {
  const script = join(import.meta.dirname, "arpack.py");
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    const python = process.env.PYTHON ?? "python3";
    return JSON.parse(
      execFileSync(python, [script, file, `${K}`, ...more], { encoding: "utf8", stdio: [...stdio] }),
    );
  } catch {
    return undefined;
  }
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];
const folder = mkdtempSync(join(tmpdir(), "ntkit-eigsh-"));
const file = join(folder, "a.npy");
const rows: string[][] = [];
try {
  for (const [name, make, blocks] of [
    ["kernel", kernel, [1, 4]],
    ["independent entries", structureless, [1, 2]],
  ] as const) {
    const a = make();
    writeFileSync(file, writeNpy(a, [n, n]));
    const counted = arpack(file, "count");
    const peers: number[] = [];
    const ours = blocks.map(() => [] as number[]);
    const found = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (let b = 0; b < blocks.length; b++) {
        const start = performance.now();
        found[b] = await eigsh(a, { n, k: K, block: blocks[b] });
        ours[b].push(performance.now() - start);
      }
      if (counted) peers.push(arpack(file)?.milliseconds ?? Number.NaN);
    }
    const operator = matrixOperator(a, n);
    const [x, y] = [new Float64Array(n).fill(1), new Float64Array(n)];
    const applications = Array.from({ length: 11 }, () => {
      const start = performance.now();
      operator.apply(x, y);
      return performance.now() - start;
    });
    operator.free();
    for (let b = 0; b < blocks.length; b++) {
      const { values, residuals, iterations } = found[b];
      const peer = counted ? median(peers) : Number.NaN;
      const apart =
        Math.max(...values.map((value, i) => Math.abs(value - (counted?.values[i] ?? value)))) / values[0];
      rows.push([
        `${name}, n = ${n}, block ${blocks[b]}`,
        median(ours[b]).toFixed(0),
        `${iterations}`,
        (Math.max(...residuals) / values[0]).toExponential(0),
        counted ? peer.toFixed(0) : "—",
        counted ? `${counted.applications}` : "—",
        counted ? median(ours[b].map((time, i) => time / peers[i])).toFixed(2) : "—",
        counted ? apart.toExponential(0) : "—",
        median(applications).toFixed(1),
      ]);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
publish(
  `eigsh, ${K} largest`,
  `load ${loadavg()[0].toFixed(1)}; against scipy.sparse.linalg.eigsh (ARPACK, one thread), medians of ${ROUNDS} rounds in turns, ` +
    "checks and copies included; ratio: below 1 we are faster. Ours also certifies that no copy of a repeated eigenvalue is missing.",
  [
    "matrix",
    "ntkit ms",
    "applications",
    "residual / λ₁",
    "ARPACK ms",
    "applications",
    "ratio",
    "apart / λ₁",
    "one application, ms",
  ],
  rows,
);
