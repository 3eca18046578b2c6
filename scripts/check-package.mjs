// What would be published: sizes are kept, nothing reaches for eval. (publint, attw and knip run beside this: package.json.)
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const MEBIBYTE = 2 ** 20;
let assets = 0;
for (const file of readdirSync("assets", { recursive: true })) {
  const stats = statSync(join("assets", file));
  if (stats.isFile()) assets += stats.size;
}
if (assets > 6 * MEBIBYTE) throw new Error(`assets/ is ${(assets / MEBIBYTE).toFixed(2)} MiB, more than 6`);
console.log(`assets ${(assets / MEBIBYTE).toFixed(2)} MiB of 6`);

// Nothing that ships may reach for eval: the package runs under a strict content security policy.
for (const file of readdirSync("build", { recursive: true }).filter((name) => name.endsWith(".js"))) {
  if (/\beval\(|new Function\(/.test(readFileSync(join("build", file), "utf8"))) {
    throw new Error(`build/${file} uses eval or new Function`);
  }
}
console.log("no eval in build/");

// ntkit/numerics alone, as an application's bundler makes it: what is loaded at once is kept small, the rest is told.
const NUMERICS_KIB = 40;
const { outputFiles, metafile } = await build({
  entryPoints: ["build/numerics.js"],
  outdir: "bundle",
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  external: ["node:*"],
  metafile: true,
  write: false,
  logLevel: "error",
});
const gzipped = new Map(
  outputFiles.map(({ path, contents }) => [
    Object.keys(metafile.outputs).find((name) => path.endsWith(name)),
    gzipSync(contents, { level: 9 }).length,
  ]),
);
const atOnce = new Set();
function follow(name) {
  if (atOnce.has(name)) return;
  atOnce.add(name);
  for (const { path, kind, external } of metafile.outputs[name].imports) {
    if (!external && kind === "import-statement") follow(path);
  }
}
follow(
  Object.keys(metafile.outputs).find((name) => metafile.outputs[name].entryPoint === "build/numerics.js"),
);
const kibibytes = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
const total = [...atOnce].reduce((sum, name) => sum + gzipped.get(name), 0);
console.log(`ntkit/numerics, bundled and gzipped, WASM included: ${kibibytes(total)} of ${NUMERICS_KIB}`);
for (const [name, bytes] of gzipped) {
  if (!atOnce.has(name))
    console.log(`  loaded when asked for: ${name.replace("bundle/", "")} ${kibibytes(bytes)}`);
}
if (total > NUMERICS_KIB * 1024) {
  const inputs = [...atOnce].flatMap((name) => Object.entries(metafile.outputs[name].inputs));
  const largest = inputs.sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput).slice(0, 8);
  for (const [name, { bytesInOutput }] of largest) console.log(`  ${name}: ${bytesInOutput} bytes, minified`);
  throw new Error(`ntkit/numerics is ${kibibytes(total)}, more than ${NUMERICS_KIB}`);
}
