import { afterEach, expect, it, vi } from "vitest";
import { gpuAdapter } from "../../src/runtime/index.ts";

afterEach(() => vi.unstubAllGlobals());
const withGpu = (requestAdapter: () => Promise<unknown>) =>
  vi.stubGlobal("navigator", { gpu: { requestAdapter } });

it("an adapter is what it says it is, or none", async () => {
  withGpu(async () => ({ info: { vendor: "acme", architecture: "g1", description: "" } }));
  expect(await gpuAdapter()).toBe("acme g1");
  withGpu(async () => ({ info: {} }));
  expect(await gpuAdapter()).toBe("unnamed");
  withGpu(async () => null);
  expect(await gpuAdapter()).toBeNull();
  withGpu(() => Promise.reject(new Error("no driver")));
  expect(await gpuAdapter()).toBeNull();
  vi.stubGlobal("navigator", {});
  expect(await gpuAdapter()).toBeNull();
});
