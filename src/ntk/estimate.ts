/**
 * What a kernel will need, from the shapes of the parameters and of the texts: floating point operations and bytes by purpose.
 * An estimate: layers are read off the parameters' names and shapes (…h.3.attn… belongs to layer 3), activations are counted as
 * the inputs and outputs of every linear layer, doubled for what lies between (norms, residuals, slopes).
 */
import type { Parameter, TangentModel } from "../model/types.ts";
import type { Batch } from "../text/batch.ts";
import { BLOCK_ROWS, GROUP_ROWS } from "./blocks.ts";
import { type Form, formingCost, linearCost } from "./contract/cost.ts";
import { type ParameterChoice, selectParameters } from "./select.ts";
import { resolveVariant, type VariantChoice } from "./variant.ts";

/** A set of texts as far as cost goes. */
export interface TextSizes {
  n: number;
  positions: number; // Σ tokens
  longest: number; // tokens
}

export interface KernelEstimate {
  /** In all: the sum of `parts`. */
  bytes: number;
  parts: {
    weights: number; // of all workers
    activations: number; // of all texts: held from the forward pass to the end
    taps: number; // of the largest stage
    kernel: number;
    workspace: number; // of all workers
  };
  /** Of the fullest single backend. */
  instanceBytes: number;
  /** Visits to the whole network's weights, by all workers: what a model that streams reads so many times from its files. */
  passes: number;
  /** Multiplications and additions, forward and backward passes included. */
  flops: number;
  /** Those of the contraction, by parameter name. */
  contraction: Record<string, number>;
  /** Those that find the largest gradients, which a sign kernel's dead zone is measured by. */
  largest: number;
  /** At SPEED operations a second and worker: right to a factor of two or three on other machines. */
  seconds: number;
}

export interface EstimateOptions extends VariantChoice {
  workers?: number;
  parameters?: ParameterChoice;
  byGroup?: boolean;
  /** Whether train × train is wanted beside test × train; true where absent. */
  square?: boolean;
}

type Sized = Pick<TangentModel, "parameters" | "outputs" | "size" | "recipe" | "plan"> & {
  backend: { precision: "f32" | "f64" };
};

/** Operations a second of one worker over a whole kernel; measured: bench/RESULTS.md. */
const SPEED = 15e9;

/** What the kernel of `train`, and if given of `test` × `train`, will take. Throws a CallError for an unknown choice of parameters. */
export function estimateKernel(
  tangent: Sized & Pick<TangentModel, "offsets">,
  train: Batch,
  test: Batch | null = null,
  options: EstimateOptions = {},
): KernelEstimate {
  return estimateSizes(
    tangent,
    sizesOf(tangent.offsets(train)),
    test && sizesOf(tangent.offsets(test)),
    options,
  );
}

/** From the packed rows of the examples, (n + 1). */
export function sizesOf(offsets: Int32Array): TextSizes {
  let longest = 0;
  for (let i = 1; i < offsets.length; i++) longest = Math.max(longest, offsets[i] - offsets[i - 1]);
  return { n: offsets.length - 1, positions: offsets[offsets.length - 1], longest };
}

export function estimateSizes(
  tangent: Sized,
  train: TextSizes,
  test: TextSizes | null,
  options: EstimateOptions,
): KernelEstimate {
  const { workers = 1, byGroup = false, square = true } = options;
  const wanted = selectParameters(tangent.parameters, options.parameters);
  const chosen = tangent.parameters.filter((p) => wanted.has(p.name));
  const variant = resolveVariant(options, tangent.outputs, tangent.backend.precision);
  const { copies: C, rows: kernelRowsOf, diagonal } = variant;
  const signed = variant.kernel !== "sgd";
  const number = tangent.backend.precision === "f64" ? 8 : 4;
  const n = train.n + (test?.n ?? 0);
  const N = train.positions + (test?.positions ?? 0);
  const longest = Math.max(train.longest, test?.longest ?? 0);

  const linear = tangent.parameters.filter(isLinear);
  const widest = widestLayer(tangent.parameters);
  const contraction: Record<string, number> = {};
  for (const parameter of chosen) {
    const cost = (rows: TextSizes, columns: TextSizes | null) =>
      contractionCost(parameter, C, rows, columns, { diagonal, signed });
    contraction[parameter.name] =
      (square ? cost(train, variant.kernel === "asymmetric" ? train : null) : 0) +
      (test ? cost(test, train) : 0);
  }
  const largest = signed
    ? linear.reduce((sum, p) => sum + formingCost({ C, dIn: p.shape[1], dOut: p.shape[0], N }), 0)
    : 0;

  const sides = linear.reduce((sum, p) => sum + p.shape[0] + p.shape[1], 0);
  const scores = headsOf(tangent) * longest * layersOf(linear).size;
  const inside = number * N * (2 * sides + 2 * scores);
  const layers = Math.max(1, layersOf(linear).size);
  // Weights that are lent: a stage's input and a cotangent wait outside the backend, and one block is inside at a time.
  const lent = tangent.plan.mode !== "resident";
  const activations = lent ? number * N * widthOf(tangent.parameters) * (layers + 1 + C) : inside;
  const kernelSize = kernelRowsOf ** 2 * train.n * ((square ? train.n : 0) + (test?.n ?? 0));
  const kernel = 8 * kernelSize * (byGroup ? 1 + new Set(chosen.map((p) => p.group)).size : 1);

  // Of one worker: the backward pass of one block, and the two sides of a tile with their panels and product.
  const blockRows = Math.max(Math.min(C * N, BLOCK_ROWS), C * longest);
  const tileTexts = Math.min(n, Math.ceil(GROUP_ROWS / C));
  const tilePositions = Math.min(N, Math.ceil((tileTexts * N) / Math.max(1, n)));
  const tile = 2 * (C + 1) * tilePositions * widest + tilePositions ** 2 + 2 * (tileTexts * C) ** 2;
  const ofBlock = lent ? (inside / layers) * Math.min(1, blockRows / Math.max(1, C * N)) : 0;
  const own = number * (6 * blockRows * widest + tile) + ofBlock;
  const { mode, stored, inMemory, onBackend } = tangent.plan;
  const weights = lent ? onBackend : number * tangent.size;
  const shared = mode === "streaming" ? 0 : stored;
  const parts = {
    weights: workers * (lent ? inMemory - shared : weights) + shared,
    activations,
    taps: number * stageOf(chosen, C, N, n),
    kernel,
    workspace: workers * own,
  };
  const weightsUsed = linear.reduce((sum, p) => sum + p.shape[0] * p.shape[1], 0);
  // Sign kernels run back twice: for the largest gradients, and for their signs.
  const passes = (signed ? 2 : 1) * 2 * N * weightsUsed * (2 + C);
  const flops = passes + largest + Object.values(contraction).reduce((sum, cost) => sum + cost, 0);
  return {
    bytes: Object.values(parts).reduce((sum, part) => sum + part, 0),
    parts,
    instanceBytes: weights + (lent ? 0 : activations / workers) + own,
    // Of each block twice forward (for f and for the taps); backward, blocks of one worker share a stage.
    passes: 2 * Math.ceil((C * N) / BLOCK_ROWS) + workers,
    flops,
    contraction,
    largest,
    seconds: flops / (SPEED * workers),
  };
}

/** The largest number of training texts of the same kind whose estimate stays within both limits; 0 where not even one does. */
export function largestFit(
  tangent: Sized,
  train: TextSizes,
  test: TextSizes | null,
  options: EstimateOptions,
  limits: { total: number; instance: number },
): number {
  const fits = (n: number) => {
    const texts = { ...train, n, positions: (train.positions / train.n) * n };
    const { bytes, instanceBytes } = estimateSizes(tangent, texts, test, options);
    return bytes <= limits.total && instanceBytes <= limits.instance;
  };
  let [low, high] = [0, train.n];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The longest row of a gradient block: the largest side of a linear layer. */
export function widestLayer(parameters: readonly Parameter[]): number {
  return parameters.filter(isLinear).reduce((widest, p) => Math.max(widest, ...p.shape), 1);
}

/** d: the width of the embedding. */
const widthOf = (parameters: readonly Parameter[]) =>
  parameters.find(({ group, shape }) => group === "embedding" && shape.length === 2)?.shape[1] ?? 1;

const isLinear = (p: Parameter) => p.shape.length === 2 && p.group !== "embedding";
const layerOf = (name: string) => /\.(\d+)\./.exec(name)?.[1] ?? "";
const layersOf = (linear: readonly Parameter[]) => new Set(linear.map((p) => layerOf(p.name)));

function headsOf({ recipe }: Sized): number {
  const { num_heads, num_attention_heads, n_head } = recipe.model.config;
  return Number(num_heads ?? num_attention_heads ?? n_head ?? 1);
}

function contractionCost(
  p: Parameter,
  C: number,
  rows: TextSizes,
  columns: TextSizes | null,
  form: Form,
): number {
  const side = ({ n, positions }: TextSizes) => ({ n, N: positions });
  const other = columns ?? rows;
  const half = columns ? 1 : 0.5;
  if (isLinear(p)) {
    const [dOut, dIn] = p.shape;
    const pooled = p.group === "head"; // one row a text
    const size = (texts: TextSizes) => (pooled ? { n: texts.n, N: texts.n } : side(texts));
    return linearCost({ C, dIn, dOut, rows: size(rows), columns: columns && size(columns) }, form);
  }
  const width = p.shape[p.shape.length - 1];
  const pairs = p.group === "embedding" ? rows.positions * other.n : rows.n * other.n;
  return 2 * half * (form.diagonal ? C : C * C) * pairs * width;
}

/** Numbers in the taps of the largest stage: gradients C·N·d_out and inputs N·d_in, stage by stage. */
function stageOf(chosen: readonly Parameter[], C: number, N: number, n: number): number {
  const stages = new Map<string, number>();
  for (const p of chosen) {
    const width = p.shape[p.shape.length - 1];
    let size = C * n * width;
    if (isLinear(p) && p.group !== "head") size = N * (C * p.shape[0] + p.shape[1]);
    else if (p.group === "embedding") size = C * N * width;
    stages.set(layerOf(p.name), (stages.get(layerOf(p.name)) ?? 0) + size);
  }
  return Math.max(0, ...stages.values());
}
