/**
 * The only file that touches WebAssembly: which module runs, and in which memory.
 *
 * The kernels are imported as bytes (a plugin of the build), so there is no fetch, no file and no path. The SIMD target comes
 * along with this file; the scalar and the relaxed one are chunks of their own that only `load()` fetches: on engines without SIMD,
 * and where the caller asks for it.
 * Where compiling at run time is forbidden (Cloudflare workers), import the .wasm as a module and give it to `load`.
 */
import simdBytes from "../../../build/wasm/kernels.simd.wasm";
import { CallError, complaint } from "../../errors.ts";
import type { Kernels } from "./abi.ts";
import { type Arena, createArena, MAX_PAGES } from "./arena.ts";

/** `relaxed` is `simd` with products that multiply and add in one operation, rounded once: other bits than everywhere else. */
export type WasmTarget = "simd" | "relaxed" | "scalar";

export interface LoadOptions {
  /**
   * `simd`: the same bits on every engine (scalar kernels where there is no SIMD). `relaxed`: faster products where the engine has
   * relaxed SIMD and its multiply-add rounds once, as a probe finds out; elsewhere as if nothing had been asked. wasmTarget() tells.
   */
  target?: "simd" | "relaxed";
}

/** One memory with its kernels. Never keep a view of the memory across a call that may allocate. */
export interface WasmContext {
  readonly target: WasmTarget;
  readonly exports: Kernels;
  readonly arena: Arena;
}

/** (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt): valid only where 128-bit SIMD is. */
const SIMD_PROBE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0], // magic, version
  ...[1, 5, 1, 96, 0, 1, 123], // types: () → v128
  ...[3, 2, 1, 0], // functions: one, of type 0
  ...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11], // code
);

let compiled: WebAssembly.Module | undefined;
let portable: Promise<WebAssembly.Module> | undefined;
let relaxed: Promise<WebAssembly.Module | undefined> | undefined;
let shared: WasmContext | undefined;

/**
 * Compiles the kernels without blocking. Optional where SIMD is (everything then compiles on first use); needed before the first
 * numerics call on engines without SIMD, with a compiled module where compiling at run time is forbidden, and to change the target:
 * what exists already (backends, a pool) keeps the kernels it has. Calling it again is free.
 * @throws CallError for a target that does not exist.
 */
export async function load(source: WebAssembly.Module | LoadOptions = {}): Promise<void> {
  if (source instanceof WebAssembly.Module) {
    use(source);
    return;
  }
  const { target } = source;
  if (target !== undefined && target !== "simd" && target !== "relaxed") {
    throw new CallError(complaint("load", "the target simd or relaxed", `${target satisfies never}`));
  }
  if (target === "relaxed") {
    relaxed ??= compileRelaxed();
    const module = await relaxed;
    if (module) {
      use(module);
      return;
    }
  }
  if (compiled && target !== "simd") return;
  portable ??= compilePortable();
  const module = await portable;
  if (!compiled || target === "simd") use(module);
}

/** From here on plain functions and new contexts run this. */
function use(module: WebAssembly.Module): void {
  if (compiled !== module) shared = undefined;
  compiled = module;
}

/** The kernels of one target, or undefined where the engine has not what they need; what runs elsewhere stays as it is. */
export async function moduleOf(target: WasmTarget): Promise<WebAssembly.Module | undefined> {
  switch (target) {
    case "scalar":
      return compileScalar();
    case "simd":
      return hasSimd() ? WebAssembly.compile(simdBytes) : undefined;
    case "relaxed":
      return compileRelaxed();
  }
}

const compilePortable = () => (hasSimd() ? WebAssembly.compile(simdBytes) : compileScalar());

async function compileScalar(): Promise<WebAssembly.Module> {
  const { default: bytes } = await import("../../../build/wasm/kernels.scalar.wasm");
  return WebAssembly.compile(bytes);
}

/** The relaxed kernels, or undefined where the engine does not know them or rounds twice. */
async function compileRelaxed(): Promise<WebAssembly.Module | undefined> {
  const { default: bytes } = await import("../../../build/wasm/kernels.relaxed.wasm");
  if (!WebAssembly.validate(bytes)) return undefined;
  const module = await WebAssembly.compile(bytes);
  return instantiate(module).target === "relaxed" ? module : undefined;
}

/** Fresh memory with the kernels in it. Dropping the context is what frees the memory. */
export function instantiate(module: WebAssembly.Module = compile()): WasmContext {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES });
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  const kernels = exports as unknown as Kernels;
  return { target: targetOf(kernels), exports: kernels, arena: createArena(memory) };
}

function targetOf(kernels: Kernels): WasmTarget {
  if (!kernels.usesSimd()) return "scalar";
  // (1 + ε)² − (1 + 2ε) is ε² where nothing is rounded in between, and 0 where the square is rounded: ε² is half of its last place.
  const [e, single] = [2 ** -27, 2 ** -12];
  const fuses =
    kernels.multiplyAdd(1 + e, 1 + e, -1 - 2 * e) === e * e &&
    kernels.multiplyAddSingle(1 + single, 1 + single, -1 - 2 * single) === single * single;
  return fuses ? "relaxed" : "simd";
}

/** The one context that plain functions of numerics/ share, compiled on first use. */
export function kernels(): WasmContext {
  shared ??= instantiate();
  return shared;
}

/** Their module, for threads that are to compute the same: a compiled module can be posted. */
export function kernelModule(): WebAssembly.Module {
  return compile();
}

/**
 * Lets go of the memory that plain functions share. WASM memory never shrinks: it stays as large as the largest call so far made it,
 * until this; the next call starts with a fresh one. What still holds a block (a Basis) keeps the old memory alive, and works on.
 */
export function releaseScratch(): void {
  shared = undefined;
}

/** Which kernels run here. */
export function wasmTarget(): WasmTarget {
  return kernels().target;
}

function hasSimd(): boolean {
  return WebAssembly.validate(SIMD_PROBE);
}

function compile(): WebAssembly.Module {
  if (compiled) return compiled;
  if (!hasSimd()) {
    throw new CallError(
      "numerics: expected an engine with WebAssembly SIMD, got one without; try `await load()` first, which brings the scalar kernels",
    );
  }
  compiled = new WebAssembly.Module(simdBytes);
  return compiled;
}

/** Only the debug target asserts; the message stays in its memory, the position says enough. */
function abort(_message: number, _file: number, line: number, column: number): never {
  throw new Error(`wasm kernel: an assertion failed at ${line}:${column}`);
}
