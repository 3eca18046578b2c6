/**
 * The layers of a model as an adapter sees them: modules with a path, each with one weight. The parts of one stored weight
 * (GPT-2's q, k, v in c_attn) are one module. Paths: the checkpoint's own, the bare one that does without the architecture's
 * prefix ("transformer."), and the one PEFT would give, which follows the class of model config.json names.
 */
import { architectureOf } from "./architectures.ts";
import type { Config } from "./config.ts";
import type { Parameter, ParameterGroup } from "./types.ts";
import type { TensorTable } from "./weights.ts";

export interface Module {
  bare: string; // "h.0.attn.c_attn"
  /** Where PEFT would look for it. */
  path: string; // "transformer.h.0.attn.c_attn"
  weight: string; // the checkpoint's own: "transformer.h.0.attn.c_attn.weight"
  /** Only `linear` can have LoRA here; `words` turn final states into words, outside the layers. */
  kind: "linear" | "embedding" | "words" | "norm";
  inputs: number;
  outputs: number;
  /** Stored as (in × out), as Conv1D is. */
  transposed: boolean;
  /** Rows of the (out × in) weight that are parameters of their own; one for all where it is whole. */
  parts: { parameter: string; suffix: string; first: number; outputs: number; group: ParameterGroup }[];
}

/** A name of the checkpoint, or the path of a module, without prefix, as the tables have it. */
export function bareName({ prefix, rename = (name) => name }: TensorTable, name: string): string {
  return rename(name.startsWith(prefix) ? name.slice(prefix.length) : name);
}

/** Module classes of transformers with a head; a bare model has no prefix before its layers. */
const WITH_HEAD = /(LMHeadModel|For[A-Z]\w*)$/;

/** By bare path, in the order of the parameters. Those an adapter brought are left out. */
export function modulesOf(config: Config, parameters: readonly Parameter[]): Map<string, Module> {
  const table = architectureOf(config).architecture.tensorTable(config);
  const body = new Set(table.entries.map((entry) => entry.stored?.tensor ?? entry.name));
  const classes = config["architectures"];
  const hasHead = Array.isArray(classes) && classes.some((name) => WITH_HEAD.test(String(name)));
  const modules = new Map<string, Module>();
  for (const { name, shape, group, stored, adapter } of parameters) {
    const weight = stored?.tensor ?? name;
    if (!weight.endsWith(".weight") || (adapter && weight.startsWith("base_model."))) continue;
    const whole = stored?.shape ?? shape;
    const sides = stored ? [...whole].reverse() : whole;
    const [outputs, inputs] = sides;
    const bareWeight = bareName(table, weight);
    const bare = bareWeight.slice(0, -".weight".length);
    const own = weight.slice(0, -".weight".length);
    const isWords = group === "head" && outputs === config["vocab_size"];
    const kind =
      sides.length < 2 ? "norm" : group === "embedding" ? "embedding" : isWords ? "words" : "linear";
    const known = modules.get(bare);
    const module = known ?? {
      bare,
      path: hasHead && own === bare && body.has(bareWeight) ? table.prefix + bare : own,
      weight,
      kind,
      inputs,
      outputs,
      transposed: stored !== undefined,
      parts: [],
    };
    module.parts.push({
      parameter: name,
      suffix: name.slice(weight.length),
      first: stored?.first ?? 0,
      outputs: stored ? shape[shape.length - 1] : outputs,
      group,
    });
    if (!known) modules.set(bare, module);
  }
  return modules;
}
