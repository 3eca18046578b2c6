/**
 * One small study with everything in it (tokens, model, kernel on two workers, spectrum, stopping), from files given as bytes,
 * and products on as many workers, so that it runs wherever JavaScript does. Answers what must be the same everywhere.
 */
import { createPool, matmul, predict, syrk } from "../../build/index.js";

const digest = async (array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** Products large enough for the workers, odd in every side; the pool is left to end with the process. */
async function products(workers) {
  const [m, k, n] = [517, 203, 401];
  let state = 1;
  const noise = (length) =>
    Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return state / 2 ** 31;
    });
  const [a, b] = [noise(m * k), noise(k * n)];
  const sizes = { m, k, n };
  const square = { n: m, k };
  const pool = createPool({ workers });
  const onWorkers = await Promise.all([
    pool.matmul(a, b, sizes),
    pool.matmul(Float64Array.from(a), Float64Array.from(b), sizes),
    pool.syrk(a, square),
  ]);
  const alone = [
    matmul(a, b, sizes),
    matmul(Float64Array.from(a), Float64Array.from(b), sizes),
    syrk(a, square),
  ];
  return {
    onWorkers: await Promise.all(onWorkers.map(digest)),
    alone: await Promise.all(alone.map(digest)),
  };
}

export async function job(model, train, test, workers) {
  const { record, blocks, spectrum, inputs } = await predict({
    model,
    data: { name: "train.csv", bytes: train },
    test: { name: "test.csv", bytes: test },
    perClass: 2,
    testPerClass: 1,
    readout: { kind: "head", init: "gaussian", pool: "mean" },
    workers,
    seed: 0,
  });
  inputs.model.dispose();
  return {
    products: await products(workers),
    kernel: await digest(blocks.train),
    cross: await digest(blocks.cross),
    eigenvalues: await digest(spectrum.values),
    fingerprint: record.checkpoint.fingerprint,
    answer: record.prediction.answer,
    steps: Object.fromEntries(
      Object.entries(record.prediction.rules).map(([name, rule]) => [name, rule?.step ?? null]),
    ),
    workers: record.environment.workers,
    wasm: record.environment.wasm_target,
  };
}
