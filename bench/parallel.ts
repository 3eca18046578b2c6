/**
 * Products of a pool: one worker against two, and both against the plain function in the caller's thread.
 * Run: npm run build && npx node bench/parallel.ts — appends a table to bench/RESULTS.md. Two free cores are needed: rounds that
 * somebody else disturbed do not count.
 */
import { createPool, matmul, syrk, wasmTarget } from "ntkit/numerics";
import { noise, publish } from "./harness.ts";

const ROUNDS = 11;
/** Cores that two independent products get, or somebody else was computing. */
const CALM = 1.85;
const PATIENCE = 4000;
const [one, two, other] = [1, 2, 1].map((workers) => createPool({ workers }));

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

interface Timing {
  wall: number[];
  cpu: number[];
}

const shared = (values: Float32Array) => {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
};

/** How many cores the machine gives: processor time over wall time of two products that have nothing to do with each other. */
const side = 640;
const probes = [one, other].map((pool) => {
  const [a, out] = [noise(side * side, 3), noise(side * side, 4)].map(shared);
  return () => pool.matmul(a, a, { m: side, k: side, n: side, out });
});
async function coresGiven(): Promise<number> {
  const [start, spent] = [performance.now(), processor()];
  await Promise.all(probes.map((run) => run()));
  return (processor() - spent) / (performance.now() - start);
}

const given: number[] = [];
let disturbed = 0;

/**
 * The rivals take turns; what is compared is the median of the ratios of neighbours. A round counts where the machine had two cores
 * to give before and after it.
 */
async function turns(rivals: (() => unknown)[]): Promise<Timing[]> {
  const timings = rivals.map((): Timing => ({ wall: [], cpu: [] }));
  for (const run of rivals) for (let warm = 0; warm < 3; warm++) await run(); // threads start, memory grows
  let before = await coresGiven();
  while (timings[0].wall.length < ROUNDS) {
    while (before < CALM) {
      if (++disturbed > PATIENCE) throw new Error("no two free cores, for minutes");
      await new Promise((resolve) => setTimeout(resolve, 250));
      before = await coresGiven();
    }
    const round: [wall: number, cpu: number][] = [];
    for (const run of rivals) {
      const [start, spent] = [performance.now(), processor()];
      await run();
      round.push([performance.now() - start, processor() - spent]);
    }
    const after = await coresGiven();
    if (after >= CALM) {
      given.push(before, after);
      for (const [i, [wall, cpu]] of round.entries()) {
        timings[i].wall.push(wall);
        timings[i].cpu.push(cpu);
      }
    }
    before = after;
  }
  return timings;
}

const ratio = (a: Timing, b: Timing) =>
  `${median(a.wall.map((time, round) => time / b.wall[round])).toFixed(2)}×`;
const rows: string[][] = [];

async function compare(name: string, plain: (() => unknown) | null, run: (pool: typeof one) => unknown) {
  const rivals = [() => run(one), () => run(two), ...(plain ? [plain] : [])];
  const [first, second, alone] = await turns(rivals);
  rows.push([
    name,
    alone ? median(alone.wall).toFixed(1) : "—",
    median(first.wall).toFixed(1),
    median(second.wall).toFixed(1),
    ratio(first, second),
    alone ? ratio(alone, second) : "—",
    median(first.cpu).toFixed(1),
    median(second.cpu).toFixed(1),
  ]);
  console.log(rows.at(-1)?.join(" | ")); // waiting for calm may take minutes
}

for (const n of [512, 1024]) {
  const [a, b] = [noise(n * n, 1), noise(n * n, 2)];
  const sizes = { m: n, k: n, n };
  const plain = () => matmul(a, b, sizes);
  await compare(`f32 A·B ${n}, arrays copied in and out`, plain, (pool) => pool.matmul(a, b, sizes));
  const [sharedA, sharedB, out] = [a, b, b].map(shared);
  await compare(`f32 A·B ${n}, all on shared memory`, plain, (pool) =>
    pool.matmul(sharedA, sharedB, { ...sizes, out }),
  );
}
{
  const n = 1024;
  const a = Float64Array.from(noise(n * n, 1));
  const sizes = { m: n, k: n, n };
  const out = new Float64Array(n * n);
  await compare(
    `f64 A·B ${n}, arrays copied in and out`,
    () => matmul(a, a, sizes),
    (pool) => pool.matmul(a, a, sizes),
  );
  await compare(
    `f64 syrk ${n}, result into an array used again`,
    () => syrk(a, { n, k: n }),
    (pool) => pool.syrk(a, { n, k: n, out }),
  );
  const a32 = noise(n * n, 1);
  await compare(`f32 gram ${n}, result into an array used again`, null, (pool) =>
    pool.gram(a32, { n, k: n, out }),
  );
}

publish(
  "Products on two workers",
  `${wasmTarget()} kernels; medians of ${ROUNDS} rounds, ratios the medians of the ratios of neighbouring runs. Rounds that other work disturbed do not count (${disturbed} waits); around those that do, two independent products of ${side} got ${median(given).toFixed(2)} cores (median).`,
  [
    "product",
    "caller's thread ms",
    "1 worker ms",
    "2 workers ms",
    "1 worker / 2",
    "caller / 2",
    "processor ms, 1",
    "processor ms, 2",
  ],
  rows,
);
await Promise.all([one, two, other].map((pool) => pool.dispose()));
