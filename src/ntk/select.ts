/** Which parameters a kernel is taken over: a named set, a /REGEX/ of names, a single group, or a predicate. */
import { CallError, complaint } from "../errors.ts";
import { type Parameter, parameterFilter } from "../model/index.ts";

export type ParameterChoice = string | ((parameter: Parameter) => boolean);

/** Names of the chosen parameters, in the model's order. Throws a CallError where the choice is unknown or chooses none. */
export function selectParameters(
  parameters: readonly Parameter[],
  choice: ParameterChoice = "all",
): ReadonlySet<string> {
  const groups = new Set<string>(parameters.map((p) => p.group));
  const chooses =
    typeof choice === "function"
      ? choice
      : groups.has(choice)
        ? (p: Parameter) => p.group === choice
        : parameterFilter(choice);
  const chosen = parameters.filter(chooses).map((p) => p.name);
  if (chosen.length === 0) {
    throw new CallError(
      complaint(
        "parameters",
        "a choice that holds at least one parameter",
        typeof choice === "string" ? JSON.stringify(choice) : "a predicate that is true for none",
        `one of the groups ${[...groups].join(", ")}, or a name like ${parameters[0].name}`,
      ),
    );
  }
  return new Set(chosen);
}
