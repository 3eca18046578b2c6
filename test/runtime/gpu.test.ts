import { afterEach, expect, it, vi } from "vitest";
import { gpuAdapter, openGpu } from "../../src/runtime/index.ts";

afterEach(() => vi.unstubAllGlobals());
const withGpu = (requestAdapter: (options: unknown) => Promise<unknown>) =>
  vi.stubGlobal("navigator", { gpu: { requestAdapter } });

it("an adapter is what it says it is, or none", async () => {
  withGpu(async () => ({ info: { vendor: "acme", architecture: "g1", description: "" } }));
  expect(await gpuAdapter()).toBe("acme g1");
  withGpu(async () => ({ info: { vendor: "65541", architecture: "", description: "llvmpipe" } }));
  expect(await gpuAdapter()).toBe("llvmpipe");
  withGpu(async () => ({ info: {} }));
  expect(await gpuAdapter()).toBe("unnamed");
  withGpu(async () => null);
  expect(await gpuAdapter()).toBeNull();
  withGpu(() => Promise.reject(new Error("no driver")));
  expect(await gpuAdapter()).toBeNull();
});

it("a device has what the adapter can do, of the kind that was asked for", async () => {
  const asked: unknown[] = [];
  const limits = { maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 30, maxTextureDimension1D: 7 };
  withGpu(async (options) => ({
    info: { vendor: "acme" },
    limits,
    async requestDevice(wanted: unknown) {
      asked.push(options, wanted);
      return "the device";
    },
  }));
  expect(await openGpu({ powerPreference: "low-power" })).toEqual({
    device: "the device",
    adapterName: "acme",
  });
  expect(asked).toMatchObject([
    { powerPreference: "low-power" },
    { requiredLimits: { maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 30 } },
  ]);
  expect(asked[1]).not.toHaveProperty("requiredLimits.maxTextureDimension1D");
});

it("says what it looked for where there is no adapter or no device", async () => {
  withGpu(async () => null);
  vi.stubEnv("VK_ICD_FILENAMES", "/nowhere.json");
  vi.stubEnv("VK_DRIVER_FILES", undefined);
  await expect(openGpu()).rejects.toThrow(
    /^webgpu: expected a graphics adapter, got navigator.gpu without an adapter, VK_DRIVER_FILES not set, VK_ICD_FILENAMES=\/nowhere.json; try .*Vulkan driver.*wasm$/,
  );
  vi.unstubAllEnvs();
  withGpu(() => Promise.reject(new Error("no driver")));
  await expect(openGpu()).rejects.toThrow(/navigator.gpu that fails: no driver/);
  withGpu(async () => ({ info: {}, limits: {}, requestDevice: () => Promise.reject(new Error("too much")) }));
  await expect(openGpu()).rejects.toThrow("webgpu, adapter unnamed: expected a device, got too much");
  vi.stubGlobal("navigator", {});
  vi.stubGlobal("process", undefined); // a page
  await expect(openGpu()).rejects.toThrow("got no navigator.gpu; try another browser");
});
