/**
 * A GPT-Neo of the 1.3B shape (24 layers, 2048 wide, 50257 words; 2.6 GB of bf16, 4.9 GiB widened): forward, vjp and the kernel of 4
 * texts of 32 tokens with the weights in memory as they are stored (layered) and in their files (streaming), each in a process of its
 * own whose peak resident memory is held against its limit. The two have to give the same numbers.
 * Run: npm run build && npx node bench/streaming.ts [FOLDER] — writes the model to FOLDER or, for as long as it runs, to a temporary
 * folder (2.7 GB), and appends a table to bench/RESULTS.md.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publish } from "./harness.ts";

const GIB = 2 ** 30;
const limits = { layered: 6 * GIB, streaming: 2 * GIB };

interface Report {
  plan: { inMemory: number; onBackend: number; readPerPass: number };
  seconds: Record<"load" | "forward" | "vjp" | "kernel", number>;
  residentBytes: { vjp: number; all: number };
  backendBytes: { peak: number };
  numbers: unknown;
}

const here = import.meta.dirname;
const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), "ntkit-large-"));
try {
  if (!existsSync(join(folder, "config.json"))) {
    execFileSync(process.execPath, [join(here, "../scripts/make-large-model.mjs"), folder], {
      stdio: "inherit",
    });
  }
  const rows: string[][] = [];
  const numbers = new Set<string>();
  for (const [mode, limit] of Object.entries(limits)) {
    const line = execFileSync(process.execPath, [join(here, "streamingJob.mjs"), folder, mode], {
      encoding: "utf8",
    });
    const { plan, seconds, residentBytes, backendBytes, numbers: made }: Report = JSON.parse(line);
    numbers.add(JSON.stringify(made));
    if (residentBytes.all > limit) {
      throw new Error(`${mode}: ${residentBytes.all} bytes resident, above ${limit}`);
    }
    const gib = (bytes: number) => (bytes / GIB).toFixed(2);
    rows.push([
      mode,
      gib(residentBytes.vjp),
      gib(residentBytes.all),
      gib(limit),
      gib(backendBytes.peak),
      gib(plan.inMemory),
      gib(plan.readPerPass),
      ...[seconds.load, seconds.forward, seconds.vjp, seconds.kernel].map((s) => s.toFixed(1)),
    ]);
  }
  if (numbers.size > 1) throw new Error("layered and streaming give different numbers");
  publish(
    "A model larger than memory",
    "GPT-Neo of the 1.3B shape, random bf16 weights in 3 shards; 4 texts of 32 tokens, two label words, one thread. GiB: peak resident memory of the process after forward and vjp, and after the kernel of all parameters too; its limit; peak on the backend; weights in memory as planned; read from the files in one pass. Seconds: opening (with the fingerprint), forward, vjp (every gradient handed over), kernel",
    [
      "weights",
      "resident",
      "with kernel",
      "limit",
      "backend",
      "plan",
      "read",
      "open s",
      "forward s",
      "vjp s",
      "kernel s",
    ],
    rows,
  );
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}
