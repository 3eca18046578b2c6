/** What turns final hidden states into outputs f (n × C), with its derivatives. `U` are cotangents of f: row c·n + i. */
import type { DeviceTensor } from "../../numerics/backend.ts";
import type { WordUse } from "../layers/embedding.ts";
import type { BackwardPass, Pass, TangentPass, Weight } from "../network.ts";
import type { Needs } from "../shelf.ts";
import type { TangentRecipe } from "../types.ts";

export interface Readout {
  outputs: number; // C
  /** Weights that are not the network's. */
  own: readonly Weight[];
  /** Enough to rebuild it elsewhere, as it is now. */
  readonly recipe: TangentRecipe["readout"];
  /** True where no output depends on the hidden states now, so that every derivative below vanishes. */
  readonly isConstant: boolean;
  /** Weights of its own were written, by name: recipe and isConstant go with them. */
  moved?(values: Record<string, Float32Array | Float64Array>): void;
  /** The network's weights it computes with, in all three. */
  needs: Needs;
  forward(pass: Pass, hidden: DeviceTensor): DeviceTensor;
  /** `use`: rows of the embedding's table it has used, whose derivative the embedding adds to its own. */
  vjp(
    pass: BackwardPass,
    hidden: DeviceTensor, // (N × d)
    U: DeviceTensor, // (copies·n × C)
    needHidden: boolean,
  ): { d: DeviceTensor | null /* (copies·N × d) */; use: WordUse | null };
  jvp(pass: TangentPass, hidden: DeviceTensor, hiddenDot: DeviceTensor | null): DeviceTensor | null;
}
