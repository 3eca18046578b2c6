/**
 * A kernel of any number of texts from k random projections of their gradients (theory.md §6): features φ = S g/√k with
 * E φ·φ′ = ⟨g, g′⟩, tap by tap as the backward pass gives them, so that no per-example gradient is ever whole (project.ts has
 * the projections and their variance). Block by block of texts; signs come from (seed, parameter, place) alone, so neither the cut
 * nor the number of workers changes a bit. The error falls as 1/√k; it is measured on exact entries of some of the texts.
 */
import { CallError, complaint } from "../../errors.ts";
import type { TangentModel } from "../../model/types.ts";
import type { Tensor } from "../../numerics/array.ts";
import { syrk } from "../../numerics/index.ts";
import type { LongOptions } from "../../progress.ts";
import { randomStream } from "../../random.ts";
import { resolveWorkers } from "../../runtime/index.ts";
import { type Batch, pickTexts } from "../../text/index.ts";
import { recruit } from "../assemble.ts";
import { deal } from "../deal.ts";
import { empiricalNtk, type Outputs } from "../empirical.ts";
import { estimateSizes, sizesOf } from "../estimate.ts";
import type { NtkOptions } from "../options.ts";
import { cutPasses } from "../passes.ts";
import { withPlaces } from "../places.ts";
import { selectParameters } from "../select.ts";
import type { KernelMatrix } from "../target.ts";
import { resolveVariant, type Variant } from "../variant.ts";
import type { SketchSpec } from "./project.ts";

export interface SketchOptions
  extends LongOptions,
    Pick<NtkOptions, "outputs" | "parameters" | "workers" | "memory" | "workerUrl"> {
  /** Projections: the relative error of an entry of size √(Θ_ii Θ_jj) is about 1/√k. */
  k: number;
  /** Of the signs, and of the texts whose exact entries the error is measured on (0). */
  seed?: number;
  /**
   * direct: independent signs, the least variance, at the cost of forming every gradient. kronecker: products of signs, from activations
   * and output gradients as they are. auto (default): direct for layers with a thin side, kronecker for the rest.
   */
  method?: SketchSpec["method"];
  /** Texts whose exact kernel is computed for the error: at most n, 0 for none (16). */
  sample?: number;
}

/** How far the sketched kernel is from the exact one, on pairs of some of the texts. */
export interface SketchError {
  /** √(Σ (Θ̃ − Θ)² / Σ Θ²) over the exact entries. */
  rms: number;
  /** Exact entries compared. */
  sample: number;
  /** Places in the batch of the texts they are of. */
  texts: number[];
}

export interface NtkSketch {
  /** (n·C × k), row = example·C + output; (n × k) for one function of the outputs; (n × C·k) for their mean or sum. */
  features: Tensor<Float64Array>;
  /** features · featuresᵀ, an unbiased estimate of the kernel; symmetric to the last bit, not negative. */
  kernel: KernelMatrix;
  f0: Outputs; // (n × C)
  /** null where no sample was asked for. */
  error: SketchError | null;
}

/**
 * The kernel of `batch` over its sketch. Features of another batch with the same k, seed, outputs, parameters and method are
 * projections on the same signs: their products with these estimate the kernel between the two.
 * @throws CallError for an unknown option; rejects with the signal's reason when aborted
 */
export async function sketchNtk(
  tangent: TangentModel,
  batch: Batch,
  options: SketchOptions,
): Promise<NtkSketch> {
  const { k, seed = 0, method = "auto", outputs, sample = 16, parameters, signal, onProgress } = options;
  checkCount("k", k, 1);
  checkCount("sample", sample, 0);
  if (!["auto", "direct", "kronecker"].includes(method)) {
    throw new CallError(complaint("sketchNtk", "method auto, direct or kronecker", JSON.stringify(method)));
  }
  const { columns } = withPlaces(tangent, { columns: batch, rows: null });
  const variant = resolveVariant({ outputs }, tangent.outputs, tangent.backend.precision);
  const n = columns.shape[0];
  const spec = { k, seed, copies: variant.copies, method };
  const f0 = { data: new Float64Array(n * tangent.outputs), shape: [n, tangent.outputs] };
  const features = await project(tangent, columns, { spec, variant, f0 }, options);

  const side = n * variant.rows;
  const width = features.length / side;
  const scale = Math.sqrt(variant.scale / k);
  for (let at = 0; at < features.length; at++) features[at] *= scale;
  const kernel: KernelMatrix = { data: syrk(features, { n: side, k: width }), shape: [side, side] };
  const long = { signal, onProgress };
  const exact = { outputs, parameters, workers: 1, memory: options.memory, ...long };
  const texts = randomStream(seed)
    .shuffle(Array.from({ length: n }, (_, i) => i))
    .slice(0, Math.min(sample, n))
    .sort((a, b) => a - b);
  const error = texts.length === 0 ? null : await measure(tangent, columns, { kernel, texts, exact });
  return { features: { data: features, shape: [side, width] }, kernel, f0, error };
}

function checkCount(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new CallError(complaint("sketchNtk", `${name}, a whole number from ${least}`, String(value)));
}

interface Projection {
  spec: SketchSpec;
  variant: Variant;
  f0: Outputs;
}

/** (n·K × k), row = example·K + copy, not yet scaled; fills f0. */
async function project(
  tangent: TangentModel,
  batch: Batch,
  { spec, variant, f0 }: Projection,
  options: SketchOptions,
): Promise<Float64Array> {
  const { outputs, parameters, memory, signal, onProgress } = options;
  const { copies: K, k } = spec;
  const n = batch.shape[0];
  signal?.throwIfAborted();
  const names = [...selectParameters(tangent.parameters, parameters)];
  const { flops } = estimateSizes(tangent, sizesOf(tangent.offsets(batch)), null, { outputs, parameters });
  const workers = resolveWorkers(options.workers, tangent.backend.name, flops);
  const side = n * variant.rows;
  const held = 8 * (n * K * k + side * side);
  const blocks = cutPasses(tangent, batch, variant, { where: "sketch", memory, held, parameters, workers });
  const features = new Float64Array(n * K * k);
  const crew = await recruit(tangent, workers, options);
  let done = 0;
  try {
    await deal(
      crew.stations,
      blocks.map((block, index) => ({ block, index })),
      signal,
      async (station, { block, index }) => {
        const f = await station.open(index, block.batch, names, variant.combinations);
        return { f, part: await station.sketch(index, spec) };
      },
      ({ f, part }, { block }) => {
        block.examples.forEach((example, row) => {
          features.set(part.subarray(row * K * k, (row + 1) * K * k), example * K * k);
          const C = tangent.outputs;
          f0.data.set(f.subarray(row * C, (row + 1) * C), example * C);
        });
        onProgress?.({ stage: "sketch", done: ++done, total: blocks.length });
      },
    );
  } finally {
    await crew.dismiss();
  }
  signal?.throwIfAborted();
  return features;
}

interface Measuring {
  kernel: KernelMatrix;
  texts: number[];
  exact: NtkOptions;
}

async function measure(
  tangent: TangentModel,
  batch: Batch,
  { kernel, texts, exact }: Measuring,
): Promise<SketchError> {
  const { data, shape } = await empiricalNtk(tangent, pickTexts(batch, texts), null, exact);
  const R = shape[0] / texts.length;
  const place = (row: number) => texts[Math.floor(row / R)] * R + (row % R);
  let [difference, size] = [0, 0];
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[0]; j++) {
      const truth = data[i * shape[0] + j];
      difference += (kernel.data[place(i) * kernel.shape[0] + place(j)] - truth) ** 2;
      size += truth ** 2;
    }
  }
  return { rms: Math.sqrt(difference / size), sample: data.length, texts };
}
