import { expect, it } from "vitest";
import { CallError } from "../../src/errors.ts";
import { parameterFilter, parametersByGroup } from "../../src/model/index.ts";
import type { Parameter } from "../../src/model/types.ts";

const parameters: Parameter[] = [
  { name: "wte.weight", shape: [2], group: "embedding" },
  { name: "h.0.ln_1.bias", shape: [2], group: "norm" },
  { name: "h.0.attn.q_proj.weight", shape: [2], group: "attention.q" },
  { name: "h.1.attn.out_proj.bias", shape: [2], group: "attention.o" },
  { name: "h.1.mlp.c_fc.weight", shape: [2], group: "mlp" },
  { name: "head.weight", shape: [2], group: "head" },
  { name: "head.bias", shape: [2], group: "head" },
];
const chosen = (spec: string) => parameters.flatMap((p, index) => (parameterFilter(spec)(p) ? [index] : []));

it.each([
  ["all", [0, 1, 2, 3, 4, 5, 6]],
  ["body", [0, 1, 2, 3, 4]],
  ["head", [5, 6]],
  ["attention", [2, 3]],
  ["mlp", [4]],
  ["norm", [1]],
  ["embedding", [0]],
  ["bias", [1, 3, 6]],
  ["/\\.1\\./", [3, 4]],
  ["/^h/", [1, 2, 3, 4, 5, 6]],
])("%s", (spec, expected) => {
  expect(chosen(spec)).toEqual(expected);
});

it.each(["everything", "", "/", "//", "/(/", "attn", "toString"])("refuses %j", (spec) => {
  expect(() => parameterFilter(spec)).toThrow(CallError);
});

it("parametersByGroup lists the members of each group in order", () => {
  const groups = parametersByGroup(parameters);
  expect(Object.keys(groups)).toEqual(["embedding", "norm", "attention.q", "attention.o", "mlp", "head"]);
  expect(groups.head!.map((p) => p.name)).toEqual(["head.weight", "head.bias"]);
});
