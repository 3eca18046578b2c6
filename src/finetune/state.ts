/**
 * A training state as one safetensors file: θ under "parameter/NAME", the optimizer's tensors under "optimizer/…", the rest as JSON in
 * the metadata. Numbers keep their bits, so a run that goes on from the file is the run that was not interrupted.
 */
import { readSafetensors, widen, writeSafetensors } from "../checkpoint/index.ts";
import { complaint, DataError } from "../errors.ts";
import type { TrainState } from "./train.ts";
import type { Floats, Values } from "./types.ts";

const VERSION = 1;

/** `identity`: whatever must be the same when the run goes on (options, model, data); JSON. */
export function encodeState(state: TrainState, identity: unknown): Uint8Array<ArrayBuffer> {
  const groups = { parameter: state.values, optimizer: state.optimizer };
  const tensors = Object.fromEntries(
    Object.entries(groups).flatMap(([group, values]) =>
      Object.entries(values).map(([name, data]) => [`${group}/${name}`, stored(data)]),
    ),
  );
  const { step, points, batchLoss } = state;
  const ntkit = JSON.stringify({ version: VERSION, step, points, batchLoss, identity });
  return writeSafetensors(tensors, { ntkit });
}

function stored(data: Floats) {
  const dtype = data instanceof Float64Array ? ("F64" as const) : ("F32" as const);
  return {
    dtype,
    shape: [data.length],
    bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

/** @throws DataError where the bytes are no training state of this version; `name` is the file's. */
export async function decodeState(
  name: string,
  bytes: Uint8Array,
): Promise<{ state: TrainState; identity: unknown }> {
  const source = {
    name,
    size: bytes.length,
    read: async (start: number, end: number) => bytes.slice(start, end),
  };
  const { tensors, metadata } = await readSafetensors(source);
  const said = parse(name, metadata["ntkit"]);
  const groups: Record<string, Values> = { parameter: {}, optimizer: {} };
  for (const [key, { dtype, bytes: numbers }] of Object.entries(tensors)) {
    const slash = key.indexOf("/");
    const group = groups[key.slice(0, slash)];
    if (!group || (dtype !== "F32" && dtype !== "F64")) {
      throw new DataError(complaint(`${name}, tensor ${key}`, "a float tensor of a training state", dtype));
    }
    group[key.slice(slash + 1)] = widen(dtype, numbers);
  }
  const { step, points, batchLoss, identity } = said;
  return {
    state: { step, points, batchLoss, values: groups.parameter, optimizer: groups.optimizer },
    identity,
  };
}

interface Said extends Pick<TrainState, "step" | "points" | "batchLoss"> {
  identity: unknown;
}

function parse(name: string, text: string | undefined): Said {
  let value: (Said & { version: unknown }) | undefined;
  try {
    value = text === undefined ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  const whole =
    value?.version === VERSION &&
    Number.isInteger(value.step) &&
    Array.isArray(value.points) &&
    Array.isArray(value.batchLoss);
  if (value && whole) return value;
  const got = value ? `version ${String(value.version)}` : "another safetensors file";
  throw new DataError(complaint(name, `a training state, version ${VERSION}`, got, "starting anew"));
}
