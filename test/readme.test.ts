/** What the README shows runs: its TypeScript as a module, its commands as options that exist. */
import { describe, expect, it } from "vitest";
import { codeBlocks, readPage, runBlock } from "./support/blocks.ts";
import { ntkit } from "./support/cli.ts";

const readme = readPage("README.md");
const blocks = codeBlocks(readme);
const options = [...new Set([...readme.matchAll(/(?<!-)(--[a-z][a-z0-9-]+)/g)].map(([, option]) => option))];

describe("README.md", () => {
  it("has code to run", () => expect(blocks.length).toBeGreaterThan(0));

  for (const [i, code] of blocks.entries()) {
    it(`runs block ${i + 1}`, () => {
      const { status, stdout, stderr } = runBlock(code);
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
