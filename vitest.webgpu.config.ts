import { fileURLToPath } from "node:url";
import { mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

const support = (file: string) => fileURLToPath(new URL(`test/support/webgpu/${file}`, import.meta.url));

/**
 * Tests that need a WebGPU adapter: those of test/webgpu, and the tables all backends share with the GPU in the place of the others.
 */
const config = mergeConfig(base, {
  resolve: {
    alias: [
      { find: /^.*\/support\/backendTable\.ts$/, replacement: support("backendTable.ts") },
      { find: /^.*\/support\/backends\.ts$/, replacement: support("backends.ts") },
    ],
  },
});
config.test.include = ["test/webgpu/**/*.test.ts", "test/numerics/backend*.test.ts"];
export default config;
