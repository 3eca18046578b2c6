/**
 * The narrow interface between networks and whatever does their arithmetic.
 *
 * A backend owns blocks of numbers and a dozen operations on them. Every operation returns at once with a handle to its
 * (perhaps still pending) result; only `read` waits. So a queue on a GPU can stand behind the same interface as a loop in
 * TypeScript. Operations never modify their inputs, except where the name says `Into`.
 *
 * Letters: R rows, F features (columns), C copies: several blocks stacked along the first axis that share one primal value,
 * as the cotangents of C outputs share one forward pass. n examples, T positions of one example, N = ΣT rows of a packed batch.
 * Batches are packed: the rows of all examples one after the other, no padding anywhere.
 *
 * Three backends: `reference` (plain TypeScript, float64, the truth), `wasm` (float32 products, the default), `webgpu`.
 */

export type DType = "float" | "int";

/** A handle to a block of numbers, row-major, on its backend. `float` is f32 or, on the reference backend, f64. */
export interface DeviceTensor {
  readonly shape: readonly number[];
  readonly size: number;
  readonly dtype: DType;
}

/** A float64 accumulator of inner products on the backend: what a Gram matrix is summed into. */
export interface Accumulator {
  readonly rows: number;
  readonly columns: number;
}

export interface MatmulOptions {
  /** op(a) is m×k: with `transposeA`, a is stored k×m; with `transposeB`, b is stored n×k. */
  transposeA?: boolean;
  transposeB?: boolean;
  /** (n): added to every row of the product. */
  bias?: DeviceTensor;
}

/**
 * A list of small products, each with its own place and size: attention over packed sequences of different lengths.
 * Row g of `table` is [aOffset, aStride, bOffset, bStride, outOffset, outStride, m, k, n]: offsets and row strides in
 * elements of the stored matrices (so of the transposed ones where transposed). Products that share a place in the output
 * add up in the order of the table (grouped-query attention: several query heads, one key head).
 */
export interface ProductGroups {
  readonly table: Int32Array; // (groups × 9)
}
export const PRODUCT_GROUP_FIELDS = 9;

/** Row g of `table` is [offset, rows, columns]: a dense block of scores of one example and head. */
export interface ScoreGroups {
  readonly table: Int32Array; // (groups × 3)
  /** Query i sees key j only if j ≤ i. */
  readonly causal: boolean;
  /** With `causal`: only if i − j < window (0: no limit). The window counts i itself. */
  readonly window: number;
}
export const SCORE_GROUP_FIELDS = 3;

/** Row s of `table` is [start, end): rows of a packed block of `rows` rows; `scale` (one per segment) weighs each sum. */
export interface Segments {
  readonly table: Int32Array; // (segments × 2)
  readonly rows: number;
  readonly scale?: Float64Array; // (segments); 1 where absent
}

/**
 * Elementwise functions networks use. `gelu_new` is the tanh approximation of GPT-2 and GPT-Neo, `gelu` x·Φ(x) itself, `silu` x·σ(x).
 * The slope of `relu` at 0 is 0.
 */
export type ActivationKind = "gelu_new" | "gelu" | "silu" | "tanh" | "relu";

export interface MemoryUse {
  bytesInUse: number;
  peakBytes: number;
  tensors: number;
}

export interface Backend {
  readonly name: "reference" | "wasm" | "webgpu" | "tfjs-wasm";
  readonly precision: "f32" | "f64";

  // --- blocks ---
  /** Float arrays become `float`, Int32Array becomes `int`. Throws if data.length is not the product of the shape. */
  upload(data: Float32Array | Float64Array | Int32Array, shape: readonly number[]): DeviceTensor;
  zeros(shape: readonly number[]): DeviceTensor;
  /** tensor ← data, of as many numbers. */
  write(tensor: DeviceTensor, data: Float32Array | Float64Array | Int32Array): void;
  /** The only operation that waits. A copy: Float32Array on f32 backends, Float64Array on the reference. `int` is read as float. */
  read(tensor: DeviceTensor): Promise<Float32Array | Float64Array>;
  /** Frees every tensor reachable from `value` (a tensor, or arrays and plain objects of them). Freeing twice throws. */
  release(value: unknown): void;
  /** Runs `body` and frees every tensor made inside, except those reachable from what it returns. Scopes nest. */
  scope<T>(body: () => T): T;
  memory(): MemoryUse;
  /** Asks for room for `bytes` more in one step, so that no later call grows memory; throws a clear error past the limit. */
  reserve(bytes: number): void;
  /** Frees everything at once. The backend is not usable afterwards. */
  dispose(): void;

  // --- products ---
  /** op(a)·op(b) (+ bias): (m×n). a and b are read as matrices: all axes but the last are rows. */
  matmul(a: DeviceTensor, b: DeviceTensor, options?: MatmulOptions): DeviceTensor;
  /** alpha · op(a_g)·op(b_g) for every group g, in a fresh block of `shape` (zero outside the groups). */
  groupedMatmul(
    a: DeviceTensor,
    b: DeviceTensor,
    groups: ProductGroups,
    shape: readonly number[],
    options?: { transposeA?: boolean; transposeB?: boolean; alpha?: number },
  ): DeviceTensor;

  // --- rows ---
  /** Softmax over the allowed keys of each row of each score block; 0 where not allowed. scores: flat. */
  softmax(scores: DeviceTensor, groups: ScoreGroups): DeviceTensor;
  /** p∘(d − Σ_j p_j d_j) per row: the Jacobian of softmax is symmetric, so this is both vjp and jvp. d: C copies of p. */
  softmaxTangent(probabilities: DeviceTensor, d: DeviceTensor, groups: ScoreGroups): DeviceTensor;
  /** x̂ = (x − mean)/√(var + ε) per row (LayerNorm before its affine part); not `centred`: x/√(mean x² + ε) (RMSNorm). */
  normalize(
    x: DeviceTensor,
    options: { epsilon: number; centred: boolean },
  ): { normalized: DeviceTensor; inverse: DeviceTensor /* (R): 1/√… */ };
  /** inverse·(d − mean(d) − x̂·mean(d∘x̂)) per row (without mean(d) where not centred): symmetric, so both vjp and jvp. d: C copies. */
  normalizeTangent(
    normalized: DeviceTensor,
    inverse: DeviceTensor,
    d: DeviceTensor,
    options: { centred: boolean },
  ): DeviceTensor;

  /**
   * Rotary embedding, half-split: in each of the heads of 2H features of a row, the pairs (j, j + H) turn by the row's angles;
   * cos, sin: (R × H), shared by the C copies in x (C·R × heads·2H). `inverse` turns back: the transpose, so the vjp.
   */
  rotate(
    x: DeviceTensor,
    cos: DeviceTensor,
    sin: DeviceTensor,
    options?: { inverse?: boolean },
  ): DeviceTensor;

  // --- elements ---
  activation(x: DeviceTensor, kind: ActivationKind): DeviceTensor;
  /** Derivative of the activation at x, elementwise. */
  activationSlope(x: DeviceTensor, kind: ActivationKind): DeviceTensor;
  /** a + scale·b; b repeats along the leading axes: a.size is a multiple of b.size. */
  add(a: DeviceTensor, b: DeviceTensor, scale?: number): DeviceTensor;
  /** a ∘ b, b repeating as in `add`. */
  multiply(a: DeviceTensor, b: DeviceTensor): DeviceTensor;
  /** target += scale·x, in place; equal sizes. */
  addInto(target: DeviceTensor, x: DeviceTensor, scale?: number): void;

  // --- gathering ---
  /** Rows `ids` (R) of `table` (V×F): (R×F). Throws on an id outside 0…V−1. */
  gatherRows(table: DeviceTensor, ids: DeviceTensor): DeviceTensor;
  /** target[ids[r]] += rows[r], in the order of r. */
  scatterAddRowsInto(target: DeviceTensor, ids: DeviceTensor, rows: DeviceTensor): void;
  /** (C·S × F): scale_s · Σ rows start_s … end_s−1 of each of the C copies in x (C·R × F). */
  segmentSum(x: DeviceTensor, segments: Segments): DeviceTensor;
  /** Its transpose: (C·S × F) → (C·R × F); rows in no segment are 0, rows in several add up. */
  segmentSpread(d: DeviceTensor, segments: Segments): DeviceTensor;
  /** Column sums of x (R×F): (F). */
  sumRows(x: DeviceTensor): DeviceTensor;

  // --- Gram accumulation in float64 ---
  accumulator(rows: number, columns: number): Accumulator;
  /** accumulator += a·bᵀ (a: rows×k, b: columns×k); b null: a·aᵀ, one triangle computed, mirrored on reading. */
  gramInto(accumulator: Accumulator, a: DeviceTensor, b: DeviceTensor | null): void;
  readAccumulator(accumulator: Accumulator): Promise<Float64Array>;
  releaseAccumulator(accumulator: Accumulator): void;
}
