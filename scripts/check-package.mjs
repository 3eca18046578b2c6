// What would be published: sizes are kept, nothing reaches for eval. (publint, attw and knip run beside this: package.json.)
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

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
