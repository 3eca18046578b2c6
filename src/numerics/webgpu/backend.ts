/**
 * The backend on a GPU: float32 blocks in the memory of a WebGPU device, programs in WGSL on them, run through tfjs-backend-webgpu.
 *
 * Products add in float32, STEP steps at a time and in the same order for every row (programs/tile.ts); sums over rows and features
 * run in float32 by trees and short chains; Gram sums in float64 on the host (gram.ts). No atomics: the same calls give the same bits.
 * Calls are queued and return at once. What they did wrong the next `read` says (queue.ts).
 */
import { CallError, complaint } from "../../errors.ts";
import type { Accumulator, Backend, DeviceTensor, DType, Segments } from "../backend.ts";
import * as check from "../backendChecks.ts";
import { createDeviceScopes } from "../deviceScope.ts";
import { checkGram, checkGroupedMatmul, checkMatmul } from "../productChecks.ts";
import * as sums from "./gram.ts";
import { LANES, type Program, type UniformValues } from "./program.ts";
import * as elements from "./programs/elements.ts";
import * as gathering from "./programs/gathering.ts";
import * as products from "./programs/products.ts";
import * as rows from "./programs/rows.ts";
import { tileSideFor } from "./programs/tile.ts";
import type { Counters, GpuQueue } from "./queue.ts";
import { scoreRows, segmentsByRow, sortedIds, tilesOf, wavesOf } from "./tables.ts";
import type { Block } from "./tfjs.ts";

export interface WebgpuExtras {
  readonly name: "webgpu";
  /** What the adapter calls itself; "" where it does not say. */
  readonly adapterName: string;
  /** What was sent to the device and read from it since the backend was made. */
  counters(): Counters;
  /** Bytes of the device's memory that are held, those of freed blocks kept for their like included. */
  allocatedBytes(): number;
}

interface GpuTensor extends DeviceTensor {
  readonly block: Block;
  /** Of `int` tensors: ids are checked and sorted on the host. */
  host: Int32Array | null;
}

const bytesOf = (size: number) => 4 * Math.max(1, size);
const perLane = (count: number) => Math.ceil(count / LANES);

export function createBackendOn(queue: GpuQueue, adapterName: string): Backend & WebgpuExtras {
  let bytesInUse = 0;
  let peakBytes = 0;
  const accumulators = new Map<Accumulator, sums.GramAccumulator>();

  function account(bytes: number): void {
    bytesInUse += bytes;
    peakBytes = Math.max(peakBytes, bytesInUse);
  }

  const scopes = createDeviceScopes<GpuTensor>((tensor) => {
    queue.free(tensor.block);
    bytesInUse -= bytesOf(tensor.size);
  });

  function track(
    block: Block,
    shape: readonly number[],
    size: number,
    dtype: DType = "float",
    host: Int32Array | null = null,
  ): GpuTensor {
    account(bytesOf(size));
    return scopes.track({ block, shape: [...shape], size, dtype, host });
  }

  const make = (where: string, shape: readonly number[], size: number) =>
    track(queue.allocate(where, size, "float32"), shape, size);

  function makeZeros(where: string, shape: readonly number[], size: number): GpuTensor {
    const tensor = make(where, shape, size);
    queue.run(elements.fill, tensor.block, [], { count: size }, perLane(size));
    return tensor;
  }

  const at = (where: string, tensor: DeviceTensor): Block => scopes.own(where, tensor).block;

  /** The ids of a living tensor, all inside the vocabulary. */
  function idsOf(where: string, tensor: DeviceTensor, vocabulary: number): Int32Array {
    const { host } = scopes.own(where, tensor);
    if (host) check.checkIds(where, host, vocabulary);
    return host ?? new Int32Array(0);
  }

  /** Runs `body` with copies of the tables on the device. */
  function withTables(
    where: string,
    tables: readonly (Int32Array | Float32Array)[],
    body: (...blocks: Block[]) => void,
  ): void {
    const blocks = tables.map((table) => queue.upload(where, table));
    try {
      body(...blocks);
    } finally {
      for (const block of blocks) queue.free(block);
    }
  }

  /** A program of one lane a number. */
  function each<U extends Program["uniforms"] & { count: "i32" }>(
    program: Program<U>,
    output: GpuTensor,
    inputs: readonly Block[],
    uniforms: Omit<UniformValues<U>, "count">,
    count = output.size,
  ): void {
    const values = { ...uniforms, count } as UniformValues<U>;
    queue.run(program, output.block, inputs, values, perLane(count));
  }

  const scalesOf = ({ table, scale }: Segments) =>
    scale ? Float32Array.from(scale) : new Float32Array(table.length / 2).fill(1);

  function ownAccumulator(where: string, accumulator: Accumulator): sums.GramAccumulator {
    const target = accumulators.get(accumulator);
    if (target) return target;
    throw new CallError(complaint(where, "a live accumulator of this backend", "a freed or foreign one"));
  }

  return {
    name: "webgpu",
    precision: "f32",
    adapterName,
    counters: () => ({ ...queue.counters }),
    allocatedBytes: () => queue.allocatedBytes(),

    upload(data, shape) {
      const size = check.checkUpload(data, shape);
      if (data instanceof Int32Array) {
        const host = data.slice();
        return track(queue.upload("upload", host), shape, size, "int", host);
      }
      const floats = data instanceof Float32Array ? data : Float32Array.from(data);
      return track(queue.upload("upload", floats), shape, size);
    },
    zeros: (shape) => makeZeros("zeros", shape, check.checkShape("zeros", shape)),
    write(tensor, data) {
      const target = scopes.own("write", tensor);
      check.checkWrite(tensor, data);
      if (data instanceof Int32Array) target.host = data.slice();
      queue.write("write", target.block, data instanceof Float64Array ? Float32Array.from(data) : data);
    },
    async read(tensor) {
      const { block, host, size } = scopes.own("read", tensor);
      if (host) return Float32Array.from(host);
      if (size === 0) return new Float32Array(0);
      return new Float32Array(await queue.read("read", block));
    },
    release: (value) => scopes.release(value),
    scope: (body) => scopes.scope(body),
    memory: () => ({ bytesInUse, peakBytes, tensors: scopes.count() }),
    reserve(bytes) {
      // Blocks are buffers of their own: nothing grows in one piece, and WebGPU does not say how much there is.
      if (!(bytes >= 0)) throw new CallError(complaint("reserve", "0 or more bytes", `${bytes}`));
    },
    dispose() {
      scopes.dispose();
      accumulators.clear();
      queue.dispose();
      bytesInUse = 0;
    },

    matmul(a, b, options = {}) {
      const [left, right] = [at("matmul", a), at("matmul", b)];
      const bias = options.bias ? at("matmul", options.bias) : right;
      const { m, k, n } = checkMatmul(a, b, options);
      const { transposeA = false, transposeB = false } = options;
      const out = make("matmul", [m, n], m * n);
      if (out.size === 0) return out;
      const side = tileSideFor(m, n);
      const uniforms = {
        ...{ m, k, n, aStride: transposeA ? m : k, bStride: transposeB ? k : n },
        transposeA: Number(transposeA),
        transposeB: Number(transposeB),
        biased: Number(options.bias !== undefined),
      };
      const tiles = Math.ceil(m / side) * Math.ceil(n / side);
      queue.run(products.matmul[side], out.block, [left, right, bias], uniforms, tiles);
      return out;
    },
    groupedMatmul(a, b, groups, shape, options = {}) {
      const where = "groupedMatmul";
      const [left, right] = [at(where, a), at(where, b)];
      const { size, fills } = checkGroupedMatmul(a, b, groups, shape, options);
      const { transposeA = false, transposeB = false, alpha = 1 } = options;
      const out = fills ? make(where, shape, size) : makeZeros(where, shape, size);
      if (size === 0) return out;
      const { table } = groups;
      const waves = wavesOf(table, size, fills);
      let [m, n] = [0, 0];
      for (let g = 0; g < table.length; g += 9) {
        m = Math.max(m, table[g + 6]);
        n = Math.max(n, table[g + 8]);
      }
      const side = Math.min(m, n) <= 16 ? 16 : 32;
      const { tiles, ends } = tilesOf(table, waves, side);
      withTables(where, [table, tiles], (tableBlock, tileBlock) => {
        ends.forEach((end, wave) => {
          const firstTile = ends[wave - 1] ?? 0;
          const count = end - firstTile;
          const uniforms = {
            ...{ count, firstTile, alpha, adding: Number(wave > 0) },
            transposeA: Number(transposeA),
            transposeB: Number(transposeB),
          };
          const inputs = [left, right, tableBlock, tileBlock];
          queue.run(products.groupedMatmul[side], out.block, inputs, uniforms, count);
        });
      });
      return out;
    },

    softmax(scores, groups) {
      const x = at("softmax", scores);
      check.checkSoftmax(scores, groups);
      const { rows: table, fills } = scoreRows(groups, scores.size);
      const out = (fills ? make : makeZeros)("softmax", scores.shape, scores.size);
      const count = table.length / 4;
      withTables("softmax", [table], (tableBlock) =>
        queue.run(rows.softmax, out.block, [x, tableBlock], { count }, count),
      );
      return out;
    },
    softmaxTangent(probabilities, d, groups) {
      const where = "softmaxTangent";
      const [p, cotangent] = [at(where, probabilities), at(where, d)];
      const { copies } = check.checkSoftmaxTangent(probabilities, d, groups);
      const { size } = probabilities;
      const { rows: table, fills } = scoreRows(groups, size);
      const out = (fills ? make : makeZeros)(where, d.shape, d.size);
      const perCopy = table.length / 4;
      const count = copies * perCopy;
      withTables(where, [table], (tableBlock) =>
        queue.run(
          rows.softmaxTangent,
          out.block,
          [p, cotangent, tableBlock],
          { count, perCopy, size },
          count,
        ),
      );
      return out;
    },
    normalize(x, { epsilon, centred }) {
      const block = at("normalize", x);
      const { rows: R, features: F } = check.checkNormalize(x, { epsilon });
      const normalized = make("normalize", x.shape, x.size);
      const inverse = make("normalize", [R], R);
      const uniforms = { count: R, features: F, centred: Number(centred), epsilon };
      if (F > 0) queue.run(rows.normalize, normalized.block, [block], { ...uniforms, inverse: 0 }, R);
      queue.run(rows.normalize, inverse.block, [block], { ...uniforms, inverse: 1 }, R);
      return { normalized, inverse };
    },
    normalizeTangent(normalized, inverse, d, { centred }) {
      const where = "normalizeTangent";
      const blocks = [at(where, normalized), at(where, inverse), at(where, d)];
      const { rows: R, features: F, copies: C } = check.checkNormalizeTangent(normalized, inverse, d);
      const out = make(where, d.shape, d.size);
      if (out.size === 0) return out;
      const uniforms = { count: C * R, rows: R, features: F, centred: Number(centred) };
      queue.run(rows.normalizeTangent, out.block, blocks, uniforms, C * R);
      return out;
    },

    rotate(x, cos, sin, { inverse = false } = {}) {
      const blocks = [at("rotate", x), at("rotate", cos), at("rotate", sin)];
      const { half, heads } = check.checkRotate(x, cos, sin);
      const out = make("rotate", x.shape, x.size);
      const uniforms = { width: 2 * half * heads, pairs: half, angles: cos.size, sign: inverse ? -1 : 1 };
      each(elements.rotate, out, blocks, uniforms);
      return out;
    },

    activation(x, kind) {
      const block = at("activation", x);
      check.checkFloat("activation", x);
      const out = make("activation", x.shape, x.size);
      each(elements.activation[kind], out, [block], {});
      return out;
    },
    activationSlope(x, kind) {
      const block = at("activationSlope", x);
      check.checkFloat("activationSlope", x);
      const out = make("activationSlope", x.shape, x.size);
      each(elements.activationSlope[kind], out, [block], {});
      return out;
    },
    add(a, b, scale = 1) {
      const blocks = [at("add", a), at("add", b)];
      check.checkRepeating("add", a, b);
      const out = make("add", a.shape, a.size);
      each(elements.add, out, blocks, { period: b.size, scale });
      return out;
    },
    multiply(a, b) {
      const blocks = [at("multiply", a), at("multiply", b)];
      check.checkRepeating("multiply", a, b);
      const out = make("multiply", a.shape, a.size);
      each(elements.multiply, out, blocks, { period: b.size });
      return out;
    },
    addInto(target, x, scale = 1) {
      const [into, from] = [scopes.own("addInto", target), at("addInto", x)];
      check.checkAddInto(target, x);
      if (target === x) each(elements.scaleInto, into, [], { factor: 1 + scale });
      else each(elements.addInto, into, [from], { scale });
    },

    gatherRows(table, ids) {
      const blocks = [at("gatherRows", table), at("gatherRows", ids)];
      const { rows: R, features: F, vocabulary } = check.checkGatherRows(table, ids);
      idsOf("gatherRows", ids, vocabulary);
      const out = make("gatherRows", [R, F], R * F);
      each(gathering.gatherRows, out, blocks, { features: F });
      return out;
    },
    scatterAddRowsInto(target, ids, added) {
      const where = "scatterAddRowsInto";
      const [into, from] = [scopes.own(where, target), at(where, added)];
      const { features: F, vocabulary } = check.checkScatterRows(target, ids, added);
      const { order, places } = sortedIds(idsOf(where, ids, vocabulary));
      withTables(where, [places, order], (...tables) =>
        each(gathering.scatterAddRows, into, [from, ...tables], { features: F }, (places.length / 3) * F),
      );
    },
    segmentSum(x, segments) {
      const block = at("segmentSum", x);
      const { copies: C, segments: S, features: F } = check.checkSegmentSum(x, segments);
      const out = make("segmentSum", [C * S, F], C * S * F);
      const uniforms = { segments: S, rows: segments.rows, features: F };
      withTables("segmentSum", [segments.table, scalesOf(segments)], (...tables) =>
        each(gathering.segmentSum, out, [block, ...tables], uniforms),
      );
      return out;
    },
    segmentSpread(d, segments) {
      const where = "segmentSpread";
      const block = at(where, d);
      const { copies: C, segments: S, features: F } = check.checkSegmentSpread(d, segments);
      const out = make(where, [C * segments.rows, F], C * segments.rows * F);
      const { starts, segmentsOf } = segmentsByRow(segments);
      const uniforms = { segments: S, rows: segments.rows, features: F };
      withTables(where, [starts, segmentsOf, scalesOf(segments)], (...tables) =>
        each(gathering.segmentSpread, out, [block, ...tables], uniforms),
      );
      return out;
    },
    sumRows(x) {
      const block = at("sumRows", x);
      check.checkFloat("sumRows", x);
      const { rows: R, columns: F } = check.matrixSides(x);
      const out = make("sumRows", [F], F);
      sums.sumAll(queue, block, { rows: R, size: F }, out.block);
      return out;
    },

    accumulator(rowCount, columns) {
      check.checkShape("accumulator", [rowCount, columns]);
      const target = sums.newAccumulator(rowCount, columns);
      const accumulator = { rows: rowCount, columns };
      accumulators.set(accumulator, target);
      account(target.sums.byteLength + sums.slotBytes(target));
      return accumulator;
    },
    gramInto(accumulator, a, b) {
      const target = ownAccumulator("gramInto", accumulator);
      const left = at("gramInto", a);
      const right = b ? at("gramInto", b) : left;
      const { k } = checkGram(accumulator, a, b);
      sums.addGram(queue, target, { a: left, b: right, k, symmetric: b === null });
    },
    async readAccumulator(accumulator) {
      return sums.readAccumulator(queue, ownAccumulator("readAccumulator", accumulator));
    },
    releaseAccumulator(accumulator) {
      const target = ownAccumulator("releaseAccumulator", accumulator);
      accumulators.delete(accumulator);
      if (target.block) queue.free(target.block);
      bytesInUse -= target.sums.byteLength + sums.slotBytes(target);
    },
  };
}
