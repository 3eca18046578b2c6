// Builds everything into build/: kernels (asc, all targets), one ES module per door (esbuild), types (tsc).
import { execFileSync } from "node:child_process";
import { chmod, cp, mkdir, readdir, rm } from "node:fs/promises";
import asc from "assemblyscript/asc";
import { build } from "esbuild";
import KeepOrder from "./keep-order.mjs";

const only = new Set(process.argv.slice(2));
const wants = (part) => only.size === 0 || only.has(part);

/** Doors of the package; each becomes build/<name>.js. The workers and `cli` are started, not imported. */
const doors = {
  index: "src/index.ts",
  numerics: "src/numerics/index.ts",
  model: "src/model/index.ts",
  ntk: "src/ntk/index.ts",
  theory: "src/theory/index.ts",
  report: "src/report/index.ts",
  worker: "src/ntk/worker.ts",
  numericsWorker: "src/numerics/parallel/worker.ts",
  cli: "src/cli/main.ts",
};

await mkdir("build/wasm", { recursive: true });

if (wants("wasm")) {
  await import("./generate-tile.mjs");
  for (const target of ["debug", "simd", "relaxed", "scalar"]) {
    const { error, stderr } = await asc.main(["--config", "asconfig.json", "--target", target], {
      transforms: [KeepOrder],
    });
    if (error) {
      console.error(stderr.toString());
      throw error;
    }
  }
}

if (wants("js")) {
  // Chunks carry hashes in their names: those of older builds would ship as well.
  for (const name of await readdir("build")) if (name.endsWith(".js")) await rm(`build/${name}`);
  await rm("build/chunks", { recursive: true, force: true });
  await build({
    entryPoints: doors,
    outdir: "build",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    // Without a target, esbuild's binary loader emits Uint8Array.fromBase64, which Node 20-24 lack.
    target: "es2022",
    loader: { ".wasm": "binary" },
    packages: "external",
    external: ["node:*"],
    chunkNames: "chunks/[name]-[hash]",
    legalComments: "none",
    logLevel: "warning",
  });
  await chmod("build/cli.js", 0o755);
  await cp("src/study/record.schema.json", "build/record.schema.json");
}

if (wants("types")) {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
    stdio: "inherit",
  });
}
