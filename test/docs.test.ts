/** What docs/theory.md shows is what its code prints: its blocks are one script, each printed line stands behind the call. */
import { describe, expect, it } from "vitest";
import { codeBlocks, readPage, runBlock } from "./support/blocks.ts";

const page = readPage("docs/theory.md");

describe("docs/theory.md", () => {
  it("prints what it says it prints", () => {
    const code = codeBlocks(page).join("\n");
    const said = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => line);
    expect(said.length).toBe(code.split("console.log").length - 1);
    expect(said.length).toBeGreaterThan(0);
    const { status, stdout, stderr } = runBlock(code);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout.trimEnd().split("\n")).toEqual(said);
  });

  it("names functions that exist", async () => {
    const door = new Set([
      ...Object.keys(await import("../src/theory/index.ts")),
      ...Object.keys(await import("../src/numerics/index.ts")),
    ]);
    const prose = page.replace(/```[\s\S]*?```/g, "");
    const named = [...prose.matchAll(/`([a-z]+[A-Z]\w*)`/g)].map(([, name]) => name);
    const fields = ["maxSteps", "stepSize", "standardError", "squaredNorm"];
    expect(named.filter((name) => !door.has(name) && !fields.includes(name))).toEqual([]);
  });
});
