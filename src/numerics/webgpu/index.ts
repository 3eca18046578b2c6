/** The WebGPU backend: numerics on a device that runtime/ has found. Loads tfjs-backend-webgpu when it is first asked for. */
import { CallError, complaint } from "../../errors.ts";
import type { Backend } from "../backend.ts";
import { createBackendOn, type WebgpuExtras } from "./backend.ts";
import { createGpuQueue } from "./queue.ts";
import { loadTfjs } from "./tfjs.ts";

export type { WebgpuExtras } from "./backend.ts";
export type { Counters } from "./queue.ts";

export interface WebgpuOptions {
  /** Not destroyed with the backend; several backends may share one. */
  device: GPUDevice;
  /** What to call the adapter where someone asks; by default what the device says of it. */
  adapterName?: string;
}

export type WebgpuBackend = Backend & WebgpuExtras;

/**
 * float32 blocks on `device`. Where the platform has no WebGPU of its own, `navigator.gpu` and the constants (GPUBufferUsage, …) must
 * be defined before. Throws a CallError where they are not.
 */
export async function createWebgpuBackend(options: WebgpuOptions): Promise<WebgpuBackend> {
  return (await webgpuBackends(options))();
}

/** As createWebgpuBackend, for several backends on one device: everything that waits is done once. */
export async function webgpuBackends({ device, adapterName }: WebgpuOptions): Promise<() => WebgpuBackend> {
  const constants = globalThis as { GPUBufferUsage?: object; navigator?: { gpu?: object } };
  if (!constants.navigator?.gpu || !constants.GPUBufferUsage) {
    throw new CallError(
      complaint("webgpu", "navigator.gpu and GPUBufferUsage to be defined", "neither or one"),
    );
  }
  const { WebGPUBackend } = await loadTfjs();
  const info = device.adapterInfo;
  const name = adapterName ?? [info?.vendor, info?.architecture].filter(Boolean).join(" ");
  return () => createBackendOn(createGpuQueue(new WebGPUBackend(device, info), device), name);
}
