/**
 * A checkpoint's tensors → the parameters an architecture asks for, checked before anything is computed: all there, of the right
 * shape, finite, and nothing left over that the network should have had a place for.
 */
import { isPlaced, type TensorInfo, type WeightTensor, widen } from "../checkpoint/index.ts";
import { CallError, complaint, DataError } from "../errors.ts";
import { sizeOf } from "../numerics/array.ts";
import type { Backend, DeviceTensor } from "../numerics/backend.ts";
import type { Weight } from "./network.ts";
import { takeStored, valueShape } from "./stored.ts";
import type { Parameter, ParameterGroup, StoredPlace } from "./types.ts";

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

const show = (shape: readonly number[]) => `[${shape.map((side) => (side < 0 ? "any" : side)).join(", ")}]`;
export const listed = (names: string[]) =>
  names.slice(0, 12).join(", ") + (names.length > 12 ? ` and ${names.length - 12} more` : "");

/** A weight of the network and the tensor its value is in. */
export interface Slot {
  weight: Weight;
  tensor: string; // the checkpoint's name
  /** Puts the value where the network finds it, or takes it away (null). */
  put(value: DeviceTensor | null): void;
}

/** The table's weights without their values; by name without prefix, each with the checkpoint's own name. Throws DataError. */
export function declareWeights(tensors: Record<string, TensorInfo>, table: TensorTable): Map<string, Slot> {
  const found = matchNames(tensors, table);
  for (const { entry, name } of found) checkShape(name, tensors[name], entry);
  return new Map(
    found.map(({ entry, name }) => [entry.name, slotOf(parameterOf(entry, name, tensors[name].shape), name)]),
  );
}

export const weightsOf = (slots: ReadonlyMap<string, Slot>): Map<string, Weight> =>
  new Map([...slots].map(([name, { weight }]) => [name, weight]));

function parameterOf({ name, shape, group, stored }: TensorEntry, tensor: string, own: number[]): Parameter {
  if (!stored) return { name: tensor, shape: [...own], group };
  const part = name.slice(stored.tensor.length);
  return { name: tensor + part, shape: [...shape], group, stored: { ...stored, tensor } };
}

function slotOf(parameter: Parameter, tensor: string): Slot {
  let held: DeviceTensor | null = null;
  const weight: Weight = {
    parameter,
    get value() {
      if (held) return held;
      throw new Error(`${parameter.name} is used by a step that did not ask for it`);
    },
    set value(value) {
      held = value;
    },
  };
  return {
    weight,
    tensor,
    put(value) {
      held = value;
    },
  };
}

/** The value of a weight as the layers want it, from the numbers of its tensor. */
export function valueOfWeight({ weight }: Slot, data: Float32Array | Float64Array) {
  const { shape, stored } = weight.parameter;
  return stored
    ? { data: takeStored(data, shape, stored), shape: valueShape(shape, stored) }
    : { data, shape };
}

/** Uploads them all. */
export function uploadWeights(
  backend: Backend,
  slots: readonly Slot[],
  tensors: Record<string, WeightTensor>,
): void {
  const width = backend.precision === "f64" ? 8 : 4;
  backend.reserve(width * slots.reduce((sum, { weight }) => sum + sizeOf(weight.parameter.shape), 0));
  const made: DeviceTensor[] = [];
  try {
    for (const slot of slots) {
      const tensor = tensors[slot.tensor];
      if (isPlaced(tensor)) {
        throw new CallError(
          complaint(
            `tensor ${slot.tensor}`,
            "its bytes, for a model that is resident",
            "a place in a file",
            "loadModel, which reads it",
          ),
        );
      }
      const numbers = widen(tensor.dtype, tensor.bytes);
      checkFinite(slot.tensor, numbers);
      const { data, shape } = valueOfWeight(slot, numbers);
      const value = backend.upload(data, shape);
      made.push(value);
      slot.put(value);
    }
  } catch (error) {
    backend.release(made);
    throw error;
  }
}

function matchNames(
  tensors: Record<string, TensorInfo>,
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

function checkShape(name: string, { shape }: TensorInfo, entry: TensorEntry): void {
  const expected = entry.stored?.shape ?? entry.shape;
  const fits = (side: number, axis: number) => expected[axis] === side || expected[axis] === -1;
  if (shape.length === expected.length && shape.every(fits)) return;
  throw new DataError(complaint(`tensor ${name}`, `shape ${show(expected)}`, show(shape)));
}

/** DataError where a number is not finite. A loop: called on every weight, it takes a fifth of the time of findIndex. */
export function checkFinite(name: string, data: Float32Array | Float64Array): void {
  for (let at = 0; at < data.length; at++) {
    if (Number.isFinite(data[at])) continue;
    throw new DataError(complaint(`tensor ${name}`, "finite numbers", `${data[at]} at index ${at}`));
  }
}
