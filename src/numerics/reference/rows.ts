/** Softmax and normalisation, row by row, and their Jacobians, which are symmetric: one function is both vjp and jvp. */
import { SCORE_GROUP_FIELDS, type ScoreGroups } from "../backend.ts";

/** Calls `visit(first, from, to)` for every row of every block: entries first+from … first+to−1 are the allowed keys. */
function eachRow(groups: ScoreGroups, visit: (first: number, from: number, to: number) => void): void {
  const { table, causal, window } = groups;
  for (let g = 0; g < table.length; g += SCORE_GROUP_FIELDS) {
    const [offset, rows, columns] = table.subarray(g, g + SCORE_GROUP_FIELDS);
    for (let i = 0; i < rows; i++) {
      const to = causal ? Math.min(i + 1, columns) : columns;
      // i − j < window leaves j from i − window + 1 on.
      const from = causal && window > 0 ? Math.min(Math.max(0, i - window + 1), to) : 0;
      visit(offset + i * columns, from, to);
    }
  }
}

/** p_j = exp(s_j − max s) / Σ. */
export function softmax(scores: Float64Array, groups: ScoreGroups): Float64Array {
  const out = new Float64Array(scores.length);
  eachRow(groups, (first, from, to) => {
    let largest = -Infinity;
    for (let j = from; j < to; j++) largest = Math.max(largest, scores[first + j]);
    let sum = 0;
    for (let j = from; j < to; j++) {
      out[first + j] = Math.exp(scores[first + j] - largest);
      sum += out[first + j];
    }
    for (let j = from; j < to; j++) out[first + j] /= sum;
  });
  return out;
}

/** p∘(d − Σ_j p_j d_j), for C copies of d. */
export function softmaxTangent(
  p: Float64Array,
  d: Float64Array,
  groups: ScoreGroups,
  copies: number,
): Float64Array {
  const out = new Float64Array(d.length);
  for (let c = 0; c < copies; c++) {
    const shift = c * p.length;
    eachRow(groups, (first, from, to) => {
      let mean = 0;
      for (let j = from; j < to; j++) mean += p[first + j] * d[shift + first + j];
      for (let j = from; j < to; j++) {
        out[shift + first + j] = p[first + j] * (d[shift + first + j] - mean);
      }
    });
  }
  return out;
}

/** x̂ = (x − mean)/√(var + ε); not centred: x/√(mean x² + ε). */
export function normalize(
  x: Float64Array, // R×F
  R: number,
  F: number,
  { epsilon, centred }: { epsilon: number; centred: boolean },
): { normalized: Float64Array; inverse: Float64Array } {
  const normalized = new Float64Array(R * F);
  const inverse = new Float64Array(R);
  for (let r = 0; r < R; r++) {
    const row = x.subarray(r * F, (r + 1) * F);
    let mean = 0;
    if (centred) for (let f = 0; f < F; f++) mean += row[f] / F;
    let variance = 0;
    for (let f = 0; f < F; f++) variance += (row[f] - mean) ** 2 / F;
    inverse[r] = 1 / Math.sqrt(variance + epsilon);
    for (let f = 0; f < F; f++) normalized[r * F + f] = (row[f] - mean) * inverse[r];
  }
  return { normalized, inverse };
}

/** inverse·(d − mean(d) − x̂·mean(d∘x̂)); not centred: without mean(d). */
export function normalizeTangent(
  xHat: Float64Array, // R×F
  inverse: Float64Array, // R
  d: Float64Array, // C·R × F
  { R, F, C, centred }: { R: number; F: number; C: number; centred: boolean },
): Float64Array {
  const out = new Float64Array(C * R * F);
  for (let c = 0; c < C; c++) {
    for (let r = 0; r < R; r++) {
      const at = (c * R + r) * F;
      let mean = 0;
      let along = 0;
      for (let f = 0; f < F; f++) {
        mean += d[at + f] / F;
        along += (d[at + f] * xHat[r * F + f]) / F;
      }
      for (let f = 0; f < F; f++) {
        out[at + f] = inverse[r] * (d[at + f] - (centred ? mean : 0) - xHat[r * F + f] * along);
      }
    }
  }
  return out;
}

/** Pairs (j, j + H) of every 2H features of a row of `width` turn by the row's angles; cos, sin: (R × H), repeating. */
export function rotate(
  x: Float64Array,
  cos: Float64Array,
  sin: Float64Array,
  H: number,
  width: number,
  inverse: boolean,
): Float64Array {
  const sign = inverse ? -1 : 1;
  return x.map((value, i) => {
    const j = (i % width) % (2 * H);
    const angle = (Math.floor(i / width) * H + (j % H)) % cos.length;
    return j < H
      ? value * cos[angle] - sign * x[i + H] * sin[angle]
      : value * cos[angle] + sign * x[i - H] * sin[angle];
  });
}
