/** manifest.json of a kernel store: what the kernel is of, and the checksums of its files. */
import * as v from "valibot";
import { complaint, DataError } from "../errors.ts";

export const STORE_VERSION = 1;

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const schema = v.object({
  version: v.number(),
  model: v.record(v.string(), v.unknown()), // source, fingerprint, …
  data: v.record(v.string(), v.unknown()), // source, fingerprint, …
  /** Kernel, outputs, parameters, readout, seed, …: whatever changes the numbers. */
  options: v.record(v.string(), v.unknown()),
  classes: v.array(v.string()),
  n: count,
  outputs: count, // C
  files: v.record(
    v.string(),
    v.object({ shape: v.array(v.number()), dtype: v.string(), bytes: v.number(), sha256: v.string() }),
  ),
  /** Of a sign kernel: entries of each tensor whose sign is 0, mean over rows. */
  zero_signs: v.optional(v.record(v.string(), v.number())),
  /** Of a sketch: its distance from exact entries, relative, the number of entries and the training texts they are of; null: not measured. */
  sketch_error: v.optional(
    v.nullable(v.object({ rms: v.number(), sample: v.number(), texts: v.array(v.number()) })),
  ),
});

export type KernelManifest = v.InferOutput<typeof schema>;

export function checkManifest(file: string, value: unknown): KernelManifest {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const at = issue.path?.map(({ key }) => String(key)).join(".") ?? "the whole";
    throw new DataError(complaint(file, "a kernel store's manifest", `${at}: ${issue.message}`));
  }
  if (parsed.output.version !== STORE_VERSION) {
    throw new DataError(
      complaint(file, `version ${STORE_VERSION}`, `${parsed.output.version}`, "the ntkit that wrote it"),
    );
  }
  return parsed.output;
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** "options.seed 1 instead of 0" for every value of `wanted` that `found` has otherwise, or not at all, or beside others. */
export function differences(found: Record<string, unknown>, wanted: Record<string, unknown>): string[] {
  return Object.entries(wanted).flatMap(([key, value]) => compare(key, found[key], value));
}

function compare(path: string, found: unknown, wanted: unknown): string[] {
  if (isTable(found) && isTable(wanted)) {
    const keys = new Set([...Object.keys(found), ...Object.keys(wanted)]);
    return [...keys].flatMap((key) => compare(`${path}.${key}`, found[key], wanted[key]));
  }
  const say = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));
  return say(found) === say(wanted) ? [] : [`${path} ${say(found)} instead of ${say(wanted)}`];
}
