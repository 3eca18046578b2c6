/** What this runtime is and how much of it there is: for records, defaults and budgets. */
import { hostProcess } from "./node.ts";

interface Globals {
  Deno?: { version: { deno: string } };
  Bun?: { version: string };
  navigator?: { userAgent?: string; platform?: string; hardwareConcurrency?: number; deviceMemory?: number };
}
const globals = globalThis as Globals;

/** { runtime: "node 24.21.0", platform: "linux x64" } */
export function describe(): { runtime: string; platform: string } {
  const host = hostProcess();
  if (!host) {
    return {
      runtime: browser(globals.navigator?.userAgent ?? ""),
      platform: globals.navigator?.platform || "unknown",
    };
  }
  const platform = `${host.platform} ${host.arch}`;
  if (globals.Deno) return { runtime: `deno ${globals.Deno.version.deno}`, platform };
  if (globals.Bun) return { runtime: `bun ${globals.Bun.version}`, platform };
  return { runtime: `node ${host.versions.node}`, platform };
}

/** "chrome 131" from a user agent; Chrome says it is Safari and Edge says it is Chrome, hence the order. */
function browser(userAgent: string): string {
  for (const [name, mark] of [
    ["edge", /Edg\/([\d.]+)/],
    ["chrome", /Chrome\/([\d.]+)/],
    ["firefox", /Firefox\/([\d.]+)/],
    ["safari", /Version\/([\d.]+).*Safari/],
  ] as const) {
    const found = mark.exec(userAgent);
    if (found) return `${name} ${found[1]}`;
  }
  return userAgent || "unknown";
}

/** process.getBuiltinModule is in Node from 20.16; before that the navigator, or one core, has to do. */
const os = () => hostProcess()?.getBuiltinModule?.("node:os");

/** How many threads may run at once, at least 1. */
export function cores(): number {
  return Math.max(1, os()?.availableParallelism?.() ?? globals.navigator?.hardwareConcurrency ?? 1);
}

/** Bytes of memory this process may use (a container's limit where there is one); undefined where the runtime does not say. */
export function totalMemory(): number | undefined {
  const machine = os()?.totalmem();
  if (machine === undefined) {
    const gib = globals.navigator?.deviceMemory; // a power of two, capped by the browser
    return gib === undefined ? undefined : gib * 2 ** 30;
  }
  const limit = hostProcess()?.constrainedMemory?.() ?? 0; // 0 or beyond the machine: no limit
  return limit > 0 && limit < machine ? limit : machine;
}

/** Bytes of it that are free now; undefined where the runtime does not say. */
export function freeMemory(): number | undefined {
  const machine = os()?.freemem();
  const process = hostProcess()?.availableMemory?.();
  if (machine === undefined || process === undefined) return machine ?? process;
  return Math.min(machine, process);
}
