import { readFile } from "node:fs/promises";
import { defineConfig } from "vitest/config";

/** What the plugin of scripts/build.mjs does in the build: `import bytes from "x.wasm"` is a Uint8Array. */
const wasmBytes = {
  name: "wasm-bytes",
  enforce: "pre" as const,
  async load(id: string) {
    if (!id.endsWith(".wasm")) return null;
    const base64 = (await readFile(id)).toString("base64");
    return `export default Uint8Array.from(atob("${base64}"), (c) => c.charCodeAt(0));`;
  },
};

export default defineConfig({
  plugins: [wasmBytes],
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./scripts/closing-line.mjs"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
