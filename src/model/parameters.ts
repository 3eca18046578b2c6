/** Sets of parameters: the groups that split them, and the choices users name. */
import { CallError, complaint } from "../errors.ts";
import type { Parameter, ParameterGroup } from "./types.ts";

/** The groups that have members, in the order of their first one. */
export function parametersByGroup(
  parameters: readonly Parameter[],
): Partial<Record<ParameterGroup, Parameter[]>> {
  const groups: Partial<Record<ParameterGroup, Parameter[]>> = {};
  for (const parameter of parameters) {
    groups[parameter.group] ??= [];
    groups[parameter.group]!.push(parameter);
  }
  return groups;
}

const inGroup = (group: ParameterGroup) => (parameter: Parameter) => parameter.group === group;

const choices: Record<string, (parameter: Parameter) => boolean> = {
  all: () => true,
  body: (parameter) => parameter.group !== "head",
  head: inGroup("head"),
  attention: (parameter) => parameter.group.startsWith("attention."),
  mlp: inGroup("mlp"),
  norm: inGroup("norm"),
  embedding: inGroup("embedding"),
  /** What an adapter trains: its factors, and tensors it brings whole. Overlaps the groups. */
  lora: (parameter) => parameter.adapter === true,
  /** Overlaps the groups: a layer's bias belongs to the layer's group as well. */
  bias: (parameter) => (parameter.stored?.tensor ?? parameter.name).endsWith(".bias"),
};

/**
 * all | body | head | attention | mlp | norm | embedding | bias | lora, several of them joined by +, or /REGEX/ (anywhere in the
 * name). Throws CallError on another.
 */
export function parameterFilter(spec: string): (parameter: Parameter) => boolean {
  const named = spec.split("+");
  if (named.every((name) => Object.hasOwn(choices, name))) {
    return (parameter) => named.some((name) => choices[name](parameter));
  }
  const expected = `one of ${Object.keys(choices).join(", ")}, some of them joined by +, or /REGEX/`;
  if (spec.length < 3 || !spec.startsWith("/") || !spec.endsWith("/")) {
    throw new CallError(complaint("parameters", expected, JSON.stringify(spec)));
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(spec.slice(1, -1));
  } catch (error) {
    throw new CallError(complaint("parameters", expected, `${spec}: ${(error as Error).message}`));
  }
  return (parameter) => pattern.test(parameter.name);
}
