/**
 * Frequencies of the rotary embedding from config.json, in float64: θ_j = base^{−2j/e}, j = 0 … e/2 − 1, changed by a rule for
 * longer contexts. Two spellings: `rope_parameters`, or `rope_theta` beside `rope_scaling` (whose rule was once called `type`).
 *
 *   linear:  θ/factor
 *   llama3:  with wavelength λ = 2π/θ and L the original context: θ where λ < L/high, θ/factor where λ > L/low, and between
 *            them (1 − s)·θ/factor + s·θ, s = (L/λ − low)/(high − low)
 */
import { complaint, DataError } from "../errors.ts";
import { type Config, oneOf, positiveNumber } from "./config.ts";

const rules = ["default", "linear", "llama3"] as const;

/** Features of a head: 256 at most, so far; a lying file is refused before its table is made. */
const MOST_FEATURES = 2 ** 16;

/** e: features of a head. Throws DataError on a rule not listed above, and on one without its numbers. */
export function ropeFrequencies(config: Config, e: number, defaultBase = 10000): Float64Array {
  if (e % 2 !== 0) {
    throw new DataError(complaint("config.json, head_dim", "an even number for a rotary embedding", `${e}`));
  }
  if (e > MOST_FEATURES) {
    throw new DataError(complaint("config.json, head_dim", `at most ${MOST_FEATURES}`, `${e}`));
  }
  const settings = readSettings(config);
  const base = positiveNumber(settings, "rope_theta", positiveNumber(config, "rope_theta", defaultBase));
  if (positiveNumber(settings, "partial_rotary_factor", 1) !== 1) {
    throw new DataError(
      complaint(
        "config.json, partial_rotary_factor",
        "1: all features turned",
        `${settings["partial_rotary_factor"]}`,
      ),
    );
  }
  const change = scaling(settings);
  return Float64Array.from({ length: e / 2 }, (_, j) => change(base ** ((-2 * j) / e)));
}

function readSettings(config: Config): Config {
  const key = config["rope_parameters"] ? "rope_parameters" : "rope_scaling";
  const value = config[key] ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new DataError(complaint(`config.json, ${key}`, "an object", JSON.stringify(value)));
  }
  const given = value as Config;
  // In v4's spelling the factor stands beside the other settings, as in the new one's.
  return {
    ...given,
    rope_type: given["rope_type"] ?? given["type"],
    partial_rotary_factor: given["partial_rotary_factor"] ?? config["partial_rotary_factor"],
  };
}

function scaling(settings: Config): (theta: number) => number {
  const rule = oneOf(settings, "rope_type", rules, "default");
  if (rule === "default") return (theta) => theta;
  const factor = positiveNumber(settings, "factor");
  if (rule === "linear") return (theta) => theta / factor;
  const low = positiveNumber(settings, "low_freq_factor");
  const high = positiveNumber(settings, "high_freq_factor");
  const L = positiveNumber(settings, "original_max_position_embeddings");
  if (high <= low) {
    throw new DataError(
      complaint("config.json, high_freq_factor", `more than low_freq_factor ${low}`, `${high}`),
    );
  }
  return (theta) => {
    const turns = (L * theta) / (2 * Math.PI); // L/λ
    if (turns > high) return theta;
    if (turns < low) return theta / factor;
    const s = (turns - low) / (high - low);
    return ((1 - s) * theta) / factor + s * theta;
  };
}
