// Runs every file in examples/ against the build, one after the other; any that fails or takes over two minutes fails the run.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

for (const name of readdirSync("examples").filter((file) => file.endsWith(".mjs"))) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [`examples/${name}`], {
    encoding: "utf8",
    timeout: 120_000,
  });
  if (status !== 0) {
    console.error(`examples/${name}: ${signal ?? `status ${status}`}\n${stdout}${stderr}`);
    process.exit(1);
  }
  console.log(
    `examples/${name}: ${stdout.trim().split("\n").length} lines, the last: ${stdout.trim().split("\n").at(-1)}`,
  );
}
