// Kills `ntkit kernel` (SIGKILL) at random moments, starts the same command again, and compares the kernel with that of a run that
// was left alone, bit for bit. Run after `npm run build`.
//   node scripts/kill-test.mjs [--kills N] [--seed S] [--texts n] [--memory SIZE]
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    texts: { type: "string", default: "40" },
    memory: { type: "string", default: "64MiB" },
  },
});
const [kills, texts] = [Number(values.kills), Number(values.texts)];
const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "ntkit-kill-"));

/** mulberry32: uniform in [0, 1). */
let state = Number(values.seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

const nouns = ["song", "tune", "record", "album", "storm", "rain", "snow", "wind"];
const data = join(folder, "data.csv");
writeFileSync(
  data,
  `text,label\n${Array.from({ length: texts }, (_, i) => `the ${nouns[i % 8]} number ${i} is the ${nouns[(3 * i) % 8]},${i % 8 < 4 ? "music" : "weather"}\n`).join("")}`,
);

/** Runs the command to its end, or kills it after so many ms. Answers its status; null: killed. */
function run(out, killAfter) {
  const model = join(root, "assets/nano-gpt-neo");
  const args = ["kernel", "--model", model, "--data", data, "--test-fraction", "0.2", "--outputs", "mean"];
  const child = spawn(
    process.execPath,
    [join(root, "build/cli.js"), ...args, "--workers", "1", "--memory", values.memory, "--out", out],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  return new Promise((done) => {
    child.on("close", (status) => {
      clearTimeout(timer);
      done({ status, said });
    });
  });
}

function fail(message) {
  console.error(`${message}\nthe folder is kept: ${folder}`);
  process.exit(1);
}

const start = performance.now();
const alone = join(folder, "alone");
const first = await run(alone);
if (first.status !== 0) fail(first.said);
const whole = performance.now() - start;
console.log(`${first.said.split("\n")[0]}\nuninterrupted: ${(whole / 1000).toFixed(1)} s`);

const expected = readdirSync(alone).sort();
let [killed, rounds] = [0, 0];
while (killed < kills) {
  const out = join(folder, `round-${rounds++}`);
  let inRound = 0;
  for (;;) {
    const last = killed >= kills;
    const { status, said } = await run(out, last ? undefined : random() * whole * 1.05);
    if (status === 0) break;
    if (status !== null) fail(said);
    killed++;
    inRound++;
  }
  const found = readdirSync(out).sort();
  if (found.join() !== expected.join())
    fail(`${out}: expected ${expected.join(", ")}, got ${found.join(", ")}`);
  for (const name of expected) {
    if (!readFileSync(join(out, name)).equals(readFileSync(join(alone, name))))
      fail(`${out}/${name}: other bytes`);
  }
  console.log(`round ${rounds}: ${inRound} kills, every file the same; ${killed} of ${kills}`);
}
rmSync(folder, { recursive: true });
