// Builds everything into build/: kernels (asc, all targets), one ES module per door (esbuild), types (tsc).
import { execFileSync } from "node:child_process";
import { chmod, cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
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
  trainWorker: "src/finetune/worker.ts",
  numericsWorker: "src/numerics/parallel/worker.ts",
  cli: "src/cli/main.ts",
};

/**
 * `import bytes from "x.wasm"` is a Uint8Array. Its text is hexadecimal, not base64: a digit for every four bits keeps the bytes'
 * repetitions where gzip sees them, and the SIMD kernels travel in four fifths of the space.
 */
const wasmAsText = {
  name: "wasm-as-text",
  setup(bundler) {
    bundler.onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: `
        function decode(text) {
          const bytes = new Uint8Array(text.length / 2);
          const digit = (code) => code - (code > 57 ? 87 : 48);
          for (let i = 0; i < bytes.length; i++) {
            bytes[i] = 16 * digit(text.charCodeAt(2 * i)) + digit(text.charCodeAt(2 * i + 1));
          }
          return bytes;
        }
        export default /* @__PURE__ */ decode("${(await readFile(path)).toString("hex")}");`,
      loader: "js",
    }));
  },
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
    target: "es2022",
    plugins: [wasmAsText],
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
