/**
 * Fair timing on a machine with moods: the rivals take turns in one process, each turn long enough for the clock, and medians are
 * compared. Every bench appends its table, with machine, date and versions, to bench/RESULTS.md.
 */
import { appendFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

export interface Rival {
  name: string;
  run(): unknown;
}

/** A turn repeats its rival for at least this long. */
const TURN_MS = 20;

/** Median milliseconds of one run of each rival, in their order. */
export function interleaved(rivals: readonly Rival[], rounds: number): number[] {
  const repeats = rivals.map(({ run }) => {
    run(); // compiles
    const once = turn(run, 1);
    return Math.max(1, Math.ceil(TURN_MS / Math.max(once, 1e-3)));
  });
  const times = rivals.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    rivals.forEach(({ run }, i) => {
      times[i].push(turn(run, repeats[i]) / repeats[i]);
    });
  }
  return times.map(median);
}

function turn(run: () => unknown, repeats: number): number {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) run();
  return performance.now() - start;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Seeded numbers in (−1, 1), so that every run computes the same. */
export function noise(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0; // Knuth's linear congruences: enough to multiply
    return state / 2 ** 31;
  });
}

/** Prints a section of RESULTS.md and appends it. The first column is text, the rest numbers. */
export function publish(
  title: string,
  notes: string,
  header: readonly string[],
  rows: readonly string[][],
): void {
  const machine = `${cpus()[0].model.trim()} × ${cpus().length}`;
  const lines = [
    "",
    `## ${title}`,
    "",
    `${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.version}; ${notes}`,
    "",
    `| ${header.join(" | ")} |`,
    `|---|${"---:|".repeat(header.length - 1)}`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    "",
  ];
  console.log(lines.join("\n"));
  appendFileSync(join(import.meta.dirname, "RESULTS.md"), lines.join("\n"));
}
