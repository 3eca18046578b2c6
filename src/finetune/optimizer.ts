/**
 * How a gradient moves a tensor, by the definitions of torch.optim, so that a run can be set beside one made there:
 *
 *   sgd     g ← g + w θ;  v ← μ v + g (v = g where μ = 0);  θ ← θ − α v                     (no dampening, no Nesterov)
 *   adamw   θ ← θ − α w θ;  m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²
 *           θ ← θ − α (m/(1 − β₁ᵗ)) / (√(v/(1 − β₂ᵗ)) + ε),  t = 1, 2, …                     (Loshchilov and Hutter, 2019)
 *
 * Arithmetic in float64, state in the type of θ. State: one tensor as large as θ with momentum, two with adamw.
 */
import { CallError, complaint, DataError } from "../errors.ts";
import type { Floats, Values } from "./types.ts";

export type OptimizerSpec =
  | { kind: "sgd"; momentum?: number /* μ, 0 */; weightDecay?: number /* w, 0 */ }
  | {
      kind: "adamw";
      betas?: readonly [number, number]; // 0.9, 0.999
      epsilon?: number; // 1e-8
      weightDecay?: number; // w, 0.01
    };

export interface Optimizer {
  /** θ ← θ moved against `gradient`, in place, in step t = 1, 2, … */
  move(name: string, theta: Floats, gradient: Floats, learningRate: number, t: number): void;
  /** What it carries from step to step: "velocity/NAME", "mean/NAME", "square/NAME". The arrays themselves, not copies. */
  state(): Values;
  restore(state: Values): void;
}

/** The specification with its defaults filled in. @throws CallError for values outside their ranges. */
export function completeOptimizer(spec: OptimizerSpec): Required<OptimizerSpec> {
  const inside = (name: string, value: number, below: number) => {
    if (value >= 0 && value < below) return value;
    const range = below === Number.POSITIVE_INFINITY ? "a number, 0 or more" : `a number in [0, ${below})`;
    throw new CallError(complaint(`optimizer ${spec.kind}, ${name}`, range, String(value)));
  };
  const any = Number.POSITIVE_INFINITY;
  if (spec.kind === "sgd") {
    const { kind, momentum = 0, weightDecay = 0 } = spec;
    return {
      kind,
      momentum: inside("momentum", momentum, 1),
      weightDecay: inside("weightDecay", weightDecay, any),
    };
  }
  if (spec.kind === "adamw") {
    const { kind, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0.01 } = spec;
    return {
      kind,
      betas: [inside("β₁", betas[0], 1), inside("β₂", betas[1], 1)],
      epsilon: inside("epsilon", epsilon, any),
      weightDecay: inside("weightDecay", weightDecay, any),
    };
  }
  throw new CallError(
    complaint("optimizer", "sgd or adamw", JSON.stringify((spec as { kind: unknown }).kind)),
  );
}

export function createOptimizer(spec: OptimizerSpec): Optimizer {
  const full = completeOptimizer(spec);
  const state: Values = {};

  function kept(kind: string, name: string, theta: Floats): Floats {
    const key = `${kind}/${name}`;
    state[key] ??= new (theta.constructor as new (length: number) => Floats)(theta.length);
    if (state[key].length === theta.length) return state[key];
    throw new DataError(
      complaint(`optimizer state ${key}`, `${theta.length} numbers`, `${state[key].length}`),
    );
  }

  const move: Optimizer["move"] =
    full.kind === "sgd"
      ? (name, theta, gradient, alpha) => {
          const { momentum, weightDecay } = full;
          const v = momentum > 0 ? kept("velocity", name, theta) : null;
          for (let i = 0; i < theta.length; i++) {
            let g = gradient[i] + weightDecay * theta[i];
            if (v) {
              g += momentum * v[i];
              v[i] = g;
            }
            theta[i] -= alpha * g;
          }
        }
      : (name, theta, gradient, alpha, t) => {
          const { betas, epsilon, weightDecay } = full;
          const [m, v] = [kept("mean", name, theta), kept("square", name, theta)];
          const [mScale, vScale] = [1 / (1 - betas[0] ** t), 1 / (1 - betas[1] ** t)];
          for (let i = 0; i < theta.length; i++) {
            const g = gradient[i];
            const mean = betas[0] * m[i] + (1 - betas[0]) * g;
            const square = betas[1] * v[i] + (1 - betas[1]) * g * g;
            m[i] = mean;
            v[i] = square;
            const decayed = theta[i] - alpha * weightDecay * theta[i];
            theta[i] = decayed - (alpha * mean * mScale) / (Math.sqrt(square * vScale) + epsilon);
          }
        };

  return {
    move,
    state: () => state,
    restore(saved) {
      for (const key of Object.keys(state)) delete state[key];
      for (const [key, values] of Object.entries(saved)) state[key] = values.slice();
    },
  };
}
