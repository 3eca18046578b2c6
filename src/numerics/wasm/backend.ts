/**
 * The fast portable backend: float32 blocks in one WASM memory, our AssemblyScript kernels on them.
 *
 * Products multiply and add in float32, in the same order for every row, so the bits of a row depend neither on the other rows of
 * its batch nor on the target (SIMD, scalar). Sums over rows and features run in float64. Every backend owns a memory of its own,
 * which goes with it. Nothing here waits; `read` is a copy.
 */
import { CallError, complaint } from "../../errors.ts";
import type { Accumulator, ActivationKind, Backend, DeviceTensor, DType, Segments } from "../backend.ts";
import * as check from "../backendChecks.ts";
import { createDeviceScopes } from "../deviceScope.ts";
import { checkGram, checkGroupedMatmul, checkMatmul } from "../productChecks.ts";
import { instantiate, type WasmContext } from "./load.ts";
import { mirror } from "./mirror.ts";

interface WasmTensor extends DeviceTensor {
  readonly pointer: number; // f32 or i32 numbers
}

interface WasmAccumulator extends Accumulator {
  readonly pointer: number; // f64 numbers
  /** Only the lower triangle is up to date. */
  lower: boolean;
}

/** context: the kernels in a memory nobody else uses; by default the best target in a fresh one. */
export function createWasmBackend(context: WasmContext = instantiate()): Backend {
  const { arena, exports: kernels } = context;
  const workspace = arena.allocate(kernels.productWorkspace());
  const resident = arena.bytesInUse;
  const accumulators = new Set<WasmAccumulator>();
  const scopes = createDeviceScopes<WasmTensor>((tensor) => arena.free(tensor.pointer));

  function make(shape: readonly number[], size: number, dtype: DType = "float"): WasmTensor {
    return scopes.track({ pointer: arena.allocate(4 * size), shape: [...shape], size, dtype });
  }

  function makeZeros(shape: readonly number[], size: number): WasmTensor {
    const tensor = make(shape, size);
    arena.u8(tensor.pointer, 4 * size).fill(0);
    return tensor;
  }

  /** The pointer of a living tensor of this backend. */
  function at(where: string, tensor: DeviceTensor): number {
    return scopes.own(where, tensor).pointer;
  }

  function idsAt(where: string, tensor: DeviceTensor, vocabulary: number): number {
    const pointer = at(where, tensor);
    check.checkIds(where, arena.i32(pointer, tensor.size), vocabulary);
    return pointer;
  }

  /** Runs `body` with a copy of an i32 table in the arena. */
  function withTable(table: Int32Array, body: (pointer: number) => void): void {
    arena.withScratch([table.byteLength], (pointer) => {
      arena.i32(pointer, table.length).set(table);
      body(pointer);
    });
  }

  function withSegments({ table, scale }: Segments, body: (table: number, scale: number) => void): void {
    const segments = table.length / 2;
    arena.withScratch([table.byteLength, 8 * segments], (tablePointer, scalePointer) => {
      arena.i32(tablePointer, table.length).set(table);
      const scales = arena.f64(scalePointer, segments);
      if (scale) scales.set(scale);
      else scales.fill(1);
      body(tablePointer, scalePointer);
    });
  }

  function ownAccumulator(where: string, accumulator: Accumulator): WasmAccumulator {
    if (accumulators.has(accumulator as WasmAccumulator)) return accumulator as WasmAccumulator;
    throw new CallError(complaint(where, "a live accumulator of this backend", "a freed or foreign one"));
  }

  function elementwise(
    where: string,
    kernel: (x: number, out: number, n: number) => void,
    x: DeviceTensor,
  ): WasmTensor {
    const pointer = at(where, x);
    check.checkFloat(where, x);
    const out = make(x.shape, x.size);
    kernel(pointer, out.pointer, x.size);
    return out;
  }

  return {
    name: "wasm",
    precision: "f32",

    upload(data, shape) {
      const size = check.checkUpload(data, shape);
      const isInt = data instanceof Int32Array;
      const tensor = make(shape, size, isInt ? "int" : "float");
      (isInt ? arena.i32(tensor.pointer, size) : arena.f32(tensor.pointer, size)).set(data);
      return tensor;
    },
    zeros: (shape) => makeZeros(shape, check.checkShape("zeros", shape)),
    write(tensor, data) {
      const pointer = at("write", tensor);
      check.checkWrite(tensor, data);
      (tensor.dtype === "int" ? arena.i32(pointer, tensor.size) : arena.f32(pointer, tensor.size)).set(data);
    },
    async read(tensor) {
      const pointer = at("read", tensor);
      if (tensor.dtype === "int") return Float32Array.from(arena.i32(pointer, tensor.size));
      return arena.f32(pointer, tensor.size).slice();
    },
    release: (value) => scopes.release(value),
    scope: (body) => scopes.scope(body),
    memory: () => ({
      bytesInUse: arena.bytesInUse - resident,
      peakBytes: arena.peakBytes - resident,
      tensors: scopes.count(),
    }),
    reserve: (bytes) => arena.reserve(bytes),
    dispose() {
      scopes.dispose();
      for (const { pointer } of accumulators) arena.free(pointer);
      accumulators.clear();
      arena.free(workspace);
    },

    matmul(a, b, options = {}) {
      const [left, right] = [at("matmul", a), at("matmul", b)];
      const bias = options.bias ? at("matmul", options.bias) : 0;
      const { m, k, n } = checkMatmul(a, b, options);
      const { transposeA = false, transposeB = false } = options;
      const out = make([m, n], m * n);
      kernels.gemmF32(
        ...([m, n, k, 1] as const),
        ...([left, transposeA ? m : k, Number(transposeA)] as const),
        ...([right, transposeB ? k : n, Number(transposeB)] as const),
        ...([0, out.pointer, n, bias, workspace] as const),
      );
      return out;
    },
    groupedMatmul(a, b, groups, shape, options = {}) {
      const [left, right] = [at("groupedMatmul", a), at("groupedMatmul", b)];
      const { groups: count, size, fills } = checkGroupedMatmul(a, b, groups, shape, options);
      const { transposeA = false, transposeB = false, alpha = 1 } = options;
      const out = fills ? make(shape, size) : makeZeros(shape, size);
      withTable(groups.table, (table) =>
        kernels.groupedGemm(
          ...([table, count, alpha, fills ? 0 : 1] as const),
          ...([left, Number(transposeA), right, Number(transposeB)] as const),
          ...([out.pointer, workspace] as const),
        ),
      );
      return out;
    },

    softmax(scores, groups) {
      const pointer = at("softmax", scores);
      const { groups: count } = check.checkSoftmax(scores, groups);
      const out = makeZeros(scores.shape, scores.size);
      withTable(groups.table, (table) =>
        kernels.softmax(pointer, out.pointer, table, count, Number(groups.causal), groups.window),
      );
      return out;
    },
    softmaxTangent(probabilities, d, groups) {
      const [p, pointer] = [at("softmaxTangent", probabilities), at("softmaxTangent", d)];
      const { groups: count, copies } = check.checkSoftmaxTangent(probabilities, d, groups);
      const out = makeZeros(d.shape, d.size);
      withTable(groups.table, (table) =>
        kernels.softmaxTangent(
          ...([p, pointer, out.pointer, probabilities.size, copies] as const),
          ...([table, count, Number(groups.causal), groups.window] as const),
        ),
      );
      return out;
    },
    normalize(x, { epsilon, centred }) {
      const pointer = at("normalize", x);
      const { rows: R, features: F } = check.checkNormalize(x, { epsilon });
      const normalized = make(x.shape, x.size);
      const inverse = make([R], R);
      kernels.normalize(pointer, normalized.pointer, inverse.pointer, R, F, epsilon, Number(centred));
      return { normalized, inverse };
    },
    normalizeTangent(normalized, inverse, d, { centred }) {
      const where = "normalizeTangent";
      const [xHat, scale, pointer] = [at(where, normalized), at(where, inverse), at(where, d)];
      const { rows: R, features: F, copies: C } = check.checkNormalizeTangent(normalized, inverse, d);
      const out = make(d.shape, d.size);
      kernels.normalizeTangent(xHat, scale, pointer, out.pointer, R, F, C, Number(centred));
      return out;
    },

    rotate(x, cos, sin, { inverse = false } = {}) {
      const [pointer, cosines, sines] = [at("rotate", x), at("rotate", cos), at("rotate", sin)];
      const { rows: R, half, heads, copies: C } = check.checkRotate(x, cos, sin);
      const out = make(x.shape, x.size);
      kernels.rotate(pointer, cosines, sines, out.pointer, R, heads, half, C, inverse ? -1 : 1);
      return out;
    },

    activation: (x, kind) => elementwise("activation", kernels[ACTIVATIONS[kind].value], x),
    activationSlope: (x, kind) => elementwise("activationSlope", kernels[ACTIVATIONS[kind].slope], x),
    add(a, b, scale = 1) {
      const [left, right] = [at("add", a), at("add", b)];
      const repeats = check.checkRepeating("add", a, b);
      const out = make(a.shape, a.size);
      kernels.add(left, right, out.pointer, b.size, repeats, scale);
      return out;
    },
    multiply(a, b) {
      const [left, right] = [at("multiply", a), at("multiply", b)];
      const repeats = check.checkRepeating("multiply", a, b);
      const out = make(a.shape, a.size);
      kernels.multiply(left, right, out.pointer, b.size, repeats);
      return out;
    },
    addInto(target, x, scale = 1) {
      const [into, from] = [at("addInto", target), at("addInto", x)];
      check.checkAddInto(target, x);
      kernels.add(into, from, into, x.size, 1, scale);
    },

    gatherRows(table, ids) {
      const pointer = at("gatherRows", table);
      const { rows: R, features: F, vocabulary } = check.checkGatherRows(table, ids);
      const places = idsAt("gatherRows", ids, vocabulary);
      const out = make([R, F], R * F);
      kernels.gatherRows(pointer, places, out.pointer, R, F);
      return out;
    },
    scatterAddRowsInto(target, ids, rows) {
      const where = "scatterAddRowsInto";
      const [into, from] = [at(where, target), at(where, rows)];
      const { rows: R, features: F, vocabulary } = check.checkScatterRows(target, ids, rows);
      kernels.scatterAddRows(into, idsAt(where, ids, vocabulary), from, R, F);
    },
    segmentSum(x, segments) {
      const pointer = at("segmentSum", x);
      const { copies: C, segments: S, features: F } = check.checkSegmentSum(x, segments);
      const out = make([C * S, F], C * S * F);
      withSegments(segments, (table, scale) =>
        kernels.segmentSum(pointer, out.pointer, table, scale, S, segments.rows, F, C),
      );
      return out;
    },
    segmentSpread(d, segments) {
      const pointer = at("segmentSpread", d);
      const { copies: C, segments: S, features: F } = check.checkSegmentSpread(d, segments);
      const out = makeZeros([C * segments.rows, F], C * segments.rows * F);
      withSegments(segments, (table, scale) =>
        kernels.segmentSpread(pointer, out.pointer, table, scale, S, segments.rows, F, C),
      );
      return out;
    },
    sumRows(x) {
      const pointer = at("sumRows", x);
      check.checkFloat("sumRows", x);
      const { rows: R, columns: F } = check.matrixSides(x);
      const out = make([F], F);
      kernels.columnSums(pointer, R, F, 1, out.pointer);
      return out;
    },

    accumulator(rows, columns) {
      const size = check.checkShape("accumulator", [rows, columns]);
      const accumulator = { rows, columns, pointer: arena.allocate(8 * size), lower: true };
      arena.f64(accumulator.pointer, size).fill(0);
      accumulators.add(accumulator);
      return accumulator;
    },
    gramInto(accumulator, a, b) {
      const target = ownAccumulator("gramInto", accumulator);
      const left = at("gramInto", a);
      const right = b ? at("gramInto", b) : left;
      const { k } = checkGram(accumulator, a, b);
      const { rows, columns, pointer } = target;
      if (b && target.lower) {
        if (rows === columns) mirror(arena.f64(pointer, rows * rows), rows);
        target.lower = false;
      }
      kernels.gramF32(
        ...([rows, columns, k, left, k, right, k] as const),
        ...([pointer, columns, Number(target.lower), workspace] as const),
      );
    },
    async readAccumulator(accumulator) {
      const { rows, columns, pointer, lower } = ownAccumulator("readAccumulator", accumulator);
      const sums = arena.f64(pointer, rows * columns).slice();
      if (lower && rows === columns) mirror(sums, rows);
      return sums;
    },
    releaseAccumulator(accumulator) {
      const target = ownAccumulator("releaseAccumulator", accumulator);
      accumulators.delete(target);
      arena.free(target.pointer);
    },
  };
}

const ACTIVATIONS = {
  gelu_new: { value: "gelu", slope: "geluSlope" },
  gelu: { value: "geluErf", slope: "geluErfSlope" },
  silu: { value: "silu", slope: "siluSlope" },
  tanh: { value: "tanh", slope: "tanhSlope" },
  relu: { value: "relu", slope: "reluSlope" },
} as const satisfies Record<ActivationKind, unknown>;
