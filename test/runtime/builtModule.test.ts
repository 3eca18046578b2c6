import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { builtModule } from "../../src/runtime/index.ts";

it("is beside the built files, above their chunks, and in build/ seen from the sources", () => {
  const name = "worker.js";
  expect(builtModule(name, "file:///p/build/ntk.js").href).toBe("file:///p/build/worker.js");
  expect(builtModule(name, "file:///p/build/chunks/pool-ABC.js").href).toBe("file:///p/build/worker.js");
  expect(builtModule(name, "file:///p/src/runtime/builtModule.ts").href).toBe("file:///p/build/worker.js");
});

it.each(["worker.js", "numericsWorker.js", "trainWorker.js"])("finds %s", (name) => {
  expect(existsSync(builtModule(name)), `build/${name}: run npm run build first`).toBe(true);
});
