/**
 * Which parameters a kernel is taken over: `--parameters all|body|head|attention|mlp|norm|embedding|bias|/REGEX/`, a single
 * group (`attention.q`), or a predicate. Groups split the parameters; `attention` is the union of its four, `body` everything
 * but the head, `bias` the overlapping set of all bias vectors.
 */
import { CallError, complaint } from "../errors.ts";
import type { Parameter } from "../model/types.ts";

export type ParameterChoice = string | ((parameter: Parameter) => boolean);

const sets: Record<string, (parameter: Parameter) => boolean> = {
  all: () => true,
  body: (p) => p.group !== "head",
  attention: (p) => p.group.startsWith("attention."),
  bias: (p) => /(^|\.)bias$/.test(p.name),
};

function predicateOf(choice: ParameterChoice, groups: readonly string[]): (parameter: Parameter) => boolean {
  if (typeof choice === "function") return choice;
  const pattern = /^\/(.*)\/([a-z]*)$/s.exec(choice);
  if (pattern) {
    try {
      const regex = new RegExp(pattern[1], pattern[2].replace("g", ""));
      return (p) => regex.test(p.name);
    } catch (error) {
      throw new CallError(complaint("parameters", "a regular expression", `${choice} (${String(error)})`));
    }
  }
  if (sets[choice]) return sets[choice];
  if (groups.includes(choice)) return (p) => p.group === choice;
  throw new CallError(
    complaint(
      "parameters",
      `one of ${[...new Set([...Object.keys(sets), ...groups])].join(", ")} or a /pattern/ of names`,
      JSON.stringify(choice),
    ),
  );
}

/** Names of the chosen parameters, in the model's order. Throws a CallError where the choice is unknown or chooses none. */
export function selectParameters(
  parameters: readonly Parameter[],
  choice: ParameterChoice = "all",
): ReadonlySet<string> {
  const groups = [...new Set(parameters.map((p) => p.group))];
  const chosen = parameters.filter(predicateOf(choice, groups)).map((p) => p.name);
  if (chosen.length === 0) {
    throw new CallError(
      complaint(
        "parameters",
        "a choice that holds at least one parameter",
        typeof choice === "string" ? JSON.stringify(choice) : "a predicate that is true for none",
        `a name like ${parameters[0]?.name ?? "(the model has none)"} or one of the groups ${groups.join(", ")}`,
      ),
    );
  }
  return new Set(chosen);
}
