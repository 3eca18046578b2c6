/**
 * Where weights wait until a step of a run needs them. A run says what its next step computes with and gets it for the length of that
 * step; whether it was on the backend all along is the shelf's affair. Values are the same numbers wherever they come from, and so
 * the results the same bits.
 */
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import type { Weight } from "./network.ts";
import type { Parameter, WeightMode } from "./types.ts";
import type { Slot } from "./weights.ts";

/** Rows of a table (V × d), or entries of a vector. */
export interface RowUse {
  weight: Weight;
  ids: Int32Array; // (R)
}

/** What one step computes with: weights whole, and rows of tables too large to be lent whole. */
export interface Needs {
  whole?: readonly Parameter[];
  rows?: readonly RowUse[];
}

export interface WeightShelf {
  readonly mode: WeightMode;
  /** Runs `body`, which may use what `needs` names and nothing else. `next`: what will be asked for after that. */
  using<T>(needs: Needs, body: () => T, next?: Needs): Promise<T>;
  /** Rows `ids` of a table (R × d), inside a body that asked for them. */
  rows(weight: Weight, ids: Int32Array): DeviceTensor;
  /** Frees what is on the backend. */
  dispose(): void;
}

/** All weights, `slots`, are on the backend from first to last. */
export function residentShelf(backend: Backend, slots: readonly Slot[] = []): WeightShelf {
  let living = slots;
  return {
    mode: "resident",
    using: async (_needs, body) => body(),
    rows: ({ value }, ids) => backend.gatherRows(value, backend.upload(ids, [ids.length])),
    dispose() {
      backend.release(living.map(({ weight }) => weight.value));
      for (const slot of living) slot.put(null);
      living = [];
    },
  };
}
