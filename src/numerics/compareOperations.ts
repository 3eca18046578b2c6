/**
 * Where two backends differ: every operation once on a small sample of seeded normal numbers, sides past the usual tiles and no
 * multiples of them. Difference: max |Δ| / max |trusted|. Cost: a few million multiplications.
 */
import { randomStream } from "../random.ts";
import type { Backend, DeviceTensor } from "./backend.ts";

/** What only keeps blocks; everything else of a backend computes. */
type Keeping =
  | (
      | "name"
      | "precision"
      | "upload"
      | "zeros"
      | "write"
      | "read"
      | "release"
      | "scope"
      | "memory"
      | "reserve"
    )
  | ("dispose" | "accumulator" | "readAccumulator" | "releaseAccumulator");
export type Operation = Exclude<keyof Backend, Keeping>;

export interface OperationDifference {
  operation: Operation;
  difference: number;
}

/** R rows, F features, K columns, C copies, V rows of a table, S positions of a text. */
const [R, F, K, C, V, S] = [67, 70, 33, 2, 41, 19];

type Draw = (...shape: number[]) => DeviceTensor;
type Sample = (backend: Backend, draw: Draw) => DeviceTensor | DeviceTensor[] | Promise<Float64Array>;

/** Score blocks of three texts, one after the other. */
const scores = {
  table: Int32Array.from(
    [S, 3, 11].flatMap((side, g, sides) => [sum(sides.slice(0, g).map(square)), side, side]),
  ),
  causal: true,
  window: 7,
};
const scoresSize = S ** 2 + 3 ** 2 + 11 ** 2;
/** Blocks of different sizes, the last two adding up in one place. */
const products = {
  table: Int32Array.from([
    ...[0, F, 0, F, 0, K, 31, F, K],
    ...[31 * F, F, 3 * F, F, 31 * K, K, 20, 9, 17],
    ...[40 * F, F, 5 * F, F, 31 * K, K, 20, 9, 17],
  ]),
};
const segments = {
  table: Int32Array.of(0, 5, 5, 40, 12, R),
  rows: R,
  scale: Float64Array.of(0.2, 1, -0.5),
};
const rowsOfTable = Int32Array.from({ length: R }, (_, r) => (r * 29) % V);

const samples: Record<Operation, Sample> = {
  matmul: (backend, draw) => {
    const [a, b, bias] = [draw(R, F), draw(F, K), draw(K)];
    return [
      backend.matmul(a, b, { bias }),
      backend.matmul(a, draw(K, F), { transposeB: true }),
      backend.matmul(a, draw(R, K), { transposeA: true }),
      backend.matmul(a, draw(K, R), { transposeA: true, transposeB: true }),
    ];
  },
  groupedMatmul: (backend, draw) =>
    backend.groupedMatmul(draw(R, F), draw(R, F), products, [R, K], { transposeB: true, alpha: 0.3 }),
  softmax: (backend, draw) => backend.softmax(draw(scoresSize), scores),
  softmaxTangent: (backend, draw) =>
    backend.softmaxTangent(backend.upload(evenly(), [scoresSize]), draw(C * scoresSize), scores),
  normalize: (backend, draw) =>
    [true, false].flatMap((centred) => {
      const { normalized, inverse } = backend.normalize(draw(R, F), { epsilon: 1e-5, centred });
      return [normalized, inverse];
    }),
  normalizeTangent: (backend, draw) =>
    [true, false].map((centred) =>
      backend.normalizeTangent(draw(R, F), draw(R), draw(C * R, F), { centred }),
    ),
  rotate: (backend, draw) => {
    const [x, cos, sin] = [draw(C * R, 4 * 5), draw(R, 5), draw(R, 5)];
    return [backend.rotate(x, cos, sin), backend.rotate(x, cos, sin, { inverse: true })];
  },
  activation: (backend, draw) => kinds.map((kind) => backend.activation(draw(R, F), kind)),
  activationSlope: (backend, draw) => kinds.map((kind) => backend.activationSlope(draw(R, F), kind)),
  add: (backend, draw) => backend.add(draw(R, F), draw(F), -0.7),
  multiply: (backend, draw) => backend.multiply(draw(C * R, F), draw(R, F)),
  addInto: (backend, draw) => {
    const target = draw(R, F);
    backend.addInto(target, draw(R, F), 1.3);
    return target;
  },
  gatherRows: (backend, draw) => backend.gatherRows(draw(V, F), backend.upload(rowsOfTable, [R])),
  scatterAddRowsInto: (backend, draw) => {
    const target = draw(V, F);
    backend.scatterAddRowsInto(target, backend.upload(rowsOfTable, [R]), draw(R, F));
    return target;
  },
  segmentSum: (backend, draw) => backend.segmentSum(draw(C * R, F), segments),
  segmentSpread: (backend, draw) => backend.segmentSpread(draw(C * 3, F), segments),
  sumRows: (backend, draw) => backend.sumRows(draw(R, F)),
  gramInto: async (backend, draw) => {
    const accumulator = backend.accumulator(R, K);
    try {
      backend.gramInto(accumulator, draw(R, F), draw(K, F));
      backend.gramInto(accumulator, draw(R, V), draw(K, V));
      return await backend.readAccumulator(accumulator);
    } finally {
      backend.releaseAccumulator(accumulator);
    }
  },
};
const kinds = ["gelu_new", "gelu", "silu", "tanh", "relu"] as const;

/** Probabilities of the score blocks: every key that a query sees has the same. */
function evenly(): Float64Array {
  const { table, window } = scores;
  const p = new Float64Array(scoresSize);
  for (let g = 0; g < table.length; g += 3) {
    const [offset, rows, columns] = table.subarray(g, g + 3);
    for (let i = 0; i < rows; i++) {
      const first = Math.max(0, i - window + 1);
      for (let j = first; j <= i; j++) p[offset + i * columns + j] = 1 / (i - first + 1);
    }
  }
  return p;
}

/** In the order of the interface. Both backends hold afterwards what they held before. */
export async function compareOperations(tested: Backend, trusted: Backend): Promise<OperationDifference[]> {
  const found: OperationDifference[] = [];
  for (const [operation, sample] of Object.entries(samples) as [Operation, Sample][]) {
    const [actual, expected] = [await run(tested, sample), await run(trusted, sample)];
    found.push({ operation, difference: relativeDifference(actual, expected) });
  }
  return found;
}

/** The operation's numbers, all of them in one array. */
async function run(backend: Backend, sample: Sample): Promise<Float64Array> {
  const { gaussian } = randomStream(11);
  const drawn: DeviceTensor[] = [];
  const draw: Draw = (...shape) => {
    const size = shape.reduce((product, side) => product * side, 1);
    drawn.push(backend.upload(Float32Array.from({ length: size }, gaussian), shape));
    return drawn[drawn.length - 1];
  };
  const made: DeviceTensor[] = [];
  try {
    let later: Promise<Float64Array> | null = null;
    backend.scope(() => {
      const result = sample(backend, draw);
      if (result instanceof Promise) later = result;
      else made.push(...[result].flat());
      return [drawn, made];
    });
    if (later) return await later;
    const parts = [];
    for (const tensor of made) parts.push(...(await backend.read(tensor)));
    return Float64Array.from(parts);
  } finally {
    backend.release([drawn, made]);
  }
}

/** max |a − b| / max |b|; NaN where one of them has a NaN or is longer than the other. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.NaN;
  let [most, scale] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    most = Math.max(most, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return most === 0 ? 0 : most / scale;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function square(value: number): number {
  return value * value;
}
