/**
 * Rotary position embedding (Su et al. 2021), half-split: in every head of 2H features the pair (j, j + H) of the row at position t
 * turns by the angle t·θ_j. Linear and orthogonal: the jvp is the rotation, the vjp the rotation back. Cost N·heads·H.
 */
import type { DeviceTensor } from "../../numerics/backend.ts";
import type { Pass } from "../network.ts";
import type { PackedBatch } from "../packing.ts";

export interface RotaryLayer {
  frequencies: Float64Array; // θ (H)
  /** cos and sin (N × H) of a batch, in float64: one table serves all layers and runs. */
  tables: WeakMap<PackedBatch, { cos: Float64Array; sin: Float64Array }>;
}

export const rotaryLayer = (frequencies: Float64Array): RotaryLayer => ({
  frequencies,
  tables: new WeakMap(),
});

function tablesOf({ frequencies, tables }: RotaryLayer, packed: PackedBatch) {
  const known = tables.get(packed);
  if (known) return known;
  const H = frequencies.length;
  const cos = new Float64Array(packed.rows * H);
  const sin = new Float64Array(packed.rows * H);
  for (let r = 0, at = 0; r < packed.rows; r++) {
    for (let j = 0; j < H; j++, at++) {
      const angle = packed.positions[r] * frequencies[j];
      cos[at] = Math.cos(angle);
      sin[at] = Math.sin(angle);
    }
  }
  const made = { cos, sin };
  tables.set(packed, made);
  return made;
}

function turn(pass: Pass, layer: RotaryLayer, xs: DeviceTensor[], inverse: boolean): DeviceTensor[] {
  const { backend, packed } = pass;
  const { cos, sin } = tablesOf(layer, packed);
  return backend.scope(() => {
    const shape = [packed.rows, layer.frequencies.length];
    const [c, s] = [backend.upload(cos, shape), backend.upload(sin, shape)];
    return xs.map((x) => backend.rotate(x, c, s, { inverse }));
  });
}

/** Every x (N × heads·2H), whatever its number of heads. */
export const forward = (pass: Pass, layer: RotaryLayer, xs: DeviceTensor[]) => turn(pass, layer, xs, false);

/** Every d (copies·N × heads·2H). */
export const vjp = (pass: Pass, layer: RotaryLayer, ds: DeviceTensor[]) => turn(pass, layer, ds, true);

export function jvp(pass: Pass, layer: RotaryLayer, xDots: (DeviceTensor | null)[]): (DeviceTensor | null)[] {
  return xDots.map((xDot) => xDot && turn(pass, layer, [xDot], false)[0]);
}
