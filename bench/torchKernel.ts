/**
 * The kernel of MiniLM's body (all parameters but the head) on texts of snips (at most 24 tokens): ours with two workers against
 * PyTorch's torch.func with two threads, taking turns, each run in a process of its own; then ours as n grows, with the fit of
 * a·n + b·n² to its processor time. The two kernels have to agree.
 * Run: npm run build && npx node bench/torchKernel.ts [--model FOLDER] [--python PYTHON] [--texts 64,128] [--growth 32,64,128,256]
 * [--turns 2] — appends two tables to bench/RESULTS.md. torch.func takes about 0.14 GiB a text; without --python ours runs alone.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median, publish } from "./harness.ts";

const here = import.meta.dirname;
const { values: given } = parseArgs({
  options: {
    model: { type: "string", default: join(here, "../../shared/models/minilm") },
    python: { type: "string" },
    texts: { type: "string", default: "64" },
    growth: { type: "string", default: "32,64,128,256" },
    turns: { type: "string", default: "2" },
  },
});
const numbers = (list: string) => list.split(",").filter(Boolean).map(Number);
const turns = Number(given.turns);

interface Run {
  seconds: number;
  processor: number;
  resident: number; // bytes, before the kernel
  peak: number;
}

const folder = mkdtempSync(join(tmpdir(), "ntkit-torch-"));
const child = (program: string, args: string[]): Run =>
  JSON.parse(execFileSync(program, args, { encoding: "utf8" }));
const ours = (n: number, outputs: number, ...more: string[]) =>
  child(process.execPath, [
    join(here, "torchKernelJob.mjs"),
    ...[given.model, folder, String(n), String(outputs), ...more],
  ]);
const theirs = (python: string) => child(python, [join(here, "torch_kernel.py"), folder]);
const kernelIn = (name: string) => {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
  return new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength));
};

/** max |Δ| / max |ours| of the kernels of the last runs. */
function apart(): number {
  const [a, b] = [kernelIn("kernel.bin"), kernelIn("torch.bin")];
  let [most, scale] = [0, 0];
  a.forEach((value, i) => {
    most = Math.max(most, Math.abs(value - b[i]));
    scale = Math.max(scale, Math.abs(value));
  });
  return most / scale;
}

const of = (runs: Run[], key: keyof Run) => median(runs.map((run) => run[key]));
const cells = (runs: Run[]) => [
  of(runs, "seconds").toFixed(1),
  of(runs, "processor").toFixed(1),
  (of(runs, "peak") / 2 ** 30).toFixed(2),
  ((of(runs, "peak") - of(runs, "resident")) / 2 ** 30).toFixed(2),
];

try {
  const rows: string[][] = [];
  const apartness: number[] = [];
  for (const n of numbers(given.texts)) {
    const [own, other]: Run[][] = [[], []];
    for (let turn = 0; turn < turns; turn++) {
      own.push(ours(n, 1, "dump"));
      if (given.python) {
        other.push(theirs(given.python));
        apartness.push(apart());
      }
    }
    rows.push([`ntkit, n = ${n}, 1 output`, ...cells(own), "", ""]);
    if (other.length > 0) {
      const times = (key: keyof Run) => `${(of(other, key) / of(own, key)).toFixed(2)} ×`;
      rows.push([`torch.func, n = ${n}, 1 output`, ...cells(other), times("seconds"), times("processor")]);
    }
    rows.push([`ntkit, n = ${n}, 7 outputs`, ...cells([ours(n, 7)]), "", ""]);
  }
  const load = () => `load ${loadavg()[0].toFixed(1)}`;
  const widest =
    apartness.length > 0
      ? `; the kernels are apart by ${Math.max(...apartness).toExponential(0)} of their largest entry`
      : "";
  if (rows.length > 0) {
    publish(
      "Kernel of MiniLM's body against torch.func",
      `texts of snips of at most 24 tokens; two workers, PyTorch two threads; medians of ${turns} turns, 7 outputs one run; ${load()}${widest}. GiB: peak resident memory of the process, and what of it came with the kernel. Last columns: how many times longer torch.func takes`,
      ["", "seconds", "processor seconds", "peak GiB", "with the kernel GiB", "by the clock", "processor"],
      rows,
    );
  }

  const growth = numbers(given.growth).map((n) => ({ n, run: ours(n, 1) }));
  if (growth.length > 1) {
    // Least squares of seconds/n against a + b·n: every size weighs the same.
    const points = growth.map(({ n, run }) => [n, run.processor / n]);
    const mean = (k: number) => points.reduce((sum, point) => sum + point[k], 0) / points.length;
    const [x, y] = [mean(0), mean(1)];
    const b =
      points.reduce((s, [n, t]) => s + (n - x) * (t - y), 0) / points.reduce((s, [n]) => s + (n - x) ** 2, 0);
    const a = y - b * x;
    publish(
      "Kernel of MiniLM's body as n grows",
      `one output, two workers, one run each; ${load()}; fit of the processor time: ${(1e3 * a).toFixed(1)} ms·n + ${(1e3 * b).toFixed(3)} ms·n²`,
      ["n", "seconds", "processor seconds", "fit", "peak GiB", "with the kernel GiB"],
      growth.map(({ n, run }) => {
        const [seconds, processor, peak, more] = cells([run]);
        return [String(n), seconds, processor, (a * n + b * n * n).toFixed(1), peak, more];
      }),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
