/**
 * Element by element. The formulas and polynomials are those of the wasm kernels (assembly/activations.ts, gelu.ts, exp.ts, where
 * they are derived), relative error some 10⁻⁷: WGSL's own exp and tanh promise less.
 */
import type { ActivationKind } from "../../backend.ts";
import { LANES, program } from "../program.ts";

/** One lane a number; `value` is an expression of i and the inputs. */
const elementwise = <const U extends Readonly<Record<string, "i32" | "f32">>>(
  name: string,
  inputs: readonly string[],
  uniforms: U,
  value: string,
  functions = "",
) =>
  program({
    name,
    inputs,
    uniforms: { count: "i32", ...uniforms },
    lanes: LANES,
    code: `${functions}
    fn main(i : i32) {
      if (i >= uniforms.count) { return; }
      result[i] = ${value};
    }`,
  });

export const fill = elementwise("zeros", [], {}, "0.0");
export const add = elementwise(
  "add",
  ["a", "b"],
  { period: "i32", scale: "f32" },
  "fma(uniforms.scale, b[i % uniforms.period], a[i])",
);
export const multiply = elementwise(
  "multiply",
  ["a", "b"],
  { period: "i32" },
  "a[i] * b[i % uniforms.period]",
);
export const addInto = elementwise(
  "addInto",
  ["x"],
  { scale: "f32" },
  "fma(uniforms.scale, x[i], result[i])",
);
/** addInto of a block to itself: no block may be read and written by one program. */
export const scaleInto = elementwise("addInto itself", [], { factor: "f32" }, "uniforms.factor * result[i]");
export const rotate = elementwise(
  "rotate",
  ["x", "cosine", "sine"],
  { width: "i32", pairs: "i32", angles: "i32", sign: "f32" },
  "rotated(i)",
  `
    fn rotated(i : i32) -> f32 {
      let j = (i % uniforms.width) % (2 * uniforms.pairs);
      let angle = ((i / uniforms.width) * uniforms.pairs + j % uniforms.pairs) % uniforms.angles;
      if (j < uniforms.pairs) {
        return x[i] * cosine[angle] - uniforms.sign * x[i + uniforms.pairs] * sine[angle];
      }
      return x[i] * cosine[angle] + uniforms.sign * x[i - uniforms.pairs] * sine[angle];
    }`,
);

/** eˣ: x = t·ln 2 + r with ln 2 in two parts, e^r by its Taylor sum (assembly/exp.ts); 0 below 2⁻¹²⁶. */
export const EXP = `
    fn exponential(x : f32) -> f32 {
      let y = clamp(x, -87.33654, 89.0);
      let t = round(y * 1.4426950408889634);
      let r = fma(t, 2.12194440054690583e-4, fma(t, -0.693359375, y));
      var q = fma(1.0 / 5040.0, r, 1.0 / 720.0);
      q = fma(q, r, 1.0 / 120.0);
      q = fma(q, r, 1.0 / 24.0);
      q = fma(q, r, 1.0 / 6.0);
      q = fma(q, r, 0.5);
      let e = 1.0 + fma(r * r, q, r);
      let power = bitcast<f32>((i32(t) + 127) << 23u);
      return select(select(e * power, 0.0, x < -87.33654), x, isnan(x));
    }`;

const SHARE = `
    fn normalShare(x : f32, e : f32) -> f32 {
      let u = 1.0 / fma(0.4, abs(x), 1.0) - 0.6;
      var r = fma(-0.04007525, u, 0.010286975);
      r = fma(r, u, 0.06976642);
      r = fma(r, u, -0.056700394);
      r = fma(r, u, -0.1200751);
      r = fma(r, u, 0.1553622);
      r = fma(r, u, 0.50568575);
      r = fma(r, u, 0.55216803);
      r = fma(r, u, 0.19165802);
      return select(1.0 - e * r, e * r, x < 0.0);
    }`;

const activations: Record<ActivationKind, { value: string; slope: string }> = {
  gelu: {
    value: `return x * normalShare(x, exponential(-0.5 * x * x));`,
    slope: `let e = exponential(-0.5 * x * x);
      return normalShare(x, e) + min(abs(x), 1e4) * sign(x) * (0.3989423 * e);`,
  },
  gelu_new: {
    value: `return x / (1.0 + exponential(-1.5957691216057308 * x * fma(0.044715, x * x, 1.0)));`,
    slope: `let y = clamp(x, -16.0, 16.0);
      let e = exponential(-abs(1.5957691216057308 * y * fma(0.044715, y * y, 1.0)));
      let share = 1.0 / (1.0 + e);
      return share * select(1.0, e, x < 0.0) + y * 1.5957691216057308 * fma(3.0 * 0.044715, y * y, 1.0) * (e * share * share);`,
  },
  silu: {
    value: `return x / (1.0 + exponential(-x));`,
    slope: `let e = exponential(-abs(x));
      let share = 1.0 / (1.0 + e);
      return share * select(1.0, e, x < 0.0) + clamp(x, -1e4, 1e4) * (e * share * share);`,
  },
  tanh: {
    value: `let square = x * x;
      var p = fma(-0.00560273, square, 0.020539928);
      p = fma(p, square, -0.053705316);
      p = fma(p, square, 0.13330932);
      p = fma(p, square, -0.33333252);
      let e = exponential(-2.0 * abs(x));
      let far = (1.0 - e) / (1.0 + e);
      return select(select(far, -far, x < 0.0), x + x * (p * square), abs(x) < 0.6);`,
    slope: `let e = exponential(-2.0 * abs(x));
      let share = 1.0 / (1.0 + e);
      return 4.0 * e * share * share;`,
  },
  relu: { value: `return max(x, 0.0);`, slope: `return select(0.0, 1.0, x > 0.0);` },
};

function activationProgram(kind: ActivationKind, form: "value" | "slope") {
  const ofNaN = kind === "relu" && form === "slope" ? "0.0" : "x[i]";
  return elementwise(
    `${form === "value" ? "activation" : "activationSlope"} ${kind}`,
    ["x"],
    {},
    `select(formula(x[i]), ${ofNaN}, isnan(x[i]))`,
    `${EXP}${SHARE}
    fn formula(x : f32) -> f32 { ${activations[kind][form]} }`,
  );
}

const kinds = Object.keys(activations) as ActivationKind[];
const each = (form: "value" | "slope") =>
  Object.fromEntries(kinds.map((kind) => [kind, activationProgram(kind, form)])) as Record<
    ActivationKind,
    ReturnType<typeof activationProgram>
  >;
export const activation = each("value");
export const activationSlope = each("slope");
