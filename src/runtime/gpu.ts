/** The graphics processor that pages and some runtimes offer through WebGPU. */
interface Gpu {
  requestAdapter(): Promise<{
    info?: Partial<Record<"vendor" | "architecture" | "description", string>>;
  } | null>;
}

/** What the default WebGPU adapter says it is ("unnamed" where it does not); null where there is none, or no WebGPU. */
export async function gpuAdapter(): Promise<string | null> {
  const { gpu } = (globalThis as { navigator?: { gpu?: Gpu } }).navigator ?? {};
  // A driver that fails is no adapter.
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter) return null;
  const { vendor, architecture, description } = adapter.info ?? {};
  return [vendor, architecture, description].filter(Boolean).join(" ") || "unnamed";
}
