/**
 * The slow truth: every operation of the backend interface as the plainest float64 loop that says what it means.
 * Other backends are tested against it, and it is what remains where nothing faster runs.
 */
import { CallError, complaint } from "../../errors.ts";
import type { Accumulator, Backend, DeviceTensor, DType } from "../backend.ts";
import * as check from "../backendChecks.ts";
import { createDeviceScopes } from "../deviceScope.ts";
import { checkGram, checkGroupedMatmul, checkMatmul } from "../productChecks.ts";
import * as elements from "./elements.ts";
import * as gathering from "./gathering.ts";
import * as products from "./products.ts";
import * as rows from "./rows.ts";

interface HostTensor extends DeviceTensor {
  /** `int` tensors hold whole numbers, exact in float64. */
  data: Float64Array;
}

interface HostAccumulator extends Accumulator {
  data: Float64Array;
}

export function createReferenceBackend(): Backend {
  let bytesInUse = 0;
  let peakBytes = 0;
  const accumulators = new Set<HostAccumulator>();

  function count(bytes: number): void {
    bytesInUse += bytes;
    peakBytes = Math.max(peakBytes, bytesInUse);
  }

  const scopes = createDeviceScopes<HostTensor>((tensor) => {
    bytesInUse -= tensor.data.byteLength;
    tensor.data = new Float64Array(0);
  });

  function make(data: Float64Array, shape: readonly number[], dtype: DType = "float"): HostTensor {
    const tensor = scopes.track({ data, shape: [...shape], size: data.length, dtype });
    count(data.byteLength);
    return tensor;
  }

  function own(where: string, tensor: DeviceTensor): Float64Array {
    return scopes.own(where, tensor).data;
  }

  function ids(where: string, tensor: DeviceTensor, vocabulary: number): Int32Array {
    const values = Int32Array.from(own(where, tensor));
    check.checkIds(where, values, vocabulary);
    return values;
  }

  function ownAccumulator(where: string, accumulator: Accumulator): HostAccumulator {
    if (accumulators.has(accumulator as HostAccumulator)) return accumulator as HostAccumulator;
    throw new CallError(complaint(where, "a live accumulator of this backend", "a freed or foreign one"));
  }

  return {
    name: "reference",
    precision: "f64",

    upload(data, shape) {
      check.checkUpload(data, shape);
      return make(Float64Array.from(data), shape, data instanceof Int32Array ? "int" : "float");
    },
    zeros: (shape) => make(new Float64Array(check.checkShape("zeros", shape)), shape),
    write(tensor, data) {
      const values = own("write", tensor);
      check.checkWrite(tensor, data);
      values.set(data);
    },
    async read(tensor) {
      return own("read", tensor).slice();
    },
    release: (value) => scopes.release(value),
    scope: (body) => scopes.scope(body),
    memory: () => ({ bytesInUse, peakBytes, tensors: scopes.count() }),
    reserve(bytes) {
      // Every block here is an array of its own: nothing grows in one piece, so there is nothing to set aside.
      if (!(bytes >= 0)) throw new CallError(complaint("reserve", "0 or more bytes", `${bytes}`));
    },
    dispose() {
      scopes.dispose();
      accumulators.clear();
      bytesInUse = 0;
    },

    matmul(a, b, options = {}) {
      const [left, right] = [own("matmul", a), own("matmul", b)];
      const bias = options.bias ? own("matmul", options.bias) : null;
      const { m, k, n } = checkMatmul(a, b, options);
      const out = new Float64Array(m * n);
      products.matmul(left, right, out, { m, k, n, ...options, bias });
      return make(out, [m, n]);
    },
    groupedMatmul(a, b, groups, shape, options = {}) {
      const [left, right] = [own("groupedMatmul", a), own("groupedMatmul", b)];
      const { size } = checkGroupedMatmul(a, b, groups, shape, options);
      const out = new Float64Array(size);
      products.groupedMatmul(left, right, groups.table, out, options);
      return make(out, shape);
    },

    softmax(scores, groups) {
      const values = own("softmax", scores);
      check.checkSoftmax(scores, groups);
      return make(rows.softmax(values, groups), scores.shape);
    },
    softmaxTangent(probabilities, d, groups) {
      const [p, values] = [own("softmaxTangent", probabilities), own("softmaxTangent", d)];
      const { copies } = check.checkSoftmaxTangent(probabilities, d, groups);
      return make(rows.softmaxTangent(p, values, groups, copies), d.shape);
    },
    normalize(x, options) {
      const values = own("normalize", x);
      const { rows: R, features: F } = check.checkNormalize(x, options);
      const { normalized, inverse } = rows.normalize(values, R, F, options);
      return { normalized: make(normalized, x.shape), inverse: make(inverse, [R]) };
    },
    normalizeTangent(normalized, inverse, d, options) {
      const where = "normalizeTangent";
      const [xHat, scale, values] = [own(where, normalized), own(where, inverse), own(where, d)];
      const { rows: R, features: F, copies: C } = check.checkNormalizeTangent(normalized, inverse, d);
      return make(rows.normalizeTangent(xHat, scale, values, { R, F, C, ...options }), d.shape);
    },

    rotate(x, cos, sin, { inverse = false } = {}) {
      const [values, cosines, sines] = [own("rotate", x), own("rotate", cos), own("rotate", sin)];
      const { half } = check.checkRotate(x, cos, sin);
      return make(rows.rotate(values, cosines, sines, half, x.shape[x.shape.length - 1], inverse), x.shape);
    },

    activation(x, kind) {
      const values = own("activation", x);
      check.checkFloat("activation", x);
      return make(elements.activation(values, kind), x.shape);
    },
    activationSlope(x, kind) {
      const values = own("activationSlope", x);
      check.checkFloat("activationSlope", x);
      return make(elements.activationSlope(values, kind), x.shape);
    },
    add(a, b, scale = 1) {
      const [left, right] = [own("add", a), own("add", b)];
      check.checkRepeating("add", a, b);
      return make(elements.add(left, right, scale), a.shape);
    },
    multiply(a, b) {
      const [left, right] = [own("multiply", a), own("multiply", b)];
      check.checkRepeating("multiply", a, b);
      return make(elements.multiply(left, right), a.shape);
    },
    addInto(target, x, scale = 1) {
      const [values, more] = [own("addInto", target), own("addInto", x)];
      check.checkAddInto(target, x);
      for (let i = 0; i < values.length; i++) values[i] += scale * more[i];
    },

    gatherRows(table, idTensor) {
      const values = own("gatherRows", table);
      const { features: F, vocabulary } = check.checkGatherRows(table, idTensor);
      const places = ids("gatherRows", idTensor, vocabulary);
      return make(gathering.gatherRows(values, places, F), [places.length, F]);
    },
    scatterAddRowsInto(target, idTensor, added) {
      const where = "scatterAddRowsInto";
      const [values, more] = [own(where, target), own(where, added)];
      const { features: F, vocabulary } = check.checkScatterRows(target, idTensor, added);
      gathering.scatterAddRowsInto(values, ids(where, idTensor, vocabulary), more, F);
    },
    segmentSum(x, segments) {
      const values = own("segmentSum", x);
      const { copies: C, segments: S, features: F } = check.checkSegmentSum(x, segments);
      return make(gathering.segmentSum(values, segments, { C, S, F }), [C * S, F]);
    },
    segmentSpread(d, segments) {
      const values = own("segmentSpread", d);
      const { copies: C, segments: S, features: F } = check.checkSegmentSpread(d, segments);
      return make(gathering.segmentSpread(values, segments, { C, S, F }), [C * segments.rows, F]);
    },
    sumRows(x) {
      const values = own("sumRows", x);
      check.checkFloat("sumRows", x);
      const { columns: F } = check.matrixSides(x);
      return make(gathering.sumRows(values, F), [F]);
    },

    accumulator(rowCount, columns) {
      const accumulator: HostAccumulator = {
        rows: rowCount,
        columns,
        data: new Float64Array(check.checkShape("accumulator", [rowCount, columns])),
      };
      accumulators.add(accumulator);
      count(accumulator.data.byteLength);
      return accumulator;
    },
    gramInto(accumulator, a, b) {
      const target = ownAccumulator("gramInto", accumulator);
      const left = own("gramInto", a);
      const right = b ? own("gramInto", b) : left;
      const { k } = checkGram(accumulator, a, b);
      products.gramInto(target.data, left, right, { ...accumulator, k });
    },
    async readAccumulator(accumulator) {
      return ownAccumulator("readAccumulator", accumulator).data.slice();
    },
    releaseAccumulator(accumulator) {
      const target = ownAccumulator("releaseAccumulator", accumulator);
      accumulators.delete(target);
      bytesInUse -= target.data.byteLength;
    },
  };
}
