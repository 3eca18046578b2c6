/**
 * The demo's kernel end to end: nano-gpt-neo with a Gaussian head (C = 7), 70 training and 70 held-out texts of snips, train × train
 * and test × train, forward and backward passes included; on one and on two workers, which must agree to the last bit.
 * Run: npm run build && npx node bench/kernel.ts — appends a table to bench/RESULTS.md.
 */
import { appendFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { loadInputs, ntkBlocks, wasmTarget } from "ntkit";

const ROUNDS = 3;
const root = join(import.meta.dirname, "..");
const assets = (path: string) => join(root, "assets", path);

const { model, tangent, train, test, classes } = await loadInputs({
  model: assets("nano-gpt-neo"),
  data: assets("snips/train.csv"),
  test: assets("snips/test.csv"),
  perClass: 10,
  testPerClass: 10,
  readout: { kind: "head", init: "gaussian", pool: "mean" },
  seed: 0,
});

const rows: string[] = [];
let first: Float64Array | undefined;
for (const workers of [1, 2]) {
  let [seconds, processor, operations] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    const start = performance.now();
    const blocks = await ntkBlocks(tangent, train.batch, test?.batch, { workers });
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
    const used = process.cpuUsage(before);
    processor = Math.min(processor, (used.user + used.system) / 1e6);
    operations = blocks.flops / 1e9;
    first ??= blocks.train;
    if (blocks.train.some((value, i) => value !== first?.[i]))
      throw new Error(`${workers} workers: other bits`);
  }
  rows.push(
    `| ${workers} | ${seconds.toFixed(1)} | ${processor.toFixed(1)} | ${operations.toFixed(0)} | ${(operations / seconds).toFixed(1)} |`,
  );
}
model.dispose();

const table = `
## The demo's kernel

${new Date().toISOString().slice(0, 10)}, ${cpus()[0].model.trim()} × ${cpus().length}, Node ${process.version}, ${wasmTarget()} kernels;
${train.n} + ${test?.n} texts of ${classes.length} classes, best of ${ROUNDS} rounds; processor time is that of all threads.

| workers | seconds | processor seconds | GFLOP | GFLOP/s |
|---:|---:|---:|---:|---:|
${rows.join("\n")}
`;
console.log(table);
appendFileSync(join(import.meta.dirname, "RESULTS.md"), table);
