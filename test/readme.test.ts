/** What the README shows runs: its TypeScript as a module, its commands as options that exist. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ntkit, scratch } from "./support/cli.ts";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
const options = [...new Set([...readme.matchAll(/(?<!-)(--[a-z][a-z0-9-]+)/g)].map(([, option]) => option))];

describe("README.md", () => {
  it("has code to run", () => expect(blocks.length).toBeGreaterThan(0));

  for (const [i, code] of blocks.entries()) {
    it(`runs block ${i + 1}`, () => {
      const folder = scratch();
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(root, join(folder, "node_modules", "ntkit"), "dir");
      // .mjs: the blocks are TypeScript without types, so any Node runs them.
      writeFileSync(join(folder, "block.mjs"), code);
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "block.mjs")], {
        cwd: root,
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      expect(status).toBe(0);
      expect(stdout.trim()).toMatch(/^\d+$/);
    });
  }

  it("names options that exist", () => {
    const help = ["predict", "kernel", "spectrum", "stop", "inspect", "report", "demo"]
      .map((command) => ntkit([command, "--help"]).stdout)
      .join("\n");
    expect(options.filter((option) => !help.includes(option))).toEqual([]);
  });
});
