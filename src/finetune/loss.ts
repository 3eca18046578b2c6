/**
 * What fine-tuning descends, for m texts with outputs f_i and targets y_i in R^C:
 *
 *   mse  L = 1/(2m) Σ_i ‖f_i − y_i‖²              ∂L/∂f_i = (f_i − y_i)/m
 *   ce   L = −1/m Σ_i Σ_c y_ic log softmax(f_i)_c   ∂L/∂f_i = (|y_i| softmax(f_i) − y_i)/m
 *
 * The ½ and the mean over texts (not outputs) are theory.md §1's: with them one step of size α moves the clock by α.
 * torch's MSELoss is 2/C times this. All sums in float64.
 */
import { CallError, complaint } from "../errors.ts";
import type { Tensor } from "../numerics/array.ts";

export type LossName = "mse" | "ce";

export interface Loss {
  readonly name: LossName;
  /** Summed over the texts, not yet divided by m. */
  sum(f: Tensor, targets: Float64Array): number;
  /** ∂/∂f (m × C) of the sum over these texts divided by `texts`. */
  cotangent(f: Tensor, targets: Float64Array, texts: number): Tensor<Float64Array>;
}

/** log Σ_c exp f_c of row i, without overflow. */
function logSumExp(f: ArrayLike<number>, from: number, C: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < C; c++) largest = Math.max(largest, f[from + c]);
  let sum = 0;
  for (let c = 0; c < C; c++) sum += Math.exp(f[from + c] - largest);
  return largest + Math.log(sum);
}

const mse: Loss = {
  name: "mse",
  sum({ data }, targets) {
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += (data[i] - targets[i]) ** 2;
    return sum / 2;
  },
  cotangent: ({ data, shape }, targets, texts) => ({
    data: Float64Array.from(data, (f, i) => (f - targets[i]) / texts),
    shape,
  }),
};

const ce: Loss = {
  name: "ce",
  sum({ data, shape: [m, C] }, targets) {
    let sum = 0;
    for (let i = 0; i < m; i++) {
      const total = logSumExp(data, i * C, C);
      for (let c = 0; c < C; c++) {
        const y = targets[i * C + c];
        if (y !== 0) sum += y * (total - data[i * C + c]);
      }
    }
    return sum;
  },
  cotangent({ data, shape }, targets, texts) {
    const [m, C] = shape;
    const d = new Float64Array(m * C);
    for (let i = 0; i < m; i++) {
      const total = logSumExp(data, i * C, C);
      let mass = 0;
      for (let c = 0; c < C; c++) mass += targets[i * C + c];
      for (let c = 0; c < C; c++) {
        const at = i * C + c;
        d[at] = (mass * Math.exp(data[at] - total) - targets[at]) / texts;
      }
    }
    return { data: d, shape };
  },
};

const losses: Record<string, Loss> = { mse, ce };

/** @throws CallError for another name. */
export function lossOf(name: LossName): Loss {
  if (Object.hasOwn(losses, name)) return losses[name];
  throw new CallError(complaint("loss", "mse or ce", JSON.stringify(name)));
}

/** Share of the texts whose largest output is that of the largest target; ties go to the first. */
export function accuracy({ data, shape: [m, C] }: Tensor, targets: Float64Array): number {
  const largest = (values: ArrayLike<number>, from: number) => {
    let best = 0;
    for (let c = 1; c < C; c++) if (values[from + c] > values[from + best]) best = c;
    return best;
  };
  let right = 0;
  for (let i = 0; i < m; i++) if (largest(data, i * C) === largest(targets, i * C)) right++;
  return right / m;
}
