/**
 * Programs in WGSL. A program reads its inputs, arrays of numbers by their names, and writes `result`; its sizes are uniforms.
 * It defines `fn main(index : i32)`, called once for each lane of each group: index = group · lanes + lane. There may be more groups
 * than asked for (a dispatch past 65535 of them is folded into a rectangle), so each program has to look at its `count`.
 * Groups are never of private variables: where a barrier depends on a number read from memory, it goes through workgroupUniformLoad.
 */
import type { TfjsProgram, TfjsUniform } from "./tfjs.ts";

type UniformTypes = Readonly<Record<string, "i32" | "f32">>;

export interface Program<U extends UniformTypes = UniformTypes> {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly uniforms: U;
  /** Invocations of one group. */
  readonly lanes: number;
  readonly code: string;
}

export type UniformValues<U extends UniformTypes> = { readonly [K in keyof U]: number };

export const program = <const U extends UniformTypes>(definition: Program<U>): Program<U> => definition;

/** Lanes of a program that works element by element, or row by row. */
export const LANES = 64;

export function toTfjs({ name, inputs, uniforms, lanes, code }: Program, groups: number): TfjsProgram {
  return {
    outputShape: [1],
    variableNames: [...inputs],
    uniforms: Object.entries(uniforms)
      .map(([uniform, type]) => `${uniform} : ${type}, `)
      .join(""),
    workgroupSize: [lanes, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [groups, 1, 1],
    shaderKey: name,
    size: false,
    getUserCode: () => code,
  };
}

export function uniformsOf<U extends UniformTypes>(
  { uniforms }: Program<U>,
  values: UniformValues<U>,
): TfjsUniform[] {
  return Object.entries(uniforms).map(([uniform, type]) => ({
    type: type === "i32" ? "int32" : "float32",
    data: [values[uniform]],
  }));
}
