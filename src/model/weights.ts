/**
 * A checkpoint's tensors → the parameters an architecture asks for, checked before anything is computed: all there, of the right
 * shape, finite, and nothing left over that the network should have had a place for.
 */
import { widen } from "../checkpoint/index.ts";
import { complaint, DataError } from "../errors.ts";
import { sizeOf } from "../numerics/array.ts";
import type { Backend } from "../numerics/backend.ts";
import type { Weight } from "./network.ts";
import { takeStored, valueShape } from "./stored.ts";
import type { ModelRecipe, ParameterGroup, StoredPlace } from "./types.ts";

/** One tensor an architecture is made of, by its name without the checkpoint's optional prefix. */
export interface TensorEntry {
  name: string;
  shape: number[];
  group: ParameterGroup;
  /** Where its values are, if not in the tensor of its name alone; names without prefix, that of a part begins with the tensor's. */
  stored?: StoredPlace;
}

const tensorOf = (entry: TensorEntry) => entry.stored?.tensor ?? entry.name;

export interface TensorTable {
  /** Checkpoints carry names with or without it: "transformer.". */
  prefix: string;
  entries: TensorEntry[];
  /**
   * Parts a checkpoint may have, each whole or not at all, such as a stored classifier; a side of −1 is whatever is stored.
   * `required`: config.json says that it is there.
   */
  parts?: { required: boolean; entries: TensorEntry[] }[];
  /** Names (without prefix) that old checkpoints use → the table's. */
  rename?(name: string): string;
  /** Names (without prefix) of buffers that are no parameters. */
  isBuffer(name: string): boolean;
}

type StoredTensor = ModelRecipe["tensors"][string];

const show = (shape: readonly number[]) => `[${shape.map((side) => (side < 0 ? "any" : side)).join(", ")}]`;
export const listed = (names: string[]) =>
  names.slice(0, 12).join(", ") + (names.length > 12 ? ` and ${names.length - 12} more` : "");

/** Uploads the table's tensors; by name without prefix, each with the checkpoint's own name. Throws DataError. */
export function uploadWeights(
  backend: Backend,
  tensors: ModelRecipe["tensors"],
  table: TensorTable,
): Map<string, Weight> {
  const found = matchNames(tensors, table);
  for (const { entry, name } of found) checkShape(name, tensors[name], entry);
  const width = backend.precision === "f64" ? 8 : 4;
  backend.reserve(
    width *
      found.reduce(
        (sum, { entry, name }) => sum + sizeOf(entry.stored ? entry.shape : tensors[name].shape),
        0,
      ),
  );
  const weights = new Map<string, Weight>();
  try {
    for (const { entry, name } of found) {
      const data = widen(tensors[name].dtype, tensors[name].bytes);
      checkFinite(name, data);
      if (entry.stored) {
        const { shape, group } = entry;
        const stored = { ...entry.stored, tensor: name };
        const part = entry.name.slice(entry.stored.tensor.length);
        weights.set(entry.name, {
          parameter: { name: name + part, shape: [...shape], group, stored },
          value: backend.upload(takeStored(data, shape, stored), valueShape(shape, stored)),
        });
        continue;
      }
      const shape = [...tensors[name].shape];
      weights.set(entry.name, {
        parameter: { name, shape, group: entry.group },
        value: backend.upload(data, shape),
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
  table: TensorTable,
): { entry: TensorEntry; name: string }[] {
  const { prefix, isBuffer, parts = [], rename = (name) => name } = table;
  const bare = (name: string) => rename(name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const stored = new Map(Object.keys(tensors).map((name) => [bare(name), name]));
  const isThere = (part: { entries: TensorEntry[] }) =>
    part.entries.every((entry) => stored.has(tensorOf(entry)));
  const entries = [
    ...table.entries,
    ...parts.filter((part) => part.required || isThere(part)).flatMap((part) => part.entries),
  ];
  const wanted = new Set(entries.map(tensorOf));
  const missing = [...wanted].filter((name) => !stored.has(name));
  if (missing.length > 0) {
    throw new DataError(
      complaint(
        "checkpoint",
        `${wanted.size} tensors`,
        `one without ${listed(missing)}`,
        "the complete checkpoint that belongs to this config.json",
      ),
    );
  }
  // A tensor beside those of the network, such as a classifier, is no concern of the network; one inside it means that
  // config.json describes another network.
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
  return entries.map((entry) => ({ entry, name: stored.get(tensorOf(entry))! }));
}

function checkShape(name: string, { shape }: StoredTensor, entry: TensorEntry): void {
  const expected = entry.stored?.shape ?? entry.shape;
  const fits = (side: number, axis: number) => expected[axis] === side || expected[axis] === -1;
  if (shape.length === expected.length && shape.every(fits)) return;
  throw new DataError(complaint(`tensor ${name}`, `shape ${show(expected)}`, show(shape)));
}

export function checkFinite(name: string, data: Float32Array | Float64Array): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new DataError(complaint(`tensor ${name}`, "finite numbers", `${data[at]} at index ${at}`));
}
