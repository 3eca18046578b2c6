/**
 * Dense symmetric eigenproblems: ntkit's eigh against LAPACK (bench/lapack.py, process by process; its columns stay empty where
 * python3, or the PYTHON of the environment, has no numpy) and against ml-matrix in this process.
 * Run: npm run build && npx node bench/eigh.ts — appends two tables to bench/RESULTS.md.
 */
import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { eigh, wasmTarget } from "ntkit/numerics";
import { median, noise, publish } from "./harness.ts";

/** `turns`: LAPACK and we take turns so often, `repeats` runs each; `peers`: runs of ml-matrix, which takes long. */
const CASES = [
  { n: 256, turns: 5, repeats: 9, peers: 5 },
  { n: 512, turns: 5, repeats: 5, peers: 3 },
  { n: 1024, turns: 5, repeats: 2, peers: 1 },
  { n: 2048, turns: 3, repeats: 1, peers: 0 },
];

interface Lapack {
  numpy: string;
  eigh: number[];
  eigvalsh: number[];
  values: number[];
}

/** A symmetric matrix without structure, the same in every run. */
function symmetric(n: number): Float64Array {
  const entries = noise(n * n, 1);
  return Float64Array.from(entries, (value, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return i >= j ? value : entries[j * n + i];
  });
}

function lapack(a: Float64Array, n: number, rounds: number): Lapack | undefined {
  const script = join(import.meta.dirname, "lapack.py");
  const python = process.env.PYTHON ?? "python3";
  const child = spawnSync(python, [script, `${n}`, `${rounds}`], {
    input: new Uint8Array(a.buffer),
    maxBuffer: 2 ** 26,
  });
  if (child.status === 0) return JSON.parse(child.stdout.toString());
  const why = child.error?.message ?? child.stderr.toString().trim().split("\n").at(-1);
  console.warn(`${python} with numpy is missing (${why}): LAPACK is skipped`);
  return undefined;
}

function milliseconds(body: () => unknown): number {
  const start = performance.now();
  body();
  return performance.now() - start;
}

const shown = (value: number, digits = 1) => (Number.isFinite(value) ? value.toFixed(digits) : "—");

const withVectors: string[][] = [];
const alone: string[][] = [];
let [numpy, slowest] = ["absent", Number.NaN];
for (const { n, turns, repeats, peers } of CASES) {
  const a = symmetric(n);
  const ours: Record<"eigh" | "eigvalsh", number[]> = { eigh: [], eigvalsh: [] };
  const theirs: typeof ours = { eigh: [], eigvalsh: [] };
  const ratios: typeof ours = { eigh: [], eigvalsh: [] };
  let apart = Number.NaN;
  const found = eigh(a, n).values; // compiles
  eigh(a, n, { vectors: false });
  for (let turn = 0; turn < turns; turn++) {
    const runs = Array.from({ length: repeats }, () => ({
      eigh: milliseconds(() => eigh(a, n)),
      eigvalsh: milliseconds(() => eigh(a, n, { vectors: false })),
    }));
    const peer = lapack(a, n, repeats);
    for (const kind of ["eigh", "eigvalsh"] as const) {
      const mine = median(runs.map((run) => run[kind]));
      ours[kind].push(mine);
      if (!peer) continue;
      theirs[kind].push(median(peer[kind]));
      ratios[kind].push(mine / median(peer[kind]));
    }
    if (!peer) break;
    numpy = peer.numpy;
    apart =
      Math.max(...peer.values.map((value, i) => Math.abs(value - found[i]))) /
      Math.max(found[0], -found[n - 1]);
  }
  const matrix = Matrix.from1DArray(n, n, Array.from(a));
  const rounds = Array.from({ length: peers }, () =>
    milliseconds(() => new EigenvalueDecomposition(matrix, { assumeSymmetric: true })),
  );
  // n³: eight times the last one measured. What it really takes is more, as its columns fall out of the cache.
  slowest = peers > 0 ? median(rounds) : 8 * slowest;
  const about = peers > 0 ? "" : "≥ ";
  const mine = median(ours.eigh);
  withVectors.push([
    `${n}`,
    shown(mine),
    shown(median(theirs.eigh)),
    shown(median(ratios.eigh), 2),
    about + shown(slowest, 0),
    about + shown(slowest / mine),
    Number.isFinite(apart) ? apart.toExponential(0) : "—",
  ]);
  alone.push([
    `${n}`,
    shown(median(ours.eigvalsh)),
    shown(median(theirs.eigvalsh)),
    shown(median(ratios.eigvalsh), 2),
  ]);
}

const load = `${wasmTarget()} kernels, load ${loadavg()[0].toFixed(1)}`;
const peer = `LAPACK through numpy ${numpy}, one thread, in turns`;
publish(
  "eigh, all eigenpairs",
  `${load}; ${peer}, ratio: medians of ours / theirs; ml-matrix in one process, ≥: eight times the size before.`,
  ["n", "ntkit ms", "LAPACK ms", "ratio", "ml-matrix ms", "× as fast", "values apart / ‖A‖"],
  withVectors,
);
publish("eigh, values alone", `${load}; ${peer} (eigvalsh).`, ["n", "ntkit ms", "LAPACK ms", "ratio"], alone);
