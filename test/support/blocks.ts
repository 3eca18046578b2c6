/** The TypeScript that a page shows, run as a user's module that imports ntkit. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Ran, scratch } from "./cli.ts";

const root = join(import.meta.dirname, "../..");

/** @param page path from the root of the repository */
export const readPage = (page: string): string => readFileSync(join(root, page), "utf8");

export const codeBlocks = (page: string): string[] =>
  [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);

export function runBlock(code: string): Ran {
  const folder = scratch();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "ntkit"), "dir");
  // .mjs: the blocks are TypeScript without types, so any Node runs them.
  writeFileSync(join(folder, "block.mjs"), code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "block.mjs")], {
    cwd: root,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}
