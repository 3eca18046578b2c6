/**
 * Where we are. Node, Deno and Bun all have `process` and the node: modules; a browser or an edge worker has neither.
 * Every node: module is imported dynamically, so that the bundle loads where there is none.
 */
import { CallError } from "../errors.ts";

interface Process {
  versions: Record<string, string | undefined>;
  platform: string;
  arch: string;
  pid: number;
  env: Record<string, string | undefined>;
  constrainedMemory?: () => number;
  availableMemory?: () => number;
  getBuiltinModule?: (name: "node:os") => typeof import("node:os") | undefined;
}

/** The process object of Node, Deno or Bun; undefined in a browser. */
export function hostProcess(): Process | undefined {
  const found = (globalThis as { process?: Process }).process;
  return found?.versions?.node ? found : undefined;
}

/** node:fs/promises; throws CallError where paths mean nothing. */
export async function fileSystem(path: string): Promise<typeof import("node:fs/promises")> {
  if (!hostProcess()) {
    throw new CallError(
      `${path}: paths need Node, Deno or Bun; here, give the files themselves, as a map of name → Blob`,
    );
  }
  return import("node:fs/promises");
}
