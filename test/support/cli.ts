/** Runs the built `ntkit` command as a user would: a process of its own. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
export const assets = join(root, "assets");

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

export function ntkit(args: string[], cwd?: string): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "build/cli.js"), ...args], {
    encoding: "utf8",
    cwd,
    maxBuffer: 64 * 2 ** 20,
  });
  return { status, stdout, stderr };
}

/** The same beside this process, which goes on (to serve what the command asks for), with variables of its own. */
export async function ntkitBeside(args: string[], env: Record<string, string>): Promise<Ran> {
  const child = spawn(process.execPath, [join(root, "build/cli.js"), ...args], {
    env: { ...process.env, ...env },
  });
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (piece: string) => {
      said[stream] += piece;
    });
  }
  const status = await new Promise<number | null>((done) => child.on("close", done));
  return { status, ...said };
}

/** A fresh folder outside the checkout. */
export const scratch = (): string => mkdtempSync(join(tmpdir(), "ntkit-test-"));

/** A CSV of its own in `folder`. */
export function csv(
  folder: string,
  name: string,
  rows: [text: string, label: string][],
  header = "text,label",
): string {
  const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const path = join(folder, name);
  writeFileSync(path, `${[header, ...rows.map((row) => row.map(quote).join(","))].join("\n")}\n`);
  return path;
}

/** Twelve short texts of two kinds. */
export const twoKinds: [string, string][] = [
  ["play some jazz music", "music"],
  ["play the next song", "music"],
  ["add this tune to my list", "music"],
  ["play an old record", "music"],
  ["put the new album on", "music"],
  ["play a sad song", "music"],
  ["will it rain tomorrow", "weather"],
  ["what is the forecast for Sunday", "weather"],
  ["is it cold outside", "weather"],
  ["how warm will it be in June", "weather"],
  ["will there be snow at noon", "weather"],
  ["is a storm coming", "weather"],
];
