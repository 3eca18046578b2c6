/** Reading config.json and the like: a value of the right kind, or a DataError that names the file and the key. */
import { complaint, DataError } from "../errors.ts";

export type Config = Record<string, unknown>;

const isSet = (value: unknown) => value !== undefined && value !== null;

/** A value as an error quotes it; what a lying file holds may be megabytes. */
export function shown(value: unknown): string | undefined {
  const text = JSON.stringify(value);
  return text && text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** More than any network has: a lying file is refused before so many are listed. */
const MOST_LAYERS = 10_000;

/** Readers of the settings in `file`, which their errors name. */
export function readersOf(file: string) {
  function wrong(key: string, expected: string, value: unknown): DataError {
    return new DataError(complaint(`${file}, ${key}`, expected, shown(value) ?? "nothing"));
  }

  /** A positive integer; `fallback` where the key is absent or null. */
  function positiveInteger(config: Config, key: string, fallback?: number): number {
    const value = isSet(config[key]) ? config[key] : fallback;
    if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
    throw wrong(key, "a positive integer", config[key]);
  }

  function layerCount(config: Config, key: string): number {
    const count = positiveInteger(config, key);
    if (count <= MOST_LAYERS) return count;
    throw wrong(key, `at most ${MOST_LAYERS} layers`, count);
  }

  /** 0, 1, 2 …; `fallback` where the key is absent or null. */
  function wholeNumber(config: Config, key: string, fallback?: number): number {
    const value = isSet(config[key]) ? config[key] : fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
    throw wrong(key, "a whole number", config[key]);
  }

  function positiveNumber(config: Config, key: string, fallback?: number): number {
    const value = isSet(config[key]) ? config[key] : fallback;
    if (typeof value === "number" && value > 0 && value < Infinity) return value;
    throw wrong(key, "a positive number", config[key]);
  }

  function flag(config: Config, key: string, fallback: boolean): boolean {
    const value = isSet(config[key]) ? config[key] : fallback;
    if (typeof value === "boolean") return value;
    throw wrong(key, "true or false", value);
  }

  function oneOf<T extends string>(config: Config, key: string, known: readonly T[], fallback?: T): T {
    const value = isSet(config[key]) ? config[key] : fallback;
    if (known.includes(value as T)) return value as T;
    throw wrong(key, known.map((word) => JSON.stringify(word)).join(" or "), config[key]);
  }

  return { positiveInteger, layerCount, wholeNumber, positiveNumber, flag, oneOf };
}

export const { positiveInteger, layerCount, wholeNumber, positiveNumber, flag, oneOf } =
  readersOf("config.json");

/** Whether config.json names a model class of this kind, like ForSequenceClassification. */
export function isNamed(config: Config, kind: string): boolean {
  const classes = config["architectures"];
  return Array.isArray(classes) && classes.some((name) => typeof name === "string" && name.endsWith(kind));
}
