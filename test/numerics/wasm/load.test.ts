import { describe, expect, it, vi } from "vitest";
import debugBytes from "../../../build/wasm/kernels.debug.wasm";
import scalarBytes from "../../../build/wasm/kernels.scalar.wasm";
import simdBytes from "../../../build/wasm/kernels.simd.wasm";
import { instantiate, kernels, load, wasmTarget } from "../../../src/numerics/wasm/load.ts";

const targets = { simd: simdBytes, scalar: scalarBytes, debug: debugBytes };
const exportsOf = (bytes: Uint8Array<ArrayBuffer>) =>
  WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name, kind }) => `${kind} ${name}`);

describe("load", () => {
  it("finds the same names in all targets", () => {
    expect(exportsOf(targets.scalar)).toEqual(exportsOf(targets.simd));
    expect(exportsOf(targets.debug)).toEqual(exportsOf(targets.simd));
    expect(exportsOf(targets.simd)).toContain("function usesSimd");
  });

  it("asks for nothing but memory and abort, and carries no data", () => {
    for (const bytes of Object.values(targets)) {
      const asked = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).map(({ name }) => name);
      expect(["memory", "abort"]).toEqual(expect.arrayContaining(asked));
    }
  });

  it("compiles on first use, and gives the same context ever after", () => {
    expect(kernels()).toBe(kernels());
    expect(wasmTarget()).toBe("simd");
  });

  it("keeps contexts apart", async () => {
    await load();
    const [one, two] = [instantiate(), instantiate()];
    const pointer = one.arena.allocate(4);
    one.arena.f32(pointer, 1)[0] = 7;
    expect(two.arena.allocate(4)).toBe(pointer);
    expect(two.arena.f32(pointer, 1)[0]).toBe(0);
  });

  it("takes a precompiled module and says which target it is", async () => {
    const before = kernels();
    await load(new WebAssembly.Module(targets.scalar));
    expect(wasmTarget()).toBe("scalar");
    expect(kernels()).not.toBe(before);
    expect(instantiate(new WebAssembly.Module(targets.debug)).target).toBe("simd");
  });

  it("runs kernels past 2 GiB, where pointers turn negative as i32", () => {
    const { arena, exports } = instantiate();
    arena.allocate(2 ** 31); // never touched, so never resident
    const [a, b, c] = [24, 24, 16].map((bytes) => arena.allocate(bytes));
    const workspace = arena.allocate(exports.productWorkspace());
    expect(a).toBeGreaterThan(2 ** 31);
    arena.f32(a, 6).set([1, 2, 3, 4, 5, 6]);
    arena.f32(b, 6).set([1, 0, 0, 1, 1, 1]);
    exports.gemmF32(2, 2, 3, 1, a, 3, 0, b, 2, 0, 0, c, 2, 0, workspace);
    expect([...arena.f32(c, 4)]).toEqual([4, 5, 10, 11]);
    exports.add(c, a, c, 4, 1, 1);
    expect([...arena.f32(c, 4)]).toEqual([5, 7, 13, 15]);
  });

  it("asks for load() on an engine without SIMD, and then runs the scalar kernels", async () => {
    vi.resetModules();
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    const fresh = await import("../../../src/numerics/wasm/load.ts");
    expect(() => fresh.kernels()).toThrow(/without; try `await load\(\)` first/);
    await fresh.load();
    expect(fresh.wasmTarget()).toBe("scalar");
    vi.restoreAllMocks();
  });
});
