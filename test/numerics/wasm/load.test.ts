import { describe, expect, it, vi } from "vitest";
import debugBytes from "../../../build/wasm/kernels.debug.wasm";
import relaxedBytes from "../../../build/wasm/kernels.relaxed.wasm";
import scalarBytes from "../../../build/wasm/kernels.scalar.wasm";
import simdBytes from "../../../build/wasm/kernels.simd.wasm";
import { matmul } from "../../../src/numerics/matmul.ts";
import { instantiate, kernels, load, releaseScratch, wasmTarget } from "../../../src/numerics/wasm/load.ts";

// A runtime without relaxed SIMD cannot look into the relaxed module.
const knowsRelaxed = WebAssembly.validate(relaxedBytes);
if (!knowsRelaxed) console.warn("no relaxed SIMD in this runtime: the relaxed kernels are not tested");
const targets = {
  simd: simdBytes,
  scalar: scalarBytes,
  debug: debugBytes,
  ...(knowsRelaxed && { relaxed: relaxedBytes }),
};
/** Row 0 of (1+ε, 1)·(1+ε, −1−2ε)ᵀ: ε² where a step rounds once, 0 where it rounds twice. */
function step(): number {
  const e = 2 ** -27;
  return matmul(Float64Array.of(1, 1 + e), Float64Array.of(-1 - 2 * e, 1 + e), { m: 1, k: 2, n: 1 })[0];
}
const exportsOf = (bytes: Uint8Array<ArrayBuffer>) =>
  WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name, kind }) => `${kind} ${name}`);

describe("load", () => {
  it("finds the same names in all targets", () => {
    for (const bytes of Object.values(targets)) expect(exportsOf(bytes)).toEqual(exportsOf(targets.simd));
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

  it.runIf(knowsRelaxed)("runs the relaxed kernels where they round once, and goes back", async () => {
    await load({ target: "simd" });
    expect([wasmTarget(), step()]).toEqual(["simd", 0]);
    await load({ target: "relaxed" });
    const relaxed = kernels();
    if (wasmTarget() === "relaxed") expect(step()).toBe(2 ** -54);
    else expect([wasmTarget(), step()]).toEqual(["simd", 0]); // a processor without fused multiply-add
    await load();
    await load({ target: "relaxed" });
    expect(kernels()).toBe(relaxed);
    await load({ target: "simd" });
    expect([wasmTarget(), step()]).toEqual(["simd", 0]);
  });

  it("takes simd for relaxed where the engine does not know it, and where it rounds twice", async () => {
    vi.resetModules();
    const validate = WebAssembly.validate;
    vi.spyOn(WebAssembly, "validate").mockImplementation(
      (bytes) => (bytes as Uint8Array).length < 100 && validate(bytes),
    );
    const unknown = await import("../../../src/numerics/wasm/load.ts");
    await unknown.load({ target: "relaxed" });
    expect(unknown.wasmTarget()).toBe("simd");
    vi.restoreAllMocks();

    vi.resetModules();
    vi.doMock("../../../build/wasm/kernels.relaxed.wasm", () => ({ default: simdBytes })); // valid, and rounds twice
    const rounding = await import("../../../src/numerics/wasm/load.ts");
    const compile = vi.spyOn(WebAssembly, "compile");
    await rounding.load({ target: "relaxed" });
    expect(rounding.wasmTarget()).toBe("simd");
    expect(compile).toHaveBeenCalledTimes(2); // the candidate, then the default
    vi.doUnmock("../../../build/wasm/kernels.relaxed.wasm");
    vi.restoreAllMocks();
  });

  it("knows no other target", async () => {
    const target = "avx" as "simd";
    await expect(load({ target })).rejects.toThrow(/load: expected the target simd or relaxed, got avx/);
  });

  it("lets its shared memory go, and what holds a block there works on", () => {
    const { arena } = kernels();
    const block = arena.allocate(8);
    arena.f64(block, 1)[0] = 7;
    releaseScratch();
    expect(kernels().arena).not.toBe(arena);
    expect(arena.f64(block, 1)[0]).toBe(7);
    arena.free(block);
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
