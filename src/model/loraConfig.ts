/**
 * adapter_config.json of PEFT, as far as it says what an adapter computes. A setting that would change f or its derivatives and that
 * this package does not follow is refused by its name; those that speak of training alone (dropout, initialisation) are passed over.
 */
import { complaint, DataError } from "../errors.ts";
import { type Config, readersOf } from "./config.ts";

const FILE = "adapter_config.json";
const { positiveInteger, positiveNumber, flag, oneOf } = readersOf(FILE);

export interface LoraConfig {
  /** Names of modules (the path or the end of it), a regular expression of whole paths, or "all-linear". */
  targets: readonly string[] | string;
  excludes: readonly string[] | string;
  /** Numbers of the layers, or null for all. */
  layers: readonly number[] | null;
  /** Names of what holds the numbered layers. */
  layerLists: readonly string[];
  bias: "none" | "all" | "lora_only";
  /** Modules whose own weights the adapter brings whole. */
  wholeModules: readonly string[];
  /** Of the module at a path: r and s = α/r, or α/√r (rank-stabilised, Kalajdzievski 2023). */
  rank(path: string): number;
  scale(path: string): number;
}

/** Features that leave traces beyond A and B. "Unset" is null, false, 0 or empty. */
const UNSUPPORTED = [
  "use_dora",
  "use_qalora",
  "use_bdlora",
  "lora_bias",
  "layer_replication",
  "target_parameters",
  "trainable_token_indices",
  "alora_invocation_tokens",
  "arrow_config",
  "kasa_config",
  "megatron_config",
  "monteclora_config",
  "velora_config",
] as const;

/** Initialisations under which PEFT changes the base weights when it loads the adapter. */
const SHIFTS_BASE = /^(pissa|olora|loftq|corda|lora_ga)/;

const isUnset = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === 0 ||
  (typeof value === "object" && Object.keys(value).length === 0);

function refuse(key: string, expected: string, value: unknown, hint?: string): never {
  throw new DataError(complaint(`${FILE}, ${key}`, expected, JSON.stringify(value) ?? "nothing", hint));
}

/** Throws DataError, naming the key, on what cannot be followed. */
export function readLoraConfig(config: Config): LoraConfig {
  if (config["peft_type"] !== "LORA") {
    refuse("peft_type", '"LORA", the only kind of adapter this package knows', config["peft_type"]);
  }
  for (const key of UNSUPPORTED) {
    if (!isUnset(config[key])) refuse(key, "not to be set: only plain LoRA is supported", config[key]);
  }
  const start = config["init_lora_weights"];
  if (typeof start === "string" && SHIFTS_BASE.test(start)) {
    refuse(
      "init_lora_weights",
      "one that leaves the base weights alone",
      start,
      "an adapter converted to plain LoRA",
    );
  }
  flag(config, "fan_in_fan_out", false); // how the base weight lies is the checkpoint's to say
  const r = positiveInteger(config, "r");
  const alpha = positiveNumber(config, "lora_alpha", 8);
  const rankOf = patterns(config, "rank_pattern", positiveInteger);
  const alphaOf = patterns(config, "alpha_pattern", positiveNumber);
  const stabilised = flag(config, "use_rslora", false);
  const rank = (path: string) => rankOf(path) ?? r;
  return {
    targets: targetModules(config),
    excludes: words(config, "exclude_modules"),
    layers: layerNumbers(config),
    layerLists: list(words(config, "layers_pattern")),
    bias: oneOf(config, "bias", ["none", "all", "lora_only"], "none"),
    wholeModules: list(words(config, "modules_to_save")),
    rank,
    scale: (path) => (alphaOf(path) ?? alpha) / (stabilised ? Math.sqrt(rank(path)) : rank(path)),
  };
}

const list = (value: readonly string[] | string): readonly string[] =>
  typeof value === "string" ? [value] : value;

/** A text or a list of them; empty where it is not set. */
function words(config: Config, key: string): readonly string[] | string {
  const value = config[key];
  if (isUnset(value) || value === "") return [];
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((word) => typeof word === "string")) return value;
  return refuse(key, "a text or a list of texts", value);
}

function targetModules(config: Config): readonly string[] | string {
  const targets = words(config, "target_modules");
  if (targets.length > 0) return targets;
  return refuse(
    "target_modules",
    'names of modules, a regular expression or "all-linear"',
    config["target_modules"],
  );
}

function layerNumbers(config: Config): readonly number[] | null {
  const value = config["layers_to_transform"];
  if (value === undefined || value === null) return null;
  const numbers: unknown[] = Array.isArray(value) ? value : [value];
  if (numbers.length === 0) return null;
  if (numbers.every((number) => Number.isInteger(number))) return numbers as number[];
  return refuse("layers_to_transform", "numbers of layers", value);
}

/** { pattern: number }: the first pattern that is the end of a path, as whole names, says. */
function patterns(
  config: Config,
  key: string,
  read: (config: Config, key: string) => number,
): (path: string) => number | undefined {
  const table = config[key] ?? {};
  if (typeof table !== "object" || Array.isArray(table))
    refuse(key, "an object of numbers by pattern", table);
  const entries = Object.keys(table).map((pattern) => {
    const value = read({ [`${key}.${pattern}`]: (table as Config)[pattern] }, `${key}.${pattern}`);
    return { test: expression(key, `(.*\\.)?(${pattern})`), value };
  });
  return (path) => entries.find(({ test }) => test.test(path))?.value;
}

/** `source` as a test of whole paths. */
function expression(key: string, source: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`);
  } catch (error) {
    return refuse(key, "a regular expression", source, (error as Error).message);
  }
}

/** Whether the adapter has factors for the linear layer at `path`; `isLinear`: "all-linear" takes it. Rules of PEFT's own. */
export function targetTest(config: LoraConfig): (path: string, isLinear: boolean) => boolean {
  const { targets, layers, layerLists } = config;
  const excluded = nameTest("exclude_modules", config.excludes);
  const named = nameTest("target_modules", targets);
  const numbers = layerLists.length > 0 ? layerLists : ["[^.]*"];
  const numbered = numbers.map((name) => expression("layers_pattern", `(?:.*\\.)?${name}\\.(\\d+)\\..*`));
  return (path, isLinear) => {
    if (excluded(path)) return false;
    if (targets === "all-linear") return isLinear;
    if (!named(path)) return false;
    if (layers === null || typeof targets === "string") return true;
    const match = numbered.map((test) => test.exec(path)).find((found) => found !== null);
    return match !== undefined && layers.includes(Number(match![1]));
  };
}

/** A list names paths or the ends of them; a text is a regular expression of the whole path. */
export function nameTest(key: string, names: readonly string[] | string): (path: string) => boolean {
  if (typeof names === "string") {
    const test = expression(key, names);
    return (path) => test.test(path);
  }
  return (path) => names.some((name) => path === name || path.endsWith(`.${name}`));
}
