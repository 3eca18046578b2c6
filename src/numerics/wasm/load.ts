/**
 * The only file that touches WebAssembly: which module runs, and in which memory.
 *
 * The kernels are imported as bytes (esbuild's `binary` loader), so there is no fetch, no file and no path. The SIMD target comes
 * along with this file; the scalar one is a chunk of its own that only `load()` fetches, on runtimes whose engine lacks SIMD.
 * Where compiling at run time is forbidden (Cloudflare workers), import the .wasm as a module and give it to `load`.
 */
import simdBytes from "../../../build/wasm/kernels.simd.wasm";
import { CallError } from "../../errors.ts";
import type { Kernels } from "./abi.ts";
import { type Arena, createArena, MAX_PAGES } from "./arena.ts";

export type WasmTarget = "simd" | "scalar";

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
let shared: WasmContext | undefined;

/**
 * Compiles the kernels without blocking. Optional where SIMD is (everything then compiles on first use); needed before the first
 * numerics call on engines without SIMD, and with `precompiled` where compiling at run time is forbidden. Calling it again is free.
 */
export async function load(precompiled?: WebAssembly.Module): Promise<void> {
  if (precompiled) {
    if (compiled !== precompiled) shared = undefined;
    compiled = precompiled;
    return;
  }
  if (compiled) return;
  const bytes = hasSimd() ? simdBytes : (await import("../../../build/wasm/kernels.scalar.wasm")).default;
  const module = await WebAssembly.compile(bytes);
  compiled ??= module;
}

/** Fresh memory with the kernels in it. Dropping the context is what frees the memory. */
export function instantiate(module: WebAssembly.Module = compile()): WasmContext {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES });
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  const kernels = exports as unknown as Kernels;
  return { target: kernels.usesSimd() ? "simd" : "scalar", exports: kernels, arena: createArena(memory) };
}

/** The one context that plain functions of numerics/ share, compiled on first use. */
export function kernels(): WasmContext {
  shared ??= instantiate();
  return shared;
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
