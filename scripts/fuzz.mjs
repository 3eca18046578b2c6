// Spoiled files of every format against their readers (test/support/fuzz): no crash but a CallError or DataError with a
// sentence, no large allocation, no case over a second. A failing case says how to repeat it. Node 22.18 or newer (npx node).
//   node scripts/fuzz.mjs --cases N [--seed S] [--format safetensors|shards|gguf|config|tokenizer|parquet]
import { parseArgs } from "node:util";
import { formats, runCase } from "../test/support/fuzz/index.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    format: { type: "string" },
  },
});
const [cases, first] = [Number(values.cases), Number(values.seed)];
const chosen = formats.filter(({ name }) => name === (values.format ?? name));
if (!(cases > 0) || !Number.isInteger(first) || chosen.length === 0) {
  console.error(`expected --cases N, --seed S and a format of ${formats.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

const LONGEST_MS = 1000;
let failures = 0;
for (const format of chosen) {
  const counts = { read: 0, refused: 0 };
  let slowest = { ms: 0, seed: first };
  for (let seed = first; seed < first + cases; seed++) {
    const before = process.cpuUsage();
    try {
      counts[await runCase(format, seed)]++;
    } catch (error) {
      console.error(error.cause ? `${error.message}\n${error.cause.stack}` : error.message);
      if (++failures >= 20) process.exit(1);
    }
    // Of the processor, so that a busy machine does not count.
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    if (ms > slowest.ms) slowest = { ms, seed };
  }
  if (slowest.ms > LONGEST_MS) failures++;
  console.log(
    `${format.name}: ${counts.read} read, ${counts.refused} refused; the slowest, seed ${slowest.seed}, ${slowest.ms.toFixed(0)} ms`,
  );
}
process.exit(failures > 0 ? 1 : 0);
