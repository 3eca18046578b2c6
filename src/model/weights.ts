/**
 * A checkpoint's tensors → the parameters an architecture asks for, checked before anything is computed: all there, of the right
 * shape, finite, and nothing left over that the network should have had a place for.
 */
import { widen } from "../checkpoint/index.ts";
import { complaint, DataError } from "../errors.ts";
import type { Backend } from "../numerics/backend.ts";
import type { Weight } from "./network.ts";
import type { ModelRecipe, ParameterGroup } from "./types.ts";

/** One tensor an architecture is made of, by its name without the checkpoint's optional prefix. */
export interface TensorEntry {
  name: string;
  shape: number[];
  group: ParameterGroup;
}

export interface TensorTable {
  /** Checkpoints carry names with or without it: "transformer.". */
  prefix: string;
  entries: TensorEntry[];
  /** Names (without prefix) of buffers that are no parameters. */
  isBuffer(name: string): boolean;
}

type StoredTensor = ModelRecipe["tensors"][string];

const show = (shape: readonly number[]) => `[${shape.join(", ")}]`;
const listed = (names: string[]) =>
  names.slice(0, 12).join(", ") + (names.length > 12 ? ` and ${names.length - 12} more` : "");

/** Uploads the table's tensors; by name without prefix, each with the checkpoint's own name. Throws DataError. */
export function uploadWeights(
  backend: Backend,
  tensors: ModelRecipe["tensors"],
  table: TensorTable,
): Map<string, Weight> {
  const found = matchNames(tensors, table);
  for (const { entry, name } of found) checkShape(name, tensors[name], entry);
  const weights = new Map<string, Weight>();
  try {
    for (const { entry, name } of found) {
      const data = widen(tensors[name].dtype, tensors[name].bytes);
      checkFinite(name, data);
      weights.set(entry.name, {
        parameter: { name, shape: [...entry.shape], group: entry.group },
        value: backend.upload(data, entry.shape),
      });
    }
  } catch (error) {
    backend.release([...weights.values()]);
    throw error;
  }
  return weights;
}

function matchNames(
  tensors: Record<string, StoredTensor>,
  { prefix, entries, isBuffer }: TensorTable,
): { entry: TensorEntry; name: string }[] {
  const bare = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const stored = new Map(Object.keys(tensors).map((name) => [bare(name), name]));
  const missing = entries.filter((entry) => !stored.has(entry.name)).map((entry) => entry.name);
  if (missing.length > 0) {
    throw new DataError(
      complaint(
        "checkpoint",
        `${entries.length} tensors`,
        `one without ${listed(missing)}`,
        "the complete checkpoint that belongs to this config.json",
      ),
    );
  }
  // A tensor beside those of the network, such as a classifier, is no concern of the network; one inside it means that
  // config.json describes another network.
  const wanted = new Set(entries.map((entry) => entry.name));
  const rooms = new Set(entries.map((entry) => entry.name.split(".")[0]));
  const strangers = [...stored]
    .filter(([name]) => !wanted.has(name) && !isBuffer(name) && rooms.has(name.split(".")[0]))
    .map(([, name]) => name);
  if (strangers.length > 0) {
    throw new DataError(
      complaint(
        "checkpoint",
        "only tensors of the network config.json describes",
        listed(strangers),
        "the config.json that belongs to this checkpoint",
      ),
    );
  }
  return entries.map((entry) => ({ entry, name: stored.get(entry.name)! }));
}

function checkShape(name: string, { shape }: StoredTensor, entry: TensorEntry): void {
  if (shape.length === entry.shape.length && shape.every((side, axis) => side === entry.shape[axis])) return;
  throw new DataError(complaint(`tensor ${name}`, `shape ${show(entry.shape)}`, show(shape)));
}

function checkFinite(name: string, data: Float32Array | Float64Array): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new DataError(complaint(`tensor ${name}`, "finite numbers", `${data[at]} at index ${at}`));
}
