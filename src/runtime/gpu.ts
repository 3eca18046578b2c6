/**
 * The graphics processor: where a runtime has one through WebGPU, and a device on it. Pages, their workers and Deno have
 * `navigator.gpu` themselves; Node and Bun get it from the package `webgpu` (Dawn), an optional peer of this one.
 */
import { CallError, complaint } from "../errors.ts";
import { describe } from "./host.ts";
import { hostProcess } from "./node.ts";

export interface GpuOptions {
  /** Where a machine has two: "high-performance" where absent. */
  powerPreference?: "low-power" | "high-performance";
}

export interface OpenGpu {
  device: GPUDevice; // with all limits the adapter offers
  /** What the adapter says it is, "unnamed" where it does not. */
  adapterName: string;
}

/** What a driver can hold is asked for in full: a device has the least that WebGPU guarantees where nobody asks. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxUniformBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** Variables that choose among Vulkan drivers. */
const DRIVER_VARIABLES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

/** What the default WebGPU adapter says it is; null where there is none, or no WebGPU. */
export async function gpuAdapter(): Promise<string | null> {
  const { found } = await findGpu();
  return found && nameOf(found);
}

/**
 * A device on the adapter. In Node and Bun `navigator.gpu` and the constants of WebGPU are there afterwards.
 * Throws a CallError that says what was looked for where there is no adapter, or it gives no device.
 */
export async function openGpu(options: GpuOptions = {}): Promise<OpenGpu> {
  const { found, looked } = await findGpu(options);
  if (!found) throw new CallError(complaint("webgpu", "a graphics adapter", looked.join(", "), hint()));
  const name = nameOf(found);
  const requiredLimits = Object.fromEntries(LIMITS.map((limit) => [limit, found.limits[limit]]));
  try {
    return { device: await found.requestDevice({ requiredLimits }), adapterName: name };
  } catch (error) {
    throw new CallError(complaint(`webgpu, adapter ${name}`, "a device", messageOf(error)));
  }
}

/** The first adapter, and what was looked for on the way to it. */
async function findGpu({ powerPreference = "high-performance" }: GpuOptions = {}): Promise<{
  found: GPUAdapter | null;
  looked: string[];
}> {
  const looked: string[] = [];
  const native = navigatorOf()?.gpu;
  const from = native === undefined || borrowed.has(native) ? "package webgpu" : "navigator.gpu";
  if (native === undefined) looked.push("no navigator.gpu");
  const gpu = native ?? (await borrow(looked));
  if (gpu !== undefined) {
    try {
      const adapter = await gpu.requestAdapter({ powerPreference });
      if (adapter) return { found: adapter, looked };
      looked.push(`${from} without an adapter`);
    } catch (error) {
      looked.push(`${from} that fails: ${messageOf(error)}`);
    }
    if (hostProcess()) looked.push(...DRIVER_VARIABLES.map(setting));
  }
  return { found: null, looked };
}

const navigatorOf = () => (globalThis as { navigator?: { gpu?: GPU } }).navigator;

/** Entry points that came from the package. */
const borrowed = new WeakSet<GPU>();

/**
 * The package's entry point, put where a browser has it. Bun's and Node's alone: Deno has its own. The package's name is in a
 * variable so that bundlers for the web leave it alone.
 */
async function borrow(looked: string[]): Promise<GPU | undefined> {
  if (!hostProcess()) return undefined;
  const name: string = "webgpu";
  let dawn: { create(options: string[]): GPU; globals: Record<string, unknown> };
  try {
    dawn = await import(name);
  } catch (error) {
    looked.push(`no package webgpu (${messageOf(error).split("\n")[0]})`);
    return undefined;
  }
  for (const [key, value] of Object.entries(dawn.globals)) {
    if (!(key in globalThis))
      Object.defineProperty(globalThis, key, { value, configurable: true, writable: true });
  }
  const gpu = dawn.create([]);
  borrowed.add(gpu);
  if (!navigatorOf()) Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  Object.defineProperty(navigatorOf(), "gpu", { value: gpu, configurable: true });
  return gpu;
}

/** Deno gives vendors by their numbers. */
function nameOf({ info }: GPUAdapter): string {
  const { vendor, architecture, description } = info ?? {};
  return (
    [vendor, architecture, description].filter((part) => part && !/^\d+$/.test(part)).join(" ") || "unnamed"
  );
}

const setting = (variable: string): string => {
  const value = hostProcess()?.env[variable];
  return value ? `${variable}=${value}` : `${variable} not set`;
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What helps, where we are. */
function hint(): string {
  if (!hostProcess()) return "another browser, or turning WebGPU on in this one; else the backend wasm";
  const driver = "a Vulkan driver that VK_ICD_FILENAMES names";
  const own = /^deno /.test(describe().runtime) ? driver : `npm install webgpu beside ntkit, and ${driver}`;
  return `${own}; else the backend wasm`;
}
