/**
 * One small study with everything in it (tokens, model, kernel on two workers, spectrum, stopping), from files given as bytes,
 * so that it runs wherever JavaScript does. Answers what must be the same everywhere.
 */
import { predict } from "../../build/index.js";

const digest = async (array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
};

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
