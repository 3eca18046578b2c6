/**
 * A certificate that the backends of this runtime compute the same: one small kernel on each, held against the float64 reference.
 * Difference of a matrix: max |Δ| / max |reference|. Cost: one kernel a row, that of the reference by far the dearest.
 */
import { CallError } from "../errors.ts";
import { loadModel, openCheckpoint, type ReadoutSpec } from "../model/index.ts";
import { empiricalNtk } from "../ntk/index.ts";
import { relativeDifference } from "../numerics/compareOperations.ts";
import { type Backend, createBackend, wasmTargets } from "../numerics/index.ts";
import type { LongOptions } from "../progress.ts";
import { sha256 } from "../runtime/index.ts";
import { type Batch, loadTokenizer, tokenize } from "../text/index.ts";
import type { CheckpointSource } from "./inputs.ts";

export interface CertificateRow {
  backend: string; // "wasm simd"
  workers: number;
  precision: "f32" | "f64";
  /** max |Δ| / max |reference| of the kernel and of the outputs f₀. */
  kernel_difference: number;
  f0_difference: number;
  /** The most either may be. */
  tolerance: number;
  within: boolean;
  /** First 16 hex digits of the SHA-256 of the kernel's float64 numbers: equal where all bits are. */
  bits: string;
  seconds: number;
}

export interface Certificate {
  texts: number;
  outputs: number;
  size: number; // nC
  rows: CertificateRow[]; // the reference first
  passed: boolean; // all rows within their tolerance
}

/** What single precision leaves of a kernel through all layers, as in the tests of every backend. */
export const TOLERANCE = 1e-5;

const READOUT: ReadoutSpec = { kind: "head", outputs: 2, init: "gaussian", pool: "mean", seed: 1 };

interface Station {
  name: string;
  workers: number;
  create(): Backend | Promise<Backend>;
}

/** `reference`, `wasm` on each target the engine has, and the default `wasm` with two workers. */
async function stations(): Promise<Station[]> {
  const targets = await wasmTargets();
  return [
    { name: "reference", workers: 1, create: () => createBackend("reference") },
    ...targets.map(({ target, create }) => ({ name: `wasm ${target}`, workers: 1, create })),
    { name: "wasm", workers: 2, create: () => createBackend("wasm") },
  ];
}

interface Computed {
  name: string;
  workers: number;
  precision: CertificateRow["precision"];
  kernel: Float64Array; // (nC × nC)
  f0: Float64Array; // (n × C)
  seconds: number;
}

/**
 * The kernel of a fresh head with two outputs on `texts`, all parameters. Throws what opening the model and taking its kernel
 * throws; a difference out of tolerance does not throw, it is `passed: false`.
 */
export async function certify(
  source: CheckpointSource,
  texts: readonly string[],
  long: LongOptions = {},
): Promise<Certificate> {
  const recipe = await openCheckpoint(source, { share: true, ...long });
  const batch = tokenize(await loadTokenizer(recipe), texts);
  const computed: Computed[] = [];
  for (const station of await stations()) computed.push(await compute(station, recipe, batch, long));
  const rows = await judge(computed);
  const [{ f0, kernel }] = computed;
  return {
    texts: texts.length,
    outputs: f0.length / texts.length,
    size: Math.sqrt(kernel.length),
    rows,
    passed: rows.every(({ within }) => within),
  };
}

async function compute(
  { name, workers, create }: Station,
  recipe: Awaited<ReturnType<typeof openCheckpoint>>,
  batch: Batch,
  long: LongOptions,
): Promise<Computed> {
  const backend = await create();
  const { precision } = backend;
  try {
    const tangent = (await loadModel(recipe, { backend })).readout(READOUT);
    const start = performance.now();
    const { data, f0 } = await empiricalNtk(tangent, batch, null, { workers, ...long });
    return {
      name,
      workers,
      precision,
      kernel: data,
      f0: f0.data,
      seconds: (performance.now() - start) / 1e3,
    };
  } finally {
    backend.dispose();
  }
}

/** Each against the first. */
export async function judge(computed: readonly Computed[], tolerance = TOLERANCE): Promise<CertificateRow[]> {
  const [truth] = computed;
  if (truth === undefined) throw new CallError("judge: expected at least one kernel, got none");
  return Promise.all(
    computed.map(async ({ name, workers, precision, kernel, f0, seconds }) => {
      const kernelDifference = relativeDifference(kernel, truth.kernel);
      const f0Difference = relativeDifference(f0, truth.f0);
      return {
        ...{ backend: name, workers, precision },
        kernel_difference: kernelDifference,
        f0_difference: f0Difference,
        tolerance,
        // Not a number is out of tolerance.
        within: kernelDifference <= tolerance && f0Difference <= tolerance,
        bits: (await sha256(new Uint8Array(Float64Array.from(kernel).buffer))).slice(0, 16),
        seconds,
      };
    }),
  );
}
