/** The wasm backend on every target this engine has, side by side, whatever `load` made the default. */
import type { Backend } from "../backend.ts";
import { instantiate, moduleOf, type WasmTarget } from "./load.ts";

export interface PresentTarget {
  target: WasmTarget;
  /** A fresh backend on it; its receiver disposes it. */
  create(): Backend;
}

/** Scalar first; `simd` where the engine has it; `relaxed` where it also multiplies and adds in one rounding. */
export async function wasmTargets(): Promise<PresentTarget[]> {
  const targets: WasmTarget[] = ["scalar", "simd", "relaxed"];
  // As createBackend does: who only wants products does not load a backend.
  const { createWasmBackend } = await import("./backend.ts");
  const modules = await Promise.all(targets.map(moduleOf));
  return targets.flatMap((target, i) => {
    const module = modules[i];
    return module ? [{ target, create: () => createWasmBackend(instantiate(module)) }] : [];
  });
}
