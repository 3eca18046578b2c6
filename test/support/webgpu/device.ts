/** A device in Node: Dawn (the `webgpu` package) on Chromium's software adapter. */
import { create, globals } from "webgpu";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

export async function openDevice(): Promise<GPUDevice> {
  process.env.VK_ICD_FILENAMES ??= SWIFTSHADER;
  process.env.XDG_RUNTIME_DIR ??= "/tmp";
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
  const adapter = await gpu.requestAdapter();
  if (!adapter)
    throw new Error(`no WebGPU adapter with ${process.env.VK_ICD_FILENAMES}: is chromium installed?`);
  return adapter.requestDevice();
}
