/** The architectures this package knows, by config.json's model_type. A new one is a file beside gptNeo.ts and a line here. */
import { complaint, DataError } from "../errors.ts";
import { bert, roberta } from "./bert.ts";
import type { Config } from "./config.ts";
import * as distilbert from "./distilbert.ts";
import * as gpt2 from "./gpt2.ts";
import * as gptNeo from "./gptNeo.ts";
import { llama, mistral, qwen2 } from "./llama.ts";
import type { Network, Weight } from "./network.ts";
import type { TensorTable } from "./weights.ts";

export interface Architecture {
  /** The tensors its checkpoints hold. Throws DataError on a config it cannot follow. */
  tensorTable(config: Config): TensorTable;
  /** `weights` by the table's names. */
  buildNetwork(config: Config, weights: ReadonlyMap<string, Weight>): Network;
}

const architectures: Record<string, Architecture> = {
  gpt_neo: gptNeo,
  gpt2,
  llama,
  mistral,
  qwen2,
  bert,
  roberta,
  distilbert,
};

export const knownArchitectures: readonly string[] = Object.keys(architectures);

/** Throws DataError, with the known ones, where it is none of them. */
export function architectureOf(config: Config): { name: string; architecture: Architecture } {
  const name = config["model_type"];
  if (typeof name === "string" && Object.hasOwn(architectures, name)) {
    return { name, architecture: architectures[name] };
  }
  throw new DataError(
    complaint(
      "config.json, model_type",
      `a known architecture (${knownArchitectures.join(", ")})`,
      JSON.stringify(name) ?? "none",
    ),
  );
}
